"""Days in the forms in which archives write them: read, or told with the setting that reads them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from hansard_bias.corpora.dates import forms_of, read_day
from hansard_bias.params import CleanConfig, ColumnsConfig, ConfigError, CorpusConfig
from helpers.speech_tables import build_corpus

CLEAN = CleanConfig(lowercase=False, min_characters=3, drop_procedural=False, drop_roles=())
DAY = date(2001, 2, 3)


@pytest.mark.parametrize(
    "text",
    [
        *("2001-02-03", "20010203", "2001-2-3", "2001/02/03", "2001.02.03", "2001. 2. 3.", "2001-02-03Z"),
        *("2001-02-03T14:30:00.000+0000", "2001-02-03 14:30:00 UTC", "20010203T143000Z", "2001/2/3 2:30 p.m."),
        *("3 February 2001", "February 3, 2001", "Saturday, 3rd of February 2001", "3-Feb-2001", "FEB 3 2001 2:30PM"),
        *("Sat, 03 Feb 2001 14:30:00 +0000", "3 février 2001", "3. Februar 2001", "3 de febrero de 2001"),
        *("sabato 3 febbraio 2001", "3 lutego 2001 r.", "3. února 2001", "3 февраля 2001 г.", "2001. február 3."),
        *("3 Φεβρουαρίου 2001", "3 Şubat 2001", "2001年2月3日", "2001년 2월 3일"),
    ],
)
def test_what_can_be_one_day_only_is_read(text: str) -> None:
    assert read_day(text) == DAY


@pytest.mark.parametrize("text", ["2001-02", "2001/2", "02/2001", "February 2001", "févr. 2001"])
def test_a_month_without_a_day_is_its_first(text: str) -> None:
    assert read_day(text) == date(2001, 2, 1)


@pytest.mark.parametrize(
    "text",
    [
        *("03/02/2001", "3.2.2001", "13/02/2001", "3-Feb-01", "2001", "200102", "010203", "2001-13-02", "2001-02-30"),
        *("3 or 4 February 2001", "3 February or 4 March 2001", "3 listopada 2001", "", "soon", "x" * 5000),
    ],
)
def test_what_may_be_several_days_or_none_is_not(text: str) -> None:
    assert read_day(text) is None


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("1999", "%Y", date(1999, 1, 1)),
        ("02.2001", "%m.%Y", date(2001, 2, 1)),
        ("3/2/01 14:30", "%d/%m/%y %H:%M", DAY),
        ("2001-02-03", "%d/%m/%Y", None),
    ],
)
def test_a_form_that_is_given_is_the_only_one(text: str, form: str, day: date | None) -> None:
    ColumnsConfig("body", "day", date_format=form).check("c")
    assert read_day(text, form) == day


@pytest.mark.parametrize("form", ["%d/%m", "%m", "%Y %d", "dd/mm/yyyy", "%H:%M"])
def test_a_form_without_a_year_is_refused(form: str) -> None:
    with pytest.raises(ConfigError, match='such as "%d/%m/%Y", or "%Y" for years alone'):
        ColumnsConfig("body", "day", date_format=form).check("c")


@pytest.mark.parametrize(
    ("days", "forms"),
    [
        (["03/02/2001", "14/02/2001"], ["%d/%m/%Y"]),
        (["02/03/2001", "02/14/2001"], ["%m/%d/%Y"]),
        (["3.2.2001", "4.2.2001"], ["%d.%m.%Y", "%m.%d.%Y"]),
        (["03.02.2001 14:30", "28.02.2001 09:00"], ["%d.%m.%Y %H:%M"]),
        (["2/13/2001 2:30 PM"], ["%m/%d/%Y %I:%M %p"]),
        (["2001-31-12"], ["%Y-%d-%m"]),
        (["Sat 03/02/2001", "Mon 05/02/2001"], ["%a %d/%m/%Y"]),
        (["03022001", "14022001"], ["%d%m%Y"]),
        (["13-Feb-99"], ["%d-%b-%y"]),
        (["1999", "2001"], ["%Y"]),
        (["1999.0"], ["%Y.0"]),
        (["20010203143000"], ["%Y%m%d%H%M%S"]),
        (["14/02/2001", "02/14/2001"], []),
        (["The road is long."], []),
    ],
)
def test_forms_fit_every_day(days: list[str], forms: list[str]) -> None:
    assert forms_of(days) == forms


FORMS = ["%d/%m/%Y", "%m-%d-%Y", "%d.%m.%y", "%A, %d %B %y", "%d/%m/%Y %H:%M:%S"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("first", [0, 1_000, 11_323, 15_000])
def test_the_form_in_which_days_were_written_is_among_those_found(form: str, first: int) -> None:
    written = [f"{date(1970, 1, 1) + timedelta(first + 37 * number):{form}}" for number in range(4)]
    assert form in forms_of(written)


def moor(folder: Path, days: list[str], **settings: str) -> CorpusConfig:
    rows = [f"{day};Ann;Road {number} is long." for number, day in enumerate(days)]
    (folder / "a.csv").write_text("\n".join(["day;who;body", *rows]) + "\n", encoding="utf-8")
    columns = ColumnsConfig("body", "day", "who", **settings)
    return CorpusConfig("A", "table", str(folder / "a.csv"), columns)


def refused(name: str, corpus: CorpusConfig) -> str:
    with pytest.raises(ValueError) as caught:
        build_corpus(name, corpus, CLEAN)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (
            ["03/02/2001", "04/02/2001", "14/02/2001"],
            "3 of 3 are in another, such as '03/02/2001' (a.csv:2) and '14/02/2001' (a.csv:4); "
            'write date_format: "%d/%m/%Y", which fits all of them',
        ),
        (
            ["3.2.2001", "4.2.2001"],
            "'3.2.2001' (a.csv:2) and '4.2.2001' (a.csv:3); "
            'write date_format: "%d.%m.%Y" or date_format: "%m.%d.%Y", whichever is meant: 2 forms fit all of them',
        ),
        (["1999", "2001", "2001"], "such as '1999' (a.csv:2) and '2001' (a.csv:3); write date_format: \"%Y\", which"),
        (["03/02/2001"] * 30 + ["2001-02-03"], "30 of 31 are in another, such as '03/02/2001' (a.csv:2); write"),
        (
            ["3/2/2001", "4/2/2001", "14/2/2001", "15/2/2001", "soon"],
            '"%d/%m/%Y", which fits 4 of their 5 different days',
        ),
        (["The road", "is long"], "no one form fits them all; is columns.date the column of the days?"),
    ],
)
def test_days_in_another_form_are_told_with_the_form(tmp_path: Path, days: list[str], said: str) -> None:
    message = refused("moor", moor(tmp_path, days))
    assert message.startswith("params.yaml: corpora.moor.columns.date_format is '', expected the form of")
    assert said in message


def test_a_wrong_form_is_told_as_well(tmp_path: Path) -> None:
    """Day and month swapped: two days of five could be read, as wrong ones."""
    message = refused(
        "moor", moor(tmp_path, ["2/3/2001", "2/4/2001", "2/14/2001", "2/15/2001", "2/16/2001"], date_format="%d/%m/%Y")
    )
    assert "date_format is '%d/%m/%Y'" in message and 'write date_format: "%m/%d/%Y", which fits all' in message


def test_what_is_proposed_is_what_reads_them(tmp_path: Path) -> None:
    days = ["03-Feb-99", "14-Feb-99"]
    assert 'write date_format: "%d-%b-%y"' in refused("moor", moor(tmp_path, days))
    assert build_corpus("moor", moor(tmp_path, days, date_format="%d-%b-%y"), CLEAN).summary["kept"] == 2


def test_a_reader_without_columns_names_the_one_that_has_them(tmp_path: Path) -> None:
    (tmp_path / "2004-2-9.csv").write_text("speechdate,speechtext\n09/02/2004,A road.\n19/02/2004,A road.\n")
    message = refused("south", CorpusConfig("B", "lipad", str(tmp_path)))
    assert message.startswith("params.yaml: corpora.south.reader is 'lipad', expected days that this reader knows")
    assert "'09/02/2004' (2004-2-9.csv:2)" in message and 'date_format: "%d/%m/%Y"' in message


def test_the_rejected_records_are_kept_and_earlier_speeches_stay(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from hansard_bias.corpora.build import write_corpus

    out = tmp_path / "out"
    write_corpus("moor", moor(tmp_path, ["2001-02-03"]), CLEAN, out)
    before = (out / "moor.parquet").read_bytes()
    with pytest.raises(ValueError, match=r"the records are in .*moor\.rejected\.parquet"):
        write_corpus("moor", moor(tmp_path, ["3/2/2001", "x", ""]), CLEAN, out)
    rejected = pq.read_table(out / "moor.rejected.parquet").to_pylist()
    assert [(row["reason"], row["source"], row["text"]) for row in rejected] == [
        ("bad_date", f"a.csv:{number + 2}", f"Road {number} is long.") for number in range(3)
    ]
    assert (out / "moor.parquet").read_bytes() == before
    assert not [*out.glob("*.partial")]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([";Ann;A road.", ";Bo;A sea."], "all dropped: bad_date 2 (first a.csv:2: no day); the records"),
        (["2001-02-03;Ann;", "2001-02-03;Bo;NA"], "all dropped: empty 2 (first a.csv:2)"),
        (["2001-02-03;Ann", "2001-02-03;Bo"], "all dropped: broken_row 2 (first a.csv:2: 2 cells, expected 3)"),
        (["2001-02-03;Ann;x", "2001-02-03;Bo"], "broken_row 1 (first a.csv:3: 2 cells, expected 3), too_short 1"),
    ],
)
def test_rows_that_are_all_at_fault_are_told_with_the_reason_and_the_first(
    tmp_path: Path, rows: list[str], said: str
) -> None:
    corpus = moor(tmp_path, [])
    (tmp_path / "a.csv").write_text("\n".join(["day;who;body", *rows]) + "\n", encoding="utf-8")
    message = refused("moor", corpus)
    assert message.startswith("params.yaml: corpora.moor.path is") and said in message


def test_lines_that_are_all_no_objects_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('["2001-02-03"]\n7\n{"body": "A road.", "day": "soon", "who": ""}\n')
    corpus = CorpusConfig("A", "table", str(tmp_path / "a.jsonl"), ColumnsConfig("body", "day", "who"))
    assert "1 of 1 are in another, such as 'soon' (a.jsonl:3)" in refused("moor", corpus)
    from hansard_bias.corpora.build import write_corpus

    with pytest.raises(ValueError):
        write_corpus("moor", corpus, CLEAN, tmp_path / "out")


def test_the_first_of_what_is_dropped_is_in_the_account(tmp_path: Path) -> None:
    tables = build_corpus("moor", moor(tmp_path, ["2001-02-03", "soon", "2001-02-04"]), CLEAN)
    assert tables.summary["first_dropped"] == {"bad_date": "a.csv:3: 'soon'"}
