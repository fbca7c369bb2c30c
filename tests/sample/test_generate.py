"""The two legislatures: reproducible, large and varied enough, alike and yet different."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from hansard_bias.params import SampleConfig
from hansard_bias.sample.generate import generate
from hansard_bias.sample.grammar import LEGISLATURES
from hansard_bias.sample.legislature import Sample, Speech

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


def _words(speeches: list[Speech]) -> Counter[str]:
    return Counter(word for speech in speeches for word in WORD.findall(speech.text.lower()))


def test_same_seed_same_sample(small_sample: Sample, other_sample: Sample) -> None:
    again = generate(SampleConfig(seed=7, speeches=240, sittings=24))

    assert again == small_sample
    for name in LEGISLATURES:
        one, other = ({speech.text for speech in each.speeches(name)} for each in (small_sample, other_sample))
        assert one != other


@pytest.mark.parametrize("legislature", LEGISLATURES)
def test_size_and_variety(default_sample: Sample, legislature: str) -> None:
    speeches = default_sample.speeches(legislature)
    words = _words(speeches)

    assert len(speeches) == 3400
    assert len(default_sample.sittings[legislature]) == 72
    assert {speech.sitting.year for speech in speeches} == set(range(1999, 2018))
    assert len(words) >= 1500
    assert 25 <= words.total() / len(speeches) <= 40
    assert min(len(speech.text) for speech in speeches) >= 20
    assert len({speech.text for speech in speeches}) > 0.99 * len(speeches)


@pytest.mark.parametrize("legislature", LEGISLATURES)
def test_text_is_finished(default_sample: Sample, legislature: str) -> None:
    """No slot is left open, no sentence lacks its capital or its end."""
    for speech in default_sample.speeches(legislature):
        assert not re.search(r"[{}|\[\]!:()]|  | [,.?]", speech.text), speech.text
        assert all(sentence[0].isupper() and sentence[-1] in ".?" for sentence in speech.sentences), speech.text


def test_turns_are_numbered_and_roles_fit(default_sample: Sample) -> None:
    for name in LEGISLATURES:
        for sitting in default_sample.sittings[name]:
            assert [speech.ordinal for speech in sitting.speeches] == list(range(1, len(sitting.speeches) + 1))
            for speech in sitting.speeches:
                people = {
                    "member": sitting.roster.members,
                    "minister": (sitting.roster.ministers[speech.topic],),
                    "chair": (sitting.roster.chair,),
                    "witness": sitting.roster.witnesses,
                }[speech.role]
                assert speech.person in people
    assert {speech.role for speech in default_sample.speeches("nunavut")} == {"member", "minister", "chair", "witness"}
    assert {speech.role for speech in default_sample.speeches("canada")} == {"member", "minister", "chair"}


def test_most_of_the_language_is_shared_but_topics_and_names_are_not(default_sample: Sample) -> None:
    north, south = (_words(default_sample.speeches(name)) for name in LEGISLATURES)
    shared = set(north) & set(south)
    topics = {name: Counter(speech.topic for speech in default_sample.speeches(name)) for name in LEGISLATURES}
    tokens = sum(north[word] for word in shared) / north.total()
    distance = sum(abs(north[word] / north.total() - south[word] / south.total()) for word in north | south) / 2

    assert tokens > 0.8
    assert len(set(north) - shared) > 80
    assert len(set(south) - shared) > 80
    # Total variation: clearly apart, and far from disjoint.
    assert 0.2 < distance < 0.6
    assert topics["nunavut"]["housing"] > 1.5 * topics["canada"]["housing"]
    assert topics["canada"]["economy"] > 1.5 * topics["nunavut"]["economy"]


def test_a_sitting_does_not_depend_on_the_other_sittings_sizes(small_sample: Sample) -> None:
    """Days are drawn from (seed, legislature, year): the same in a sample with more speeches."""
    larger = generate(SampleConfig(seed=7, speeches=480, sittings=24))

    for name in LEGISLATURES:
        assert [sitting.date for sitting in larger.sittings[name]] == [s.date for s in small_sample.sittings[name]]
        assert [sitting.roster for sitting in larger.sittings[name]] == [s.roster for s in small_sample.sittings[name]]
