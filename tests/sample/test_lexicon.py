"""Inflection, and word lists with Zipf-like shares in an order of each legislature's own."""

from __future__ import annotations

import itertools

import pytest

from hansard_bias.sample.grammar import (
    FORMS,
    LEGISLATURES,
    gerund,
    load,
    past,
    plural,
    split_words,
    third_person,
    topic_lists,
    zipf_lists,
)


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
