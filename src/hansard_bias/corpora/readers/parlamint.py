"""Reader of ParlaMint: debates of European parliaments as TEI XML, one file a sitting, plain or annotated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path, PurePath

from hansard_bias.base.messages import joined, shown
from hansard_bias.corpora.archives import contents, find_files, names
from hansard_bias.corpora.readers import reader
from hansard_bias.corpora.readers.xml_stream import read_xml
from hansard_bias.corpora.schema import Record, iso_day, plain_name
from hansard_bias.params import ColumnsConfig

MAX_TEXT = 5_000_000  # characters in an utterance with its notes; the longest real speeches have some 100,000

_TOKENS = ("w", "pc")
# What a piece takes in memory beside its text, in characters.
_PIECE = 100
_COMPONENT = re.compile(r"(.*?)[_.-]?(\d{4}-\d{2}-\d{2})")
_SET_ASIDE = {"note": "note", "gap": "gap", "head": "heading"}
_SET_ASIDE |= dict.fromkeys(("kinesic", "incident", "vocal"), "stage_direction")
_ROLES = {"chair": "chair", "guest": "witness"}
_NAME_PARTS = ("forename", "nameLink", "surname")


@dataclass(slots=True)
class Piece:
    """An utterance, note or heading while it is read. Words of the annotated form are joined as they were printed."""

    tag: str
    source: str
    attributes: Mapping[str, str]
    topic: str
    size: int = 0
    paragraphs: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    asides: list[Piece] = field(default_factory=list)
    word: list[str] = field(default_factory=list)
    join: str = ""
    depth: int = 0  # of w or pc: `<w>can't<w norm="can"/><w norm="not"/></w>` is one word
    sentences: int = 0

    def start(self, tag: str, join: str) -> None:
        """An element begins that is no piece of its own."""
        self.grow(1)
        if tag == "seg":
            self.finish()
        self.sentences += tag == "s"
        self.depth += tag in _TOKENS
        if tag in _TOKENS and self.depth == 1:
            self.join = join
            # Every word leaves a space behind it, before it is known what follows.
            if join in ("left", "both") and self.parts[-1:] == [" "]:
                self.parts.pop()

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag == "seg":
            self.finish()
        elif tag == "s":
            self.sentences -= 1
            self.parts.append(" ")
        self.depth -= tag in _TOKENS
        if tag in _TOKENS and self.depth == 0:
            self.parts += [" ".join("".join(self.word).split()), "" if self.join in ("right", "both") else " "]
            self.word.clear()

    def add(self, text: str) -> None:
        """Text; the space between the words of a sentence is the file's layout."""
        self.grow(len(text))
        if self.depth:
            self.word.append(text)
        elif not (self.sentences and text.isspace()):
            self.parts.append(text)

    def grow(self, characters: int) -> None:
        """Count what is held in memory, with something for each element."""
        self.size += characters
        if self.size > MAX_TEXT:
            raise ValueError(f"{self.source}: <{self.tag}> of more than {MAX_TEXT} characters; expected one speech")

    def take_aside(self, pieces: Sequence[Piece]) -> None:
        """Pieces that stand inside this one; between words of plain text they part these."""
        self.grow(sum(piece.size + _PIECE for piece in pieces))
        self.asides += pieces
        if not (self.sentences or self.depth):
            self.parts.append(" ")

    def finish(self) -> None:
        """A paragraph ends."""
        self.paragraphs += filter(None, [" ".join("".join(self.parts).split())])
        self.parts.clear()


@reader("parlamint", partial(find_files, suffix=".xml"))
def read_parlamint(path: Path, _: ColumnsConfig | None = None) -> Iterator[Record]:
    """Every utterance, note and heading, sitting by sitting; of a file in both forms the plain one is read."""
    found = find_files(path, ".xml")
    listed = names(found, ".xml")
    debates = _debates(listed, path)
    known: dict[str, str] = {}
    # Speakers are listed apart, in files that may come behind the debates.
    for name, content in contents(found, [name for name in listed if not _component(name)]):
        for _ in read_xml(content, name, _People(name, known)):
            pass
    for name, content in contents(found, debates):
        debate = _Debate(name, known)
        for _ in read_xml(content, name, debate):
            yield from map(debate.record, debate.ready)
            debate.ready.clear()


def _component(name: str) -> re.Match[str] | None:
    """The corpus and the day in the name of a file of debates; None for any other file."""
    return _COMPONENT.match(PurePath(name).name)


def _debates(listed: Sequence[str], path: Path) -> list[str]:
    chosen: dict[tuple[str, str], str] = {}
    corpora: set[str] = set()
    # Plain files first, so that they are the ones chosen: annotated ones are many times as large.
    for name in sorted(listed, key=lambda name: name.endswith(".ana.xml")):
        if (found := _component(name)) is None:
            continue
        base = PurePath(name).name.removesuffix(".xml")
        key = found[2], base.removesuffix(".ana")
        if key in chosen and chosen[key].endswith(".ana.xml") == base.endswith(".ana"):
            raise ValueError(f"{path}: holds {base}.xml twice; expected each file once")
        chosen.setdefault(key, name)
        corpora.add(found[1])
    if len(corpora) != 1:
        held = joined(sorted(corpora)) or "no file of debates"
        raise ValueError(f"{path}: holds {held}; expected files of one corpus, such as ParlaMint-XX_2015-01-05.xml")
    return [chosen[key] for key in sorted(chosen)]


class _People:
    """Puts the names in a listPerson under the persons' ids; a name that changed is the first one listed."""

    def __init__(self, name: str, known: dict[str, str]) -> None:
        self.name, self.known = name, known
        self.person, self.part, self.is_named = "", "", False
        self.parts: dict[str, str] = {}

    def start(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        if tag == "u":
            raise ValueError(f"{self.name}:{line}: an utterance in a file without a day; expected NAME_YYYY-MM-DD.xml")
        if tag == "person":
            self.person, self.is_named, self.parts = attributes.get("xml:id", ""), False, {}
        self.part = tag if tag in _NAME_PARTS and not self.is_named else ""

    def end(self, tag: str) -> None:
        self.part = ""
        if tag == "persName":
            self.is_named = True
        elif tag == "person":
            parts = (" ".join(self.parts[part].split()) for part in _NAME_PARTS if part in self.parts)
            if self.person and (name := " ".join(parts)):
                self.known[self.person] = plain_name(name)

    def text(self, text: str) -> None:
        before = self.parts.get(self.part, "")
        if self.part and len(before) < 1000:
            self.parts[self.part] = f"{before} {text}"


class _Debate:
    """One file of debates: its day, its topic, and the pieces of it that are complete."""

    def __init__(self, name: str, known: Mapping[str, str]) -> None:
        self.name, self.known, self.topic = name, known, ""
        self.day: date | None = None
        self.inside = set[str]()  # setting or text: what is read depends on it
        self.open, self.ready = list[Piece](), list[Piece]()

    def start(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        if tag in ("setting", "text"):
            self.inside.add(tag)
        elif tag == "date" and "setting" in self.inside and self.day is None and "when" in attributes:
            self.day = _day(attributes["when"], f"{self.name}:{line}")
        elif "text" in self.inside and (tag == "u" or tag in _SET_ASIDE):
            self.open.append(Piece(tag, f"{self.name}:{line}", dict(attributes), self.topic))
        elif self.open:
            self.open[-1].start(tag, attributes.get("join", ""))

    def end(self, tag: str) -> None:
        self.inside.discard(tag)
        if self.open and tag == self.open[-1].tag:
            self._close(self.open.pop())
        elif self.open:
            self.open[-1].end(tag)

    def text(self, text: str) -> None:
        if self.open:
            self.open[-1].add(text)

    def _close(self, piece: Piece) -> None:
        piece.finish()
        if piece.tag == "head":
            self.topic = " ".join(piece.paragraphs)
        # What stands inside a speech comes after it: an interruption ends nothing.
        closed, piece.asides = [piece, *piece.asides], []
        if self.open:
            self.open[-1].take_aside(closed)
        else:
            self.ready += closed

    def record(self, piece: Piece) -> Record:
        """A piece as a record."""
        named = _component(self.name)
        assert named is not None, "only such files are read for their debates"
        text = "\n".join(piece.paragraphs)
        # `#chair`, or `list.xml#chair`: chair.
        references = (piece.attributes.get(name, "").split() for name in ("who", "ana"))
        who, marks = ([reference.rpartition("#")[2] for reference in each] for each in references)
        return Record(
            self.day or _day(named[2], self.name),
            text,
            piece.source,
            speaker=", ".join(self.known.get(speaker, speaker) for speaker in who),
            role=next((role for mark, role in _ROLES.items() if mark in marks), "member"),
            topic=piece.topic,
            reason=_SET_ASIDE.get(piece.tag, "" if text else "empty"),
        )


def _day(value: str, place: str) -> date:
    # Some sittings are dated with the minute at which they began.
    if day := iso_day(value.partition("T")[0]):
        return day
    raise ValueError(f"{place}: {shown(value)} is not a day of sitting, expected YYYY-MM-DD")
