"""A file where a folder is expected, and the other way round; files among the debates that are none."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.readers.akoma import read_akoma
from hansard_bias.corpora.readers.lipad import read_lipad
from hansard_bias.corpora.readers.nrc import read_nrc
from hansard_bias.corpora.readers.parlamint import read_parlamint
from hansard_bias.corpora.readers.table import read_table
from hansard_bias.corpora.readers.tei import read_tei
from hansard_bias.corpora.schema import Record
from hansard_bias.params import CleanConfig, ColumnsConfig, CorpusConfig
from helpers.speech_tables import build_corpus

COLUMNS = ColumnsConfig("body", "day", "who", id="id")
CLEAN = CleanConfig(lowercase=False, min_characters=3, drop_procedural=False, drop_roles=())
LIPAD = "speechdate,speechtext\n2004-02-09,A road.\n"
ROWS = "id,day,who,body\n1,2001-02-03,Ann,A road.\n"
TEI = '<TEI><teiHeader><setting><date when="2015-01-05"/></setting></teiHeader><text><body>{}</body></text></TEI>'
PREFACE = '<preface><docDate date="2015-01-05"/></preface>'
AKOMA = f"<akomaNtoso><debate>{PREFACE}<debateBody>{{}}</debateBody></debate></akomaNtoso>"
SCHEMA = '<?xml version="1.0"?><!DOCTYPE xs:schema SYSTEM "x.dtd" [<!ENTITY e "x">]><xs:schema xmlns:xs="x"/>'
HTML = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html><body><p>Read me</p></body></html>'
TAXONOMY = '<taxonomy xml:id="t"><category xml:id="chair"><catDesc>Chairperson</catDesc></category></taxonomy>'

Read = Callable[..., Iterator[Record]]
ONE: list[tuple[Read, str, str]] = [
    (read_lipad, "2004-2-9.csv", LIPAD),
    (read_parlamint, "prot.xml", TEI.format("<u><seg>A road.</seg></u>")),
    (read_parlamint, "ParlaMint-XX_2015-01-05.XML", TEI.format("<u><seg>A road.</seg></u>")),
    (read_tei, "debate.xml", TEI.format("<sp><p>A road.</p></sp>")),
    (read_akoma, "debate.xml", AKOMA.format("<speech><p>A road.</p></speech>")),
    (read_table, "a.csv", ROWS),
]


def corpus(path: Path) -> CorpusConfig:
    return CorpusConfig("T", "table", str(path), COLUMNS)


def texts(read: Read, path: Path, found: Findings | None = None) -> list[str]:
    return [record.text for record in read(path, corpus(path) if read is read_table else None, found)]


@pytest.mark.parametrize(("read", "name", "content"), ONE)
def test_one_file_is_an_archive_and_so_is_a_folder_with_it(tmp_path: Path, read: Read, name: str, content: str) -> None:
    path = tmp_path / "deep" / "er" / name
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert texts(read, path) == texts(read, path.parent) == texts(read, tmp_path) == ["A road."]
    if read is not read_table:
        path = path.rename(path.with_name("no_suffix_at_all"))
        assert texts(read, path) == ["A road."]


def test_either_file_of_the_nunavut_hansard_is_the_archive(tmp_path: Path) -> None:
    (tmp_path / "NunavutHansard.en").write_text("Ms. Elm: A road.\n")
    (tmp_path / "NunavutHansard.id").write_text("Hansard_20030506\t1\n")
    for path in (tmp_path, tmp_path / "NunavutHansard.en", tmp_path / "NunavutHansard.id"):
        assert texts(read_nrc, path) == ["A road."]


def test_an_archive_of_one_file_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "2004-2-9.csv").write_text(LIPAD)
    (tmp_path / "in").mkdir()
    with tarfile.open(tmp_path / "in" / "a.tgz", "w:gz") as archive:
        archive.add(tmp_path / "2004-2-9.csv", "2004-2-9.CSV")
    assert texts(read_lipad, tmp_path / "in") == texts(read_lipad, tmp_path / "in" / "a.tgz") == ["A road."]


BESIDE = {
    "dataset_info.json": json.dumps({"features": {"text": {"dtype": "string"}}, "splits": [{"name": "train"}]}),
    "package.json": "{}",
    "members.csv": "id,who,party\n1,Ann,X\n2,Bo,Y\n",
    "README.txt": "These are the debates of the moor, as CSV.\nSee the licence.\n\nThey are in one folder.\n",
    "LICENCE.txt": "",
    "parties.tsv": "party\tname\nX\tThe Exes\n",
    "links.jsonl": '{"a": 1}\n',
}


@pytest.mark.parametrize("names", [["dataset_info.json"], ["members.csv"], ["README.txt", "LICENCE.txt"], [*BESIDE]])
def test_tables_of_something_else_are_left_out_and_named(
    tmp_path: Path, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(ROWS)
    for name in names:
        (tmp_path / "in" / name).write_text(BESIDE[name])
    summary = build_corpus("moor", corpus(tmp_path / "in"), CLEAN).summary
    assert (summary["read"], summary["kept"], summary["left_out"]) == (1, 1, sorted(names))
    warning = capsys.readouterr().err
    assert warning.count("\n") == 1 and "files that are no debates are left out: " in warning
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in (tmp_path / "in").iterdir():
            archive.write(file, f"x/{file.name}")
    found = Findings()
    assert texts(read_table, tmp_path / "a.zip", found) == ["A road."]
    assert sorted(found.left_out) == sorted(f"x/{name}" for name in names)


def test_a_table_in_parquet_beside_the_debates(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    parquet.write_table(pa.table({"who": ["Ann"], "party": ["X"]}), tmp_path / "members.parquet")
    found = Findings()
    assert texts(read_table, tmp_path, found) == ["A road."]
    assert found.others().startswith("members.parquet (no column body, day, id; there are who, party")


def test_a_table_whose_text_is_called_otherwise_is_told_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "b.csv").write_text(ROWS.replace("body", "speech"))
    with pytest.raises(ValueError, match=r"^b\.csv: no column body; there are id, day, who, speech"):
        texts(read_table, tmp_path)


@pytest.mark.parametrize("name", ["dataset_info.json", "members.csv", "README.txt", "LICENCE.txt"])
def test_where_all_files_are_foreign_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(BESIDE[name])
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(ValueError, match=rf"^{name}: ") as caught:
            texts(read_table, path)
        assert type(caught.value) is ValueError


def test_daily_files_of_lipad_among_others(tmp_path: Path) -> None:
    (tmp_path / "2004-2-9.csv").write_text(LIPAD)
    (tmp_path / "members.csv").write_text("name,party\nAnn,X\n")
    (tmp_path / "2004-2-10.csv").write_text("")
    found = Findings()
    assert texts(read_lipad, tmp_path, found) == ["A road."]
    assert {Path(name).name for name in found.left_out} == {"members.csv", "2004-2-10.csv"}
    (tmp_path / "2004-2-11.csv").write_text(LIPAD.replace("speechtext", "text"))
    with pytest.raises(ValueError, match=r"2004-2-11\.csv: no column speechtext; there are speechdate, text"):
        texts(read_lipad, tmp_path)


@pytest.mark.parametrize(("read", "name", "content"), [each for each in ONE if each[1].lower().endswith(".xml")])
def test_xml_that_holds_no_debate_is_left_out_and_named(tmp_path: Path, read: Read, name: str, content: str) -> None:
    others = {"schema.xml": SCHEMA, "index.xml": HTML, "taxonomy.xml": TAXONOMY, "agenda_2015-01-06.xml": "<agenda/>"}
    (tmp_path / name).write_text(content)
    for other, body in others.items():
        (tmp_path / other).write_text(body)
    found = Findings()
    assert texts(read, tmp_path, found) == ["A road."]
    assert {Path(each).name for each in found.left_out} == {*others}
    (tmp_path / name).unlink()
    with pytest.raises(ValueError) as caught:
        texts(read, tmp_path)
    assert type(caught.value) is ValueError


def test_a_list_of_persons_is_used_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "x_2015-01-05.xml").write_text(TEI.format('<u who="#elm"><seg>A road.</seg></u>'))
    persons = '<listPerson><person xml:id="elm"><persName>Ann Elm</persName></person></listPerson>'
    (tmp_path / "persons.xml").write_text(f"<TEI>{persons}</TEI>")
    found = Findings()
    assert [record.speaker for record in read_parlamint(tmp_path, None, found)] == ["Ann Elm"]
    assert not found.left_out


@pytest.mark.parametrize("document", ['<!DOCTYPE TEI SYSTEM "x.dtd">', "<!DOCTYPE t:teiCorpus [<!ENTITY e 'x'>]>"])
def test_a_debate_with_a_document_type_is_not_left_out(tmp_path: Path, document: str) -> None:
    (tmp_path / "a.xml").write_text(TEI.format("<u><seg>A road.</seg></u>"))
    (tmp_path / "b.xml").write_text(document + TEI.format("<u><seg>A sea.</seg></u>"))
    with pytest.raises(ValueError, match=r"^b\.xml:1: the d"):
        texts(read_parlamint, tmp_path)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (
            "prot-1991--42.xml",
            '<teiHeader><settingDesc><setting><date when="2015-01-05"/></setting></settingDesc></teiHeader>',
        ),
        (
            "42.xml",
            '<teiHeader><profileDesc><creation><date when="2015-01-05T10:00:00"/></creation></profileDesc></teiHeader>',
        ),
        (
            "sitting_2015.xml",
            '<teiHeader><sourceDesc><bibl><date when="2015-01-05">5 January</date></bibl></sourceDesc></teiHeader>',
        ),
    ],
)
def test_the_day_may_be_in_the_content_alone(tmp_path: Path, name: str, header: str) -> None:
    (tmp_path / name).write_text(f"<TEI>{header}<text><body><u><seg>A road.</seg></u></body></text></TEI>")
    assert [str(record.sitting) for record in read_parlamint(tmp_path)] == ["2015-01-05"]
    assert [str(record.sitting) for record in read_parlamint(tmp_path / name)] == ["2015-01-05"]
