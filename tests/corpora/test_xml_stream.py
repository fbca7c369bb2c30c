"""Text, names and dates are whole, wherever the reader's blocks end; counts are those of the elements written."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansard_bias.corpora.readers import xml_stream
from hansard_bias.corpora.readers.parlamint import read_parlamint
from hansard_bias.corpora.readers.xml_stream import read_xml

DAY = '<TEI><teiHeader><setting><date when="2015-01-05"/></setting></teiHeader><text><body>'
END = "</body></text></TEI>"


class Told:
    """What a document is told to, as one list."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def start(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        self.events.append(("start", f"{tag} {sorted(attributes.items())}"))

    def end(self, tag: str) -> None:
        self.events.append(("end", tag))

    def text(self, text: str) -> None:
        self.events.append(("text", text))


def told(document: str) -> list[tuple[str, str]]:
    handler = Told()
    for _ in read_xml(io.BytesIO(document.encode()), "x.xml", handler):
        pass
    return handler.events


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(["word ", "é", "&amp;", "&#39;", "<!-- c -->", "<?p i?>", "<b>", "</b>", "\n", "𝔸"]),
        max_size=30,
    ),
    st.integers(1, 40),
)
def test_where_the_blocks_end_changes_nothing(parts: list[str], block: int) -> None:
    balanced, depth = [], 0
    for part in parts:
        depth += {"<b>": 1, "</b>": -1}.get(part, 0)
        depth, part = (0, "") if depth < 0 else (depth, part)
        balanced.append(part)
    document = f'<a id="näme &amp; more">{"".join(balanced)}{"</b>" * depth}</a>'
    whole = told(document)
    before, xml_stream._BLOCK = xml_stream._BLOCK, block
    try:
        assert told(document) == whole
    finally:
        xml_stream._BLOCK = before
    kinds = [kind for kind, _ in whole]
    assert ("text", "text") not in pairwise(kinds)


def test_three_thousand_persons_keep_their_names(tmp_path: Path) -> None:
    """Blocks of 64 KB end in the middle of many of them."""
    persons = "".join(
        f'<person xml:id="p{n}"><persName><surname>Elmwood{n}</surname><forename>Annabella{n}</forename></persName>'
        "</person>"
        for n in range(3000)
    )
    (tmp_path / "listPerson.xml").write_text(f"<listPerson>{persons}</listPerson>")
    speeches = "".join(f'<u who="#p{n}"><seg>A speech of number {n}.</seg></u>' for n in range(3000))
    (tmp_path / "x_2015-01-05.xml").write_text(DAY + speeches + END)
    records = list(read_parlamint(tmp_path))
    assert [record.speaker for record in records] == [f"Annabella{n} Elmwood{n}" for n in range(3000)]
    assert [record.text for record in records] == [f"A speech of number {n}." for n in range(3000)]


@pytest.mark.parametrize("shift", [*range(0, 40, 3)])
def test_words_of_every_kind_across_the_end_of_a_block(tmp_path: Path, shift: int) -> None:
    body = (
        '<head>Roads &amp; quays</head><note>A longer note</note><u who="#ElmAnn"><seg>Plain words.</seg><seg><s>'
        "<w>Annotated</w> <w>words</w> <pc>.</pc></s></seg></u>"
    )
    start = DAY + "<!--"
    filler = (1 << 16) - len(start) - len("-->") - len(body) + shift * len(body) // 40
    (tmp_path / "x_2015-01-05.xml").write_text(f"{start}{'x' * filler}-->{body}{END}")
    records = list(read_parlamint(tmp_path))
    assert [(record.text, record.topic) for record in records] == [
        ("Roads & quays", ""),
        ("A longer note", "Roads & quays"),
        ("Plain words.\nAnnotated words .", "Roads & quays"),
    ]


def test_what_stands_inside_a_name_belongs_to_it(tmp_path: Path) -> None:
    names = {
        "a": "<forename>Ann<!-- or Anne --></forename><surname>O<hi>B</hi>rien</surname>",
        "b": "<forename>Bo</forename><forename>Lee</forename><surname>O&#39;Dell</surname>",
        "c": "<surname>\n  Vale\n</surname><roleName>Dr <forename>Cy</forename></roleName>",
    }
    people = "".join(f'<person xml:id="{key}"><persName>{name}</persName></person>' for key, name in names.items())
    (tmp_path / "people.xml").write_text(f"<listPerson>{people}</listPerson>")
    speeches = "".join(f'<u who="#{key}"><seg>A speech.</seg></u>' for key in names)
    (tmp_path / "x_2015-01-05.xml").write_text(DAY + speeches + END)
    assert [record.speaker for record in read_parlamint(tmp_path)] == ["Ann OBrien", "Bo Lee O'Dell", "Cy Vale"]


class Endless(io.RawIOBase):
    """A document that does not come to its next tag for a long time."""

    def __init__(self, start: bytes, part: bytes) -> None:
        self.part, self.first, self.blocks = part, start, 1200

    def read(self, size: int = -1) -> bytes:
        self.blocks -= 1
        block, self.first = self.first + self.part * (size // len(self.part)), b""
        return block if self.blocks > 0 else b""


class Deaf:
    """Keeps nothing of what it is told."""

    def start(self, tag: str, attributes: Mapping[str, str], line: int) -> None: ...

    def end(self, tag: str) -> None: ...

    def text(self, text: str) -> None: ...


@pytest.mark.parametrize("part", [b"text ", b"a<!---->", b"&#97;"])
def test_text_without_an_end_takes_no_memory(part: bytes) -> None:
    content = Endless(b"<a>", part)
    tracemalloc.start()
    with pytest.raises(ValueError, match="malformed"):
        for _ in read_xml(content, "x.xml", Deaf()):  # type: ignore[arg-type]
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000


@pytest.mark.parametrize("part", [b"text ", b"a<!---->", b"&#97;"])
def test_a_speech_without_an_end_is_refused(tmp_path: Path, part: bytes) -> None:
    (tmp_path / "x_2015-01-05.xml").write_bytes(DAY.encode() + b"<u>" + part * (50_000_000 // len(part)))
    with pytest.raises(ValueError, match=r"x_2015-01-05\.xml:1: <u> of more than 5000000 characters"):
        for _ in read_parlamint(tmp_path):
            pass
