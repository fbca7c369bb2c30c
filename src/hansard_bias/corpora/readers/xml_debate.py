"""Debates in XML, read as a stream: what all formats share that mark speeches, notes and headings as elements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from hansard_bias.base.messages import shown
from hansard_bias.corpora.archives import Findings, ForeignFileError, contents
from hansard_bias.corpora.readers.xml_pieces import Piece, Turns
from hansard_bias.corpora.readers.xml_stream import read_xml
from hansard_bias.corpora.schema import Record
from hansard_bias.params import CorpusConfig

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Markup:
    """Which elements a format has for what."""

    speeches: frozenset[str]
    asides: Mapping[str, str]  # what is set aside, by element: the reason
    labels: frozenset[str]  # who speaks, as it was printed: no part of the speech
    region: str  # the element that holds the debate
    roots: frozenset[str]  # the element that holds all
    sections: frozenset[str]  # a heading is the topic until the section ends in which it stands
    loose: frozenset[str]  # paragraphs; one that stands between the speeches belongs to nobody
    topic: str = ""  # the attribute of a section that names its topic, where there is one
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # speeches of another format: the name of its reader
    dates: frozenset[str] = frozenset()  # elements with the day of the sitting, wherever they stand

    @cached_property
    def known(self) -> frozenset[str]:
        """Elements that are more than a part of the text of a speech."""
        pieces = self.speeches | {*self.asides} | self.labels | self.loose
        return pieces | {self.region, *self.elsewhere} | self.dates


class Languages:
    """The languages of the speeches to keep, by `xml:lang`, and how often others are there; none: all are kept."""

    def __init__(self, corpus: CorpusConfig | None = None) -> None:
        self.wanted = tuple(value.casefold() for value in (corpus.selected("language") if corpus else ()))
        self.seen, self.kept = Counter[str](), 0

    def take(self, language: str) -> bool:
        """Whether this is one of them: `en` is, where it is wanted, and so is `en-GB`."""
        is_wanted = any(language == each or language.startswith(f"{each}-") for each in self.wanted)
        self.seen[language] += 1
        self.kept += is_wanted
        return is_wanted

    def account(self) -> None:
        """Raise ValueError with the languages that there are where no speech was kept."""
        if self.wanted and not self.kept:
            there = ", ".join(f"{shown(each)} ({count})" for each, count in self.seen.most_common(8) if each)
            wanted = ", ".join(self.wanted)
            raise ValueError(f"`where` keeps speeches in {wanted}; xml:lang has {there or 'none'}; correct it")


class Debate:
    """One file of debates: its day, its topics, and the records of what is complete."""

    markup: Markup

    def __init__(self, name: str, languages: Languages | None = None) -> None:
        self.name, self.inside, self.begun = name, 0, False
        self.languages, self.spoken = languages or Languages(), [""]
        self.heeds = bool(self.languages.wanted)
        self.topics, self.open, self.ready = [""], list[Piece](), list[Record]()
        self.turns = Turns()
        self.is_listing = False  # whether persons are listed here who speak in other files
        self.special = self.markup.known

    @property
    def day(self) -> date | None:
        """The day of the sitting, as far as it is known by now."""
        raise NotImplementedError

    def speaker(self, piece: Piece) -> str:
        """Who speaks."""
        raise NotImplementedError

    def office(self, piece: Piece) -> tuple[str, str]:
        """What the speaker is: one of schema.ROLES, and the words for it where no vocabulary has them."""
        raise NotImplementedError

    def start(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        """An element begins."""
        if self.open and tag not in self.special:
            self.open[-1].start(tag, attributes)
        else:
            self.begin(tag, attributes, line)
        if self.heeds:
            self._sort_out(self.open)
            self.spoken.append(attributes.get("xml:lang", "").casefold() or self.spoken[-1])

    def begin(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        """An element begins that is more than a part of a speech."""
        markup = self.markup
        if tag == markup.region:
            self.inside, self.begun = self.inside + 1, True
        elif not self.inside:
            return
        elif (reason := self._opens(tag)) is not None:
            self.open.append(Piece(tag, f"{self.name}:{line}", dict(attributes), self.topics[-1], reason))
        elif tag in markup.elsewhere:
            reader = markup.elsewhere[tag]
            raise ValueError(f"{self.name}:{line}: speeches are <{tag}> here; `reader: {reader}` reads them")
        elif self.open:
            self.open[-1].start(tag, attributes)
        elif tag in markup.sections:
            self.topics.append(attributes.get(markup.topic) or self.topics[-1])
            self.turns.pause()

    def _opens(self, tag: str) -> str | None:
        """The reason of a piece that begins with such an element, "" for a speech; None where none begins."""
        if tag in self.markup.speeches:
            return ""
        if tag in self.markup.labels:
            return "label" if self.open else "note"
        is_loose = tag in self.markup.loose and not self.open
        return self.markup.asides.get(tag, "note" if is_loose else None)

    def end(self, tag: str) -> None:
        """An element ends."""
        if self.open and tag not in self.special:
            self.open[-1].end(tag)
        else:
            self.close(tag)
        if self.heeds:
            self._sort_out(self.open)
            self.spoken.pop()

    def _sort_out(self, pieces: Sequence[Piece]) -> None:
        """Keep the paragraphs of the last speech that have just ended, or set them aside, as their language says."""
        for piece in pieces[-1:]:
            if not piece.reason and len(piece.paragraphs) > piece.sorted:
                piece.sort_out(self.languages.take(self.spoken[-1]))

    def close(self, tag: str) -> None:
        """An element ends that is more than a part of a speech."""
        if tag == self.markup.region and self.inside:
            self.inside -= 1
            self.finish()
        elif self.open and self.open[-1].is_closed_by(tag):
            self._close(self.open.pop())
        elif self.open:
            self.open[-1].end(tag)
        elif tag in self.markup.sections and len(self.topics) > 1:
            self.topics.pop()

    def text(self, text: str) -> None:
        """Text between two tags, whole."""
        if self.open:
            self.open[-1].add(text)

    def finish(self) -> None:
        """A document ends: nothing of the next one continues it."""
        self._make(self.turns.rest())
        self.topics = [""]

    def _close(self, piece: Piece) -> None:
        piece.finish()
        if self.heeds:
            self._sort_out([piece])
            piece.reason = piece.reason or ("not_selected" if piece.others and not piece.paragraphs else "")
        if piece.reason == "label":
            self.open[-1].label = " ".join(piece.paragraphs)
            self.open[-1].take_aside(piece.asides)
            return
        if piece.reason == "heading":
            self.topics[-1] = " ".join(piece.paragraphs)
        # What stands inside a speech comes after it: an interruption ends nothing.
        closed, piece.asides = [piece, *piece.asides], []
        if self.open:
            self.open[-1].take_aside(closed)
        else:
            self._make(self.turns.add(closed))

    def _make(self, pieces: Iterable[Piece]) -> None:
        """Pieces as records; of a speech in several languages, what is not wanted is a record of its own."""
        for piece in pieces:
            if piece.reason != "not_selected":
                self.ready.append(self.record(piece))
            if piece.others:
                # Nobody's day: what is not selected is no part of the sittings that are counted.
                self.ready.append(Record(None, "\n".join(piece.others), piece.source, reason="not_selected"))

    def record(self, piece: Piece) -> Record:
        """A piece as a record."""
        reason = piece.reason or ("" if piece.paragraphs else "empty") or ("" if self.day else "bad_date")
        role, unknown = self.office(piece)
        about = self.speaker(piece), role, piece.topic
        return Record(self.day, piece.text, piece.source, *about, reason=reason, unknown_role=unknown)


def in_words(key: str) -> str:
    """An id as words: `#Minister_for_Roads` or `people.xml#viceChair`."""
    return _CAPITAL.sub(" ", key.rpartition("#")[2].replace("_", " "))


def records(
    files: Sequence[Path], names: Iterable[str], found: Findings, languages: Languages, debate: Callable[[str], Debate]
) -> Iterator[Record]:
    """The records of these files, in the order of `names`, while they are read."""
    read = 0
    for name, content in contents(files, [*names], found):
        reading = debate(name)
        try:
            for _ in read_xml(content, name, reading, reading.markup.roots):
                yield from reading.ready
                reading.ready.clear()
        except ForeignFileError as error:
            found.left_out[name] = str(error)
        if not reading.begun:
            found.left_out.setdefault(name, f"{name}: no <{reading.markup.region}>")
        read += reading.begun
    found.require(read)
    languages.account()


def by_day(
    sources: Sequence[Path], names: Sequence[str], found: Findings, debate: Callable[[str], Debate]
) -> list[tuple[date, str]]:
    """The days and names of those files that hold debates, in this order; the last of all days where none is known.

    Each is read up to where its debate begins; what is without one (a list of persons) is read to its end.
    """
    debates = []
    for name, (base, content) in zip(names, contents(sources, names, found), strict=True):
        reading = debate(base)
        try:
            for _ in read_xml(content, base, reading, reading.markup.roots):
                if reading.begun and (reading.day or reading.turns.held):
                    break
        except ForeignFileError as error:
            found.left_out[base] = str(error)
        if reading.begun:
            debates.append((reading.day or date.max, name))
        elif not reading.is_listing:
            found.left_out.setdefault(base, f"no <{reading.markup.region}>")
    return sorted(debates)
