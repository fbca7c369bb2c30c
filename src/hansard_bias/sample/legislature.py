"""What a generated legislature consists of: people, speeches, sittings."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hansard_bias.randomness import stable_hash
from hansard_bias.sample.lexicon import split_words


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


# When the generated legislatures sit, how long, and who sits in them.

FIRST_YEAR, LAST_YEAR = 1999, 2017
# Both legislatures sit from February to early June and from September to November.
SITTING_MONTHS = (2, 3, 4, 5, 9, 10, 11)
TERM_STARTS = (1999, 2004, 2009, 2014)
MEMBERS = {"nunavut": 19, "canada": 27}
# Surnames that no member has in any term, or a reader could not tell a witness from a member.
WITNESSES = 5


def sitting_days(seed: int, legislature: str, sittings: int) -> list[datetime.date]:
    """Weekdays spread evenly over the years 1999 to 2017: the same number in each year for both legislatures."""
    years = LAST_YEAR - FIRST_YEAR + 1
    per_year = [0] * years
    for index in range(sittings):
        per_year[index * years // sittings] += 1
    days: list[datetime.date] = []
    for offset, count in enumerate(per_year):
        year = FIRST_YEAR + offset
        rng = Random(stable_hash(seed, legislature, "calendar", year))
        days += sorted(rng.sample(_weekdays(year), count))
    return days


def _weekdays(year: int) -> list[datetime.date]:
    start = datetime.date(year, 1, 1)
    days = [start + datetime.timedelta(days=offset) for offset in range(365)]
    return [day for day in days if day.month in SITTING_MONTHS and day.weekday() < 5]


def sitting_sizes(seed: int, legislature: str, days: list[datetime.date], speeches: int) -> list[int]:
    """How many speeches each day has: between half and one and a half times the mean, and `speeches` in all."""
    weights = [0.5 + Random(stable_hash(seed, legislature, "size", day)).random() for day in days]
    scale = speeches / sum(weights)
    sizes = [int(weight * scale) for weight in weights]
    # What rounding down has left over goes to the first days, one speech each.
    for index in range(speeches - sum(sizes)):
        sizes[index] += 1
    return sizes


def rosters(seed: int, legislature: str, own: Mapping[str, Any], titles: Mapping[str, str]) -> dict[int, Roster]:
    """The people of every term, by the year in which it starts; `titles` names each topic's portfolio."""
    return {
        start: _roster(Random(stable_hash(seed, legislature, "term", start)), index + 1, legislature, own, titles)
        for index, start in enumerate(TERM_STARTS)
    }


def term_start(day: datetime.date) -> int:
    """The first year of the term in which a day falls."""
    return max(start for start in TERM_STARTS if start <= day.year)


def _roster(rng: Random, term: int, legislature: str, own: Mapping[str, Any], titles: Mapping[str, str]) -> Roster:
    first, surnames, places = (split_words(own[name]) for name in ("first", "surname", "place"))
    parties = split_words(own["party"])
    count = MEMBERS[legislature]
    surnames = [*rng.sample(surnames[:-WITNESSES], count), *surnames[-WITNESSES:]]
    rng.shuffle(places)
    # A minister holds one portfolio each, so that a topic's answers come from one person.
    portfolios = ["", *titles.values()] + [""] * len(surnames)
    people = []
    for index, surname in enumerate(surnames):
        position = rng.randrange(len(first))
        title = ("Mr.", "Ms.")[position % 2]
        riding = places[index] if index < count else ""
        portfolio = portfolios[index] if index < count else ""
        people.append(Person(first[position], surname, title, riding, rng.choice(parties), portfolio))
    ministers = dict(zip(titles, people[1 : 1 + len(titles)], strict=True))
    return Roster(term, people[0], ministers, tuple(people[1 + len(titles) : count]), tuple(people[count:]))


# What real archives hold beside speeches: repeated speeches, exact or nearly so, and formulas of procedure.

# Per speech: the chance that it is printed twice, and the share of those copies with a word or two changed.
REPEATED_SAME_DAY = 0.012
REPEATED_OTHER_DAY = 0.01
NEAR_SHARE = 0.45
LONG_ENOUGH = 15
REPLACEMENTS = ("indeed", "perhaps", "rather", "truly", "maybe", "simply")
FORMULAS = ("Agreed.", "Thank you, Mr. Speaker.", "Thank you.", "Carried.", "Yes.", "Agreed. Carried.")


def with_duplicates(speeches: Sequence[Speech], earlier: Sequence[Speech], rng: Random) -> list[Speech]:
    """A day's speeches with copies among them: of the day's own speeches, and of `earlier` ones.

    A copy takes the place in the debate where it is put; its words and its speaker stay.
    """
    printed: list[Speech] = []
    for speech in speeches:
        printed.append(speech)
        if rng.random() < REPEATED_SAME_DAY:
            printed.append(_copy(rng.choice(speeches[: len(printed)]), speech, rng))
        if earlier and rng.random() < REPEATED_OTHER_DAY:
            printed.append(_copy(rng.choice(earlier), speech, rng))
    return printed


def _copy(original: Speech, place: Speech, rng: Random) -> Speech:
    sentences = original.sentences
    if rng.random() < NEAR_SHARE and len(original.text.split()) >= LONG_ENOUGH:
        sentences = _with_changed_word(original, rng)
    return dataclasses.replace(
        place, person=original.person, role=original.role, sentences=sentences, fillings=original.fillings
    )


def _with_changed_word(speech: Speech, rng: Random) -> tuple[str, ...]:
    """Replace one word; never a planted term, whose frequency is the sample's truth."""
    planted = {filling.term for filling in speech.fillings}
    places = [
        (number, position)
        for number, sentence in enumerate(speech.sentences)
        for position, word in enumerate(sentence.split())
        if word.isalpha() and word.islower() and len(word) > 3 and word not in planted
    ]
    number, position = rng.choice(places)
    words = speech.sentences[number].split()
    words[position] = rng.choice(REPLACEMENTS)
    return (*speech.sentences[:number], " ".join(words), *speech.sentences[number + 1 :])
