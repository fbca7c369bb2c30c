"""One table, in whatever format: the same speeches; and every mistake names its file, line and column."""

from __future__ import annotations

import bz2
import csv
import datetime
import gzip
import json
import lzma
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from hansard_bias.corpora import build
from hansard_bias.corpora.readers import formats
from hansard_bias.corpora.readers.table import sources
from hansard_bias.corpora.schema import Record
from hansard_bias.params import CleanConfig, ColumnsConfig, CorpusConfig
from hansard_bias.pipeline.corpus import account
from helpers.archive_files import read_table
from helpers.speech_tables import build_corpus

COLUMNS = ColumnsConfig(text="body", date="day", speaker="who", role="office", topic="on", id="key")
SHORT = ColumnsConfig(text="body", date="day", speaker="who")
CLEAN = CleanConfig(lowercase=False, min_characters=10, drop_procedural=True, drop_roles=("crowd",))


def cells(body: object, day: object = "2004-02-09", who: object = "Ann Elm", **more: object) -> dict[str, Any]:
    return {"key": "", "day": day, "who": who, "office": "", "on": "", "body": body} | more


TABLE = [
    cells(
        'The road,\nhe said "slowly",\tis long; it is cold.', "2004-02-10", "Hon. Bo Ash", office="Minister", on="Roads"
    ),
    cells("Order, order in the house.", "2004-02-09", "", office="Speaker", key="s-1"),
    cells("Ça va – l’été vient à l’assemblée.", "2004-02-09T14:30:00", "ANN ELM", office="MP"),
    cells("The first words of all.", "1999-04-01", "Cy Oak", office="chair"),
]
SPEECHES = [
    (date(1999, 4, 1), 0, "Cy Oak", "chair", "", "The first words of all."),
    (date(2004, 2, 9), 0, "", "chair", "", "Order, order in the house."),
    (date(2004, 2, 9), 1, "Ann Elm", "member", "", "Ça va – l’été vient à l’assemblée."),
    (date(2004, 2, 10), 0, "Bo Ash", "minister", "Roads", 'The road,\nhe said "slowly",\tis long; it is cold.'),
]


def write(path: Path, rows: Sequence[dict[str, Any]] = TABLE) -> Path:
    """A table in the format that the name tells; `a;b.csv` stands for a semicolon."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".csv", ".tsv"):
        sign = "\t" if path.suffix == ".tsv" else ";" if ";" in path.name else ","
        with path.open("w", newline="", encoding="utf-8-sig" if "bom" in path.name else "utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=sign)
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    else:
        path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def zstandard(raw: bytes) -> bytes:
    return bytes(pa.compress(raw, "zstd", asbytes=True))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard,
}


def pack(path: Path, suffix: str) -> Path:
    packed = path.with_name(path.name + suffix)
    packed.write_bytes(PACKERS[suffix](path.read_bytes()))
    path.unlink()
    return packed


def shown(records: Iterator[Record]) -> list[tuple[object, ...]]:
    listed = list(records)
    assert not any(record.reason for record in listed)
    return [(r.sitting, r.ordinal, r.speaker, r.role, r.topic, r.text) for r in listed]


def one(path: Path, row: dict[str, Any], columns: ColumnsConfig = COLUMNS) -> Record:
    (record,) = read_table(write(path, [row]), columns)
    return record


def refused(path: Path, columns: ColumnsConfig = SHORT) -> str:
    with pytest.raises(ValueError) as caught:
        list(read_table(path, columns))
    assert "\n" not in str(caught.value)
    return str(caught.value)


NAMES = ["a.csv", "a-bom.csv", "a;b.csv", "a.tsv", "a.json", "a.jsonl", "a.ndjson", "a.parquet", "A.CSV"]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_speeches(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name.lower()).rename(tmp_path / name)
    assert shown(read_table(path, COLUMNS)) == SPEECHES


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.parquet"])
def test_compressed_is_the_same(tmp_path: Path, name: str, suffix: str) -> None:
    assert shown(read_table(pack(write(tmp_path / name), suffix), COLUMNS)) == SPEECHES


def test_a_folder_is_the_same_whatever_its_formats_and_order_of_writing(tmp_path: Path) -> None:
    for root, order in ((tmp_path / "one", 1), (tmp_path / "two", -1)):
        for number, name in list(enumerate(["b/1.jsonl", "b/0.tsv", "c.parquet", "a.csv"]))[::order]:
            write(root / name, [TABLE[number]])
        pack(root / "a.csv", ".gz")
        (root / "README.md").write_text("not a table")
        write(root / ".hidden/copy.csv")
        # Of the two files that share a day, b/0.tsv comes before c.parquet.
        assert shown(read_table(root, COLUMNS)) == SPEECHES


@given(st.permutations(range(6)))
def test_the_order_of_rows_decides_within_a_day_alone(
    tmp_path_factory: pytest.TempPathFactory, days: list[int]
) -> None:
    path = tmp_path_factory.mktemp("table") / "a.jsonl"
    rows = [cells(f"{day} {place}", f"2004-02-0{day + 1}") for place in range(2) for day in days]
    texts = [record.text for record in read_table(write(path, rows), SHORT)]
    assert texts == [f"{day} {place}" for day in range(6) for place in range(2)]


def test_a_list_of_paragraphs_is_joined(tmp_path: Path) -> None:
    row = cells(["The road is long.", None, "<p>It is cold.</p>"], on=["Roads", "Weather"])
    for name in ("a.json", "a.jsonl", "a.parquet"):
        record = one(tmp_path / name, row)
        assert record.text.split() == ["The", "road", "is", "long.", "It", "is", "cold."]
        assert record.topic == "Roads / Weather"


@pytest.mark.parametrize(
    ("value", "columns", "expected"),
    [
        ("20040209", SHORT, date(2004, 2, 9)),
        ("2004-02-09 23:59:59+02:00", SHORT, date(2004, 2, 9)),
        (" 2004-02-09T10:00:00Z ", SHORT, date(2004, 2, 9)),
        ("9.2.2004", SHORT, None),
        ("9 February 2004", SHORT, date(2004, 2, 9)),
        ("2004-02", SHORT, date(2004, 2, 1)),
        ("2004", SHORT, None),
        ("2004-02-30", SHORT, None),
        ("", SHORT, None),
        (None, SHORT, None),
        ("9.2.2004", ColumnsConfig("body", "day", "who", date_format="%d.%m.%Y"), date(2004, 2, 9)),
        ("2004-02-09", ColumnsConfig("body", "day", "who", date_format="%d.%m.%Y"), None),
        (
            "9 February 2004, 14:30",
            ColumnsConfig("body", "day", "who", date_format="%d %B %Y, %H:%M"),
            date(2004, 2, 9),
        ),
    ],
)
def test_days(tmp_path: Path, value: object, columns: ColumnsConfig, expected: date | None) -> None:
    record = one(tmp_path / "a.json", cells("The road is long.", value), columns)
    assert (record.sitting, record.reason) == (expected, "" if expected else "bad_date")


@pytest.mark.parametrize("value", [date(2004, 2, 9), datetime.datetime(2004, 2, 9, 14, 30), "2004-02-09"])
def test_typed_days_of_parquet_need_no_format(tmp_path: Path, value: object) -> None:
    written = isinstance(value, str)
    columns = ColumnsConfig("body", "day", "who", date_format="%Y-%m-%d" if written else "%d.%m.%Y")
    assert one(tmp_path / "a.parquet", cells("The road is long.", value), columns).sitting == date(2004, 2, 9)


@pytest.mark.parametrize(
    ("word", "role"),
    [
        *(
            ("", "member"),
            ("Chairperson", "chair"),
            ("witness", "witness"),
            ("PREMIER", "minister"),
            ("Whip", "member"),
        ),
        *(
            ("The Deputy Speaker", "chair"),
            ("Minister of Finance", "minister"),
            ("presidency", "chair"),
            ("NA", "member"),
        ),
    ],
)
def test_roles(tmp_path: Path, word: str, role: str) -> None:
    record = one(tmp_path / "a.csv", cells("The road is long.", office=word))
    assert (record.role, record.unknown_role) == (role, "")


def test_who_is_called_by_an_office_has_it(tmp_path: Path) -> None:
    for name, office, role in (
        ("Mr. Speaker", "", "chair"),
        ("The Chair (Ms. Elm)", "x", "chair"),
        ("Bo", "", "member"),
    ):
        assert one(tmp_path / "a.csv", cells("The road is long.", who=name, office=office)).role == role


def test_a_person_s_own_words_for_roles_go_first_and_unknown_ones_are_counted(tmp_path: Path) -> None:
    offices = ["Doge", "DOGE ", "Whip", "Pedell", "Pedell", "Zunftmeister", "chair"]
    rows = [cells(f"The road {number} is long.", office=office) for number, office in enumerate(offices)]
    columns = replace(COLUMNS, roles={"doge": "chair", "whip": "witness", "Chair": "member"})
    corpus = CorpusConfig(label="C", reader="table", path=str(write(tmp_path / "a.csv", rows)), columns=columns)
    tables = build_corpus("moor", corpus, CLEAN)
    assert tables.kept["role"].tolist() == ["chair", "chair", "witness", "member", "member", "member", "member"]
    assert tables.summary["unknown_roles"] == {"Pedell": 2, "Zunftmeister": 1}
    assert account("moor", tables.summary).endswith(
        "taken for members (`columns.roles` explains words): Pedell 2, Zunftmeister 1"
    )


def test_a_column_that_is_none_of_roles_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MOST_ROLES", 2)
    rows = [cells(f"The road {number} is long.", office=f"word {number % 4}") for number in range(8)]
    corpus = CorpusConfig(label="C", reader="table", path=str(write(tmp_path / "a.csv", rows)), columns=COLUMNS)
    assert build_corpus("moor", corpus, CLEAN).summary["unknown_roles"] == {"(others)": 4, "word 0": 2, "word 1": 2}


@pytest.mark.parametrize(
    "word", ["NA", "nan", "None", "NULL", "-", "\u2013", "n/a", "#N/A", "<NA>", r"\N", " ", "none", "Unknown"]
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_words_that_say_that_nothing_is_known(tmp_path: Path, name: str, word: str) -> None:
    record = one(tmp_path / name, cells("The road is long.", who=word, office=word, on=word, key=word))
    assert record == Record(date(2004, 2, 9), "The road is long.", record.source)
    assert "(" not in record.source
    assert one(tmp_path / name, cells(word)).reason == "empty"
    assert one(tmp_path / name, cells("The road is long.", day=word)).reason == "bad_date"


def test_people_who_are_called_so_are_known(tmp_path: Path) -> None:
    for name in ("Na", "Nan", "Null", "Nana", "N. A. Oak"):
        assert one(tmp_path / "a.csv", cells("The road is long.", who=name)).speaker == name


def test_every_column_is_decoded_once(tmp_path: Path) -> None:
    row = cells(
        "<p>R&amp;D: <two metres and rising>, 1 < 2 &amp;lt; 3</p>",
        who="O&#39;Brien, <b>Ann</b>",
        on="Roads &amp; Quays<br/>(north)",
        office="<i>Speaker</i>",
    )
    record = one(tmp_path / "a.csv", row)
    assert (record.text, record.speaker) == ("R&D: <two metres and rising>, 1 < 2 &lt; 3", "O'Brien, Ann")
    assert (record.topic, record.role) == ("Roads & Quays (north)", "chair")


PARTS = [
    cells("I rise to say", key="s1"),
    cells("Hear, hear!", who="Bo Ash", key="s2"),
    cells("that the road", key="s1", who="NA"),
    cells("is long.", key="s1"),
    cells("Another day.", "2004-02-10", key="s3"),
]


def joined(path: Path, rows: Sequence[dict[str, Any]], **settings: str) -> list[tuple[str, str]]:
    records = list(read_table(write(path, rows), replace(COLUMNS, **settings)))
    assert len(records) == len(rows), "every row is accounted for"
    return [(record.text, record.reason) for record in records]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_rows_that_share_an_id_are_one_speech(tmp_path: Path, name: str) -> None:
    assert joined(tmp_path / name, PARTS) == [
        ("I rise to say\nthat the road\nis long.", ""),
        ("Hear, hear!", ""),
        ("that the road", "joined"),
        ("is long.", "joined"),
        ("Another day.", ""),
    ]
    apart = joined(tmp_path / name, PARTS, repeated_ids="apart")
    assert apart == [(row["body"], "") for row in PARTS]


def test_ids_that_several_speakers_or_days_share_are_no_speech_s(tmp_path: Path) -> None:
    debate = [cells(f"Part {number}.", who=("Ann Elm", "Bo Ash")[number % 2], key="d1") for number in range(4)]
    alone = [cells("First.", key="d2"), cells("Second.", key="d2")]
    as_they_are = [(row["body"], "") for row in [*debate, *alone]]
    assert joined(tmp_path / "a.csv", [*debate, *alone]) == as_they_are
    assert joined(tmp_path / "a.csv", [*debate, *alone], repeated_ids="join")[4:] == [
        ("First.\nSecond.", ""),
        ("Second.", "joined"),
    ]
    days = [cells("First.", "2004-02-09", key="a"), cells("Second.", "2004-02-10", key="a")]
    assert [text for text, _ in joined(tmp_path / "a.csv", days)] == ["First.", "Second."]


def test_a_row_twice_is_no_second_part(tmp_path: Path) -> None:
    rows = [cells("I rise.", key="a"), cells("I rise.", key="a"), cells("You sit.", key="b")]
    assert joined(tmp_path / "a.csv", rows) == [("I rise.", ""), ("I rise.", ""), ("You sit.", "")]


def test_short_parts_in_the_midst_of_a_speech_are_kept(tmp_path: Path) -> None:
    rows = [cells(text, key=key) for key in ("a", "b", "c") for text in ("The road is long", "and", "the sea is cold.")]
    corpus = CorpusConfig(label="C", reader="table", path=str(write(tmp_path / "a.csv", rows)), columns=COLUMNS)
    tables = build_corpus("moor", corpus, CLEAN)
    assert tables.kept["text"].tolist() == ["The road is long and the sea is cold."] * 3
    assert (tables.summary["read"], tables.summary["dropped"]) == (9, {"joined": 6})


def test_rows_at_fault_are_records_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        'who,day,body\nAnn,2004-02-09,A road.\nAnn,2004-02-09\nAnn,soon,"A\nroad."\nAnn,2004-02-08,<p> </p>\n'
    )
    records = list(read_table(path, SHORT))
    assert [(r.source, r.reason, r.ordinal) for r in records] == [
        ("a.csv:6", "empty", 0),
        ("a.csv:2", "", 0),
        ("a.csv:3", "broken_row", 0),
        ("a.csv:4", "bad_date", 1),
    ]
    assert [records[2].text, records[3].text] == ["Ann,2004-02-09", "A\nroad."]


def test_lines_that_are_no_objects_are_records_with_a_reason(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [cells("The road is long.")])
    with path.open("a") as file:
        file.write(
            '\n{"body": "cut o\n[1, 2]\n"text"\n' + "[" * 100_000 + '\n{"day": "2004-02-09"}\n{"body": "\\ud800"}\n'
        )
    records = list(read_table(path, SHORT))
    found = [(r.source, r.reason) for r in records]
    broken = [(f"a.jsonl:{line}", "broken_row") for line in (2, 3, 4, 5)]
    assert found == [("a.jsonl:1", ""), ("a.jsonl:6", "empty"), *broken, ("a.jsonl:7", "bad_date")]
    assert records[-1].text == "?", "half a character cannot be written to a file"


def test_the_source_tells_the_id(tmp_path: Path) -> None:
    assert one(tmp_path / "a.json", cells("A road.", key=17)).source == "a.json:2 (17)"


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.json", "a.jsonl", "a.parquet"])
def test_a_missing_column_lists_those_that_there_are(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [{"Body": "A road.", "day": "2004-02-09", "name": "Ann"}])
    assert f"{name}: no column body, who; there are Body, day, name" in refused(path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "a.csv: holds no row"),
        ("a.csv", b"body,day,who\n", "a.csv: holds no row"),
        ("a.csv", b"\nbody,day,who\n", "a.csv: holds no row"),
        ("a.csv", b"body,day,who,body\n1,2,3,4\n", "a.csv:1: column 'body' is there twice"),
        (
            "a.csv",
            b'body,day,who\nx,y,"a,b"\n"open,y,z\n1,2,3\n',
            "a.csv:3: the quoted cell that begins here swallows line 4",
        ),
        ("a.csv", b"body,day,who\nx\xff\n,y,z\n", "a.csv: byte 14 is not UTF-8, and its letters fit no other"),
        ("a.csv", "body,day,who\n".encode("utf-16"), "a.csv: holds no row"),
        ("a.csv", "body,day,who\nété été,y,z\n".encode() + b"\xe9,y,z\n", "a.csv: byte 29 is not UTF-8, as the text"),
        ("a.jsonl", b"", "a.jsonl: holds no row"),
        ("a.jsonl", b"no\njson\n", "a.jsonl: no column body, day, who; there are none"),
        ("a.json", b" \n", "a.json: holds no row"),
        ("a.json", b"[]", "a.json: holds no row"),
        ("a.json", b'{"body": "x"}', "a.json: no column day, who; there are body"),
        (
            "a.json",
            b'{"x": "y"}',
            "a.json: no list, expected [{...}, ...], an object a line, or one object with a list",
        ),
        (
            "a.json",
            b'[{"body": "x"},\n\n{"body": }]',
            "a.json:3: the value that begins here is not JSON (Expecting value)",
        ),
        ("a.json", b'[{"body": "x"}\n{"body": "x"}]', "a.json:2: expected a comma"),
        ("a.json", b'[{"body": "x"}', "a.json:1: expected a comma, or ]"),
        ("a.json", b"[" * 100_000, "a.json:1: the value that begins here is not JSON"),
        ("a.parquet", b"", "a.parquet:0: not readable as Parquet"),
        ("a.parquet", b"PAR1 and nothing else PAR1", "a.parquet:0: not readable as Parquet"),
        ("a.csv.gz", b"plain text", "a.csv.gz: damaged data"),
        ("a.csv.zst", b"plain text", "a.csv.zst: damaged data"),
        ("a.csv.xz", b"plain text", "a.csv.xz: damaged compressed data"),
        ("a.xlsx", b"", "a.xlsx: not a table by its name; expected .csv, .tsv, .tab"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert said in refused(path)


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_file_that_is_cut_off(tmp_path: Path, suffix: str) -> None:
    path = pack(write(tmp_path / "a.jsonl", TABLE * 500), suffix)
    path.write_bytes(path.read_bytes()[:-20])
    assert f"a.jsonl{suffix}: damaged" in refused(path, COLUMNS)


def test_cells_of_another_kind_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [cells("A road.", who={"first": "Ann"})])
    assert refused(path) == "a.jsonl:1: column who holds an object, expected text; name what is inside: who.first"


def test_a_huge_cell_or_file_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.csv", "a.json", "a.parquet"):
        path = write(tmp_path / name, [cells("A road. " * 1_300_000)])
        assert "10000000" in refused(path) and f"{name}:" in refused(path)
    long = tmp_path / "a.jsonl"
    long.write_bytes(b" " * 40_000_001)
    assert "a.jsonl:1: a line of more than 40000000 bytes" in refused(long)
    assert csv.field_size_limit() < formats.MAX_CELL
    monkeypatch.setattr(formats, "MAX_DOCUMENT", 100)
    assert "a.json: more than 100 bytes in one piece; convert it to JSON Lines" in refused(tmp_path / "a.json")


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet"])
def test_a_compression_bomb_is_refused(tmp_path: Path, name: str, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "RATIO_FROM", 1_000)
    path = tmp_path / name
    path.write_bytes(b"body,day,who\n" + b"x,2004-02-09,z\n" * 300_000)
    assert "a compression bomb" in refused(pack(path, suffix))


def test_folders_that_cannot_be_read(tmp_path: Path) -> None:
    assert "holds no table; expected .csv" in refused(tmp_path)
    write(tmp_path / "b/a.csv")
    pack(write(tmp_path / "a.csv"), ".gz")
    assert [path.name for path in sources(tmp_path)] == ["a.csv.gz", "a.csv"]
    write(tmp_path / "a.csv")
    assert "holds a.csv twice, packed and unpacked" in refused(tmp_path)


def test_from_params_to_speeches(tmp_path: Path) -> None:
    write(
        tmp_path / "a.csv",
        [*TABLE, cells("Never said on any day.", "never"), cells("Hear, hear, hear.", office="crowd")],
    )
    corpus = CorpusConfig(label="C", reader="table", path=str(tmp_path), columns=COLUMNS)
    tables = build_corpus("moor", corpus, CLEAN)
    assert tables.kept["speech_id"].tolist() == [f"moor/{row[0]}/{row[1]:05d}" for row in SPEECHES]
    assert tables.summary["dropped"] == {"bad_date": 1, "role_crowd": 1}
    assert (tables.summary["read"], tables.summary["sittings"]) == (6, 3)
    packed = tmp_path / "packed"
    pack(write(packed / "a.csv", TABLE[::-1]), ".xz")
    again = build_corpus("moor", CorpusConfig("C", "table", str(packed), COLUMNS), CLEAN)
    assert sorted(again.kept["text"]) == sorted(tables.kept["text"])
    assert again.summary["digest"] != tables.summary["digest"]
