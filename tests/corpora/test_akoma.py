"""Debates in Akoma Ntoso, in the form of the Oireachtas and in that of the standard's examples."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from hansard_bias.corpora.readers.akoma import read_akoma
from hansard_bias.corpora.schema import Record
from helpers.archive_files import pack

IRISH = """<?xml version="1.0" encoding="UTF-8"?>
<akomaNtoso xmlns="http://docs.oasis-open.org/legaldocml/ns/akn/3.0/CSD13"><debate name="hansard"><meta>
<identification source="#source"><FRBRWork><FRBRthis value="/akn/ie/debateRecord/dail/{day}/main"/>
<FRBRuri value="/akn/ie/debateRecord/dail/{day}"/><FRBRdate date="{day}" name="#generation"/></FRBRWork>
<FRBRExpression><FRBRdate date="2030-01-01" name="#edition"/></FRBRExpression>
<FRBRManifestation><FRBRdate date="2031-01-01" name="#markup"/></FRBRManifestation></identification>
<references source="#source"><TLCPerson eId="AnnElm" href="/x/AnnElm" showAs="Deputy Ann Elm"/>
<TLCPerson eId="BoOak" href="/x/BoOak" showAs="Bo Oak"/><TLCPerson eId="CyAsh" href="/x/CyAsh" showAs="Cy Ash"/>
<TLCRole eId="Minister_for_Roads" href="/x/r" showAs="Minister for Roads"/>
<TLCRole eId="An_Ceann_Comhairle" href="/x/c" showAs="An Ceann Comhairle"/></references></meta>
<preface>{preface}</preface><debateBody>{body}</debateBody></debate></akomaNtoso>"""
BODY = """<debateSection name="prelude" eId="dbsect_1"><summary eId="sum_1">The chair took it at 10 a.m.</summary>
</debateSection><debateSection name="questions" eId="dbsect_2">
<heading>Questions<recordedTime time="2020-07-02T10:00:00+00:00"/></heading>
<debateSection name="question" eId="dbsect_3"><heading>Road Works</heading>
<question by="#AnnElm" to="#Minister_for_Roads" eId="pq_1"><p>1. Ann Elm asked <b>when</b> the road is made.</p>
</question>
<speech by="#BoOak" as="#Minister_for_Roads" eId="spk_1"><from>Minister for Roads (Deputy Bo Oak)</from>
<p eId="para_1">The road <i>w</i>ill be long.</p><p eId="para_2">It is cold.</p></speech>
<speech by="#CyAsh" as="#An_Ceann_Comhairle" eId="spk_2"><from>An Ceann Comhairle
<recordedTime time="2020-07-02T10:05:00+00:00"/></from><p eId="para_3">Order.</p></speech>
<speech by="#" eId="spk_3"><from>Mr. D. Fir:</from><p>Shame<remark type="x">(laughter)</remark>indeed.</p></speech>
<summary class="center">(Interruptions).</summary></debateSection>
<speech by="#AnnElm" eId="spk_4"><from>Deputy Ann Elm</from></speech></debateSection>
<debateSection name="division"><summary title="division">The House divided</summary><debateSection name="ta"><p>Yes</p>
<p><person refersTo="#AnnElm">Elm, Ann</person></p></debateSection></debateSection>
<adjournment><p>The House rose at 6 p.m.</p><scene>[Applause]</scene><narrative>They leave.</narrative></adjournment>"""


def write(folder: Path, day: str = "2020-07-02", body: str = BODY, name: str = "main.xml", preface: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(IRISH.format(day=day, body=body, preface=preface), encoding="utf-8")
    return folder


def told(records: list[Record]) -> list[tuple[str, str, str, str]]:
    return [(each.speaker, each.role, each.topic, each.text) for each in records if not each.reason]


def test_speeches_speakers_roles_and_topics(tmp_path: Path) -> None:
    records = list(read_akoma(write(tmp_path)))
    assert told(records) == [
        ("Deputy Ann Elm", "member", "Road Works", "1. Ann Elm asked when the road is made."),
        ("Bo Oak", "minister", "Road Works", "The road will be long.\nIt is cold."),
        ("Cy Ash", "chair", "Road Works", "Order."),
        ("D. Fir", "member", "Road Works", "Shame indeed."),
    ]
    assert {record.sitting for record in records} == {date(2020, 7, 2)}
    reasons = Counter(record.reason for record in records)
    # Two paragraphs of the division and one of the adjournment are nobody's.
    assert reasons == {"": 4, "empty": 1, "heading": 2, "note": BODY.count("<summary") + 3, "stage_direction": 3}
    # The empty speech stands outside of the inner section.
    assert next(record.topic for record in records if record.reason == "empty") == "Questions"


def test_the_day_printed_goes_before_that_of_the_work(tmp_path: Path) -> None:
    preface = '<p>Thursday, <docDate date="2020-06-30">30 June</docDate></p><block><docDate date="2020-07-01"/></block>'
    assert {each.sitting for each in read_akoma(write(tmp_path, preface=preface))} == {date(2020, 6, 30)}


@pytest.mark.parametrize("place", ["uri", "name", "nowhere"])
def test_days_where_no_element_holds_one(tmp_path: Path, place: str) -> None:
    meta = (
        '<meta><FRBRWork><FRBRuri value="/akn/ke/debate/1995-10-31/eng"/></FRBRWork></meta>' if place == "uri" else ""
    )
    (tmp_path / ("debate_1995-10-31.xml" if place == "name" else "debate.xml")).write_text(
        f"<akomaNtoso><debateRecord>{meta}<debateBody><speech by='#a'><p>A road.</p></speech></debateBody>"
        "</debateRecord></akomaNtoso>"
    )
    (record,) = read_akoma(tmp_path)
    assert (record.sitting, record.reason) == ((None, "bad_date") if place == "nowhere" else (date(1995, 10, 31), ""))


def test_the_example_form_of_the_standard(tmp_path: Path) -> None:
    body = """<prayers><heading>PRAYERS</heading></prayers><papers><other><p>Papers laid:</p>
    <ul><li>One.</li><li><p>Two.</p></li></ul></other><narrative>(By Mr. Oak)</narrative></papers>
    <pointOfOrder><heading>ORDER</heading><debateSection><heading>A CUP</heading>
    <speech by="#gamma" to="#chair"><from>The Deputy Prime Minister (Mr. Gamma): </from>
    <p>It was <noteRef href="#n1" marker="1"/>lost.</p><ul><li>(a) once;</li><li>(b) twice.</li></ul></speech>
    </debateSection></pointOfOrder><communication>
    <speech by="#speaker"><from>Mr. Speaker</from><p>Next order!</p></speech>
    </communication><speech by="nobody"><from>El se\u00f1or <person refersTo="#x">LARCH</person> (Presidente).- </from>
    <p>Good.</p></speech>"""
    body = body.replace('by="#speaker"', 'by="#chair" as="#chair"')
    read = list(read_akoma(write(tmp_path, body=body)))
    assert told(read) == [
        (
            "The Deputy Prime Minister (Mr. Gamma)".removeprefix("The "),
            "minister",
            "A CUP",
            "It was lost.\n(a) once;\n(b) twice.",
        ),
        ("Speaker", "chair", "", "Next order!"),
        ("El se\u00f1or LARCH (Presidente)", "chair", "", "Good."),
    ]
    assert Counter(each.reason for each in read) == {"": 3, "heading": 3, "note": 3, "stage_direction": 1}


def test_files_of_all_days_in_folder_and_archive(tmp_path: Path) -> None:
    for day in ("2020-07-02", "2019-12-01", "2020-01-15"):
        write(tmp_path / "tree" / day, day, f'<speech by="#AnnElm"><p>On {day}.</p></speech>')
    (tmp_path / "tree" / "act.xml").write_text("<akomaNtoso><act><body><p>A law.</p></body></act></akomaNtoso>")
    read = list(read_akoma(tmp_path / "tree"))
    assert [record.text for record in read] == ["On 2019-12-01.", "On 2020-01-15.", "On 2020-07-02."]
    for order in (1, -1):
        assert list(read_akoma(pack(tmp_path / "tree", tmp_path / "packed" / "x.tgz", order))) == read


def test_what_is_no_debate_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no XML file with a <debateBody>; expected debates in Akoma Ntoso"):
        list(read_akoma(tmp_path))
    (tmp_path / "x.xml").write_text('<!DOCTYPE akomaNtoso SYSTEM "http://localhost/x.dtd"><akomaNtoso/>')
    with pytest.raises(ValueError, match=r"x\.xml:1: the document type declaration 'akomaNtoso'; expected plain XML"):
        list(read_akoma(tmp_path))
