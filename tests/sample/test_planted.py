"""The planted associations: what was planned is what was drawn, and what is written in the speeches."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest
from scipy import stats

from hansard_bias.sample.archives import planted_truth
from hansard_bias.sample.grammar import LEGISLATURES, MASK, SpeechWriter, associations, load, neutral_sentence
from hansard_bias.sample.legislature import Sample

FRAMES = associations()
BY_ID = {frame.id: frame for frame in FRAMES}
CONFIDENCE = 0.999


def test_the_plan_has_enough_of_every_kind() -> None:
    topics = Counter(frame.topic for frame in FRAMES)
    probabilities = [frame.probability for frame in FRAMES]

    assert len(FRAMES) >= 16
    assert min(topics.values()) >= 2
    assert len(topics) >= 6
    assert any(p["nunavut"] < p["canada"] for p in probabilities)
    assert sum(p["nunavut"] == p["canada"] == 0.5 for p in probabilities) >= 2
    assert min(min(p.values()) for p in probabilities) <= 0.1
    assert max(max(p.values()) for p in probabilities) >= 0.9


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.id)
def test_frames_are_well_formed(frame) -> None:
    terms = load("associations")["terms"]
    for group, shares in frame.shares.items():
        assert sum(shares.values()) == pytest.approx(1)
        assert set(shares) <= set(terms[group])
    assert len(frame.carriers) >= 2
    for carrier in frame.carriers:
        words = carrier.split()
        assert words.count(MASK) == 1
        # Never first, where a term would be capitalised; never after an article that gives its first letter away.
        assert words.index(MASK) > 0
        assert words[words.index(MASK) - 1] not in ("a", "an")


@pytest.mark.parametrize("legislature", LEGISLATURES)
@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.id)
def test_drawn_frequencies_fit_the_plan(default_sample: Sample, frame, legislature: str) -> None:
    """The northern group's count lies in the binomial's central 99.9 %, and terms follow their shares."""
    drawn = [filling for filling in default_sample.fillings(legislature) if filling.frame == frame.id]
    northern = sum(filling.group == "northern" for filling in drawn)
    low, high = stats.binom.interval(CONFIDENCE, len(drawn), frame.probability[legislature])

    assert len(drawn) >= 120
    assert low <= northern <= high
    for group, shares in frame.shares.items():
        terms = Counter(filling.term for filling in drawn if filling.group == group)
        for term, share in shares.items():
            low, high = stats.binom.interval(0.99999, terms.total(), share)
            assert low <= terms[term] <= high, term


def test_probabilities_differ_from_their_opposites(default_sample: Sample) -> None:
    """The bounds above have teeth: with the legislatures swapped, most strong frames fall outside them."""
    strong = [frame for frame in FRAMES if abs(frame.probability["nunavut"] - frame.probability["canada"]) >= 0.3]
    caught = 0
    for frame in strong:
        drawn = [filling for filling in default_sample.fillings("nunavut") if filling.frame == frame.id]
        northern = sum(filling.group == "northern" for filling in drawn)
        low, high = stats.binom.interval(CONFIDENCE, len(drawn), frame.probability["canada"])
        caught += not low <= northern <= high

    assert caught == len(strong) >= 8


def test_speeches_hold_their_planted_terms_in_their_topic(default_sample: Sample) -> None:
    for legislature in LEGISLATURES:
        for speech in default_sample.speeches(legislature):
            for filling in speech.fillings:
                assert f" {filling.term} " in speech.text
                assert BY_ID[filling.frame].topic == speech.topic


def test_neutral_sentences_favour_no_term() -> None:
    plan = {**load("associations"), "neutral": ["about [MASK] things."]}
    writer = SpeechWriter({}, Random(3), 2001)
    counts = Counter(neutral_sentence(plan, writer).split()[1] for _ in range(4800))

    assert len(counts) == 24
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_truth_states_plan_and_counts(default_sample: Sample) -> None:
    truth = planted_truth(default_sample)

    assert truth["seed"] == 1999
    assert [record["id"] for record in truth["associations"]] == [frame.id for frame in FRAMES]
    for record in truth["associations"]:
        assert all(prompt.count(MASK) == 1 and "{" not in prompt for prompt in record["prompts"])
        for legislature in LEGISLATURES:
            p = record["probability_northern"][legislature]
            assert record["log_odds"][legislature] == pytest.approx(math.log(p) - math.log1p(-p))
            count = sum(filling.frame == record["id"] for filling in default_sample.fillings(legislature))
            assert record["occurrences"][legislature] == count
            assert 0 < record["occurrences_northern"][legislature] < count
