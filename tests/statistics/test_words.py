"""Gaps of words against single computations and simulated nulls."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.words import word_gaps


def simulate(words: int, seeds: int, sittings: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts of words that differ by nothing but runs, sittings and chance."""
    counts = rng.poisson(4, size=(words, sittings)).astype(float)
    counts[:, 0] += 1
    luck = rng.normal(0, 0.2, size=(words, seeds, 1)) + rng.normal(0, 0.5, size=(words, 1, sittings))
    noise = rng.normal(0, 1, size=(words, seeds, sittings)) * np.sqrt(counts)[:, None]
    return luck * counts[:, None] + noise, counts


def test_one_seed_and_equal_counts_give_the_t_interval_and_test() -> None:
    values = np.random.default_rng(1).normal(0.5, 1, size=12)
    found = word_gaps(values[None, None], np.ones((1, 12)), 40_000, 0.95, 3, 5)
    low, high = stats.t(11, values.mean(), values.std(ddof=1) / np.sqrt(12)).interval(0.95)
    assert found.difference == pytest.approx([values.mean()])
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=0.08)
    assert found.p == pytest.approx([stats.ttest_1samp(values, 0).pvalue], rel=0.01)
    assert found.p_holm == pytest.approx(found.p)


def test_intervals_cover_and_tests_reject_at_their_nominal_rates() -> None:
    differences, counts = simulate(1500, 3, 25, np.random.default_rng(2))
    found = word_gaps(differences, counts, 400, 0.95, 5, 5)
    covered, rejected = int(np.sum((found.low <= 0) & (found.high >= 0))), int(np.sum(found.p <= 0.05))
    assert stats.binom.ppf(0.001, 1500, 0.93) <= covered <= stats.binom.ppf(0.999, 1500, 0.98)
    assert stats.binom.ppf(0.001, 1500, 0.03) <= rejected <= stats.binom.ppf(0.999, 1500, 0.07)
    assert np.sum(found.p_holm <= 0.05) <= 2


def test_words_of_few_sittings_have_a_value_only_and_no_part_in_the_correction() -> None:
    differences, counts = simulate(40, 2, 12, np.random.default_rng(3))
    counts[7, 3:] = 0
    differences[7, :, 3:] = 0
    found = word_gaps(differences, counts, 300, 0.95, 5, 5)
    assert np.flatnonzero(np.isnan(found.p)).tolist() == np.flatnonzero(np.isnan(found.low)).tolist() == [7]
    assert found.difference[7] == pytest.approx(differences[7].mean(axis=0).sum() / counts[7].sum())
    assert found.p_holm[0] <= 39 * found.p[0]


def test_order_and_company_of_words_change_no_interval() -> None:
    differences, counts = simulate(300, 3, 15, np.random.default_rng(4))
    whole = word_gaps(differences, counts, 200, 0.95, 5, 5)
    reverse = word_gaps(differences[::-1], counts[::-1], 200, 0.95, 5, 5)
    assert reverse.low[::-1] == pytest.approx(whole.low)
    assert word_gaps(differences[:3], counts[:3], 200, 0.95, 5, 5).high == pytest.approx(whole.high[:3])
