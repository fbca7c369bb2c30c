"""Intervals against scipy and against what they must do at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.intervals import Interval, bca_interval, percentile_interval, wilson_interval


def test_interval_as_dict_is_the_form_of_metrics_files() -> None:
    assert Interval(1.0, 0.5, 2.0).as_dict() == {"value": 1.0, "low": 0.5, "high": 2.0}
    assert Interval(1.0, None, None).as_dict() == {"value": 1.0, "low": None, "high": None}


def test_an_interval_has_two_bounds_or_none() -> None:
    with pytest.raises(AssertionError):
        Interval(1.0, 0.5, None)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95])
def test_percentile_interval_cuts_equal_tails(confidence: float) -> None:
    draws = np.random.default_rng(1).permutation(np.linspace(0, 1, 1001))
    interval = percentile_interval(np.concatenate([[0.3], draws]), confidence)
    assert interval.value == 0.3
    assert (interval.low, interval.high) == pytest.approx(((1 - confidence) / 2, (1 + confidence) / 2))


@pytest.mark.parametrize("replicates", [[2.0, math.nan, math.nan], [2.0]])
def test_nothing_resampled_gives_no_bounds(replicates: list[float]) -> None:
    assert percentile_interval(replicates, 0.95) == Interval(2.0, None, None)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, math.nan])
def test_impossible_confidence_is_an_error(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        percentile_interval([1.0, 1.0, 2.0], confidence)


@pytest.mark.parametrize(("sample", "confidence"), [(25, 0.95), (60, 0.8)])
def test_bca_equals_scipy_on_one_skewed_sample(sample: int, confidence: float) -> None:
    values = np.random.default_rng(sample).lognormal(size=sample)
    theirs = stats.bootstrap(
        (values,), np.var, n_resamples=999, confidence_level=confidence, method="BCa", rng=np.random.default_rng(3)
    )
    jackknife = [np.var(np.delete(values, index)) for index in range(sample)]
    ours = bca_interval(np.concatenate([[np.var(values)], theirs.bootstrap_distribution]), [jackknife], confidence)
    expected = (theirs.confidence_interval.low, theirs.confidence_interval.high)
    assert (ours.low, ours.high) == pytest.approx(expected, rel=1e-12)
    percentile = percentile_interval(np.concatenate([[np.var(values)], theirs.bootstrap_distribution]), confidence)
    assert ours.high != pytest.approx(percentile.high, rel=1e-3)


def test_bca_equals_scipy_on_a_ratio_of_two_samples() -> None:
    rng = np.random.default_rng(7)
    first, second = rng.exponential(2, size=20), rng.exponential(1, size=35)

    def ratio(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.mean(x, axis=axis) / np.mean(y, axis=axis)

    theirs = stats.bootstrap((first, second), ratio, n_resamples=999, method="BCa", rng=np.random.default_rng(4))
    jackknife = [
        [ratio(np.delete(first, index), second) for index in range(first.size)],
        [ratio(first, np.delete(second, index)) for index in range(second.size)],
    ]
    ours = bca_interval(np.concatenate([[ratio(first, second)], theirs.bootstrap_distribution]), jackknife, 0.95)
    expected = (theirs.confidence_interval.low, theirs.confidence_interval.high)
    assert (ours.low, ours.high) == pytest.approx(expected, rel=1e-12)


def test_bca_of_symmetric_draws_is_the_percentile_interval() -> None:
    replicates = np.concatenate([[0.0], np.linspace(-1, 1, 2001)])
    plain, corrected = percentile_interval(replicates, 0.9), bca_interval(replicates, [[-1.0, 0.0, 1.0]], 0.9)
    assert (corrected.low, corrected.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


def test_bca_stays_within_the_draws_where_all_lie_on_one_side() -> None:
    draws = np.linspace(1, 2, 500)
    interval = bca_interval(np.concatenate([[1.0 - 1e-9], draws]), [[0.0, 0.0, 9.0]], 0.95)
    assert interval.low is not None
    assert interval.high is not None
    assert 1 <= interval.low <= interval.high < 1.1


def test_bca_without_replicates_has_no_bounds() -> None:
    assert bca_interval([1.5, math.nan, math.nan], [], 0.95) == Interval(1.5, None, None)


@pytest.mark.parametrize(("successes", "n"), [(0, 8), (3, 8), (8, 8), (41, 400), (1, 1)])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_wilson_equals_scipy(successes: int, n: int, confidence: float) -> None:
    theirs = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    ours = wilson_interval(successes, n, confidence)
    assert ours.value == successes / n
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_a_share_of_nothing_is_an_error(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson_interval(successes, n, 0.95)
