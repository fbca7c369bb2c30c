"""`hansard-bias look`: the entry that it prints reads the archive as it is."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from hansard_bias.corpora.look import look
from hansard_bias.corpora.readers import find_reader
from hansard_bias.params import parse_config
from hansard_bias.pipeline import sample
from helpers.project import ROOT

SPEAKERS = ("Ann Bell", "Bo Crane", "Cyd Dow")
SPEECHES = 30


def speech(number: int) -> str:
    return f"The roads of the north are long, and number {number} of them wants money for its bridge this year."


def day(number: int, form: str) -> str:
    return (datetime.date(2001, 2, 20) + datetime.timedelta(days=number // 3)).strftime(form)


def separated(columns: list[str], form: str, sign: str, more: tuple[str, ...] = ()) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=sign)
    writer.writerow(columns)
    for n in range(SPEECHES):
        writer.writerow([day(n, form), SPEAKERS[n % 3], speech(n), *(each.format(n=n) for each in more)])
    return file.getvalue()


def comma(folder: Path) -> Path:
    path = folder / "council.csv"
    path.write_text(separated(["sitting_date", "member", "speech", "speech_id"], "%Y-%m-%d", ",", ("s{n}",)))
    return path


def semicolon(folder: Path) -> Path:
    text = separated(["Datum", "Redner", "Rede", "Nr"], "%d/%m/%Y", ";", ("Größe {n} – “über” €",))
    path = folder / "Landtag 2001.csv"
    path.write_bytes(text.replace("bridge", "Brücke in Österreich").encode("cp1252"))
    return path


def pipe(folder: Path) -> Path:
    path = folder / "minutes.txt"
    path.write_text(separated(["day", "who", "what was said"], "%d %B %Y", "|"))
    return path


def unquoted(folder: Path) -> Path:
    rows = [f'{n + 1}\t{day(n, "%Y-%m-%d")}\t{SPEAKERS[n % 3]}\t"{speech(n)}' for n in range(SPEECHES)]
    path = folder / "from_r.tsv"
    path.write_text("\n".join(["date\tspeaker\ttext", *rows]) + "\n")
    return path


def records(**names: str) -> list[dict[str, Any]]:
    return [
        {names["date"]: day(n, "%Y%m%d"), names["speaker"]: SPEAKERS[n % 3], names["text"]: speech(n)}
        for n in range(SPEECHES)
    ]


def json_list(folder: Path) -> Path:
    path = folder / "debates.json"
    path.write_text(json.dumps(records(date="jour", speaker="orateur", text="texte")))
    return path


def json_lines(folder: Path) -> Path:
    (folder / "dail").mkdir()
    lines = [json.dumps(each) for each in records(date="when", speaker="name", text="body")]
    (folder / "dail" / "a.jsonl").write_text("\n".join(lines[:15]))
    (folder / "dail" / "b.jsonl").write_text("\n".join(lines[15:]))
    return folder / "dail"


def parquet(folder: Path) -> Path:
    path = folder / "house.parquet"
    pq.write_table(pa.Table.from_pylist(records(date="date", speaker="speaker_name", text="content")), path)
    return path


LIPAD = "basepk,hid,speechdate,pid,opid,speakeroldname,speakerposition,maintopic,subtopic,subsubtopic,speechtext"
LIPAD += ",speakerparty,speakerriding,speakername,speakerurl"


def lipad(folder: Path) -> Path:
    for n in range(3):
        file = folder / f"lipad/2001/2/{20 + n}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, LIPAD.split(","))
            writer.writeheader()
            for place in range(10):
                told = {"basepk": place, "speechdate": f"2001-02-{20 + n}", "speechtext": speech(place)}
                writer.writerow(told | {"speakername": SPEAKERS[place % 3], "maintopic": "Roads"})
    return folder / "lipad"


def parlamint(folder: Path) -> Path:
    (folder / "ParlaMint-XX").mkdir()
    for n in range(3):
        said = "".join(f'<u who="#{SPEAKERS[k % 3].replace(" ", "")}"><seg>{speech(k)}</seg></u>' for k in range(10))
        head = f'<teiHeader><setting><date when="2001-02-2{n}"/></setting></teiHeader>'
        text = f'<TEI xmlns="http://www.tei-c.org/ns/1.0">{head}<text><body><div>{said}</div></body></text></TEI>'
        (folder / f"ParlaMint-XX/ParlaMint-XX_2001-02-2{n}.xml").write_text(text)
    return folder / "ParlaMint-XX"


ARCHIVES: list[Callable[[Path], Path]] = [
    *(comma, semicolon, pipe, unquoted, json_list, json_lines, parquet, lipad, parlamint),
]


def entry(lines: list[str]) -> dict[str, Any]:
    """What is printed below `corpora:`, as YAML reads it."""
    told = yaml.safe_load("\n".join(lines[lines.index("corpora:") :]))
    (found,) = told["corpora"].items()
    return dict([found])


@pytest.mark.parametrize("write", ARCHIVES, ids=lambda write: write.__name__)
def test_the_printed_entry_works_unedited(write: Callable[[Path], Path], tmp_path: Path) -> None:
    path = write(tmp_path)
    lines = [*look(path)]
    told = entry(lines)
    (name,) = told
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw |= {"corpora": told, "models": {name: {"label": "X", "mixture": {name: 1.0}}}}
    corpus = parse_config(raw).corpora[name]
    found = [*find_reader(name, corpus).read(path, corpus)]
    assert len(found) == SPEECHES
    assert not any(record.reason for record in found)
    # ParlaMint names its speakers by an id.
    assert {record.speaker.replace(" ", "") for record in found} == {each.replace(" ", "") for each in SPEAKERS}
    assert f"speeches: {SPEECHES} of {SPEECHES} records, 3 speakers" in lines


def test_what_is_told_before_any_setting(tmp_path: Path) -> None:
    lines = [*look(semicolon(tmp_path))]
    assert "encoding: windows-1252" in lines
    assert "form: cells parted by ';', quotes hold a cell together" in lines
    assert "  Datum: 20/02/2001 | 21/02/2001" in lines
    assert "days: 2001-02-20 to 2001-03-01, 10 sittings" in lines
    assert [*entry(lines)] == ["landtag_2001"]


def test_days_that_fit_two_forms_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,speaker,text\n03/04/2001,Ann,The roads are long.\n05/06/2001,Bo,And wide they are.\n")
    (told,) = (line for line in look(path) if "would fit" in line)
    assert told.startswith("days are read as %d/%m/%Y; they would fit %m/%d/%Y")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", "name,party\nAnn,Green\nBo,Blue\n", "no column looks like the date; there are name, party"),
        ("a.pdf", "%PDF-1.4", "not a table by its name"),
    ],
)
def test_what_it_cannot_read_is_one_line(name: str, content: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError, match=problem):
        list(look(path))
    with pytest.raises(ValueError, match="no such file or folder"):
        list(look(tmp_path / "nowhere"))


def test_the_archive_of_the_study_is_known_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample's generator writes the format of the NRC's release."""
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["sample"] |= {"speeches": 120, "sittings": 12}
    monkeypatch.chdir(tmp_path)
    sample.run(parse_config(raw))
    (archive,) = (tmp_path / "data/raw/sample/nunavut").glob("*.tgz")
    told = entry([*look(archive)])
    (found,) = told.values()
    assert found == {"label": "X", "reader": "nrc", "path": str(archive)}
