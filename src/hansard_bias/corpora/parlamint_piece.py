"""The text of one ParlaMint utterance, note or heading, gathered tag by tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MAX_TEXT = 5_000_000
"""Characters in an utterance with its notes; the longest real speeches have some 100,000."""

_TOKENS = ("w", "pc")
_PIECE = 100


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
    depth: int = 0
    """Of w or pc: `<w>can't<w norm="can"/><w norm="not"/></w>` is one word."""
    sentences: int = 0

    def start(self, tag: str, join: str) -> None:
        """An element begins that is no piece of its own."""
        self.grow(1)
        if tag == "seg":
            self.finish()
        elif tag == "s":
            self.sentences += 1
        elif tag in _TOKENS:
            self.depth += 1
            if self.depth == 1:
                self.join = join
                if join in ("left", "both") and self.parts and self.parts[-1] == " ":
                    self.parts.pop()

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag == "seg":
            self.finish()
        elif tag == "s":
            self.sentences -= 1
            self.parts.append(" ")
        elif tag in _TOKENS:
            self.depth -= 1
            if self.depth == 0:
                self.parts.append(" ".join("".join(self.word).split()))
                self.word.clear()
                if self.join not in ("right", "both"):
                    self.parts.append(" ")

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
        if text := " ".join("".join(self.parts).split()):
            self.paragraphs.append(text)
        self.parts.clear()
