"""Reader of TEI debates whose speeches are `<sp>`, as in GermaParl; and what all TEI says of its days and persons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path, PurePath

from hansard_bias.base.messages import shown
from hansard_bias.corpora.archives import Findings, find_files, names
from hansard_bias.corpora.readers import reader
from hansard_bias.corpora.readers.xml_debate import Debate, Languages, Markup, by_day, records
from hansard_bias.corpora.readers.xml_pieces import Piece
from hansard_bias.corpora.roles import role_by_name, role_of
from hansard_bias.corpora.schema import Record, iso_day, known, plain_name
from hansard_bias.params import CorpusConfig

DATED_NAME = re.compile(r"(.*?)[_.-]?(\d{4}-\d{2}-\d{2})")
ASIDES = {"note": "note", "gap": "gap", "head": "heading", "writing": "note"}
ASIDES |= dict.fromkeys(("kinesic", "incident", "vocal", "stage"), "stage_direction")
ROOTS = frozenset(("TEI", "TEI.2", "teiCorpus", "teiCorpus.2"))
LOOSE = frozenset(("p", "ab", "l", "item", "cell"))

# Elements whose date is that of the debate, the surest first. The file's name goes behind those that are printed.
_PLACES = ("setting", "docDate", "dateline", "creation", "bibl", "publicationStmt")
_PRINTED = ("docDate", "dateline")  # in the text itself
DATES = frozenset((*_PRINTED, "date"))
# A sitting may last for days; a longer time is that of a whole corpus.
_LONGEST_SITTING = timedelta(days=31)
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T+Z-].*)?")
_LONGEST_TEXT = 1000  # characters of a date or of a part of a name
_NAME_PARTS = ("forename", "nameLink", "surname")


@dataclass(slots=True)
class Person:
    """Somebody of a list of persons."""

    name: str = ""
    offices: tuple[tuple[str, str], ...] = ()  # first and last day in the government, as far as these are told

    def governs(self, day: date | None) -> bool:
        """Whether this is a minister on a day; bounds may be years or months."""
        today = day.isoformat() if day else ""
        return any(today[: len(first)] >= first and today[: len(last)] <= last for first, last in self.offices)


class TeiDebate(Debate):
    """One file of TEI: a header and debates, or a list of persons."""

    # A header's own date is that of the edition, but for those who put the debate's there.
    places: tuple[str, ...] = _PLACES[:-1]

    def __init__(self, name: str, people: dict[str, Person], languages: Languages | None = None) -> None:
        super().__init__(name, languages)
        self.people, self.days = people, dict[str, date]()
        self.within, self.dated, self.date_text = list[str](), "", ""
        self.key, self.person, self.part, self.parts, self.is_named = "", Person(), "", dict[str, str](), False

    @property
    def day(self) -> date | None:
        """The day that the surest place names."""
        told = [place for place in self.places if place in self.days]
        named = DATED_NAME.match(PurePath(self.name).name)
        if named and not {"setting", *_PRINTED} & {*told}:
            return day_of(named[2], self.name)
        return self.days[told[0]] if told else None

    def begin(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        """An element begins that is more than a part of a speech."""
        if tag == "TEI":
            # One of several in a file.
            self.days.clear()
        if tag in _PRINTED or (tag in self.places and not self.inside):
            self.within.append(tag)
        if tag in ("date", "docDate") and self.within:
            self._start_date(attributes, f"{self.name}:{line}")
        if not self.inside:
            self._start_person(tag, attributes)
        super().begin(tag, attributes, line)

    def close(self, tag: str) -> None:
        """An element ends that is more than a part of a speech."""
        if tag in ("date", "docDate") and self.dated:
            self._found(" ".join(self.date_text.split()))
            self.dated = ""
        if self.within and tag == self.within[-1]:
            self.within.pop()
        if not self.inside:
            self._end_person(tag)
        super().close(tag)

    def text(self, text: str) -> None:
        """Text between two tags."""
        if self.dated and len(self.date_text) < _LONGEST_TEXT:
            self.date_text += text[:_LONGEST_TEXT]
        # Of all elements inside a part of a name: `<surname>O<hi>B</hi>rien</surname>` is one word.
        if self.part and len(self.parts[self.part]) < _LONGEST_TEXT:
            self.parts[self.part] += text[:_LONGEST_TEXT]
        if self.open:
            self.open[-1].add(text)

    def _start_date(self, attributes: Mapping[str, str], place: str) -> None:
        self.dated, self.date_text = self.within[-1], ""
        value = attributes.get("when") or _sitting(attributes.get("from", ""), attributes.get("to", ""))
        if value and self.dated == "setting":
            self.days.setdefault("setting", day_of(value, place))
        else:
            self._found(value)

    def _found(self, value: str) -> None:
        found = _DAY.fullmatch(value)
        if found and (day := iso_day(found[1])):
            self.days.setdefault(self.dated, day)

    def _start_person(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "person":
            self.key, self.person, self.parts = attributes.get("xml:id", ""), Person(), {}
            self.is_named, self.part = False, ""
        elif tag in ("persName", *_NAME_PARTS) and not (self.is_named or self.part in _NAME_PARTS):
            self.part = tag
            self.parts[tag] = self.parts.get(tag, "") + " "
        elif tag == "affiliation" and _is_government(attributes):
            self.person.offices += ((attributes.get("from") or "", attributes.get("to") or "9999"),)

    def _end_person(self, tag: str) -> None:
        if tag == self.part:
            self.part = "persName" if tag != "persName" and "persName" in self.parts else ""
        if tag == "persName":
            # A name that changed is the first one listed.
            self.is_named, self.part = True, ""
        elif tag == "person":
            parts = [self.parts[part] for part in _NAME_PARTS if part in self.parts] or [self.parts.get("persName", "")]
            self.person.name = plain_name(" ".join(" ".join(parts).split()))
            if self.key and (self.person.name or self.person.offices):
                self.people[self.key], self.is_listing = self.person, True

    def named(self, reference: str) -> str:
        """`#id`, `list.xml#id` or `id` as the name of the person listed, or else as the id."""
        key = reference.rpartition("#")[2]
        return self.people[key].name or key if key in self.people else key

    def governing(self, piece: Piece, role: str) -> str:
        """The role, unless the list of persons has one of the members as a minister of that day."""
        keys = (reference.rpartition("#")[2] for reference in piece.attributes.get("who", "").split())
        persons = [self.people[key] for key in keys if key in self.people] if role == "member" else []
        return "minister" if any(person.governs(self.day) for person in persons) else role


def day_of(value: str, place: str) -> date:
    """A day, also where its hour or zone is told behind it; anything else is an error."""
    found = _DAY.fullmatch(value)
    if found and (day := iso_day(found[1])):
        return day
    raise ValueError(f"{place}: {shown(value)} is not a day of sitting, expected YYYY-MM-DD")


def _sitting(first: str, last: str) -> str:
    """The first day of a sitting from one day to another; nothing where that is too long for one."""
    begin, end = iso_day(first[:10]), iso_day(last[:10])
    return first if begin and end and timedelta() <= end - begin <= _LONGEST_SITTING else ""


def _is_government(attributes: Mapping[str, str]) -> bool:
    role, of = attributes.get("role", "").casefold(), attributes.get("ref", "").casefold().split()
    # The head of a government is called so, and the body by its id: GOV, GOV_XX, government.XX.
    heads = role in ("head", "member") and any(each.rpartition("#")[2].startswith("gov") for each in of)
    return heads or "minister" in role


class _Speeches(TeiDebate):
    markup = Markup(
        speeches=frozenset({"sp"}),
        asides=ASIDES,
        labels=frozenset({"speaker"}),
        region="text",
        roots=ROOTS,
        sections=frozenset({"div"}),
        loose=LOOSE,
        dates=DATES,
        topic="desc",
        elsewhere={"u": "parlamint"},
    )
    places = _PLACES

    def speaker(self, piece: Piece) -> str:
        """The full name where it is told, or else the person of the list, or who is printed before the speech."""
        given, who = (known(piece.attributes.get(name, "")) for name in ("name", "who"))
        if not given and "#" in who:
            return ", ".join(map(self.named, who.split()))
        return plain_name(given or who or piece.label.rstrip(" :.,-\u2013\u2014"))

    def office(self, piece: Piece) -> tuple[str, str]:
        """What the speech says of the speaker, what is printed before it, or else the list of persons."""
        words = [known(piece.attributes.get(name, "")) for name in ("role", "position")]
        told = next(filter(None, map(role_of, words)), "")
        role = told or role_by_name(piece.label) or "member"
        return self.governing(piece, role), "" if told else words[0]


@reader("tei", partial(find_files, suffix=".xml"), takes=("encoding", "where"))
def read_tei(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]:
    """Every speech, stage direction, note and heading, file by file in the order of their days."""
    files, people = find_files(path, ".xml"), dict[str, Person]()
    debates = by_day(files, names(files, ".xml"), found, lambda name: _Speeches(name, people))
    if not debates:
        raise ValueError(f"{path}: holds no XML file with debates; expected TEI with speeches as <sp>{found.told()}")
    languages, chosen = Languages(corpus), [name for _, name in debates]
    yield from records(files, chosen, found, languages, lambda name: _Speeches(name, people, languages))
