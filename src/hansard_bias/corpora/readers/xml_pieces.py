"""Speeches, notes and headings of a debate in XML, while they are read; and the parts that make one speech."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MAX_TEXT = 5_000_000  # characters in a speech with its notes; the longest real ones have some 100,000
HELD = 500  # speeches, notes and headings in which the next part of a speech is looked for

_TOKENS = ("w", "pc")
# Elements that part words, even where no blank stands between them: paragraphs and cells, and the ends of lines.
_BLOCKS = {"seg", "p", "ab", "l", "lg", "div", "block", "quote", "list", "item", "ul", "ol", "li"}
_BLOCKS |= {"table", "caption", "row", "cell", "tr", "th", "td"}
_BREAKS = {"lb", "pb", "cb", "gb", "milestone", "br", "eol", "eop"}
# What a piece takes in memory beside its text, in characters.
_PIECE = 100
_NUMBERED = re.compile(r"(.*[._-])(\d{1,9})")


@dataclass(slots=True)
class Piece:
    """A speech, note or heading while it is read. Words of the annotated form are joined as they were printed."""

    tag: str
    source: str
    attributes: Mapping[str, str]
    topic: str
    reason: str  # of what is set aside; empty for a speech
    size: int = 0
    paragraphs: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    asides: list[Piece] = field(default_factory=list)
    label: str = ""
    word: list[str] = field(default_factory=list)
    join: str = ""
    depth: int = 0  # of w or pc: `<w>can't<w norm="can"/><w norm="not"/></w>` is one word
    sentences: int = 0
    keys: list[str] = field(default_factory=list)  # the ids of its parts
    nested: int = 0  # paragraphs of its own name inside it, which are no pieces
    others: list[str] = field(default_factory=list)  # its paragraphs in languages that are not wanted
    sorted: int = 0  # paragraphs whose language is known to be wanted

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins that is no piece of its own."""
        self.grow(1)
        # Words first: an annotated debate has hardly anything else.
        if tag in _TOKENS:
            self.depth += 1
            if self.depth == 1:
                self.join = attributes.get("join", "")
                # Every word leaves a space behind it, before it is known what follows.
                if self.join in ("left", "both") and self.parts[-1:] == [" "]:
                    self.parts.pop()
        elif tag == "s":
            self.sentences += 1
        elif tag in _BLOCKS:
            self.nested += tag == self.tag
            self.finish()
        elif tag in _BREAKS and not self.depth and attributes.get("break") != "no":
            self.parts.append(" ")

    def is_closed_by(self, tag: str) -> bool:
        """Whether the element that ends is the piece's own."""
        return tag == self.tag and not self.nested

    def end(self, tag: str) -> None:
        """An element ends inside it."""
        if tag in _TOKENS:
            self.depth -= 1
            if self.depth == 0:
                self.parts += [" ".join("".join(self.word).split()), "" if self.join in ("right", "both") else " "]
                self.word.clear()
        elif tag == "s":
            self.sentences -= 1
            self.parts.append(" ")
        elif tag in _BLOCKS:
            self.nested -= tag == self.tag
            self.finish()

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

    def sort_out(self, is_wanted: bool) -> None:
        """Set the paragraphs aside that have ended since this was last asked, unless their language is wanted."""
        if not is_wanted:
            self.others += self.paragraphs[self.sorted :]
            del self.paragraphs[self.sorted :]
        self.sorted = len(self.paragraphs)

    def continue_with(self, piece: Piece) -> None:
        """Take the text of a later part of the same speech, which stays where it stands, as joined."""
        self.grow(piece.size + _PIECE)
        self.paragraphs += piece.paragraphs
        piece.reason = "joined"

    @property
    def text(self) -> str:
        """Its paragraphs, a line each."""
        return "\n".join(self.paragraphs)


class Turns:
    """Speeches that a file has in several parts become one, which stays where its first part stands.

    Parts are told by what the file says: `next` and `prev`, one id twice, `part` (I, M, F), or ids that count the parts
    of each speech (`u7.1`, `u7.2`, and `u8.1` for the next speaker). One speaker twice in a row says nothing.
    """

    def __init__(self) -> None:
        # What is held may still be continued: others interrupt a speech.
        self.held, self.size = deque[tuple[Piece, int]](), 0
        self.first: dict[str, Piece] = {}
        self.run, self.stem, self.number, self.before = list[Piece](), "", 0, ""

    def add(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Take the next pieces of the debate; yields those that nothing can change any more."""
        for piece in pieces:
            if not piece.reason:
                self._join(piece)
            elif piece.reason == "heading":
                self.pause()
            self.held.append((piece, piece.size + _PIECE))
            self.size += self.held[-1][1]
        while len(self.held) > HELD or self.size > MAX_TEXT:
            yield self._release()

    def pause(self) -> None:
        """A section begins: how the speeches before it are counted says nothing of those behind it."""
        self._end_run("")
        self.stem = self.before = ""

    def rest(self) -> Iterator[Piece]:
        """What is held: the debate has ended."""
        self.pause()
        while self.held:
            yield self._release()

    def _release(self) -> Piece:
        piece, size = self.held.popleft()
        self.size -= size
        for key in piece.keys:
            if self.first.get(key) is piece:
                del self.first[key]
        if self.run and self.run[0] is piece:
            del self.run[0]
        return piece

    def _join(self, piece: Piece) -> None:
        marks, who = piece.attributes, _who(piece)
        name = next(filter(None, map(marks.get, ("xml:id", "id", "eId"))), "")
        sought = [f"id {_target(marks.get('prev'))}", f"next {name}"]
        sought += [f"part {who}"] if marks.get("part") in ("M", "F") else []
        known = [found for key in sought if (found := self.first.get(key)) and _is_one(_who(found), who)]
        # An id twice may be a mistake: then the rest must fit, too.
        alike = self.first.get(f"id {name}")
        known += [alike] if alike and (_who(alike), alike.topic) == (who, piece.topic) else []
        first = known[0] if known else piece
        if first is not piece:
            first.continue_with(piece)
        keys = [f"id {name}" if name else "", f"next {_target(marks['next'])}" if marks.get("next") else ""]
        keys += [f"part {who}" if marks.get("part") in ("I", "M") else ""]
        for key in filter(None, keys):
            self.first[key] = first
            first.keys.append(key)
        self._count(piece, who, name)

    def _count(self, piece: Piece, who: str, name: str) -> None:
        counted = _NUMBERED.fullmatch(name)
        stem, number = (counted[1], int(counted[2])) if counted and not piece.reason else ("", 0)
        follows = self.run and who and who == _who(self.run[-1]) and (stem, number) == (self.stem, self.number + 1)
        if not follows:
            self._end_run(stem)
            self.stem, self.run = stem, []
        self.number = number
        if stem:
            self.run.append(piece)

    def _end_run(self, stem: str) -> None:
        """A run of counted ids of one speaker ends: are they its own, or do they count the whole debate?"""
        others = {self.before, stem} - {""}
        if len(self.run) > 1 and others and self.stem not in others:
            for piece in self.run[1:]:
                self.run[0].continue_with(piece)
        self.before, self.run = self.stem or self.before, []


def _target(reference: str | None) -> str:
    """`#u2`, `debate.xml#u2` or `u2`: u2."""
    return (reference or "").partition(" ")[0].rpartition("#")[2]


def _who(piece: Piece) -> str:
    return piece.attributes.get("who") or piece.attributes.get("by") or ""


def _is_one(first: str, second: str) -> bool:
    return not (first and second) or first == second
