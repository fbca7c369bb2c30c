"""Reader of Akoma Ntoso: debates of parliaments as XML, as of the Oireachtas, in files of a sitting or of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path

from hansard_bias.corpora.archives import Findings, find_files, names
from hansard_bias.corpora.readers import reader
from hansard_bias.corpora.readers.xml_debate import Debate, Languages, Markup, by_day, in_words, records
from hansard_bias.corpora.readers.xml_pieces import Piece
from hansard_bias.corpora.roles import role_by_name, role_of
from hansard_bias.corpora.schema import Record, iso_day, plain_name
from hansard_bias.params import CorpusConfig

_ASIDES = dict.fromkeys(("heading", "subheading"), "heading")
_ASIDES |= dict.fromkeys(("scene", "remark", "narrative"), "stage_direction")
_ASIDES |= dict.fromkeys(("summary", "voting", "rollCall", "authorialNote", "num"), "note")
# The standard has names of their own for some kinds of sections.
_SECTIONS = {"debateSection", "prayers", "questions", "address", "papers", "petitions", "communication", "resolutions"}
_SECTIONS |= {"oralStatements", "writtenStatements", "personalStatements", "ministerialStatements", "noticesOfMotion"}
_SECTIONS |= {"proceduralMotions", "pointOfOrder", "adjournment", "nationalInterest", "declarationOfVote"}
_SECTIONS |= {"administrationOfOath"}
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


class _Debate(Debate):
    markup = Markup(
        speeches=frozenset({"speech", "question", "answer"}),
        asides=_ASIDES,
        labels=frozenset({"from"}),
        region="debateBody",
        roots=frozenset({"akomaNtoso"}),
        sections=frozenset(_SECTIONS),
        loose=frozenset({"p", "li"}),
    )

    def __init__(self, name: str, languages: Languages | None = None) -> None:
        super().__init__(name, languages)
        self.persons, self.roles, self.is_work = dict[str, str](), dict[str, str](), False
        self.days = dict[str, date]()
        self._found("name", name)

    @property
    def day(self) -> date | None:
        """The day printed on the record, or else that of the work; in its name or address where neither is told."""
        places = ("docDate", "FRBRdate", "name", "FRBRuri")
        return next((self.days[place] for place in places if place in self.days), None)

    def begin(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        """An element begins that is more than a part of a speech."""
        if tag == "debate":
            self.days.clear()
            self._found("name", self.name)
        elif not self.inside:
            self._start_meta(tag, attributes)
        super().begin(tag, attributes, line)

    def _start_meta(self, tag: str, attributes: Mapping[str, str]) -> None:
        key = attributes.get("eId") or attributes.get("id")
        if tag in ("TLCPerson", "TLCRole") and key:
            known = self.persons if tag == "TLCPerson" else self.roles
            known[key] = attributes.get("showAs", "").strip()
        # The expression and the manifestation have the days of the edition and of the file.
        elif tag.startswith("FRBR") and tag.endswith(("Work", "Expression", "Manifestation", "Item")):
            self.is_work = tag == "FRBRWork"
        elif tag == "docDate" or (tag in ("FRBRdate", "FRBRuri") and self.is_work):
            self._found(tag, attributes.get("date") or attributes.get("value", ""))

    def _found(self, place: str, value: str) -> None:
        found = _DAY.search(value)
        if found and (day := iso_day(found[0])):
            self.days.setdefault(place, day)

    def speaker(self, piece: Piece) -> str:
        """The person that the speech refers to, or else who is printed before it."""
        key = _key(piece, "by")
        return plain_name(self.persons.get(key) or piece.label.rstrip(" :.,-\u2013\u2014")) or key

    def office(self, piece: Piece) -> tuple[str, str]:
        """As the office says in which one speaks, or what is printed before the speech."""
        key = _key(piece, "as")
        words = self.roles.get(key) or in_words(key)
        told = role_of(words) or role_of(self.roles.get(_key(piece, "by"), ""))
        return told or _printed_role(piece.label), "" if told else words


def _printed_role(label: str) -> str:
    """Of `The Minister of Roads (Mr. Elm)`, or `El señor ELM (Presidente)`."""
    name, _, held = label.partition("(")
    inside = role_of(held.rstrip(" ).:-"))
    return role_by_name(name) or (inside if inside in ("chair", "minister") else "member")


def _key(piece: Piece, attribute: str) -> str:
    return piece.attributes.get(attribute, "").strip().rpartition("#")[2]


@reader("akoma", partial(find_files, suffix=".xml"), takes=("encoding", "where"))
def read_akoma(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]:
    """Every speech, question, answer, heading and note, file by file in the order of their days."""
    files = find_files(path, ".xml")
    debates = by_day(files, names(files, ".xml"), found, _Debate)
    if not debates:
        raise ValueError(
            f"{path}: holds no XML file with a <debateBody>; expected debates in Akoma Ntoso" + found.told()
        )
    languages, chosen = Languages(corpus), [name for _, name in debates]
    yield from records(files, chosen, found, languages, lambda name: _Debate(name, languages))
