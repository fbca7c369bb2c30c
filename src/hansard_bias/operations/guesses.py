"""What the columns of a table of debates are, guessed from their names in several languages and from their content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hansard_bias.corpora.dates import forms_of, read_day
from hansard_bias.corpora.readers.joining import day_in_name, words
from hansard_bias.corpora.readers.nested import cell_of, names_in, rows_along
from hansard_bias.corpora.roles import folded, role_of

# Parts of the names of columns, the surest first. They are looked for in names without capitals and accents.
NAMES = {
    "text": """speechtext speech_text text body speech content contents utterance transcript words redetext rede beitrag
        texte discours intervention texto discurso testo discorso tekst tale anforande anforandetext puhe wypowiedz
        projev szoveg beszed value""",
    "date": """date sitting_date day speechdate speech_date sitting datum tag sitzungstag jour date_seance fecha data
        dag dia dato pvm paiva dzien den nap tarih timestamp time datetime when created""",
    "speaker": """speaker speaker_name speakername name full_name fullname member_name mp_name who mp member person
        author orator redner rednerin sprecher orateur intervenant nom orador nombre oratore nome spreker naam talare
        namn taler navn puhuja nimi mowca mluvci jmeno felszolalo nev konusmaci politician legislator""",
    "first": "first_name firstname first forename given_name givenname vorname prenom fornamn fornavn imie",
    "last": """last_name lastname surname family_name familyname last nachname nom_de_famille apellido apellidos cognome
        efternamn etternavn nazwisko""",
    "role": """role speaker_role position speakerposition office function post rolle funktion amt fonction qualite
        cargo rol ruolo functie roll tehtava funkcja funkce tisztseg capacity speaker_type""",
    "topic": """topic maintopic agenda agenda_item heading subject title debate debate_title section item theme thema
        titel sujet titre asunto titulo tema argomento onderwerp rubrik emne aihe temat nazev cim subtopic""",
    "id": "speech_id id uid uuid key speechid utterance_id identifier",
}
_NOT_OF_THE_SITTING = {"birth", "born", "birthday", "dob", "geburtstag", "naissance", "nacimiento", "death", "end"}
_NO_NAMES = ("id", "url", "uri", "link", "party", "gender", "sex", "code", "no", "number", "nr")
# In the order in which a name may tell them, where no column does.
FILE_DATES: tuple[str, ...] = (
    "%Y-%m-%d",
    "%Y_%m_%d",
    "%Y.%m.%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%m-%Y",
    "%d_%m_%Y",
    "%d.%m.%Y",
    "%d%m%Y",
)
FILE_DATES += ("%d %B %Y", "%d %b %Y", "%Y-%m", "%Y")
_SHORTEST_TEXT = 12  # characters of a speech on average: names and headings are no debate
_MOST_DAYS = 2000
_MOST = 0.95  # share of the days that a form must fit
_NAME_LIKE = re.compile(r"[^\W\d_][^\d@:/\\]{1,60}")
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Column:
    """A column of a sample of rows."""

    name: str
    cells: Sequence[str]

    @cached_property
    def told(self) -> list[str]:
        """Its cells that are not empty."""
        return [cell for cell in self.cells if cell]

    @cached_property
    def length(self) -> float:
        """Characters of a cell, on average over all rows."""
        return sum(map(len, self.cells)) / max(1, len(self.cells))

    @cached_property
    def different(self) -> int:
        return len({*self.told})

    @property
    def plain(self) -> str:
        """The last part of its name: without accents, capitals and signs."""
        bare = folded(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name.rpartition(".")[2]))
        return "_".join(_WORD.findall(bare)) or bare

    def rank(self, kind: str) -> int:
        """How well its name fits: 0 best; beyond all names where it does not."""
        known = NAMES[kind].split()
        if self.plain in known:
            return known.index(self.plain)
        parts = self.plain.split("_")
        return len(known) + next((place for place, name in enumerate(known) if name in parts), len(known))

    def fits(self, kind: str) -> bool:
        """Whether its name says what it is."""
        return self.rank(kind) < 2 * len(NAMES[kind].split())


@dataclass
class Guess:
    """The columns as params.yaml names them, and what is doubtful about them."""

    columns: dict[str, Any] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    found: list[Column] = field(default_factory=list)  # all columns, with their cells


def guessed(rows: Sequence[Mapping[str, Any]], file_names: Sequence[str]) -> tuple[Guess, str]:
    """What the columns of these rows are, and the `file_date` where the names of the files tell the days."""
    columns = [*_columns(rows)]
    guess = Guess(found=columns)
    if not (text := _text(columns)):
        return guess, ""
    guess.columns["text"] = text.name
    # Each speech as a row, where the objects hold several.
    guess.found = columns = [*_columns([each for row in rows for each in rows_along(row, text.name)])]
    others = [column for column in columns if column.name != text.name and column.told]
    file_date = ""
    if day := _day(others):
        guess.columns |= _with_form(day, guess.doubts)
        others.remove(day)
    else:
        fitting = (each for each in FILE_DATES if all(day_in_name(name, each) for name in file_names))
        file_date = next(fitting, "")
    guess.columns |= {kind: found for kind, found in _people_and_topics(others, text) if found}
    return guess, file_date


def text_of(rows: Sequence[Mapping[str, Any]]) -> Column | None:
    """The column of these rows that holds the speeches."""
    return _text([*_columns(rows)])


def _columns(rows: Sequence[Mapping[str, Any]]) -> Iterator[Column]:
    names = dict.fromkeys(name for row in rows for name in names_in(row))
    for name in names:
        yield Column(name, [" ".join(" ".join(words(cell_of(row, name))).split()) for row in rows])


def _text(columns: Sequence[Column]) -> Column | None:
    """The longest cells; a name that says so counts for four times the length."""
    long = [column for column in columns if column.told and not (_is_dated(column) or _is_code(column))]
    long = [column for column in long if column.length > _SHORTEST_TEXT]
    return max(long, key=lambda column: column.length * (4 if column.fits("text") else 1), default=None)


def _is_dated(column: Column) -> bool:
    sample = [*dict.fromkeys(column.told)][:50]
    return bool(sample) and sum(read_day(cell) is not None for cell in sample) >= 0.9 * len(sample)


def _day(columns: Sequence[Column]) -> Column | None:
    """The column with the days of the sittings: by its name, and then the one whose days come most often."""
    possible = [column for column in columns if not {*column.plain.split("_")} & _NOT_OF_THE_SITTING]
    dated = [column for column in possible if _is_dated(column)]
    # Only where no day can be read as it is: `03/02/2001`, `1999`.
    dated = dated or [column for column in possible if _forms(column)]
    named = [column for column in dated if column.fits("date")] or dated
    full = [column for column in named if _forms(column)[:1] != ["%Y"]] or [c for c in named if c.plain in _YEARS]
    return min(full, key=lambda column: (column.rank("date"), column.different), default=None)


_YEARS = ("year", "jahr", "annee", "ano", "anno", "jaar", "ar", "rok", "ev", "yil", "date")


def _forms(column: Column) -> list[str]:
    """The forms that fit all its days; of numbers, only those of a column that may be one of days."""
    days = [*dict.fromkeys(column.told)][:_MOST_DAYS]
    if days and all(len(day) < 6 and day.isdigit() for day in days) and not column.fits("date"):
        return ["%Y"] if column.plain in _YEARS and forms_of(days, _MOST)[:1] == ["%Y"] else []
    return forms_of(days, _MOST) if days and len(days[0]) < 60 else []


def _with_form(day: Column, doubts: list[str]) -> dict[str, str]:
    if _is_dated(day):
        return {"date": day.name}
    forms = _forms(day)
    if len(forms) > 1:
        doubts.append(f"days may be {' or '.join(forms[:3])}: all fit")
    return {"date": day.name, "date_format": forms[0]}


def _people_and_topics(columns: Sequence[Column], text: Column) -> Iterator[tuple[str, Any]]:
    speaker = _speaker(columns)
    yield "speaker", speaker
    taken = {*([speaker] if isinstance(speaker, str) else speaker)}
    short = [each for each in columns if each.name not in taken and each.length < max(200.0, text.length)]
    role = min((each for each in short if _is_role(each)), key=lambda each: each.rank("role"), default=None)
    yield "role", role.name if role else ""
    topics = [each for each in short if each is not role and each.fits("topic") and not _is_code(each)]
    topic = min(topics, key=lambda each: each.rank("topic"), default=None)
    yield "topic", topic.name if topic else ""
    # Only one that tells rows apart: others may be of debates or persons.
    keys = [each for each in columns if each.fits("id") and each.different == len(each.cells)]
    yield "id", min(keys, key=lambda each: each.rank("id")).name if keys and len(text.cells) > 1 else ""


def _speaker(columns: Sequence[Column]) -> str | list[str]:
    """The column with the speakers' names, or those with their parts; an id only where there is nothing better."""
    parts = [min((c for c in columns if c.fits(kind)), key=lambda c: c.rank(kind), default=None) for kind in _PARTS]
    named = [column for column in columns if column.fits("speaker") and not _is_code(column) and _are_names(column)]
    named = [column for column in named if column not in parts]
    if named:
        return min(named, key=lambda column: column.rank("speaker")).name
    if parts[0] and parts[1] and parts[0] is not parts[1]:
        return [parts[0].name, parts[1].name]
    like = [column for column in columns if _are_names(column) and not _is_code(column) and not _is_role(column)]
    like = [column for column in like if not column.fits("topic") and column.length < 40]
    return max(like, key=lambda column: column.different).name if like else ""


_PARTS = ("first", "last")


def _is_code(column: Column) -> bool:
    return bool({*column.plain.split("_")} & {*_NO_NAMES})


def _are_names(column: Column) -> bool:
    """Whether its cells look like names of persons, of whom several speak and some more than once."""
    like = sum(bool(_NAME_LIKE.fullmatch(cell)) and cell.count(" ") < 8 for cell in column.told)
    capitals = sum(cell[:1] != cell[:1].lower() or not cell[:1].isascii() for cell in column.told)
    return like >= 0.8 * len(column.told) and (capitals >= 0.5 * len(column.told) or column.fits("speaker"))


def _is_role(column: Column) -> bool:
    """Whether words for roles stand in it; of a column whose name says so, they need not be known."""
    known = sum(bool(role_of(cell)) for cell in {*column.told})
    is_likely = column.fits("role") or (known >= 0.5 * column.different and column.different < 50)
    return column.different <= 500 and is_likely
