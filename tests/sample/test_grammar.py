"""Patterns become sentences."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from hansard_bias.sample.grammar import SpeechWriter, canonical, finish, zipf_lists


def _writer(seed: int = 0, **listings: str | list[str]) -> SpeechWriter:
    return SpeechWriter(zipf_lists("nunavut", "", listings, {}), Random(seed), year=2005)


def test_slots_are_filled_through_several_levels() -> None:
    writer = _writer(trait=["cold"], thing=["roof"], patient=["the {trait} {things}"])

    assert writer.expand("we fix {patient}.") == "we fix the cold roofs."


def test_alternatives_are_drawn_evenly() -> None:
    writer = _writer()
    counts = Counter(writer.expand("{often|still}") for _ in range(2000))

    # Binomial with 2,000 draws: a standard deviation of 22, so 90 is four of them.
    assert abs(counts["often"] - 1000) < 90


def test_an_exclamation_mark_asks_for_another_word() -> None:
    for seed in range(40):
        first, second = _writer(seed, place=["Raven", "Stone", "Loon"]).expand("{place} {place!}").split()
        assert first != second


def test_words_come_back_within_a_speech() -> None:
    """A repeated place: the echo, or by chance; without an echo it would be the squared shares alone."""
    places = [f"place{number}" for number in range(20)]
    same = 0
    for seed in range(1500):
        first, second = _writer(seed, place=places).expand("{place} {place}").split()
        same += first == second
    weights = [1 / rank for rank in range(1, 21)]
    chance = sum((weight / sum(weights)) ** 2 for weight in weights)
    expected = 0.4 + 0.6 * chance

    assert same / 1500 == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 1500) ** 0.5)


def test_years_lie_before_the_sitting() -> None:
    years = {int(_writer(seed, years_ago=["1", "2", "3"]).expand("{year}")) for seed in range(60)}

    assert years == {2002, 2003, 2004}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the roof leaks.", "The roof leaks."),
        ("she is a artist.", "She is an artist."),
        ("a uniform and a umbrella.", "A uniform and an umbrella."),
        ("Élodie spoke.", "Élodie spoke."),
    ],
)
def test_finish(text: str, expected: str) -> None:
    assert finish(text) == expected


def test_canonical_takes_the_first_alternatives() -> None:
    assert canonical("in [MASK] towns, {often|still} {cold|wet}.") == "In [MASK] towns, often cold."
