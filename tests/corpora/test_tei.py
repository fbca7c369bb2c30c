"""TEI debates whose speeches are `<sp>`, in the form of GermaParl and in that of the guidelines."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from hansard_bias.corpora.readers.parlamint import read_parlamint
from hansard_bias.corpora.readers.tei import read_tei
from hansard_bias.corpora.schema import Record
from helpers.archive_files import pack

# The day stands in the statement of publication, as text; what follows is when the source was fetched.
GERMAN = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<TEI>
  <teiHeader><fileDesc>
    <titleStmt><title>Plenarprotokoll</title><sessionNo>1</sessionNo></titleStmt>
    <editionStmt><edition><birthday>2023-05-17</birthday></edition></editionStmt>
    <publicationStmt><publisher>Haus</publisher><date when="">{day}</date><page/></publicationStmt>
    <sourceDesc><filetype>xml</filetype><date>2023-02-24</date></sourceDesc>
  </fileDesc></teiHeader>
  <text><body>{body}</body></text>
</TEI>
"""
BODY = """
<div type="agenda_item" n="2" what="debate" desc="Wege &amp; Kais">
  <sp who="Anna Ulme" parliamentary_group="NA" role="presidency" position="Präsidentin" name="Anna Ulme">
    <speaker>Präsidentin Dr. Anna Ulme:</speaker>
    <p>Guten Tag. \u2014 Das Wort hat</p>
    <stage type="interjection">(Beifall)</stage>
    <p>\u2014 Herr Eiche.</p>
  </sp>
  <sp who="Eiche" role="mp" position="NA" name="Bo Eiche"><speaker>Bo Eiche (X):</speaker>
    <p>Der Weg</p><p>ist lang.</p></sp>
  <sp who="Cem Linde" role="government" position="Minister"><speaker>Cem Linde, Minister:</speaker><p>Ja.</p></sp>
  <sp who="" role="guest"><speaker>Dr. Dora Tanne:</speaker><p>Ich war da.</p></sp>
  <sp who="NA" role="federal_council"><speaker>Fritz Kiefer:</speaker><p>Ich auch.</p></sp>
  <sp who="NA" role="NA"><speaker>Vizepräsident Fritz Kiefer:</speaker><p>Danke.</p></sp>
  <sp who="Eiche" role="mp"><speaker>Eiche:</speaker></sp>
</div>
<div type="agenda_item"><head>Fragen</head><p>Die Fragen liegen vor.</p>
  <sp who="Eiche" role="mp"><p>Wann?</p></sp></div>
"""


def write(folder: Path, name: str, day: str, body: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(GERMAN.format(day=day, body=body), encoding="utf-8")
    return folder


def told(records: list[Record]) -> list[tuple[str, str, str, str]]:
    return [(each.speaker, each.role, each.topic, each.text) for each in records if not each.reason]


def test_speeches_speakers_roles_and_topics(tmp_path: Path) -> None:
    records = list(read_tei(write(tmp_path, "BT_13_001.xml", "1994-11-10", BODY)))
    assert told(records) == [
        ("Anna Ulme", "chair", "Wege & Kais", "Guten Tag. \u2014 Das Wort hat\n\u2014 Herr Eiche."),
        ("Bo Eiche", "member", "Wege & Kais", "Der Weg\nist lang."),
        ("Cem Linde", "minister", "Wege & Kais", "Ja."),
        ("Dora Tanne", "witness", "Wege & Kais", "Ich war da."),
        ("Fritz Kiefer", "member", "Wege & Kais", "Ich auch."),
        ("Vizepräsident Fritz Kiefer", "chair", "Wege & Kais", "Danke."),
        ("Eiche", "member", "Fragen", "Wann?"),
    ]
    assert {record.sitting for record in records} == {date(1994, 11, 10)}
    # What is set aside is counted: the elements are those written above.
    reasons = Counter(record.reason for record in records)
    assert {record.unknown_role for record in records} == {"", "federal_council"}
    assert reasons == {"": 7, "empty": 1, "stage_direction": 1, "heading": 1, "note": 1}
    assert reasons[""] + reasons["empty"] == BODY.count("<sp ")
    assert [record.ordinal for record in records] == [*range(11)]


@pytest.mark.parametrize(
    "header",
    [
        '<settingDesc><setting><date when="1848-05-18">18. Mai</date></setting></settingDesc>',
        '<profileDesc><creation><date when="1848-05-18"/></creation></profileDesc>',
        '<fileDesc><sourceDesc><bibl><title>X</title><date when="1848-05-18"/></bibl></sourceDesc></fileDesc>',
        '<fileDesc><publicationStmt><date when="1848-05-18T09:00:00"/></publicationStmt></fileDesc>',
        '<settingDesc><setting><date from="1848-05-18" to="1848-05-19"/></setting></settingDesc>',
    ],
)
def test_days_in_all_places_of_the_header(tmp_path: Path, header: str) -> None:
    edition = "" if "publicationStmt" in header else '<publicationStmt><date when="2001-01-01"/></publicationStmt>'
    people = (
        '<listPerson><person xml:id="elm"><persName><forename>Ann</forename><surname>Elm</surname></persName></person>'
        '<person xml:id="oak"><persName>Bo <hi>Oak</hi></persName></person></listPerson>'
    )
    (tmp_path / "a.xml").write_text(
        f'<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader>{edition}{header}{people}</teiHeader><text><front>'
        '<head>House</head></front><body><div><sp who="#elm"><speaker>Miss Elm.</speaker><p>A road.</p></sp>'
        '<sp who="#oak"><p>No road.</p></sp><sp who="#ash"><p>A sea.</p></sp></div></body></text></TEI>'
    )
    records = list(read_tei(tmp_path))
    assert {record.sitting for record in records} == {date(1848, 5, 18)}
    assert [record.speaker for record in records if not record.reason] == ["Ann Elm", "Bo Oak", "ash"]


def test_files_in_the_order_of_their_days_in_folder_and_archive(tmp_path: Path) -> None:
    days = {"BT_02.xml": "1953-10-06", "BT_01.xml": "1953-12-01", "BT_10.xml": "1953-10-06", "BT_00.xml": "unbekannt"}
    for name, day in days.items():
        write(tmp_path / "tree" / "02", name, day, f'<div><sp who="A" name="A"><p>In {name}.</p></sp></div>')
    (tmp_path / "tree" / "NEWS.xml").write_text("<news><p>Not a debate.</p></news>")
    read = list(read_tei(tmp_path / "tree"))
    assert [(record.text, record.reason) for record in read] == [
        ("In BT_02.xml.", ""),
        ("In BT_10.xml.", ""),
        ("In BT_01.xml.", ""),
        ("In BT_00.xml.", "bad_date"),
    ]
    assert [record.ordinal for record in read] == [0, 1, 0, 0]
    for order in (1, -1):
        assert list(read_tei(pack(tmp_path / "tree", tmp_path / "packed" / "x.tgz", order))) == read


def test_the_wrong_reader_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, "a_1994-11-10.xml", "1994-11-10", "<div>\n<sp who='A'><p>One.</p></sp></div>")
    with pytest.raises(ValueError, match=r"a_1994-11-10\.xml:10: speeches are <sp> here; `reader: tei` reads them"):
        list(read_parlamint(folder))
    folder = write(tmp_path, "a_1994-11-10.xml", "1994-11-10", "<div>\n<u who='A'><seg>One.</seg></u></div>")
    with pytest.raises(ValueError, match=r"a_1994-11-10\.xml:10: speeches are <u> here; `reader: parlamint`"):
        list(read_tei(folder))
    (tmp_path / "a_1994-11-10.xml").write_text("<act><p>A law.</p></act>")
    with pytest.raises(ValueError, match="holds no XML file with debates; expected TEI with speeches as <sp>"):
        list(read_tei(tmp_path))


def test_paragraphs_cells_and_line_ends_part_words(tmp_path: Path) -> None:
    text = "<p>One<lb/>two</p><lg><l>three</l><l>four</l></lg><table><row><cell>5</cell><cell>6</cell></row></table>"
    text += '<p>se<hi>v</hi>en ei<lb break="no"/>ght <quote>nine</quote>ten</p>'
    (record,) = read_tei(write(tmp_path, "a.xml", "1994-11-10", f"<div><sp who='A'>{text}</sp></div>"))
    assert record.text.split() == ["One", "two", "three", "four", "5", "6", "seven", "eight", "nine", "ten"]
