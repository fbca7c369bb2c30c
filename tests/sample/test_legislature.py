"""Sitting days, their sizes, and the people; speeches that are printed twice."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from hansard_bias.params.corpora import MOST_SITTINGS
from hansard_bias.sample.grammar import LEGISLATURES, load
from hansard_bias.sample.legislature import (
    REPEATED_OTHER_DAY,
    REPEATED_SAME_DAY,
    Sample,
    rosters,
    sitting_days,
    sitting_sizes,
    term_start,
    with_duplicates,
)

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


# Repeated speeches: as often as planned, exact or with one word changed, planted terms untouched.


def _differences(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one.split(), other.split(), strict=True))


def test_duplicates_keep_order_and_change_at_most_a_word(default_sample: Sample) -> None:
    days = default_sample.sittings["canada"]
    earlier, today = days[0].speeches, days[1].speeches
    known = {speech.text for speech in (*earlier, *today)}
    exact = near = 0
    for seed in range(60):
        printed = with_duplicates(today, earlier, Random(seed))
        copies = [speech for speech in printed if speech not in today]
        exact += sum(speech.text in known for speech in copies)
        for copy in (speech for speech in copies if speech.text not in known):
            near += 1
            same_length = [text for text in known if len(text.split()) == len(copy.text.split())]
            source = min(same_length, key=lambda text: _differences(text, copy.text))
            assert _differences(source, copy.text) == 1
            assert all(f" {filling.term} " in copy.text for filling in copy.fillings)
        assert list(dict.fromkeys(speech for speech in printed if speech in today)) == list(today)
        assert {speech.sitting for speech in printed} == {today[0].sitting}
    assert exact > 5
    assert near > 5


def test_rates(default_sample: Sample) -> None:
    speeches = default_sample.speeches("nunavut")
    added = len(with_duplicates(speeches, speeches[:50], Random(1))) - len(speeches)
    expected = len(speeches) * (REPEATED_SAME_DAY + REPEATED_OTHER_DAY)

    assert abs(added - expected) < 4 * expected**0.5


def test_the_first_day_repeats_no_earlier_one(default_sample: Sample) -> None:
    today = default_sample.sittings["canada"][0].speeches
    own = {speech.person for speech in today}

    for seed in range(20):
        assert {speech.person for speech in with_duplicates(today, [], Random(seed))} == own
