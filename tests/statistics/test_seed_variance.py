"""The variance of training runs against Student's t, Behrens and Fisher, and simulated studies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.variance import SeedVariance, TFactors, seed_means

CONFIDENCE = 0.95


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_runs_alone_have_the_t_distribution_of_their_interval() -> None:
    values = np.array([1.0, 4.0, 2.0])
    drawn = SeedVariance.of(3, 40_000, rng()).deviations(values, 1.0)
    scaled = drawn / (values.std(ddof=1) / math.sqrt(3))
    assert stats.kstest(scaled, stats.t(2).cdf).pvalue > 1e-3


def test_weights_have_the_unbiased_variance() -> None:
    values = np.array([1.0, 4.0, 2.0])
    weights = SeedVariance.of(3, 40_000, rng()).weights
    assert weights.sum(axis=1) == pytest.approx(3)
    assert float((weights @ values / 3).var()) == pytest.approx(values.var(ddof=1) / 3, rel=0.03)


def test_means_over_runs_have_the_interval_of_student() -> None:
    first, second = seed_means([[1.0, 2.0, 4.5], [5.0, 5.0, 5.0]], 40_000, rng(), CONFIDENCE)
    theirs = stats.t(2, 2.5, stats.sem([1.0, 2.0, 4.5])).interval(0.95)
    assert (first.low, first.high) == pytest.approx(theirs, rel=0.08)
    assert (second.value, second.low, second.high) == (5, 5, 5)
    assert seed_means([[1.0]], 500, rng(), CONFIDENCE)[0].low is None


def test_of_one_run_nothing_is_known() -> None:
    drawn_runs = SeedVariance.of(1, 5, rng())
    assert (drawn_runs.weights == 1).all()
    assert (drawn_runs.deviations(np.ones((2, 3, 1)), np.zeros((2, 3))) == np.zeros((5, 2, 3))).all()


def test_deviations_of_differences_are_differences_of_deviations() -> None:
    drawn_runs, values = SeedVariance.of(4, 30, rng()), np.random.default_rng(1).normal(size=(2, 4))
    both = drawn_runs.deviations(values, np.array([0.3, 0.3]))
    assert drawn_runs.deviations(values[0] - values[1], 0.3) == pytest.approx(both[:, 0] - both[:, 1])


def test_a_small_share_has_the_tails_of_two_more_degrees_of_freedom() -> None:
    t_factors = TFactors.of(4, 40_000, rng())
    chi = 4 / t_factors.factors(np.array([0.0, 0.5, 1.0])) ** 2
    assert chi.mean(axis=0) == pytest.approx([6, 5, 4], rel=0.02)
    assert stats.kstest(chi[:, 0], stats.chi2(6).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("runs", "ratio"), [(2, 1.0), (3, 0.2), (3, 1.0), (3, 10.0), (5, 1.0)])
def test_sums_with_a_well_known_variance_cover_as_they_should(runs: int, ratio: float) -> None:
    """Runs' variance `ratio` times that of sittings, known with 39 degrees of freedom: 95 % within 1.6 points."""
    random, studies, draws = np.random.default_rng(7), 3000, 1000
    held = 0
    for _ in range(studies):
        by_seed = random.normal(0, math.sqrt(ratio * runs), size=runs)
        sittings = random.chisquare(39) / 39
        seeds = by_seed.var(ddof=1) / runs
        drawn_runs = SeedVariance.of(runs, draws, random).deviations(by_seed, seeds / (seeds + sittings))
        drawn = drawn_runs + math.sqrt(sittings) * random.standard_t(39, size=draws)
        held += abs(by_seed.mean() + random.standard_normal()) <= np.quantile(np.abs(drawn), 0.95)
    assert held / studies == pytest.approx(0.95, abs=0.016)
