"""Shares and log-odds of binary benchmarks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.preferences import benchmark_directions, benchmark_summary
from hansard_bias.statistics.variance import seed_means

CONFIDENCE = 0.95


VALUES = np.array([[2.0, 3.0], [-4.0, 0.0], [0.5, 0.7], [-0.1, -0.2], [0.0, 1.0]])


def test_directions_need_odds_of_two() -> None:
    assert benchmark_directions(VALUES) == ["favourable", "unfavourable", "tied", "tied", "tied"]
    edge = math.log(2)
    assert benchmark_directions([[edge], [edge + 1e-9], [-edge - 1e-9]]) == ["tied", "favourable", "unfavourable"]


def test_summary_counts_every_prompt_once_with_wilson_intervals() -> None:
    found = benchmark_summary(VALUES, CONFIDENCE)
    assert [getattr(found, name).count for name in ("favourable", "unfavourable", "tied")] == [1, 1, 3]
    assert sum(getattr(found, name).rate.value for name in ("favourable", "unfavourable", "tied")) == pytest.approx(1)
    wilson = stats.binomtest(3, 5).proportion_ci(0.95, method="wilson")
    assert vars(found.tied.rate) == pytest.approx({"value": 0.6, "low": wilson.low, "high": wilson.high})
    assert found.any_margin.count == 3
    assert found.log_odds.value == pytest.approx(VALUES.mean())
    assert found.log_odds.low < VALUES.mean() < found.log_odds.high


def test_the_interval_of_the_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(4).normal(1, 2, size=(60, 1))
    found = benchmark_summary(values, CONFIDENCE).log_odds
    bounds = stats.ttest_1samp(values[:, 0], 0).confidence_interval(CONFIDENCE)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))


def test_the_interval_of_the_mean_covers_other_runs() -> None:
    """Runs that differ by more than prompts: their t interval, and the prompts' beside it."""
    random = np.random.default_rng(5)
    values = random.normal(0, 0.1, size=(60, 1)) + np.array([0.0, 1.0, 2.0])
    found = benchmark_summary(values, CONFIDENCE).log_odds
    alone = stats.t(2, values.mean(), stats.sem([0.0, 1.0, 2.0])).interval(CONFIDENCE)
    assert found.low == pytest.approx(alone[0], abs=0.01)
    assert found.high == pytest.approx(alone[1], abs=0.01)


def test_one_prompt_has_no_interval_of_the_mean() -> None:
    assert benchmark_summary([[1.0, 2.0]], CONFIDENCE).log_odds == Interval(1.5, None, None)


def test_items_have_intervals_for_other_runs() -> None:
    several = seed_means(VALUES, CONFIDENCE)
    assert [item.value for item in several] == pytest.approx(VALUES.mean(axis=1))
    assert all(item.low is not None and item.low < item.value for item in several)
    assert [item.low for item in seed_means(VALUES[:, :1], CONFIDENCE)] == [None] * 5


@pytest.mark.parametrize("values", [np.zeros((0, 2)), np.zeros(3), [[math.nan]]])
def test_impossible_values_are_refused(values: object) -> None:
    with pytest.raises(ValueError, match="log-odds of shape"):
        benchmark_summary(values, CONFIDENCE)  # type: ignore[arg-type]
