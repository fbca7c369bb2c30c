"""What a generated legislature consists of: people, speeches, sittings; when it sits, how long, and who sits in it."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from hansard_bias.randomness import stable_hash
from hansard_bias.sample.grammar import Filling, split_words

FIRST_YEAR, LAST_YEAR = 1999, 2017
# Both legislatures sit from February to early June and from September to November.
SITTING_MONTHS = (2, 3, 4, 5, 9, 10, 11)
TERM_STARTS = (1999, 2004, 2009, 2014)
MEMBERS = {"nunavut": 19, "canada": 27}
WITNESSES = 5


@dataclass(frozen=True)
class Person:
    """A member of the legislature, or a witness before one of its committees."""

    first: str
    last: str
    title: str  # Mr. or Ms.
    riding: str
    party: str
    portfolio: str  # the title of the topic for which this person is minister, else empty

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def called(self) -> str:
        """`Mr. Akkaluk`."""
        return f"{self.title} {self.last}"

    @property
    def titled(self) -> str:
        """`Mr. Peter Akkaluk`."""
        return f"{self.title} {self.name}"


@dataclass(frozen=True)
class Speech:
    """One turn, without any noise."""

    sitting: datetime.date
    ordinal: int
    person: Person
    role: str
    topic: str
    business: str  # the kind of debate: statement, visitors, question or debate
    heading: str
    sentences: tuple[str, ...] = ()
    fillings: tuple[Filling, ...] = ()

    @property
    def text(self) -> str:
        """The whole speech on one line."""
        return " ".join(self.sentences)


@dataclass(frozen=True)
class Roster:
    """The people of one legislative term."""

    term: int
    chair: Person
    ministers: dict[str, Person]  # by topic
    members: tuple[Person, ...]
    witnesses: tuple[Person, ...]


@dataclass(frozen=True)
class Sitting:
    """One day of debates."""

    date: datetime.date
    number: int  # counts the sittings of the legislature from 1
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


def sitting_days(seed: int, legislature: str, sittings: int) -> list[datetime.date]:
    """Weekdays spread evenly over the years 1999 to 2017: the same number in each year for both legislatures."""
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    per_year = Counter(years[index * len(years) // sittings] for index in range(sittings))
    days: list[datetime.date] = []
    for year in years:
        # A generator a year: another number of sittings moves the days of no other year.
        rng = Random(stable_hash(seed, legislature, "calendar", year))
        listed = (datetime.date(year, 1, 1) + datetime.timedelta(days=offset) for offset in range(365))
        weekdays = [day for day in listed if day.month in SITTING_MONTHS and day.weekday() < 5]
        days += sorted(rng.sample(weekdays, per_year[year]))
    return days


def sitting_sizes(seed: int, legislature: str, days: list[datetime.date], speeches: int) -> list[int]:
    """How many speeches each day has: between half and one and a half times the mean, and `speeches` in all."""
    weights = [0.5 + Random(stable_hash(seed, legislature, "size", day)).random() for day in days]
    scale = speeches / sum(weights)
    sizes = [int(weight * scale) for weight in weights]
    # What rounding down has left over goes to the first days, one speech each.
    left_over = speeches - sum(sizes)
    return [size + (index < left_over) for index, size in enumerate(sizes)]


def term_start(day: datetime.date) -> int:
    """The first year of the term in which a day falls."""
    return max(start for start in TERM_STARTS if start <= day.year)


def rosters(seed: int, legislature: str, own: Mapping[str, Any], titles: Mapping[str, str]) -> dict[int, Roster]:
    """The people of every term, by the year in which it starts; `titles` names each topic's portfolio."""
    count = MEMBERS[legislature]
    return {
        start: _roster(Random(stable_hash(seed, legislature, "term", start)), term, count, own, titles)
        for term, start in enumerate(TERM_STARTS, start=1)
    }


def _roster(rng: Random, term: int, count: int, own: Mapping[str, Any], titles: Mapping[str, str]) -> Roster:
    first, surnames, places, parties = (split_words(own[name]) for name in ("first", "surname", "place", "party"))
    # The last surnames are the witnesses': a member's, in any term, would make a reader take them for members.
    surnames = [*rng.sample(surnames[:-WITNESSES], count), *surnames[-WITNESSES:]]
    rng.shuffle(places)
    # A minister holds one portfolio each, so that a topic's answers come from one person.
    # The chair holds none, and members behind the ministers neither.
    portfolios = ["", *titles.values(), *[""] * count]
    people = []
    for index, surname in enumerate(surnames):
        position = rng.randrange(len(first))
        # First names are listed in turns, a man's and a woman's.
        title = ("Mr.", "Ms.")[position % 2]
        # Witnesses, who come last, have no riding.
        riding, portfolio = (places[index], portfolios[index]) if index < count else ("", "")
        people.append(Person(first[position], surname, title, riding, rng.choice(parties), portfolio))
    chair, *others = people[:count]
    # The first members are the ministers, as many as there are topics.
    ministers = dict(zip(titles, others, strict=False))
    return Roster(term, chair, ministers, tuple(others[len(titles) :]), tuple(people[count:]))


# What real archives hold beside speeches: repeated speeches, exact or nearly so, and formulas of procedure.

# Per speech: the chance that it is printed twice, and the share of those copies with a word or two changed.
REPEATED_SAME_DAY = 0.012
REPEATED_OTHER_DAY = 0.01
NEAR_SHARE = 0.45
# In words: a formula with a word changed would be no near copy.
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
    sentences = [sentence.split() for sentence in original.sentences]
    if rng.random() < NEAR_SHARE and sum(map(len, sentences)) >= LONG_ENOUGH:
        # Never a planted term, whose frequency is the sample's truth.
        planted = {filling.term for filling in original.fillings}
        places = [
            (words, position)
            for words in sentences
            for position, word in enumerate(words)
            if word.isalpha() and word.islower() and len(word) > 3 and word not in planted
        ]
        words, position = rng.choice(places)
        words[position] = rng.choice(REPLACEMENTS)
    who, said = (original.person, original.role), (tuple(map(" ".join, sentences)), original.fillings)
    return Speech(place.sitting, place.ordinal, *who, place.topic, place.business, place.heading, *said)
