"""Reader of ParlaMint and other Parla-CLARIN: debates as TEI whose speeches are `<u>`, plain or annotated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePath

from hansard_bias.base.messages import joined
from hansard_bias.corpora.archives import Findings, find_files, names
from hansard_bias.corpora.readers import reader
from hansard_bias.corpora.readers.tei import ASIDES, DATED_NAME, DATES, LOOSE, ROOTS, Person, TeiDebate
from hansard_bias.corpora.readers.xml_debate import Languages, Markup, by_day, in_words, records
from hansard_bias.corpora.readers.xml_pieces import Piece
from hansard_bias.corpora.roles import role_of
from hansard_bias.corpora.schema import Record
from hansard_bias.params import CorpusConfig

_ANNOTATED = re.compile(r"[.-]ana$")
_PARLAMINT = re.compile(r"ParlaMint(?:-[A-Za-z]+)*")


class _Debate(TeiDebate):
    markup = Markup(
        speeches=frozenset({"u"}),
        asides=ASIDES,
        labels=frozenset(),
        region="text",
        roots=ROOTS,
        sections=frozenset({"div"}),
        loose=LOOSE,
        dates=DATES,
        elsewhere={"sp": "tei"},
    )

    def speaker(self, piece: Piece) -> str:
        """The persons of the list, or else their ids."""
        return ", ".join(map(self.named, piece.attributes.get("who", "").split()))

    def office(self, piece: Piece) -> tuple[str, str]:
        """What the utterance says of the speaker, or else the list of persons."""
        # Other marks are of topics (`#domain.Government`) and the like.
        marks = [words for mark in piece.attributes.get("ana", "").split() if "." not in (words := in_words(mark))]
        told = {role_of(words) for words in marks} - {""}
        role = next((role for role in ("chair", "witness", "minister") if role in told), "member")
        return self.governing(piece, role), "" if told else " ".join(marks)


@reader("parlamint", partial(find_files, suffix=".xml"), takes=("encoding", "where"))
def read_parlamint(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]:
    """Every utterance, note and heading, in the order of days; of a file in both forms the plain one is read."""
    files, people = find_files(path, ".xml"), dict[str, Person]()
    listed = names(files, ".xml")
    # Speakers are listed apart, in files that may come behind the debates; other debates have no day in their names.
    undated = by_day(files, [name for name in listed if not _dated(name)], found, lambda name: _Debate(name, people))
    chosen = _chosen(
        {name: str(day) for day, name in undated} | {name: day for name in listed if (day := _dated(name))}, path
    )
    if not chosen:
        expected = "TEI with speeches as <u>, such as ParlaMint-XX_2015-01-05.xml"
        raise ValueError(f"{path}: holds no file of debates; expected {expected}{found.told()}")
    languages = Languages(corpus)
    yield from records(files, chosen, found, languages, lambda name: _Debate(name, people, languages))


def _dated(name: str) -> str:
    """The day in the name of a file of debates; empty for any other file."""
    found = DATED_NAME.match(PurePath(name).name)
    return found[2] if found else ""


def _chosen(days: Mapping[str, str], path: Path) -> list[str]:
    """The files to read, in the order of their days: of a debate in both forms the plain one, as the other is large."""
    forms: dict[tuple[str, str], dict[bool, list[str]]] = {}
    for name, day in days.items():
        base = PurePath(name).name.removesuffix(".xml")
        plain = _ANNOTATED.sub("", base)
        forms.setdefault((day, plain), {}).setdefault(plain == base, []).append(name)
    alike = (files for form in forms.values() for files in form.values() if len(files) > 1)
    # Files without a day in their names may well be called the same in the folders of two years.
    if twice := next((files[0] for files in alike if _dated(files[0])), ""):
        raise ValueError(f"{path}: holds {PurePath(twice).name} twice; expected each file once")
    corpora = {found[0] for _, plain in forms if (found := _PARLAMINT.match(plain))}
    if len(corpora) > 1:
        held = joined(sorted(corpora))
        raise ValueError(f"{path}: holds {held}; expected files of one corpus, such as ParlaMint-XX_2015-01-05.xml")
    return [name for key in sorted(forms) for name in sorted(forms[key].get(True) or forms[key][False])]
