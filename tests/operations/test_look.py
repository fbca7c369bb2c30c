"""`look`: whatever lies at a path, its entry for params.yaml works as it is printed."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from ruamel.yaml import YAML

from hansard_bias.corpora.build import write_corpus
from hansard_bias.operations.look import look
from hansard_bias.params import CleanConfig, CorpusConfig, parse_config
from hansard_bias.pipeline import check
from helpers.project import ROOT

CLEAN = CleanConfig(lowercase=False, min_characters=3, drop_procedural=False, drop_roles=())
LIPAD_SHARED = ROOT.parent / "shared/data/canada/lipad"
NRC_SHARED = ROOT.parent / "shared/data/nunavut/Nunavut-Hansard-2017-06-truecased"

PEOPLE = ["Ann Elm", "Bo Ash", "Cy Oak", "The Speaker"]
SPEECHES = [
    f"The road to {place} is long, cold; and it was never mended – not once, «you know»."
    for place in ("Göteborg", "the sea", "Café Élan", "the wood", "Málaga", "the fair", "the moor", "Łazy"[1:])
]
ROWS: list[dict[str, Any]] = [
    {
        **{"id": f"s{number}", "day": f"2001-03-{number // 2 + 10:02d}", "name": PEOPLE[number % 4]},
        **{"party": "X", "office": "Chair" if number % 4 == 3 else "Member", "heading": f"Roads {number // 4}"},
        **{"body": f"{number}: {SPEECHES[number % 8]}"},
    }
    for number in range(40)
]


def as_csv(rows: Sequence[dict[str, Any]], sign: str = ",", **names: str) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=sign)
    writer.writerow(names.get(name, name) for name in rows[0])
    writer.writerows(row.values() for row in rows)
    return sink.getvalue()


def changed(**change: Callable[[Any], Any]) -> list[dict[str, Any]]:
    return [row | {name: make(row[name]) for name, make in change.items()} for row in ROWS]


def slashed(day: str) -> str:
    return "/".join(reversed(day.split("-")))


def entry_of(lines: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The printed entry, by another parser than the project's."""
    printed = "\n".join(lines[lines.index("corpora:") :])
    ((name, entry),) = YAML(typ="safe", pure=True).load(printed)["corpora"].items()
    return name, entry


def pasted(path: Path, out: Path) -> tuple[list[str], CorpusConfig, dict[str, Any]]:
    """What is said of an archive, its entry parsed with the whole of params.yaml, and the account of reading by it."""
    lines = [*look(path)]
    assert all("\n" not in line for line in lines)
    name, entry = entry_of(lines)
    raw = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    raw["corpora"][name] = entry
    config = parse_config(raw)
    check.run(config, out / "data" / "checked", out / "initial.json", out / "probes.json")
    return lines, config.corpora[name], write_corpus(name, config.corpora[name], CLEAN, out / "speeches")


@pytest.fixture
def out(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    folder = tmp_path_factory.mktemp("out")
    (folder / "data").mkdir()
    return folder


def comma(folder: Path) -> Path:
    (folder / "moor.csv").write_text(as_csv(ROWS), encoding="utf-8")
    return folder / "moor.csv"


def semicolon(folder: Path) -> Path:
    names = {"day": "Datum", "name": "Redner", "body": "Rede", "office": "Funktion", "heading": "Thema"}
    text = as_csv(changed(day=slashed), ";", **names)
    (folder / "Protokolle 2001.csv").write_bytes(text.encode("cp1252"))
    return folder / "Protokolle 2001.csv"


def pipe(folder: Path) -> Path:
    (folder / "a.txt").write_text(as_csv(ROWS, "|", day="fecha", name="orador", body="texto"), encoding="utf-8")
    return folder / "a.txt"


def nested(folder: Path) -> Path:
    days: dict[str, list[dict[str, Any]]] = {}
    for row in ROWS:
        who = {"name": {"full": row["name"], "born": "1950-01-01"}, "party": "X"}
        days.setdefault(row["day"], []).append({"speaker": who, "content": {"text": row["body"]}})
    (folder / "debates.json").write_text(json.dumps([{"date": day, "speeches": all_} for day, all_ in days.items()]))
    return folder / "debates.json"


def folder_of_tables(folder: Path) -> Path:
    for number in range(0, 40, 10):
        rows = [{"speech": row["body"], "first_name": "Ann", "last_name": "Elm"} for row in ROWS[number : number + 10]]
        (folder / f"debates_2001{number // 10 + 1:02d}03.csv").write_text(as_csv(rows))
    (folder / "README.txt").write_text("Debates of the moor, as we found them.\nRead, with care.\n")
    (folder / "dataset_info.json").write_text('{"features": {"speech": "string"}, "splits": [{"name": "train"}]}')
    return folder


def json_lines(folder: Path) -> Path:
    (folder / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, ROWS)).encode()))
    return folder / "a.jsonl.gz"


def in_parquet(folder: Path) -> Path:
    import datetime

    rows = changed(day=datetime.date.fromisoformat)
    parquet.write_table(pa.Table.from_pylist(rows), folder / "train-0000.parquet")
    return folder


def of_r(folder: Path) -> Path:
    rows = [f'{n}\t{row["day"]}\t{row["name"]}\t"{row["body"]}' for n, row in enumerate(ROWS, start=1)]
    (folder / "corpus.tsv").write_text("\n".join(["date\tspeaker\ttext", *rows]), encoding="utf-8")
    return folder / "corpus.tsv"


def years(folder: Path) -> Path:
    rows = [{"year": row["day"][:4], "speech": row["body"]} for row in ROWS]
    (folder / "a.csv").write_text(as_csv(rows))
    return folder / "a.csv"


def american(folder: Path) -> Path:
    rows = changed(day=lambda day: f"{int(day[5:7])}/{int(day[8:])}/{day[2:4]} 2:30 PM")
    (folder / "a.tsv").write_bytes(as_csv(rows, "\t").encode("utf-16"))
    return folder / "a.tsv"


TABLES: dict[Callable[[Path], Path], dict[str, Any]] = {
    comma: {"text": "body", "date": "day", "speaker": "name", "role": "office", "topic": "heading", "id": "id"},
    semicolon: {
        **{"text": "Rede", "date": "Datum", "speaker": "Redner", "role": "Funktion", "topic": "Thema", "id": "id"},
        "date_format": "%d/%m/%Y",
    },
    pipe: {"text": "texto", "date": "fecha", "speaker": "orador", "role": "office", "topic": "heading", "id": "id"},
    nested: {"text": "speeches.content.text", "date": "date", "speaker": "speeches.speaker.name.full"},
    folder_of_tables: {"text": "speech", "speaker": ["first_name", "last_name"]},
    json_lines: {"text": "body", "date": "day", "speaker": "name", "role": "office", "topic": "heading", "id": "id"},
    in_parquet: {"text": "body", "date": "day", "speaker": "name", "role": "office", "topic": "heading", "id": "id"},
    of_r: {"text": "text", "date": "date", "speaker": "speaker"},
    years: {"text": "speech", "date": "year", "date_format": "%Y"},
    american: {
        **{"text": "body", "date": "day", "speaker": "name", "role": "office", "topic": "heading", "id": "id"},
        "date_format": "%m/%d/%y %I:%M %p",
    },
}


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_the_entry_of_a_table_works_as_it_is(tmp_path: Path, out: Path, make: Callable[[Path], Path]) -> None:
    lines, _, summary = pasted(make(tmp_path), out)
    _, entry = entry_of(lines)
    assert (entry["reader"], entry["columns"]) == ("table", TABLES[make])
    assert (summary["read"], summary["kept"]) == (40, 40)
    assert entry.get("encoding") == ("windows-1252" if make is semicolon else None)
    assert entry.get("file_date") == ("%Y%m%d" if make is folder_of_tables else None)
    assert any(line.startswith("speeches: 40, such as ") for line in lines)


def test_what_is_said_of_a_table(tmp_path: Path) -> None:
    lines = [*look(semicolon(tmp_path))]
    said = "\n".join(lines)
    assert lines[0].endswith("Protokolle 2001.csv: a table, a speech a row, `reader: table`; 1 file")
    assert "encoding: windows-1252 (1 file); are these words right: Göteborg, Café, Élan, Málaga" in said
    assert "dialect: a semicolon between cells, quotes hold cells together (1 file)" in said
    assert "  Datum = date: 10/03/2001 · 11/03/2001" in lines
    assert "  party: X" in lines
    assert "days: 2001-03-10 to 2001-03-29, 20 sittings" in lines
    assert "roles: member 30, chair 10" in said
    assert "speakers: 4, most often Ann Elm 10, Bo Ash 10, Cy Oak 10 and 1 more" in said


def test_files_that_are_none_of_the_debates_are_named(tmp_path: Path) -> None:
    said = "\n".join(look(folder_of_tables(tmp_path)))
    assert "no debates, left out: README.txt (no column" in said and "dataset_info.json" in said


def test_days_that_may_be_two_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(as_csv(changed(day=lambda day: f"0{int(day[-2:]) % 9 + 1}/02/2001")))
    lines = [*look(tmp_path)]
    assert "look at this: days may be %d/%m/%Y or %m/%d/%Y: all fit" in lines
    assert entry_of(lines)[1]["columns"]["date_format"] == "%d/%m/%Y"


HEADER = '<teiHeader><setting><date when="2015-01-05"/></setting></teiHeader>'
TEI = f"<TEI>{HEADER}<text><body><div>{{}}</div></body></text></TEI>"
LIPAD = "basepk,speechdate,speechtext,speakername,speakerposition\n1,2004-02-09,A long road.,Ann Elm,\n"
PREFACE = '<preface><docDate date="2015-01-05"/></preface>'
AKOMA = f"<akomaNtoso><debate>{PREFACE}<debateBody>{{}}</debateBody></debate></akomaNtoso>"


def xml(folder: Path) -> Path:
    (folder / "ParlaMint-XX_2015-01-05.xml").write_text(TEI.format('<u who="#a"><seg>A long road.</seg></u>'))
    (folder / "ParlaMint-XX.xml").write_text("<teiCorpus><teiHeader/></teiCorpus>")
    return folder


def sp(folder: Path) -> Path:
    (folder / "debate.xml").write_text(TEI.format('<sp who="Ann Elm"><p>A long road.</p></sp>'))
    return folder


def akoma(folder: Path) -> Path:
    (folder / "debate.xml").write_text(
        AKOMA.format('<speech by="#a"><from>Ms. Elm:</from><p>A long road.</p></speech>')
    )
    return folder / "debate.xml"


def lipad(folder: Path) -> Path:
    (folder / "2004/2").mkdir(parents=True)
    (folder / "2004/2/2004-2-9.csv").write_text(LIPAD)
    return folder


def nrc(folder: Path) -> Path:
    (folder / "NunavutHansard.en").write_text("Ms. Elm: A long road.\n")
    (folder / "NunavutHansard.id").write_text("Hansard_20030506\t1\n")
    with tarfile.open(folder / "Nunavut-Hansard 3.0.tgz", "w:gz") as archive:
        for name in ("NunavutHansard.en", "NunavutHansard.id"):
            archive.add(folder / name, f"x/{name}")
    return folder / "Nunavut-Hansard 3.0.tgz"


@pytest.mark.parametrize(
    ("make", "reader"), [(xml, "parlamint"), (sp, "tei"), (akoma, "akoma"), (lipad, "lipad"), (nrc, "nrc")]
)
def test_formats_that_need_no_columns(tmp_path: Path, out: Path, make: Callable[[Path], Path], reader: str) -> None:
    lines, corpus, summary = pasted(make(tmp_path), out)
    assert (corpus.reader, corpus.columns) == (reader, None)
    assert summary["kept"] == 1 and "speeches: 1, such as 'A long road.'" in lines
    assert any(line.startswith("days: 20") for line in lines) and any(
        line.startswith("roles: member 1") for line in lines
    )


@pytest.mark.skipif(not LIPAD_SHARED.is_dir(), reason="the shared archives are not on this machine")
@pytest.mark.parametrize(("path", "reader"), [(LIPAD_SHARED, "lipad"), (NRC_SHARED, "nrc")])
def test_real_archives(path: Path, reader: str) -> None:
    lines = [*look(path)]
    assert entry_of(lines)[1] == {"label": entry_of(lines)[0], "reader": reader, "path": str(path.resolve())}
    assert not any(line.startswith("look at this") for line in lines)


def test_a_name_that_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("corpora:\n  moor: {label: A}\n  x: {label: moor_2}\n")
    assert entry_of([*look(comma(tmp_path))])[0] == "moor_3"
    for stem, name in (("1999 (ü)", "archive_1999"), ("no", "no_2"), ("Été", "t"), ("x" * 90, "x" * 40)):
        path = (tmp_path / "moor.csv").rename(tmp_path / f"{stem}.csv")
        assert entry_of([*look(path)])[0] == name
        path.rename(tmp_path / "moor.csv")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"PK", "not a table by its name; expected .csv"),
        ("a.csv", b"", "a.csv: holds no row"),
        ("a.csv", b"a,b\n1,2\n3,4\n", "a.csv: no table holds text"),
        ("a.tsv", b"Text_ID\tDate\tSpeaker\nT1\t2015-01-05\tAnn Elm\n" * 5, "a.tsv: no table holds text"),
        ("a.csv", b"who,body\nAnn,A long and cold road.\n", "a table without a column of days, nor days in its files'"),
        ("a.xml", b"<TEI><text>", "a.xml:1: malformed XML"),
        ("a.json", b'[{"text": "x"}', "a.json:1: expected a comma, or ]"),
        ("notes.rst", b"# Notes", "not a table by its name"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError) as caught:
        list(look(tmp_path / name))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_the_command(tmp_path: Path) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hansard_bias.cli", "look", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ})

    done = run(comma(tmp_path))
    assert done.returncode == 0 and entry_of(done.stdout.splitlines())[0] == "moor"
    for path in (tmp_path / "nowhere", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        done = run(path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith(f"hansard-bias: {path}: ")
