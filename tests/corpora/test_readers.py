"""The registry of readers: one new file is a new reader, an unknown name is told, and nothing needless is imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hansard_bias.corpora import readers
from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.build import write_corpus
from hansard_bias.corpora.readers import find_reader
from hansard_bias.corpora.schema import Record
from hansard_bias.params import CleanConfig, ColumnsConfig, ConfigError, CorpusConfig, load_config
from hansard_bias.pipeline import check
from helpers.project import ROOT

COLUMNS = ColumnsConfig(text="body", date="day", speaker="name")
NEW = """
from hansard_bias.corpora.readers import reader
from hansard_bias.corpora.schema import Record

@reader("plain", lambda path: [path])
def read_plain(path, corpus, found):
    from datetime import date
    yield Record(date(1999, 4, 1), path.read_text(), path.name, "Ann Elm")
"""


def corpus(reader: str, columns: ColumnsConfig | None = None) -> CorpusConfig:
    return CorpusConfig("A", reader, "somewhere", columns)


def test_the_readers_are_those_of_the_handbook() -> None:
    for name in ("nrc", "lipad", "parlamint", "tei", "akoma"):
        assert find_reader("a", corpus(name)).read.__name__ == f"read_{name}"
    assert find_reader("a", corpus("table", COLUMNS)).read.__name__ == "read_table"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            corpus("lipda"),
            "corpora.canada.reader is 'lipda', expected one of akoma, lipad, nrc, parlamint, table, tei; "
            "did you mean lipad?",
        ),
        (
            corpus("formats"),
            "corpora.canada.reader is 'formats', expected one of akoma, lipad, nrc, parlamint, table, tei",
        ),
        (
            corpus("table"),
            "corpora.canada.columns is None, expected the names of the archive's columns; "
            "for example {text: body, date: day, speaker: name}; `hansard-bias look PATH` proposes them",
        ),
        (
            corpus("nrc", COLUMNS),
            "corpora.canada.columns is ['body', 'day', 'name'], expected no such key; only the reader table takes one",
        ),
    ],
)
def test_a_reader_that_cannot_read_is_told(entry: CorpusConfig, said: str, tmp_path: Path) -> None:
    clean = CleanConfig(lowercase=False, min_characters=10, drop_procedural=True, drop_roles=())
    for read in (lambda: find_reader("canada", entry), lambda: write_corpus("canada", entry, clean, tmp_path)):
        with pytest.raises(ConfigError) as caught:
            read()
        assert str(caught.value) == f"params.yaml: {said}"


def test_the_check_tells_it_before_any_stage_runs(tmp_path: Path) -> None:
    config = load_config(ROOT / "params.yaml")
    config = replace(config, corpora=config.corpora | {"canada": replace(corpus("lipda"), label="B")})
    with pytest.raises(ConfigError, match=r"corpora.canada.reader is 'lipda', expected one of"):
        check.run(config, tmp_path / "checked")


def test_one_file_is_a_new_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "readers").mkdir()
    (tmp_path / "readers" / "new_format.py").write_text(NEW)
    (tmp_path / "a.txt").write_text("The road is long, and it is cold.")
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(tmp_path / "readers")])
    monkeypatch.setattr(readers, "_registered", dict(readers._registered))
    clean = CleanConfig(lowercase=False, min_characters=10, drop_procedural=True, drop_roles=())
    entry = replace(corpus("plain"), path=str(tmp_path / "a.txt"))
    assert write_corpus("moor", entry, clean, tmp_path / "out")["kept"] == 1
    monkeypatch.delitem(sys.modules, "hansard_bias.corpora.readers.new_format")


def test_what_says_that_nothing_is_known_is_nothing_in_every_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_registered", {})
    day = date(2004, 2, 9)

    def read(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]:
        yield Record(day, "A road.", "x:1", "NULL", topic="-")
        yield Record(day, " n/a ", "x:2", "Ann Elm", topic="NA-free roads")
        yield Record(None, "NA", "x:3", "nan", reason="bad_date")

    found = list(readers.reader("plain", lambda path: [path])(read)(Path("x")))
    assert [(r.speaker, r.topic, r.text, r.reason, r.ordinal) for r in found] == [
        ("", "", "A road.", "", 0),
        ("Ann Elm", "NA-free roads", " n/a ", "empty", 1),
        ("", "", "NA", "bad_date", 0),
    ]


def test_a_reader_loads_no_other_and_no_heavy_module() -> None:
    code = """
import sys
from hansard_bias.corpora.readers import find_reader
from hansard_bias.params import CorpusConfig
find_reader("a", CorpusConfig("A", "nrc", "somewhere"))
print(sorted({"pandas", "torch", "pyarrow.parquet"} & set(sys.modules)))
print(sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("hansard_bias.corpora.readers.")))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]\n['nrc', 'nrc_lines', 'nrc_sitting']"
