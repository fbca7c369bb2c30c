"""Patterns become sentences, of words inflected by rule, with shares in an order of each legislature's own."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random

import pytest

from hansard_bias.sample.grammar import (
    FORMS,
    LEGISLATURES,
    SpeechWriter,
    canonical,
    finish,
    gerund,
    load,
    past,
    plural,
    split_words,
    third_person,
    topic_lists,
    zipf_lists,
)


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


# Inflection, and word lists with Zipf-like shares.


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("unit", "units"),
        ("story", "stories"),
        ("survey", "surveys"),
        ("bus", "buses"),
        ("clutch", "clutches"),
        ("child/children", "children"),
    ],
)
def test_plurals(word: str, expected: str) -> None:
    assert plural(word) == expected


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("repair", ("repairs", "repaired", "repairing")),
        ("describe", ("describes", "described", "describing")),
        ("occupy", ("occupies", "occupied", "occupying")),
        ("tag/tagged", ("tags", "tagged", "tagging")),
        ("teach/taught", ("teaches", "taught", "teaching")),
        ("oversee/overseen", ("oversees", "overseen", "overseeing")),
        ("drive/driven", ("drives", "driven", "driving")),
        ("rent/rented", ("rents", "rented", "renting")),
    ],
)
def test_verb_forms(verb: str, forms: tuple[str, str, str]) -> None:
    assert (third_person(verb), past(verb), gerund(verb)) == forms


def test_modals_agree_with_their_subject() -> None:
    modal, perfect = FORMS["modal"], FORMS["perfect"]

    assert (modal["modal_s"]("is able to|are able to"), modal["modal_p"]("is able to|are able to")) == (
        "is able to",
        "are able to",
    )
    assert modal["modal_p"]("will") == "will"
    assert (perfect["perfect_s"]("has never"), perfect["perfect_p"]("has never")) == ("has never", "have never")
    assert perfect["perfect_p"]("had not") == "had not"


def test_the_forms_of_a_word_stand_at_the_same_position() -> None:
    lists = zipf_lists("nunavut", "housing", {"thing": "unit, story, child/children"}, {})

    assert [plural(word) for word in ("unit", "story")] == [
        lists["things"].items[lists["thing"].items.index(word)] for word in ("unit", "story")
    ]
    assert lists["thing"].base == lists["things"].base


def test_shares_fall_with_rank() -> None:
    (words,) = zipf_lists("nunavut", "housing", {"trait": "a, b, c, d, e"}, {}).values()
    weights = [b - a for a, b in itertools.pairwise((0.0, *words.cumulative))]

    assert weights == sorted(weights, reverse=True)
    assert weights[0] / weights[3] == pytest.approx(4**1.7)


def test_each_legislature_orders_a_topic_in_its_own_way_and_has_words_of_its_own() -> None:
    both = [topic_lists(name) for name in LEGISLATURES]
    for topic, content in load("lexicon")["topics"].items():
        north, south = (lists[topic]["thing"].items for lists in both)
        shared = set(split_words(content["thing"])) - {""}
        assert [word for word in north if word in south] != [word for word in south if word in north], topic
        assert len(set(north) & set(south)) == len(shared)
        assert set(north) - set(south)
        assert set(south) - set(north)


def test_no_group_term_hides_in_the_word_lists() -> None:
    """The planted truth holds only if the terms come from nowhere but the frames and the neutral sentences."""
    terms = {term.lower() for group in load("associations")["terms"].values() for term in group}
    for name in ("lexicon", "grammar", "legislatures"):
        for text in _texts(load(name)):
            assert terms.isdisjoint(text.lower().replace(",", " ").replace(".", " ").split()), text


def _texts(node: object) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in _texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value)]
    return [node] if isinstance(node, str) else []
