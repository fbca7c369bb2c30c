from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hansard_bias.corpora.readers import xml_pieces, xml_stream
from hansard_bias.corpora.readers.parlamint import read_parlamint
from hansard_bias.corpora.schema import Record
from helpers.archive_files import pack

HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0" xml:id="x">
<teiHeader><fileDesc><publicationStmt><date when="2023-01-01"/></publicationStmt></fileDesc>
<note>Not of the debate</note>
<profileDesc><settingDesc><setting><date {when}/></setting></settingDesc></profileDesc></teiHeader>
<text><body><div type="debateSection">
"""
FOOTER = "\n</div></body></text></TEI>\n"

PLAIN = """<head>Roads</head>
<note type="speaker">THE CHAIR</note>
<u who="#OakBo" ana="#chair" xml:id="u1"><seg>Good
   day.</seg> <seg>Let us begin.</seg></u>
<u who="#ElmAnn" ana="#regular"><seg>A road<kinesic type="laughter"><desc>Laughter</desc></kinesic>is long.
<note>reads <gap reason="inaudible"/></note></seg><vocal><desc>Hear!</desc></vocal></u>
<head>Petitions <note>tabled</note></head>
<u who="list.xml#nobody" ana="#guest #other"><seg>I came.</seg></u>
<u><seg> </seg></u>
<incident><desc>A bell rings</desc></incident>"""

ANNOTATED = """<u who="#ElmAnn" ana="#regular"><seg xml:id="s">
<s><w lemma="a">A</w> <name type="LOC">
  <w>Elm</w> <w join="right">Road</w></name><pc join="right">,</pc><pc join="right">"</pc>
  <w>do<w norm="do"/>
     <w norm="not"/></w> <pc join="left">.</pc><linkGrp> <link target="a b"/> </linkGrp></s>
<s><w>Yes</w> <pc join="both">-</pc> <w join="right">no</w><note>aside</note><pc>.</pc></s></seg></u>"""

PEOPLE = """<listPerson><person xml:id="ElmAnn">
<persName><surname>Elm</surname><forename>Ann</forename><forename>Bea</forename></persName>
<persName to="2001-01-01"><surname>Yew</surname><forename>Ann</forename></persName></person>
<person xml:id="OakBo"><persName><roleName>Dr</roleName><forename>Bo</forename><nameLink>van</nameLink>
<surname>OAK</surname></persName></person><person xml:id="x"><persName/></person></listPerson>"""


def write(folder: Path, body: str, name: str = "ParlaMint-XX_2015-01-05-lower.xml", when: str = "2015-01-05") -> Path:
    path = folder / "2015" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER.format(when=f'when="{when}"' if when else "") + body + FOOTER, encoding="utf-8")
    return path


def one(folder: Path, body: str) -> Record:
    write(folder, body)
    return next(record for record in read_parlamint(folder) if not record.reason)


def test_plain_files(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    (tmp_path / "ParlaMint-XX-listPerson.xml").write_text(PEOPLE)
    records = list(read_parlamint(tmp_path))
    assert [(record.speaker, record.role, record.topic, record.text) for record in records if not record.reason] == [
        ("Bo van OAK", "chair", "Roads", "Good day.\nLet us begin."),
        ("Ann Bea Elm", "member", "Roads", "A road is long."),
        ("nobody", "witness", "Petitions", "I came."),
    ]
    assert [(record.reason, record.text) for record in records if record.reason] == [
        *(("heading", "Roads"), ("note", "THE CHAIR"), ("stage_direction", "Laughter"), ("note", "reads")),
        *(("gap", ""), ("stage_direction", "Hear!"), ("heading", "Petitions"), ("note", "tabled"), ("empty", "")),
        ("stage_direction", "A bell rings"),
    ]
    assert [record.ordinal for record in records] == list(range(len(records)))
    assert {record.sitting for record in records} == {date(2015, 1, 5)}
    assert records[2].source == "ParlaMint-XX_2015-01-05-lower.xml:9"


def test_annotated_words_are_joined_as_printed(tmp_path: Path) -> None:
    assert one(tmp_path, ANNOTATED).text == 'A Elm Road,"do. Yes-no.'


def test_names_are_ids_where_nothing_lists_them(tmp_path: Path) -> None:
    assert one(tmp_path, PLAIN).speaker == "OakBo"


def test_the_day_is_that_of_the_setting_or_else_of_the_name(tmp_path: Path) -> None:
    write(tmp_path, PLAIN, when="2015-01-06T09:30:00")
    assert {record.sitting for record in read_parlamint(tmp_path)} == {date(2015, 1, 6)}
    write(tmp_path, PLAIN + '<u><seg>In <date when="1999-01-01">then</date>.</seg></u>', when="")
    assert {record.sitting for record in read_parlamint(tmp_path)} == {date(2015, 1, 5)}


def test_order_is_that_of_the_days_in_folder_and_archive(tmp_path: Path) -> None:
    for day in ("2015-11-02", "2015-02-10", "2014-12-01", "2015-02-10-upper"):
        write(tmp_path / "tree", f"<u><seg>On {day}.</seg></u>", f"ParlaMint-XX_{day}.xml", day[:10])
    (tmp_path / "tree" / "ParlaMint-XX.xml").write_text(PEOPLE)
    read = list(read_parlamint(tmp_path / "tree"))
    assert [(record.text, record.ordinal) for record in read] == [
        *(("On 2014-12-01.", 0), ("On 2015-02-10.", 0), ("On 2015-02-10-upper.", 1), ("On 2015-11-02.", 0)),
    ]
    for order in (1, -1):
        archive = pack(tmp_path / "tree", tmp_path / "packed" / "x.tgz", order)
        assert list(read_parlamint(archive)) == list(read_parlamint(archive.parent)) == read


def test_of_two_forms_the_plain_one_is_read(tmp_path: Path) -> None:
    write(tmp_path / "ana", ANNOTATED, "ParlaMint-XX_2015-01-05-lower.ana.xml")
    assert one(tmp_path, PLAIN).text == "Good day.\nLet us begin."


def test_files_that_cannot_be_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file of debates"):
        list(read_parlamint(tmp_path))
    write(tmp_path / "a", PLAIN)
    write(tmp_path / "b", PLAIN)
    with pytest.raises(ValueError, match=r"ParlaMint-XX_2015-01-05-lower\.xml twice"):
        list(read_parlamint(tmp_path))
    write(tmp_path / "a", PLAIN, "ParlaMint-XX-en_2015-01-05.xml")
    with pytest.raises(ValueError, match="holds ParlaMint-XX, ParlaMint-XX-en; expected files of one corpus"):
        list(read_parlamint(tmp_path / "a"))


def test_debates_in_a_file_without_a_day_in_its_name(tmp_path: Path) -> None:
    """Parla-CLARIN: the day is that of the content, wherever it has one, and the files are read in this order."""
    write(tmp_path / "a", "<u><seg>Third.</seg></u>", "prot-1.xml", "2015-03-01")
    write(tmp_path / "b", "<u><seg>First.</seg></u>", "prot-2.xml", "2015-01-01")
    write(tmp_path / "c", "<u><seg>Second.</seg></u>", "ParlaMint-XX_2015-02-01.xml", "")
    front = '<front><div><head>House</head><docDate when="2015-04-01">1 April</docDate></div></front>'
    text = f"<text>{front}<body><div><u><seg>Fourth.</seg></u></div></body></text>"
    (tmp_path / "prot-0.xml").write_text(f"<TEI>{text}</TEI>")
    (tmp_path / "prot-3.xml").write_text("<TEI><text><body><u><seg>Some day.</seg></u></body></text></TEI>")
    read = [record for record in read_parlamint(tmp_path) if record.reason != "heading"]
    assert [record.text for record in read] == ["First.", "Second.", "Third.", "Fourth.", "Some day."]
    assert [str(record.sitting) for record in read] == ["2015-01-01", "2015-02-01", "2015-03-01", "2015-04-01", "None"]
    assert [record.reason for record in read] == ["", "", "", "", "bad_date"]


def test_names_with_a_day_behind_what_differs_are_one_corpus(tmp_path: Path) -> None:
    """Parla-CLARIN of committees; of the same name in two years, where no day is in it."""
    for name in ("OK-Redna-025-1998-12-08", "KS-Redna-021-1998-11-25"):
        write(tmp_path / "plain", f"<u><seg>In {name}.</seg></u>", f"{name}.xml", "")
        write(tmp_path / "ana", "<u><seg>Annotated.</seg></u>", f"{name}-ana.xml", "")
    for year in ("2001", "2002"):
        write(tmp_path / year, f"<u><seg>Of {year}.</seg></u>", "01.xml", f"{year}-02-03")
    assert [record.text for record in read_parlamint(tmp_path)] == [
        *("In KS-Redna-021-1998-11-25.", "In OK-Redna-025-1998-12-08.", "Of 2001.", "Of 2002."),
    ]


def test_a_corpus_in_one_file(tmp_path: Path) -> None:
    """`teiCorpus`: the span of the whole is no day of any part; each part has its own."""
    person = '<person xml:id="a"><persName><surname>Elm</surname></persName></person>'
    header = f'<teiHeader><setting><date from="1991-05-05" to="2018-06-22"/></setting>{person}</teiHeader>'
    parts = "".join(
        f'<TEI><teiHeader><setting><date when="{day}"/></setting></teiHeader><text><body><div><head>On {day}</head>'
        f'</div><div><u who="#a"><seg>Spoken on {day}.</seg></u></div></body></text></TEI>'
        for day in ("2001-01-30", "2002-02-01", "2003-03-02")
    )
    (tmp_path / "corpus.xml").write_text(f"<teiCorpus>{header}{parts}</teiCorpus>")
    read = [record for record in read_parlamint(tmp_path) if not record.reason]
    assert [(str(each.sitting), each.speaker, each.text, each.topic) for each in read] == [
        (day, "Elm", f"Spoken on {day}.", "") for day in ("2001-01-30", "2002-02-01", "2003-03-02")
    ]


def test_ministers_are_those_of_the_list_on_their_days(tmp_path: Path) -> None:
    offices = {
        "a": '<affiliation role="minister" ref="#GOV" from="2014-06-01" to="2015-01-04"/>',
        "b": '<affiliation role="minister" ref="#GOV" from="2015-01-05"/><affiliation role="member" ref="#party.X"/>',
        "c": '<affiliation role="head" ref="#GOV_XX" from="2014" to="2015-01"/>',
        "d": '<affiliation role="head" ref="#party.X"/><affiliation role="member" ref="#parliament"/>',
        "e": '<affiliation role="minister" to="2015"/>',
    }
    people = "".join(
        f'<person xml:id="{key}"><persName><surname>{key}</surname></persName>{office}</person>'
        for key, office in offices.items()
    )
    (tmp_path / "ParlaMint-XX-listPerson.xml").write_text(f"<listPerson>{people}</listPerson>")
    marks = {"chair": "#chair", "deputy": "#viceChair #domain.Government", "guest": "x.xml#guest", "no": "#odd"}
    body = "".join(f'<u who="#{key}" ana="#regular"><seg>A speech.</seg></u>' for key in offices)
    body += "".join(f'<u who="#b" ana="{mark}"><seg>A speech.</seg></u>' for mark in marks.values())
    write(tmp_path, body)
    assert [record.role for record in read_parlamint(tmp_path)] == [
        *("member", "minister", "minister", "member", "minister", "chair", "chair", "witness", "minister"),
    ]
    assert [record.unknown_role for record in read_parlamint(tmp_path)] == [""] * 8 + ["odd"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", r"x_2015-01-05\.xml:1: malformed XML \(no element found\)"),
        ("<TEI>\n<text></TEI>", r"x_2015-01-05\.xml:2: malformed XML \(mismatched tag\)"),
        ("<TEI><text><body><u>cut", r"x_2015-01-05\.xml:1: malformed XML"),
        ("<TEI>&nobody;</TEI>", r":1: malformed XML \(undefined entity\)"),
        ('<!DOCTYPE TEI SYSTEM "http://localhost/x.dtd"><TEI/>', r":1: the document type declaration 'TEI'"),
        ("<!DOCTYPE TEI [<!ELEMENT TEI ANY>]><TEI/>", r":1: the document type declaration 'TEI'"),
        ('<!DOCTYPE TEI [\n<!ENTITY lol "ha">]><TEI>&lol;</TEI>', r":2: the declaration of an entity, 'lol'"),
        ('<!DOCTYPE TEI [<!ENTITY f SYSTEM "file:///etc/hosts">]><TEI>&f;</TEI>', r"an entity, 'f'"),
        ('<!DOCTYPE TEI [<!ENTITY % p SYSTEM "file:///etc/hosts"> %p;]><TEI/>', r"an entity, 'p'"),
        ("<a>" * 201, r":1: more than 200 elements inside each other"),
        ("<TEI>" + "".join(f"<t{n}/>" for n in range(10_001)) + "</TEI>", "more than 10000 different names"),
    ],
)
def test_documents_that_are_refused(tmp_path: Path, document: str, message: str) -> None:
    (tmp_path / "x_2015-01-05.xml").write_text(document)
    with pytest.raises(ValueError, match=message):
        list(read_parlamint(tmp_path))


@pytest.mark.parametrize(("name", "when"), [("x_2015-01-05.xml", "2015-13-01"), ("x_2015-13-01.xml", "")])
def test_a_day_that_is_none(tmp_path: Path, name: str, when: str) -> None:
    write(tmp_path, PLAIN, name, when)
    with pytest.raises(ValueError, match=rf"{name}(:5)?: '2015-13-01' is not a day"):
        list(read_parlamint(tmp_path))


@pytest.mark.parametrize("place", [10, 70_000])
def test_wrong_encoding_names_the_byte(tmp_path: Path, place: int) -> None:
    path = write(tmp_path, "<u><seg>" + "\u00e9" * 50_000 + "</seg></u>")
    raw = path.read_bytes()
    place = raw.index("\u00e9".encode(), place)
    path.write_bytes(raw[:place] + b"\xe9" + raw[place + 2 :])
    with pytest.raises(ValueError, match=rf"lower\.xml: byte {place} is not UTF-8"):
        list(read_parlamint(tmp_path))


def test_a_character_cut_at_the_end_of_a_block_is_named_by_its_first_byte(tmp_path: Path) -> None:
    (tmp_path / "x_2015-01-05.xml").write_bytes(b"<TEI>".ljust((1 << 16) - 9) + "éééé".encode() + b"\xc3a</TEI>")
    with pytest.raises(ValueError, match="byte 65535 is not UTF-8"):
        list(read_parlamint(tmp_path))


def test_a_byte_order_mark_and_a_prefix_are_no_obstacle(tmp_path: Path) -> None:
    body = '<t:TEI xmlns:t="x"><t:text><t:u><t:seg>A road.</t:seg></t:u></t:text></t:TEI>'
    (tmp_path / "x_2015-01-05.xml").write_text(body, encoding="utf-8-sig")
    assert [record.text for record in read_parlamint(tmp_path)] == ["A road."]


def test_what_memory_should_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_pieces, "MAX_TEXT", 1000)
    write(tmp_path, "<u>\n<seg>" + "long " * 300 + "</seg></u>")
    with pytest.raises(ValueError, match=r"lower\.xml:7: <u> of more than 1000 characters"):
        list(read_parlamint(tmp_path))
    write(tmp_path, "<u>" + "<gap/>" * 20 + "</u>")
    with pytest.raises(ValueError, match="<u> of more than 1000 characters"):
        list(read_parlamint(tmp_path))
    monkeypatch.setattr(xml_stream, "MAX_TAG", 100_000)
    write(tmp_path, f"<!--{'x' * 9999}--><?x {'x' * 9999}?>" * 20 + "<u/>")
    assert len(list(read_parlamint(tmp_path))) == 1
    write(tmp_path, "<!--" + "x" * 300_000 + "--><u/>")
    with pytest.raises(ValueError, match="a tag or comment of more than 100000"):
        list(read_parlamint(tmp_path))
