from __future__ import annotations

import csv
import io
import tarfile
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from hansard_bias.corpora.readers import lipad
from hansard_bias.corpora.readers.lipad import read_lipad

COLUMNS = [
    *("basepk", "hid", "speechdate", "pid", "opid", "speakeroldname", "speakerposition", "maintopic", "subtopic"),
    *("subsubtopic", "speechtext", "speakerparty", "speakerriding", "speakername", "speakerurl"),
]
SHARED = Path(__file__).parents[3] / "shared/data/canada/lipad"


def row(text: str, day: str = "2004-2-9", **cells: str) -> dict[str, str]:
    year, month, number = day.split("-")
    date_cell = f"{year}-{int(month):02d}-{int(number):02d}"
    return dict.fromkeys(COLUMNS, "") | {"speechdate": date_cell, "speechtext": text, "maintopic": "Debate"} | cells


def write(root: Path, day: str, rows: Sequence[dict[str, str]]) -> Path:
    year, month, _ = day.split("-")
    path = root / year / month / f"{day}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def pack(root: Path, archive: Path, order: int = 1) -> Path:
    with tarfile.open(archive, "w:bz2" if archive.suffix == ".bz2" else "w:gz") as tar:
        for file in sorted(root.rglob("*.csv"))[::order]:
            tar.add(file, arcname=f"lipad/{file.relative_to(root)}")
    return archive


def one(tmp_path: Path, **cells: str) -> lipad.Record:
    write(tmp_path, "2004-2-9", [row("A road is long.", **cells)])
    (record,) = read_lipad(tmp_path)
    return record


def test_a_row_becomes_a_record(tmp_path: Path) -> None:
    record = one(tmp_path, speechtext=" moved\nthat we go.", speakername="Ann Elm", subtopic="Roads", subsubtopic="NA")
    assert record == lipad.Record(
        date(2004, 2, 9), "moved\nthat we go.", "2004-2-9.csv:2", "Ann Elm", "member", "Debate / Roads"
    )


@pytest.mark.parametrize(
    ("position", "role", "reason"),
    [
        ("", "member", ""),
        ("NA", "member", ""),
        ("Interjection", "member", ""),
        ("intervention", "crowd", ""),
        ("stagedirection", "member", "stage_direction"),
    ],
)
def test_positions(tmp_path: Path, position: str, role: str, reason: str) -> None:
    record = one(tmp_path, speakerposition=position)
    assert (record.role, record.reason) == (role, reason)


@pytest.mark.parametrize(
    ("printed", "speaker", "role"),
    [
        ("Mr. Bo Oak (Elm Hill, Ind.)", "Bo Oak", "member"),
        ("Hon. Di McAsh (Minister of Roads, Ind.)", "Di McAsh", "minister"),
        ("Right Hon. Cy Yew (Prime Minister, Ind.)", "Cy Yew", "minister"),
        ("Ms. Flo Fir (Parliamentary Secretary to the Minister of Roads, Ind.)", "Flo Fir", "member"),
        ("Mr. Gus Gum (for the Minister of Roads) moved", "Gus Gum", "member"),
        ("The Speaker", "Speaker", "chair"),
        ("The Acting Speaker (Mrs. Ivy", "Acting Speaker", "chair"),
        ("The Assistant Deputy Chair", "Assistant Deputy Chair", "chair"),
        ("Some hon. members", "Some hon. members", "crowd"),
        ("NA", "", "member"),
    ],
)
def test_speakers_and_roles(tmp_path: Path, printed: str, speaker: str, role: str) -> None:
    record = one(tmp_path, speakeroldname=printed)
    assert (record.speaker, record.role) == (speaker, role)


def test_the_given_name_comes_before_the_printed_one(tmp_path: Path) -> None:
    record = one(tmp_path, speakername="Ann Elm", speakeroldname="The Speaker")
    assert (record.speaker, record.role) == ("Ann Elm", "chair")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "empty"), (" NA ", "empty"), (" * * * ", "empty"), ("(Motion agreed to)", "editorial"), ("(A) road (B)", "")],
)
def test_text_that_is_no_speech(tmp_path: Path, text: str, reason: str) -> None:
    assert one(tmp_path, speechtext=text).reason == reason


def test_marks_between_topics_are_no_text(tmp_path: Path) -> None:
    assert one(tmp_path, speechtext="The member for Elm.\n * * *\n").text == "The member for Elm."


@pytest.mark.parametrize("day", ["", "NA", "2004-13-01", "9/2/2004", "2004"])
def test_a_bad_date_is_one_rejected_record(tmp_path: Path, day: str) -> None:
    record = one(tmp_path, speechdate=day)
    assert (record.sitting, record.reason) == (None, "bad_date")


def test_broken_rows_are_single_records(tmp_path: Path) -> None:
    path = write(tmp_path, "2004-2-9", [row("First."), row("Second\nline.")])
    path.write_text(path.read_text(encoding="utf-8") + "1,2,3\n" + "," * 20 + "\n\n", encoding="utf-8")
    records = list(read_lipad(tmp_path))
    assert [record.reason for record in records] == ["", "", "broken_row", "broken_row"]
    assert [record.source for record in records] == [f"2004-2-9.csv:{line}" for line in (2, 3, 5, 6)]
    assert records[2].text == "1,2,3"


def test_a_subset_of_columns_is_enough(tmp_path: Path) -> None:
    write(tmp_path, "2004-2-9", [{"speechtext": "A road.", "speechdate": "2004-02-09"}])
    (record,) = read_lipad(tmp_path)
    assert (record.text, record.speaker, record.topic) == ("A road.", "", "")


def test_missing_columns_are_named(tmp_path: Path) -> None:
    write(tmp_path, "2004-2-9", [{"text": "A road.", "speechdate": "2004-02-09"}])
    with pytest.raises(ValueError, match=r"2004-2-9\.csv: no column speechtext; there are text, speechdate"):
        list(read_lipad(tmp_path))


def write_days(root: Path) -> None:
    for day in ("2004-10-2", "2004-2-10", "2004-2-9", "2003-12-1"):
        write(root, day, [row(f"It is {day}.", day), row("Again.", day)])


@pytest.mark.parametrize("name", ["lipad.tar.gz", "lipad.tar.bz2"])
@pytest.mark.parametrize("order", [1, -1])
def test_order_is_that_of_the_dates(tmp_path: Path, name: str, order: int) -> None:
    write_days(tmp_path / "csv")
    unpacked = list(read_lipad(tmp_path / "csv"))
    days = [date(2003, 12, 1), date(2004, 2, 9), date(2004, 2, 10), date(2004, 10, 2)]
    assert [(record.sitting, record.ordinal) for record in unpacked] == [(day, n) for day in days for n in (0, 1)]
    (tmp_path / "packed").mkdir()
    archive = pack(tmp_path / "csv", tmp_path / "packed" / name, order)
    assert list(read_lipad(archive)) == list(read_lipad(archive.parent)) == unpacked


def test_a_huge_cell_is_an_error_and_the_limit_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lipad, "MAX_CELL", 1000)
    before = csv.field_size_limit()
    write(tmp_path, "2004-2-9", [row("Short."), row("long " * 300)])
    with pytest.raises(ValueError, match=r"2004-2-9\.csv:3: .*at most 1000 characters"):
        list(read_lipad(tmp_path))
    assert csv.field_size_limit() == before


def test_cells_longer_than_the_csv_modules_default(tmp_path: Path) -> None:
    assert len(one(tmp_path, speechtext="x" * 200_000).text) == 200_000


def test_damaged_text_names_the_byte(tmp_path: Path) -> None:
    path = write(tmp_path, "2004-2-9", [row("Un été à Québec.")])
    path.write_bytes(path.read_bytes() + b"\xe9\n")
    with pytest.raises(ValueError, match=rf"2004-2-9\.csv: byte {path.stat().st_size - 2} is not UTF-8, as the text"):
        list(read_lipad(tmp_path))


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \.csv file found"):
        list(read_lipad(tmp_path))


def test_unsafe_and_repeated_members(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../2004-2-9.csv"), io.BytesIO())
    with pytest.raises(ValueError, match=r"'\.\./2004-2-9\.csv' points outside"):
        list(read_lipad(archive))
    with tarfile.open(archive, "w:gz") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("2004/2/2004-2-9.csv"), io.BytesIO())
    with pytest.raises(ValueError, match="holds a file twice"):
        list(read_lipad(archive))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Canadian text is not on this machine")
def test_every_real_row_is_a_record() -> None:
    records = list(read_lipad(SHARED / "2016"))
    assert len(records) == 2910
    assert len({record.sitting for record in records}) == 10
    counted = Counter(record.reason or ("crowd" if record.role == "crowd" else "speech") for record in records)
    assert counted["stage_direction"] == 56 and counted["crowd"] == 102
    assert counted["speech"] + counted["editorial"] == 2910 - 56 - 102
    assert counted["editorial"] < 20


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ('"Long, cold', "No.", 'Never."'),
        ('"Long.', "No, I say.", "Never."),
        ('"Long.', '"No, no"', "Never."),
    ],
)
def test_a_quote_that_swallows_rows_is_refused_with_its_line(
    tmp_path: Path, first: str, second: str, third: str
) -> None:
    lines = [
        "speechdate,speakername,speechtext",
        *(f"2004-02-09,Ann,{text}" for text in ("Yes.", first, second, third)),
    ]
    (tmp_path / "2004-2-9.csv").write_text("\n".join(lines))
    with pytest.raises(
        ValueError, match=r"^2004-2-9.csv:3: a quoted cell that begins here swallows line 4, which"
    ) as told:
        list(read_lipad(tmp_path))
    assert "\n" not in str(told.value)
