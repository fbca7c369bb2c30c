"""Gaps of words against single computations and simulated nulls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.variance import pooled
from hansard_bias.statistics.words import Occurrences, word_gaps

CONFIDENCE = 0.95


def simulate(
    words: int,
    seeds: int,
    sittings: int,
    rng: np.random.Generator,
    speakers: int = 1,
    voice: float = 0.0,
    run: float = 0.2,
) -> tuple[np.ndarray, Occurrences]:
    """Sums and counts of words that differ by nothing but runs, sittings, speakers and chance."""
    word, sitting, speaker = (each.ravel() for each in np.indices((words, sittings, speakers)))
    counts = rng.poisson(4, size=len(word)).astype(float)
    # Every word occurs somewhere.
    counts[(sitting == 0) & (speaker == 0)] += 1
    luck = rng.normal(0, run, size=(seeds, words))[:, word]
    level = luck + rng.normal(0, 0.5, size=(words, sittings))[word, sitting]
    level = level + rng.normal(0, voice, size=(words, speakers))[word, speaker]
    sums = level * counts + rng.normal(0, 1, size=(seeds, len(word))) * np.sqrt(counts)
    kept = counts > 0
    who = speaker[kept] if speakers > 1 else None
    return sums[:, kept], Occurrences(word[kept], sitting[kept], who, counts[kept])


def some(where: Occurrences, chosen: np.ndarray) -> Occurrences:
    """The cells of some words, numbered anew."""
    speaker = None if where.speaker is None else where.speaker[chosen]
    word = np.unique(where.word[chosen], return_inverse=True)[1]
    return Occurrences(word, where.sitting[chosen], speaker, where.counts[chosen])


def test_one_seed_and_equal_counts_give_the_t_interval_and_test() -> None:
    values = np.random.default_rng(1).normal(0.5, 1, size=12)
    where = Occurrences(np.zeros(12, dtype=int), np.arange(12), None, np.ones(12))
    found = word_gaps(values[None], where, CONFIDENCE, 5)
    theirs = stats.ttest_1samp(values, 0)
    assert found.difference == pytest.approx([values.mean()])
    assert (found.low[0], found.high[0]) == pytest.approx(theirs.confidence_interval(CONFIDENCE))
    assert found.p == pytest.approx([theirs.pvalue])
    assert found.p_holm == pytest.approx(found.p)


@pytest.mark.parametrize("speakers", [1, 7])
def test_a_word_has_the_interval_of_its_own_mean(speakers: int) -> None:
    sums, where = simulate(9, 3, 8, np.random.default_rng(5), speakers, voice=0.5)
    found = word_gaps(sums, where, CONFIDENCE, 2)
    for word in range(9):
        cells = where.word == word
        codes = [where.sitting[cells]] + ([] if where.speaker is None else [where.speaker[cells]])
        alone = pooled(sums[:, cells], where.counts[cells], Clusters.of(*codes))
        (interval,) = alone.intervals(CONFIDENCE)
        assert (found.difference[word], found.low[word], found.high[word]) == pytest.approx(
            (interval.value, interval.low, interval.high)
        )
        assert found.p[word] == pytest.approx(alone.p[0])


@pytest.mark.parametrize("seeds", [1, 3])
def test_intervals_cover_and_tests_reject_at_their_nominal_rates(seeds: int) -> None:
    # One run says nothing of the luck that is in it.
    sums, where = simulate(1500, seeds, 25, np.random.default_rng(2), run=0.2 if seeds > 1 else 0)
    found = word_gaps(sums, where, CONFIDENCE, 5)
    covered, rejected = int(np.sum((found.low <= 0) & (found.high >= 0))), int(np.sum(found.p < 0.05))
    assert covered == 1500 - rejected
    assert stats.binom.ppf(0.001, 1500, 0.025) <= rejected <= stats.binom.ppf(0.999, 1500, 0.06)
    assert np.sum(found.p_holm <= 0.05) <= 2


def test_speakers_who_say_a_word_in_their_own_way_are_covered() -> None:
    sums, where = simulate(800, 3, 12, np.random.default_rng(6), speakers=10, voice=0.8)
    both, days = (word_gaps(sums, each, CONFIDENCE, 5) for each in (where, replace(where, speaker=None)))
    held = [int(np.sum((found.low <= 0) & (found.high >= 0))) for found in (both, days)]
    assert stats.binom.ppf(0.001, 800, 0.93) <= held[0] <= stats.binom.ppf(0.999, 800, 0.98)
    assert held[1] < 0.9 * 800


def test_words_of_few_sittings_have_a_value_only_and_no_part_in_the_correction() -> None:
    sums, where = simulate(40, 2, 12, np.random.default_rng(3))
    kept = (where.word != 7) | (where.sitting < 3)
    sums, where = sums[:, kept], some(where, kept)
    found = word_gaps(sums, where, CONFIDENCE, 5)
    assert np.flatnonzero(np.isnan(found.p)).tolist() == np.flatnonzero(np.isnan(found.low)).tolist() == [7]
    cells = where.word == 7
    assert found.difference[7] == pytest.approx(sums[:, cells].mean(axis=0).sum() / where.counts[cells].sum())
    assert np.nanmin(found.p_holm) == pytest.approx(min(1, 39 * np.nanmin(found.p)))
    assert where.sittings[7] == 3


def test_a_word_of_one_sitting_has_no_interval_whatever_is_asked_for() -> None:
    where = Occurrences(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1]), np.array([0, 1, 0, 1]), np.ones(4))
    found = word_gaps(np.arange(4.0)[None], where, CONFIDENCE, 1)
    assert np.isnan(found.low).tolist() == np.isnan(found.p).tolist() == [True, False]


def test_order_and_company_of_words_change_no_interval() -> None:
    sums, where = simulate(300, 3, 15, np.random.default_rng(4), speakers=3)
    whole = word_gaps(sums, where, CONFIDENCE, 5)
    back = np.argsort(-where.word, kind="stable")
    reverse = replace(some(where, back), word=(299 - where.word)[back])
    assert word_gaps(sums[:, back], reverse, CONFIDENCE, 5).low[::-1] == pytest.approx(whole.low, rel=1e-9)
    few = where.word < 3
    assert word_gaps(sums[:, few], some(where, few), CONFIDENCE, 5).high == pytest.approx(whole.high[:3], rel=1e-9)
