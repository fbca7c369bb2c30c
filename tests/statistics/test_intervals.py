"""Intervals against scipy and against what they must do at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.intervals import Interval, percentile_interval, wilson_interval


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


def test_an_interval_knows_its_side_and_goes_through_functions() -> None:
    interval, unknown = Interval(1.0, 0.5, 2.0), Interval(1.0, None, None)
    assert [interval.side(at) for at in (0.4, 0.5, 1.7, 2.1)] == [1, 0, 0, -1]
    assert (unknown.side(0), unknown.known, interval.known) == (None, False, True)
    assert -interval == Interval(-1.0, -2.0, -0.5)
    assert interval.map(lambda value: value**2) == Interval(1.0, 0.25, 4.0)
    assert (-unknown, unknown.map(math.exp)) == (Interval(-1.0, None, None), Interval(math.e, None, None))


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
