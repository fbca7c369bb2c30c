"""When the generated legislatures sit, how long, and who sits in them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from random import Random
from typing import Any

from hansard_bias.randomness import stable_hash
from hansard_bias.sample.lexicon import split_words
from hansard_bias.sample.records import Person, Roster

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
