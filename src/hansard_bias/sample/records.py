"""What a generated legislature consists of: people, speeches, sittings."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Person:
    """A member of the legislature, or a witness before one of its committees."""

    first: str
    last: str
    title: str
    """Mr. or Ms."""
    riding: str
    party: str
    portfolio: str
    """The title of the topic for which this person is minister, else empty."""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"


@dataclass(frozen=True)
class Filling:
    """What filled the slot of a planted frame."""

    frame: str
    group: str
    term: str


@dataclass(frozen=True)
class Speech:
    """One turn, without any dirt."""

    sitting: datetime.date
    ordinal: int
    person: Person
    role: str
    topic: str
    business: str
    """The kind of debate: statement, visitors, question or debate."""
    heading: str
    sentences: tuple[str, ...]
    fillings: tuple[Filling, ...] = field(default=())

    @property
    def speaker(self) -> str:
        """The speaker's name."""
        return self.person.name

    @property
    def text(self) -> str:
        """The whole speech on one line."""
        return " ".join(self.sentences)


@dataclass(frozen=True)
class Roster:
    """The people of one legislative term."""

    term: int
    chair: Person
    ministers: dict[str, Person]
    """By topic."""
    members: tuple[Person, ...]
    witnesses: tuple[Person, ...]


@dataclass(frozen=True)
class Sitting:
    """One day of debates."""

    date: datetime.date
    number: int
    """Counts the sittings of the legislature from 1."""
    roster: Roster
    speeches: tuple[Speech, ...]


@dataclass(frozen=True)
class Sample:
    """The generated legislatures."""

    seed: int
    sittings: dict[str, tuple[Sitting, ...]]

    def speeches(self, legislature: str) -> list[Speech]:
        """All speeches of a legislature, in order."""
        return [speech for sitting in self.sittings[legislature] for speech in sitting.speeches]

    def fillings(self, legislature: str) -> list[Filling]:
        """Every planted slot of a legislature's speeches."""
        return [filling for speech in self.speeches(legislature) for filling in speech.fillings]
