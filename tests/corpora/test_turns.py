"""Speeches that an XML file has in several parts are one: what is joined is counted, and nothing else is joined."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hansard_bias.corpora.readers import xml_pieces
from hansard_bias.corpora.readers.akoma import read_akoma
from hansard_bias.corpora.readers.parlamint import read_parlamint
from hansard_bias.corpora.readers.tei import read_tei
from hansard_bias.corpora.schema import Record

HEADER = '<teiHeader><setting><date when="2015-01-05"/></setting></teiHeader>'
TEI = f"<TEI>{HEADER}<text><body><div>{{}}</div></body></text></TEI>"


def read(folder: Path, body: str) -> list[Record]:
    (folder / "x_2015-01-05.xml").write_text(TEI.format(body), encoding="utf-8")
    records = list(read_parlamint(folder))
    # Whatever is joined, each element is accounted for.
    assert len(records) == sum(body.count(f"<{tag}") for tag in ("u ", "u>", "note", "head", "vocal", "incident"))
    return records


def speeches(records: list[Record]) -> list[tuple[str, str]]:
    return [(record.speaker, record.text.replace("\n", " ")) for record in records if not record.reason]


@pytest.mark.parametrize("mark", ["", "#", "debate.xml#"])
def test_a_chain_is_one_speech(tmp_path: Path, mark: str) -> None:
    records = read(
        tmp_path,
        f'<u who="#a" xml:id="u1" next="{mark}u2"><seg>Herr talman, mina</seg></u>'
        f'<u who="#a" prev="{mark}u1"><seg>damer och herrar</seg></u><u who="#b"><seg>Another speech.</seg></u>',
    )
    assert speeches(records) == [("a", "Herr talman, mina damer och herrar"), ("b", "Another speech.")]
    assert [record.reason for record in records] == ["", "joined", ""]
    assert records[1].text == "damer och herrar"


def test_what_interrupts_a_chain_stays_where_it_was(tmp_path: Path) -> None:
    records = read(
        tmp_path,
        '<u who="#a" xml:id="s.8.3" next="#s.8.5"><seg>I propose it.</seg></u><note>noise</note>'
        '<u who="#b" xml:id="s.8.4"><seg>Never!</seg></u><vocal/>'
        '<u who="#a" xml:id="s.8.5" prev="#s.8.3" next="#s.8.6"><seg>For the road</seg><note>aside</note></u>'
        '<u who="#a" xml:id="s.8.6" prev="#s.8.5"><seg>is long.</seg></u>',
    )
    assert speeches(records) == [("a", "I propose it. For the road is long."), ("b", "Never!")]
    assert Counter(record.reason for record in records) == {"": 2, "joined": 2, "note": 2, "stage_direction": 1}
    assert [record.ordinal for record in records] == [*range(7)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('xml:id="u1"', 'prev="#u1"'),
        ('next="#u2"', 'xml:id="u2"'),
        ('xml:id="u1"', 'xml:id="u1"'),
        ('part="I"', 'part="F"'),
        ('id="7" next="8"', 'id="8"'),
    ],
)
def test_one_mark_of_a_chain_is_enough(tmp_path: Path, first: str, second: str) -> None:
    records = read(
        tmp_path, f'<u who="#a" {first}><seg>One</seg></u><incident/><u who="#a" {second}><seg>two.</seg></u>'
    )
    assert speeches(records) == [("a", "One two.")]


def test_three_parts_and_another_speech(tmp_path: Path) -> None:
    parts = [
        ("I", "a", "One"),
        ("M", "a", "two"),
        ("N", "b", "Hear!"),
        ("F", "a", "three."),
        ("I", "a", "Four"),
        ("F", "a", "five."),
    ]
    records = read(
        tmp_path, "".join(f'<u part="{part}" who="#{who}"><seg>{text}</seg></u>' for part, who, text in parts)
    )
    assert speeches(records) == [("a", "One two three."), ("b", "Hear!"), ("a", "Four five.")]


@pytest.mark.parametrize(
    "body",
    [
        # One speaker twice in a row, which may be two speeches.
        '<u who="#a"><seg>One.</seg></u><u who="#a"><seg>Two.</seg></u>',
        # Ids that count the whole debate.
        '<u who="#a" xml:id="d.1"><seg>One.</seg></u><u who="#a" xml:id="d.2"><seg>Two.</seg></u>'
        '<u who="#b" xml:id="d.3"><seg>Three.</seg></u>',
        # Ids that count a section.
        '<head>A</head><u who="#a" xml:id="d1.1"><seg>One.</seg></u><u who="#a" xml:id="d1.2"><seg>Two.</seg></u>'
        '<head>B</head><u who="#b" xml:id="d2.1"><seg>Three.</seg></u>',
        # Chains that lead nowhere, or from one person to another.
        '<u who="#a" xml:id="u1" next="#u9"><seg>One.</seg></u><u who="#a" prev="#u8"><seg>Two.</seg></u>',
        '<u who="#a" xml:id="u1" next="#u2"><seg>One.</seg></u><u who="#b" xml:id="u2" prev="#u1"><seg>Two.</seg></u>',
        # One id for all.
        '<u who="#a" xml:id="u"><seg>One.</seg></u><u who="#b" xml:id="u"><seg>Two.</seg></u>',
        '<head>A</head><u who="#a" xml:id="u"><seg>One.</seg></u><head>B</head>'
        '<u who="#a" xml:id="u"><seg>Two.</seg></u>',
        '<u who="#a" part="I"><seg>One.</seg></u><u who="#b" part="F"><seg>Two.</seg></u>',
    ],
)
def test_what_the_file_does_not_say_is_not_joined(tmp_path: Path, body: str) -> None:
    records = read(tmp_path, body)
    assert [record.reason for record in records if record.reason != "heading"] == [""] * body.count("<u ")


def test_ids_that_count_the_paragraphs_of_each_speech(tmp_path: Path) -> None:
    told = [("a", "u1.1"), ("a", "u1.2"), ("a", "u1.3"), ("b", "u2.1"), ("a", "u3.1"), ("a", "u3.2")]
    body = "".join(f'<u who="#{who}" xml:id="{name}"><seg>Paragraph {name}</seg></u>' for who, name in told)
    assert speeches(read(tmp_path, body)) == [
        ("a", "Paragraph u1.1 Paragraph u1.2 Paragraph u1.3"),
        ("b", "Paragraph u2.1"),
        ("a", "Paragraph u3.1 Paragraph u3.2"),
    ]


def test_a_chain_is_followed_over_some_pieces_and_no_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_pieces, "HELD", 20)
    for between, expected in ((18, 1), (40, 2)):
        notes = "<note>noise</note>" * between
        body = f'<u who="#a" xml:id="u1"><seg>One</seg></u>{notes}<u who="#a" prev="#u1"><seg>two.</seg></u>'
        assert len(speeches(read(tmp_path, body))) == expected


def test_the_next_document_of_a_file_continues_nothing(tmp_path: Path) -> None:
    one = TEI.format('<u who="#a" xml:id="u1" next="#u2"><seg>One.</seg></u>')
    two = TEI.format('<u who="#a" xml:id="u2" prev="#u1"><seg>Two.</seg></u>').replace("01-05", "01-06")
    (tmp_path / "x.xml").write_text(f"<teiCorpus>{one}{two}</teiCorpus>")
    assert [(str(record.sitting), record.text, record.reason) for record in read_parlamint(tmp_path)] == [
        ("2015-01-05", "One.", ""),
        ("2015-01-06", "Two.", ""),
    ]


def test_other_formats_have_chains_too(tmp_path: Path) -> None:
    body = (
        '<sp who="Elm" xml:id="a" next="#b"><speaker>Elm:</speaker><p>One</p></sp><stage>(Applause)</stage>'
        '<sp who="Elm" xml:id="b" prev="#a"><p>two.</p></sp>'
    )
    (tmp_path / "x.xml").write_text(TEI.format(body))
    assert speeches(list(read_tei(tmp_path))) == [("Elm", "One two.")]
    parts = '<speech by="#e" eId="s1"><p>One</p></speech><scene>x</scene><speech by="#e" eId="s1"><p>two.</p></speech>'
    (tmp_path / "x.xml").write_text(
        f'<debate><preface><docDate date="2015-01-05"/></preface><debateBody>{parts}</debateBody></debate>'
    )
    assert speeches(list(read_akoma(tmp_path))) == [("e", "One two.")]
