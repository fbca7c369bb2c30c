"""What people have beside a plain table: days in file names, names in parts, nested JSON, second tables, filters."""

from __future__ import annotations

import json
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.build import write_corpus
from hansard_bias.corpora.readers import find_reader
from hansard_bias.corpora.readers.akoma import read_akoma
from hansard_bias.corpora.readers.joining import day_in_name
from hansard_bias.corpora.readers.parlamint import read_parlamint
from hansard_bias.corpora.readers.table import read_table
from hansard_bias.corpora.readers.tei import read_tei
from hansard_bias.corpora.schema import Record
from hansard_bias.params import (
    CleanConfig,
    ColumnsConfig,
    ConfigError,
    CorpusConfig,
    JoinConfig,
    load_config,
    parse_config,
)
from hansard_bias.pipeline.check import archive_section
from helpers.project import ROOT
from helpers.speech_tables import build_corpus

CLEAN = CleanConfig(lowercase=False, min_characters=3, drop_procedural=False, drop_roles=())
DAY = "2001-02-03"


def corpus(path: Path, columns: dict[str, Any], **settings: Any) -> CorpusConfig:
    names = {name: tuple(value) if isinstance(value, list) else value for name, value in columns.items()}
    return CorpusConfig("T", "table", str(path), ColumnsConfig(**names), **settings)


def read(path: Path, columns: dict[str, Any], found: Findings | None = None, **settings: Any) -> list[Record]:
    return list(read_table(path, corpus(path, columns, **settings), found))


def refused(path: Path, columns: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(ValueError) as caught:
        read(path, columns, **settings)
    assert "\n" not in str(caught.value) and type(caught.value) in (ValueError, ConfigError)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "pattern", "day"),
    [
        ("debates_2001-02-03.csv", "%Y-%m-%d", date(2001, 2, 3)),
        ("debates_2001-2-3.csv", "%Y-%m-%d", date(2001, 2, 3)),
        ("x/19990401_v2.csv", "%Y%m%d", date(1999, 4, 1)),
        ("1999/04/01.csv", "%Y/%m/%d", date(1999, 4, 1)),
        ("1999/4/House 1.csv", "%Y/%m/*%d", date(1999, 4, 1)),
        ("Plenary 3 Feb 2001 (final).txt", "%d %b %Y", date(2001, 2, 3)),
        ("d03022001.tsv", "d%d%m%Y", date(2001, 2, 3)),
        ("hansard-1999.csv", "%Y", date(1999, 1, 1)),
        ("hansard-1999-04.csv", "%Y-%m", date(1999, 4, 1)),
        ("No 12345678, 2001.csv", "%Y", date(2001, 1, 1)),
        ("debates_2001-13-03.csv", "%Y-%m-%d", None),
        ("members.csv", "%Y", None),
        ("12345.csv", "%Y", None),
    ],
)
def test_the_day_in_a_file_s_name(name: str, pattern: str, day: date | None) -> None:
    assert day_in_name(name, pattern) == day


@pytest.mark.parametrize("packed", [False, True])
def test_files_with_their_days_in_their_names(tmp_path: Path, packed: bool) -> None:
    folder = tmp_path / "in"
    for name, text in (("2001/02-04.csv", "Later."), ("2001/02-03.csv", "Earlier.")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"who;body\nAnn;{text}\n")
    (folder / "members.csv").write_text("who;party\nAnn;X\n")
    path = folder
    if packed:
        path = tmp_path / "a.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, "x")
    found = Findings()
    records = read(path, {"text": "body", "speaker": "who"}, found, file_date="%Y/%m-%d")
    assert [(str(r.sitting), r.text) for r in records] == [("2001-02-03", "Earlier."), ("2001-02-04", "Later.")]
    assert [Path(name).name for name in found.left_out] == ["members.csv"]


def test_a_file_without_a_day_in_its_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "2001-02-03.csv").write_text("who;body\nAnn;A road.\n")
    (tmp_path / "extra.csv").write_text("who;body\nAnn;A sea.\n")
    said = refused(tmp_path, {"text": "body"}, file_date="%Y-%m-%d")
    assert said.startswith("extra.csv: no day in its name as `file_date` '%Y-%m-%d' has it; correct the pattern")
    (tmp_path / "2001-02-04.csv").write_text("who;speech\nAnn;A sea.\n")
    assert refused(tmp_path, {"text": "body"}, file_date="%Y-%m-%d").startswith("2001-02-04.csv: no column body; there")


@pytest.mark.parametrize("pattern", ["%m-%d", "no day", "%Q"])
def test_a_pattern_without_a_year_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match=r"corpora\.moor\.file_date is .*, expected the part of the name that tells"):
        corpus(Path("x"), {"text": "body"}, file_date=pattern).check("moor")


def test_either_a_column_or_the_name_has_the_day() -> None:
    with pytest.raises(ConfigError, match=r"columns\.date is 'day', expected no column with days beside file_date"):
        corpus(Path("x"), {"text": "body", "date": "day"}, file_date="%Y").check("moor")
    with pytest.raises(ConfigError, match=r"columns\.date is '', expected the name of a column"):
        corpus(Path("x"), {"text": "body"}).check("moor")


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"first": "Ann", "last": "Elm"}, "Ann Elm"),
        ({"first": "", "last": "Elm"}, "Elm"),
        ({"first": "NA", "last": "NULL"}, ""),
        ({"first": "hon. bo", "last": "o'brien"}, "Bo O'Brien"),
    ],
)
def test_a_name_in_two_columns(tmp_path: Path, cells: dict[str, str], name: str) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(cells | {"day": DAY, "body": "A road."}))
    (record,) = read(tmp_path, {"text": "body", "date": "day", "speaker": ["first", "last"]})
    assert record.speaker == name
    assert "no column middle" in refused(tmp_path, {"text": "body", "date": "day", "speaker": ["first", "middle"]})


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_no_column_with_speakers(tmp_path: Path, name: str) -> None:
    rows = [{"day": f"2001-02-0{day}", "body": f"Road {day} is long."} for day in range(1, 4)]
    if name == "a.csv":
        (tmp_path / name).write_text("day,body\n" + "".join(f"{row['day']},{row['body']}\n" for row in rows))
    elif name == "a.jsonl":
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
    else:
        parquet.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    summary = build_corpus("moor", corpus(tmp_path / name, {"text": "body", "date": "day"}), CLEAN).summary
    assert (summary["kept"], summary["speakers"]) == (3, 0)


NESTED = {
    "date": DAY,
    "items": [
        {
            "title": "Roads",
            "speeches": [
                {"by": {"name": {"first": "Ann", "last": "Elm"}}, "content": {"text": ["The road", "is long."]}},
                {"by": {"name": {"first": "Bo", "last": "Ash"}}, "content": {"text": "It is cold."}},
            ],
        },
        {"title": "Seas", "speeches": [{"by": {}, "content": {"text": "The sea is wide."}}]},
        {"title": "Nothing", "speeches": []},
    ],
}
DOTTED = {
    "text": "items.speeches.content.text",
    "date": "date",
    "speaker": ["items.speeches.by.name.first", "items.speeches.by.name.last"],
    "topic": "items.title",
}
SPOKEN = [
    ("Ann Elm", "Roads", "The road\nis long."),
    ("Bo Ash", "Roads", "It is cold."),
    ("", "Seas", "The sea is wide."),
]


@pytest.mark.parametrize("name", ["list.json", "object.json", "lines.json", "a.jsonl", "a.parquet"])
def test_lists_of_objects_give_a_row_each(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        days = json.loads(json.dumps(NESTED))
        for item in days["items"]:
            for speech in item["speeches"]:
                text = speech["content"]["text"]
                speech["content"]["text"] = text if isinstance(text, list) else [text]
        parquet.write_table(pa.Table.from_pylist([days]), path)
    else:
        whole = json.dumps([NESTED] if name == "list.json" else NESTED, indent=None if name == "a.jsonl" else 1)
        path.write_text(whole + "\n" + whole if name == "lines.json" else whole)
    records = read(path, DOTTED)
    times = 2 if name == "lines.json" else 1
    assert [(r.speaker, r.topic, r.text) for r in records] == SPOKEN * times
    assert len({record.source for record in records}) == len(records)
    assert all(record.source.startswith(f"{name}:") for record in records)


def test_objects_in_a_list_that_is_no_part_of_the_text_are_joined(tmp_path: Path) -> None:
    row = {
        "day": DAY,
        "body": "A road.",
        "topics": [{"name": "Roads"}, {"name": "Seas"}, {"code": 3}],
        "who": {"x": "Ann"},
    }
    (tmp_path / "a.json").write_text(json.dumps([row, {"day": DAY, "body": "A sea."}]))
    records = read(tmp_path, {"text": "body", "date": "day", "topic": "topics.name", "speaker": "who.x"})
    assert [(r.topic, r.speaker) for r in records] == [("Roads / Seas", "Ann"), ("", "")]


def test_a_dot_may_belong_to_a_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"meta.day,speech.text\n{DAY},A road.\n")
    (tmp_path / "b.json").write_text(json.dumps([{"meta.day": DAY, "speech.text": "A sea."}]))
    (tmp_path / "c.json").write_text(json.dumps([{"meta": {"day": DAY}, "speech": {"text": "A wood."}}]))
    assert [r.text for r in read(tmp_path, {"text": "speech.text", "date": "meta.day"})] == [
        "A road.",
        "A sea.",
        "A wood.",
    ]


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        ({"title": "Debates", "speeches": [{"body": "A.", "day": DAY}, {"body": "B.", "day": DAY}]}, ["A.", "B."]),
        ({"body": {"0": "A.", "1": "B."}, "day": {"0": DAY, "1": DAY}}, ["A.", "B."]),
        ({"body": ["A.", "B."], "day": [DAY, DAY], "x": [1]}, ["A.", "B."]),
        ({"body": ["A.", "B."], "day": DAY}, ["A.\nB."]),
        ({"body": "A.", "day": DAY}, ["A."]),
    ],
)
def test_a_document_that_is_one_object(tmp_path: Path, whole: object, expected: list[str]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(whole, indent=2))
    assert [record.text for record in read(tmp_path, {"text": "body", "date": "day"})] == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": [1], "b": [2]}', "a.json: no list, expected [{...}, ...], an object a line, or one object with a list"),
        ('{"a": {"body": "x"}}', "a.json: no list"),
        ('[{"a": {"body": "x"}}]', "a.json: no column body, day; there are a.body"),
        ('{"body": "A."}\n{"body": ', "a.json:2: the value that begins here is not JSON"),
        ('{"body": "A."}, {"body": "B."}', "a.json:1: the value that begins here is not JSON"),
        (
            '{"body": {"x": "A."}, "day": "2001-02-03"}',
            "column body holds an object, expected text; name what is inside: body.x",
        ),
    ],
)
def test_documents_without_rows_are_told(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert said in refused(tmp_path, {"text": "body", "date": "day"})


SPEECHES = f"day,mp,body\n{DAY},7,A road.\n{DAY},8,A sea.\n{DAY},9,A wood.\n"
MEMBERS = "id;name;post;day\n7;Ann Elm;Speaker;1950\n8;Bo Ash;Minister of Roads;1960\n7;Ann Elm;Speaker;1950\n"
JOINED = {"text": "body", "date": "day", "speaker": "name", "role": "post"}


def archive(folder: Path, members: str = MEMBERS, name: str = "members.csv") -> Path:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "a.csv").write_text(SPEECHES)
    (folder / name).write_text(members)
    return folder / "in"


def test_a_second_table_by_its_key(tmp_path: Path) -> None:
    found = Findings()
    path = archive(tmp_path)
    beside = JoinConfig(str(tmp_path / "members.csv"), "mp", "id")
    records = read(path, JOINED, found, join=beside)
    assert [(r.speaker, r.role, str(r.sitting)) for r in records] == [
        ("Ann Elm", "chair", DAY),
        ("Bo Ash", "minister", DAY),
        ("", "member", DAY),
    ]
    assert found.remarks == [f"1 of 3 rows do not have their mp among the id of {beside.path} (first a.csv:4: '9')"]
    born = read(path, JOINED | {"topic": "join.day"}, join=beside)
    assert [record.topic for record in born] == ["1950", "1960", ""]


@pytest.mark.parametrize("form", ["inside", "json", "parquet", "folder"])
def test_a_second_table_in_any_format_and_place(tmp_path: Path, form: str) -> None:
    path = archive(tmp_path)
    rows = [{"mp": 7, "name": "Ann Elm", "post": None}, {"mp": 8, "name": "Bo Ash", "post": None}]
    if form == "inside":
        beside = path / "members.csv"
        beside.write_text("mp,name,post\n7,Ann Elm,\n8,Bo Ash,\n")
    elif form == "json":
        beside = tmp_path / "m.json"
        beside.write_text(json.dumps({"members": rows}))
    elif form == "parquet":
        beside = tmp_path / "m.parquet"
        parquet.write_table(pa.table({"mp": [7.0, 8.0], "name": ["Ann Elm", "Bo Ash"], "post": ["", ""]}), beside)
    else:
        beside = tmp_path / "parts"
        beside.mkdir()
        for row in rows:
            (beside / f"{row['mp']}.csv").write_text(f"mp,name,post\n{row['mp']},{row['name']},\n")
    records = read(path, JOINED, join=JoinConfig(str(beside), "mp"))
    assert [record.speaker for record in records] == ["Ann Elm", "Bo Ash", ""]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ("id;name;post\n7;Ann Elm;\n7;Ann Oak;\n", "members.csv:3: id '7' has another name than in members.csv:2"),
        ("id;name;post\nx;Ann Elm;\ny;Bo;\n", "join: no row has its mp among the id of"),
        ("id;name;post\nx;Ann Elm;\ny;Bo;\n", "ours such as a.csv:2: '7', theirs such as 'x', 'y'"),
        ("key;name;post\n7;Ann Elm;\n", "members.csv: no column id; there are key, name, post"),
        ("id;name\n7;Ann Elm\n", "a.csv: no column post; there are day, mp, body"),
        ("", "members.csv: holds no row"),
    ],
)
def test_tables_that_cannot_be_joined(tmp_path: Path, members: str, said: str) -> None:
    beside = JoinConfig(str(tmp_path / "members.csv"), "mp", "id")
    assert said in refused(archive(tmp_path, members), JOINED, join=beside)


def test_the_joined_table_is_part_of_the_archive_s_identity(tmp_path: Path) -> None:
    path = archive(tmp_path)
    given = corpus(path, JOINED, join=JoinConfig(str(tmp_path / "members.csv"), "mp", "id"))
    before = archive_section(given), write_corpus("moor", given, CLEAN, tmp_path / "out")["digest"]
    archive(tmp_path, MEMBERS.replace("Bo Ash", "Bo Oak"))
    after = archive_section(given), write_corpus("moor", given, CLEAN, tmp_path / "out")["digest"]
    assert before[0] != after[0] and before[1] != after[1]
    plain = archive_section(CorpusConfig("A", "nrc", "x"))
    assert plain == {"reader": "nrc", "path": "x", "columns": None}, "no setting, no other file than before"


HOUSES = f"day,house,lang,body\n{DAY},Commons,en,A road.\n{DAY},Lords,en,A sea.\n2001-02-09,Commons,fr,Un bois.\n"


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"house": "Commons"}, ["A road.", "Un bois."]),
        ({"house": "commons", "lang": ("en", "cy")}, ["A road."]),
        ({"lang": ("en", "fr")}, ["A road.", "A sea.", "Un bois."]),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_rows_by_the_value_of_a_column(tmp_path: Path, name: str, where: dict[str, Any], kept: list[str]) -> None:
    header, *rows = [line.split(",") for line in HOUSES.splitlines()]
    content = HOUSES if name == "a.csv" else json.dumps([dict(zip(header, row, strict=True)) for row in rows])
    (tmp_path / name).write_text(content)
    tables = build_corpus("moor", corpus(tmp_path / name, {"text": "body", "date": "day"}, where=where), CLEAN)
    assert tables.kept["text"].tolist() == kept
    assert tables.summary["read"] == 3 and tables.summary["dropped"].get("not_selected", 0) == 3 - len(kept)  # type: ignore[attr-defined]
    assert sorted(tables.rejected["text"]) == sorted({"A road.", "A sea.", "Un bois."} - {*kept})
    assert tables.summary["sittings"] == (2 if "Un bois." in kept else 1), "what is left out is no sitting"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"house": "Common"}, "`where` keeps none of 3 rows; house has 'Commons' (2), 'Lords' (1); correct it"),
        ({"chamber": "Commons"}, "a.csv: no column chamber; there are day, house, lang, body"),
    ],
)
def test_values_that_are_not_there_are_told(tmp_path: Path, where: dict[str, Any], said: str) -> None:
    (tmp_path / "a.csv").write_text(HOUSES)
    assert said in refused(tmp_path, {"text": "body", "date": "day"}, where=where)


def test_rows_by_the_value_of_a_joined_column(tmp_path: Path) -> None:
    beside = JoinConfig(str(tmp_path / "members.csv"), "mp", "id")
    records = read(archive(tmp_path), JOINED, join=beside, where={"post": "speaker"})
    assert [(r.text, r.reason) for r in records] == [
        ("A road.", ""),
        ("A sea.", "not_selected"),
        ("A wood.", "not_selected"),
    ]


TEI = """<TEI xml:lang="{}"><teiHeader><setting><date when="2015-01-05"/></setting></teiHeader><text><body><div>
<head>Wegen</head>{}</div></body></text></TEI>"""
U = """<u who="#a"><seg>Een weg.</seg><seg xml:lang="fr">Une route.</seg></u>
<u who="#b" xml:lang="fr"><note>rires</note><seg>La mer.</seg></u><u who="#c">Bare words.</u>"""
SP = U.replace("<u ", "<sp ").replace("</u>", "</sp>").replace("seg", "p")
SPEECH = U.replace("<u who", "<speech by").replace("</u>", "</speech>").replace("seg", "p").replace("note", "remark")
AKOMA = """<akomaNtoso xml:lang="{}"><debate><preface><docDate date="2015-01-05"/></preface><debateBody><debateSection>
<heading>Wegen</heading>{}</debateSection></debateBody></debate></akomaNtoso>"""


@pytest.mark.parametrize(
    ("reader", "document"),
    [(read_parlamint, TEI.format("nl", U)), (read_tei, TEI.format("nl", SP)), (read_akoma, AKOMA.format("nl", SPEECH))],
)
def test_speeches_by_their_language(tmp_path: Path, reader: Any, document: str) -> None:
    (tmp_path / "x.xml").write_text(document)
    given = CorpusConfig("T", "x", str(tmp_path), where={"language": "fr"})
    records = [(r.text, r.reason) for r in reader(tmp_path, given) if r.reason in ("", "not_selected")]
    assert sorted(records) == [
        ("Bare words.", "not_selected"),
        ("Een weg.", "not_selected"),
        ("La mer.", ""),
        ("Une route.", ""),
    ]
    both = CorpusConfig("T", "x", str(tmp_path), where={"language": ("nl", "fr")})
    assert [r.text for r in reader(tmp_path, both) if not r.reason] == [
        "Een weg.\nUne route.",
        "La mer.",
        "Bare words.",
    ]
    assert list(reader(tmp_path, both)) == list(reader(tmp_path)), "all languages are as good as no setting"
    with pytest.raises(
        ValueError, match=r"`where` keeps speeches in en; xml:lang has 'nl' \(2\), 'fr' \(2\); correct it"
    ):
        list(reader(tmp_path, CorpusConfig("T", "x", str(tmp_path), where={"language": "en"})))


def test_a_variety_is_its_language_and_others_are_no_sitting(tmp_path: Path) -> None:
    (tmp_path / "x_2015-01-05.xml").write_text(TEI.format("en-GB", "<u><seg>A road.</seg></u>"))
    (tmp_path / "x_2015-01-06.xml").write_text(
        TEI.format("eng", "<u><seg>Another road.</seg></u>").replace("-05", "-06")
    )
    given = CorpusConfig("T", "parlamint", str(tmp_path), where={"language": "EN"})
    tables = build_corpus("moor", given, CLEAN)
    assert tables.kept["text"].tolist() == ["A road."]
    assert tables.summary["dropped"] == {"heading": 2, "not_selected": 1}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            CorpusConfig("A", "nrc", "x", where={"language": "en"}),
            "where is {'language': 'en'}, expected no such key; only",
        ),
        (CorpusConfig("A", "parlamint", "x", where={"house": "x"}), "expected language, as xml:lang tells it"),
        (
            CorpusConfig("A", "lipad", "x", file_date="%Y"),
            "file_date is '%Y', expected no such key; only the reader table",
        ),
        (
            CorpusConfig("A", "tei", "x", join=JoinConfig("a", "b")),
            "expected no such key; only the reader table takes one",
        ),
    ],
)
def test_settings_that_a_reader_does_not_take(given: CorpusConfig, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_reader("moor", given)
    assert str(caught.value).startswith("params.yaml: corpora.moor.") and said in str(caught.value)


def test_all_settings_in_params_yaml(raw: dict[str, Any]) -> None:
    entry = {
        **{"label": "M", "reader": "table", "path": "x", "encoding": "windows-1250", "file_date": "%Y-%m-%d"},
        "columns": {"text": "speech.text", "speaker": ["first", "last"]},
        "join": {"path": "members.csv", "key": "mp", "their_key": "id"},
        "where": {"house": "Commons", "language": ["en", "fr"]},
    }
    raw["corpora"]["moor"] = entry
    moor = parse_config(raw).corpora["moor"]
    assert moor.join == JoinConfig("members.csv", "mp", "id") and moor.where == {
        "house": "Commons",
        "language": ("en", "fr"),
    }
    assert moor.columns and moor.columns.speakers == ("first", "last")
    for key, value, said in (
        ("where", {"house": 3}, "moor.where.house is 3, expected text"),
        ("where", {"house": []}, "moor.where.house is (), expected a value of this column, or a list of them"),
        ("where", "house", "moor.where is 'house', expected a section"),
        ("join", {"path": "x"}, "moor.join.key is None, expected a value"),
        ("join", {"path": "x", "key": "a", "on": "b"}, "moor.join.on is 'b', expected no such key"),
        ("encoding", "latin-99", "moor.encoding is 'latin-99', expected the name of an encoding"),
    ):
        raw["corpora"]["moor"] = entry | {key: value}
        with pytest.raises(ConfigError) as caught:
            parse_config(raw)
        assert said in str(caught.value)


@pytest.fixture
def raw() -> dict[str, Any]:
    from hansard_bias.base.yaml import read_plain_yaml

    content: dict[str, Any] = read_plain_yaml(ROOT / "params.yaml")
    assert load_config(ROOT / "params.yaml")
    return content
