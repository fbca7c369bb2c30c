"""Sitting days, their sizes, and the people."""

from __future__ import annotations

from collections import Counter

import pytest

from hansard_bias.params.corpora import MOST_SITTINGS
from hansard_bias.sample.grammar import LEGISLATURES, load
from hansard_bias.sample.legislature import rosters, sitting_days, sitting_sizes, term_start

TITLES = {topic: content["title"] for topic, content in load("lexicon")["topics"].items()}


@pytest.mark.parametrize("legislature", LEGISLATURES)
def test_days_are_weekdays_of_every_year(legislature: str) -> None:
    days = sitting_days(5, legislature, 72)

    assert days == sorted(set(days))
    assert len(days) == 72
    assert {day.year for day in days} == set(range(1999, 2018))
    assert all(day.weekday() < 5 for day in days)


def test_both_legislatures_sit_equally_often_each_year() -> None:
    north, south = (sitting_days(5, name, 31) for name in LEGISLATURES)

    assert Counter(day.year for day in north) == Counter(day.year for day in south)
    assert north != south


@pytest.mark.parametrize("speeches", [240, 241, 3400])
def test_sizes_add_up(speeches: int) -> None:
    days = sitting_days(1, "canada", 24)
    sizes = sitting_sizes(1, "canada", days, speeches)

    assert sum(sizes) == speeches
    assert len(sizes) == 24
    assert min(sizes) >= 0.3 * speeches / 24


@pytest.mark.parametrize("legislature", LEGISLATURES)
def test_rosters(legislature: str) -> None:
    terms = rosters(3, legislature, load("legislatures")[legislature], TITLES)
    members = {
        person.last
        for roster in terms.values()
        for person in (roster.chair, *roster.ministers.values(), *roster.members)
    }
    witnesses = {person.last for roster in terms.values() for person in roster.witnesses}

    assert [roster.term for roster in terms.values()] == [1, 2, 3, 4]
    assert members.isdisjoint(witnesses)
    for roster in terms.values():
        people = (roster.chair, *roster.ministers.values(), *roster.members)
        assert len({person.last for person in people}) == len({person.riding for person in people}) == len(people)
        assert {topic: person.portfolio for topic, person in roster.ministers.items()} == TITLES


def test_terms_begin_in_their_first_year() -> None:
    days = sitting_days(5, "canada", 72)

    assert {term_start(day) for day in days} == {1999, 2004, 2009, 2014}
    assert all(0 <= day.year - term_start(day) <= 4 for day in days)


def test_as_many_sittings_as_params_allow_fit_into_the_calendar() -> None:
    days = sitting_days(1999, "canada", MOST_SITTINGS)
    assert len(set(days)) == MOST_SITTINGS and days == sorted(days)
