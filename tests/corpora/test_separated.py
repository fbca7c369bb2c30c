"""A text table's dialect is found from its content: the rows that were written are the rows that are read."""

from __future__ import annotations

import csv
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.schema import Record
from hansard_bias.params import ColumnsConfig, ConfigError
from helpers.archive_files import read_table

COLUMNS = ColumnsConfig(text="body", date="day", speaker="who")
HEADER = ["day", "who", "body"]
QUOTED_SPEECH = [
    ("2001-02-03", "Ada Elm", '"No more floods, they say.'),
    ("2001-02-03", "Bo Ash", "I disagree with every word."),
    ("2001-02-04", "Cy Oak", 'and it was only this: perhaps"'),
    ("2001-02-04", "Di Yew", "Another long speech here."),
]
PLAIN = [
    ("2001-02-03", "Ada Elm", "The road, she said, is long; and cold | wet."),
    ("2001-02-03", "Bo Ash", 'He said "slowly".\nThen, 2001-02-04, he sat down, and so on.\n\nYes.'),
    ("2001-02-04", "Cy Oak", '"Never", he said.\tNever'),
]


def found(path: Path, columns: ColumnsConfig = COLUMNS) -> list[tuple[str, str, str]]:
    """Day, speaker and text of every record."""
    return [row(record) for record in read_table(path, columns)]


def row(record: Record) -> tuple[str, str, str]:
    assert not record.reason, record
    return str(record.sitting), record.speaker, record.text


def unquoted(rows: Sequence[Sequence[str]], sign: str, header: Sequence[str] = HEADER) -> str:
    return "".join(sign.join(cells) + "\n" for cells in [header, *rows])


def written(rows: Sequence[Sequence[str]], **options: object) -> str:
    sink = io.StringIO()
    csv.writer(sink, **options).writerows([HEADER, *rows])  # type: ignore[arg-type]
    return sink.getvalue()


def save(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def refused(path: Path, columns: ColumnsConfig = COLUMNS) -> str:
    with pytest.raises(ValueError) as caught:
        list(read_table(path, columns))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("sign", ["\t", "|", ";"])
@pytest.mark.parametrize(
    "rows",
    [
        QUOTED_SPEECH,
        [*QUOTED_SPEECH[:2], ("2001-02-04", "Cy Oak", '" perhaps" and more'), QUOTED_SPEECH[3]],
        [*QUOTED_SPEECH[1:2], QUOTED_SPEECH[0]],
        [QUOTED_SPEECH[0], QUOTED_SPEECH[2]],
        [QUOTED_SPEECH[0], ("2001-02-04", "Cy Oak", '"Hear, hear!"'), QUOTED_SPEECH[3]],
        [("2001-02-03", '"Ada', "A nickname that is never closed."), *QUOTED_SPEECH[1:]],
        [*QUOTED_SPEECH[1:2] * 320, *QUOTED_SPEECH],
    ],
    ids=["closed by another", "text behind it", "never closed", "the next line", "a closed one", "a name", "far below"],
)
def test_quotes_that_are_text_hold_nothing_together(tmp_path: Path, sign: str, rows: list[tuple[str, ...]]) -> None:
    path = save(tmp_path / "a.txt", unquoted(rows, sign))
    read = list(read_table(path, COLUMNS))
    assert not any(record.reason for record in read)
    assert sorted(record.text for record in read) == sorted(body for _, _, body in rows)
    assert len(read) == path.read_text().count("\n") - 1


def test_the_column_of_the_text_may_stand_anywhere(tmp_path: Path) -> None:
    rows = [(body, day, who) for day, who, body in QUOTED_SPEECH]
    path = save(tmp_path / "a.tsv", unquoted(rows, "\t", ["body", "day", "who"]))
    assert found(path) == QUOTED_SPEECH
    dated = [(body, who, day.replace("2001-02-0", "2/")) for day, who, body in QUOTED_SPEECH]
    path = save(tmp_path / "b.tab", unquoted(dated, "\t", ["body", "who", "day"]))
    assert [record.text for record in read_table(path, COLUMNS)] == [body for _, _, body in QUOTED_SPEECH]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_quoted_cells_come_back(tmp_path: Path, sign: str, quoting: int, ends: str) -> None:
    text = written(PLAIN, delimiter=sign, quoting=quoting, lineterminator=ends)
    assert found(save(tmp_path / "a.csv", text)) == PLAIN


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_backslashes_come_back(tmp_path: Path, sign: str) -> None:
    quoted = written(PLAIN, delimiter=sign, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\")
    assert found(save(tmp_path / "a.csv", quoted)) == PLAIN
    # As databases unload tables: no quotes, a backslash before what has a meaning.
    cells = [[cell.replace("\\", "\\\\").replace(sign, "\\" + sign).replace("\n", "\\\n") for cell in r] for r in PLAIN]
    assert found(save(tmp_path / "b.csv", unquoted(cells, sign))) == PLAIN
    letters = [[cell.replace("\n", "\\n").replace("\t", "\\t").replace(sign, "\\" + sign) for cell in r] for r in PLAIN]
    assert found(save(tmp_path / "c.csv", unquoted(letters, sign))) == PLAIN


def test_a_blank_before_the_quote(tmp_path: Path) -> None:
    lines = [
        "day, who, body",
        '2001-02-03, Ada Elm, "The road, she said."',
        '2001-02-04, Bo Ash, "Long, ""very"" long."',
    ]
    assert found(save(tmp_path / "a.csv", "\n".join(lines))) == [
        ("2001-02-03", "Ada Elm", "The road, she said."),
        ("2001-02-04", "Bo Ash", 'Long, "very" long.'),
    ]


@pytest.mark.parametrize("sign", [";", "|", "\t", ",", "^"])
def test_the_line_that_excel_writes_for_itself(tmp_path: Path, sign: str) -> None:
    text = f"sep={sign}\r\n" + written(PLAIN, delimiter=sign)
    assert found(save(tmp_path / "a.csv", "\ufeff" + text)) == PLAIN
    bad = text + sign.join(["2001-02-05", "Cy Oak"])
    assert [r.source for r in read_table(save(tmp_path / "b.csv", bad), COLUMNS)][-1].startswith("b.csv:9")


@pytest.mark.parametrize("quote", ["", '"'])
def test_names_of_rows_without_a_header(tmp_path: Path, quote: str) -> None:
    """As `write.table` of R writes them."""
    rows = [[str(number), *cells] for number, cells in enumerate([*QUOTED_SPEECH[1:2], *QUOTED_SPEECH[3:]] * 3, 1)]
    lines = ["\t".join(f"{quote}{cell}{quote}" for cell in cells) for cells in [HEADER, *rows]]
    read = found(save(tmp_path / "a.txt", "\n".join(lines)))
    assert sorted(read) == sorted(tuple(cells[1:]) for cells in rows)


def test_a_sign_at_the_end_of_each_row(tmp_path: Path) -> None:
    body = "".join(";".join(cells) + ";\n" for cells in QUOTED_SPEECH[1:])
    assert found(save(tmp_path / "a.csv", "day;who;body\n" + body)) == QUOTED_SPEECH[1:]
    assert found(save(tmp_path / "b.csv", "day;who;body;\n" + body)) == QUOTED_SPEECH[1:]
    assert found(save(tmp_path / "c.csv", "day;who;body;\n" + body.replace(";\n", "\n"))) == QUOTED_SPEECH[1:]


def test_a_cell_too_many_is_no_name_of_a_row(tmp_path: Path) -> None:
    lines = ["day,who,body", *(f"2001-02-0{number},Ada,One, two" for number in range(1, 6))]
    reasons = [record.reason for record in read_table(save(tmp_path / "a.csv", "\n".join(lines)), COLUMNS)]
    assert reasons == ["broken_row"] * 5


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        (['2001-02-03,Ada,"Long," she said.', "2001-02-03,Bo,Yes."], 3, "has text behind"),
        (['2001-02-03,Ada,"Long, cold', '2001-02-03,Bo,"Yes, no"', "2001-02-04,Cy,Never"], 3, "swallows line 4"),
        (['2001-02-03,Ada,"Long, cold.', "2001-02-03,Bo,Yes.", '2001-02-03,Cy,No."'], 3, "swallows line 4"),
        (["2001-02-03,Ada,Yes.", '2001-02-03,Bo,"Long, cold', "and wet"], 4, "never ends"),
    ],
)
def test_a_quoted_cell_that_swallows_rows_is_refused_with_its_line(
    tmp_path: Path, lines: list[str], line: int, reason: str
) -> None:
    text = "\n".join(["day,who,body", '2001-02-02,Ada,"Well, yes."', *lines])
    assert refused(save(tmp_path / "a.csv", text)).startswith(
        f"a.csv:{line}: the quoted cell that begins here {reason}"
    )
    assert "columns.quoting" in refused(tmp_path / "a.csv")


def test_a_quotation_of_a_date_is_no_row(tmp_path: Path) -> None:
    body = "I read from the record:\n1999-04-01, she wrote, was cold.\nOn 2001-02-04, a day, too, it, was, warm."
    rows = [("Ada Elm", "2001-02-03", body), ("Bo Ash", "2001-02-04", "Yes, it was.")]
    sink = io.StringIO()
    csv.writer(sink).writerows([["who", "day", "body"], *rows])
    assert [r.text for r in read_table(save(tmp_path / "a.csv", sink.getvalue()), COLUMNS)] == [body, "Yes, it was."]


def test_settings_go_before_what_is_found(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tsv", unquoted(QUOTED_SPEECH, "\t"))
    doubled = ColumnsConfig("body", "day", "who", quoting="doubled")
    assert len(list(read_table(path, doubled))) == 2
    closed = save(tmp_path / "b.tsv", unquoted([("2001-02-03", "Ada Elm", '"Hear, hear!"')], "\t"))
    assert found(closed) == [("2001-02-03", "Ada Elm", "Hear, hear!")]
    none = ColumnsConfig("body", "day", "who", quoting="none")
    assert found(closed, none) == [("2001-02-03", "Ada Elm", '"Hear, hear!"')]
    signs = save(tmp_path / "c.csv", unquoted(QUOTED_SPEECH[1:2], "~"))
    assert found(signs, ColumnsConfig("body", "day", "who", delimiter="~")) == QUOTED_SPEECH[1:2]
    assert "no column body, day, who; there are day~who~body" in refused(signs)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"delimiter": ";;"}, "c.delimiter is ';;', expected one sign"),
        ({"delimiter": '"'}, "c.delimiter is '\"', expected one sign"),
        ({"quoting": "all"}, "c.quoting is 'all', expected one of doubled, backslash, none"),
    ],
)
def test_settings_that_cannot_be(setting: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=r"^params.yaml: ") as caught:
        ColumnsConfig("body", "day", "who", **setting).check("c")
    assert said in str(caught.value)


def pack_zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def pack_tar(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("pack", [pack_zip, pack_tar])
def test_tables_in_archives(tmp_path: Path, pack: object) -> None:
    files = {
        "x/2.tsv": unquoted(QUOTED_SPEECH[2:], "\t"),
        "x/1.csv": written(PLAIN[:1]),
        "README.md": "not a table",
        "__MACOSX/._1.csv": "\0\0",
    }
    path = pack(tmp_path / ("a.zip" if pack is pack_zip else "a.tar.gz"), files)  # type: ignore[operator]
    expected = [PLAIN[0], *QUOTED_SPEECH[2:]]
    assert found(path) == expected
    assert found(tmp_path) == expected
    assert next(read_table(path, COLUMNS)).source == "x/1.csv:2"
    empty = pack(tmp_path / ("b.zip" if pack is pack_zip else "b.tar.gz"), {"README.md": ""})  # type: ignore[operator]
    assert "holds no table; expected files that end in .csv" in refused(empty)
    assert "holds 2 archives, expected one" in refused(tmp_path)


def test_files_that_disagree_are_told_by_name(tmp_path: Path) -> None:
    save(tmp_path / "a.csv", written(PLAIN))
    save(tmp_path / "b.csv", unquoted(QUOTED_SPEECH, ";"))
    save(tmp_path / "c.csv", unquoted(QUOTED_SPEECH[1:2], ";"))
    save(tmp_path / "d.tsv", unquoted(QUOTED_SPEECH, "\t"))
    findings = Findings()
    assert len(list(read_table(tmp_path, COLUMNS, findings))) == 12
    assert [*findings.disagreeing()] == [
        "the quotes of its .csv files are doubled in a.csv; none in b.csv; `columns.quoting` says one way for all"
    ]
    assert [sign for sign, _, _ in findings.dialects.values()] == [",", ";", ";", "\t"]


SIGNS = st.sampled_from([",", ";", "\t", "|"])
CELLS = st.text(st.sampled_from("ab \"'\n,;\t|\\.19-"), max_size=12).map(lambda text: f"x{text}x".replace("\\", "/"))


@given(SIGNS, st.lists(CELLS, min_size=1, max_size=6), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_whatever_stands_in_quoted_cells_comes_back(sign: str, texts: list[str], quoting: int) -> None:
    # A cell with a line that has as many signs as a row is refused: it may have swallowed rows.
    assume(all(line.count(sign) < 2 for text in texts for line in text.split("\n")))
    rows = [("2001-02-03", "Ada Elm", text) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        path = save(Path(folder) / "a.csv", written(rows, delimiter=sign, quoting=quoting, lineterminator="\n"))
        assert [record.text for record in read_table(path, COLUMNS)] == texts


@given(SIGNS, st.lists(st.text(st.sampled_from("ab \"'.19-"), min_size=1, max_size=12), min_size=1, max_size=6))
def test_text_without_quoting_is_read_as_it_is_or_as_one_who_quotes_meant_it(sign: str, texts: list[str]) -> None:
    rows = [("2001-02-03", "Ada Elm", f"{text}yes") for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        path = save(Path(folder) / "a.csv", unquoted(rows, sign))
        assert [record.text for record in read_table(path, COLUMNS)] == [f"{text}yes".strip() for text in texts]
