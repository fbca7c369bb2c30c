"""Shares of large effects: against the truth, against counting, and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hansard_bias.statistics.shares import large_shares

THRESHOLD = math.log(2)


def shares(values: np.ndarray, error: float, df: float = 20.0, draws: int = 50) -> tuple[float, float, float]:
    errors, freedom = np.full(len(values), error), np.full(len(values), df)
    found = large_shares(values, errors, freedom, THRESHOLD, draws, np.random.default_rng(1), 0.95)
    first, second, either = (each.value for each in found)
    return first, second, either


def truth(rng: np.random.Generator, size: int, rate: float) -> np.ndarray:
    """Effects of which a share lies beyond the threshold, twice as many above as below."""
    side = rng.choice([1, 1, -1], size=size)
    return np.where(rng.random(size) < rate, side * (THRESHOLD + rng.exponential(0.8, size)), rng.normal(0, 0.15, size))


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("error", [0.1, 0.5])
def test_shares_are_those_of_the_truth_whatever_the_errors(rate: float, error: float) -> None:
    rng = np.random.default_rng(3)
    effects = truth(rng, 600, rate)
    first, second, either = shares(effects + rng.normal(0, error, size=600), error)
    assert either == pytest.approx(np.mean(np.abs(effects) > THRESHOLD), abs=0.09)
    assert first == pytest.approx(np.mean(effects > THRESHOLD), abs=0.08)
    assert second == pytest.approx(np.mean(effects < -THRESHOLD), abs=0.05)


def test_counting_would_count_the_errors() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(0, 0.6, size=600)
    assert np.mean(np.abs(values) > THRESHOLD) > 0.2
    assert shares(values, 0.6)[2] < 0.05


def test_order_and_sign_change_nothing_but_the_sides() -> None:
    rng = np.random.default_rng(5)
    values = truth(rng, 60, 0.3) + rng.normal(0, 0.3, size=60)
    first, second, either = shares(values, 0.3)
    assert shares(values[::-1], 0.3) == pytest.approx((first, second, either))
    assert shares(-values, 0.3) == pytest.approx((second, first, either))


def test_interval_widens_with_fewer_effects() -> None:
    rng = np.random.default_rng(6)
    values = truth(rng, 400, 0.3) + rng.normal(0, 0.3, size=400)

    def width(size: int) -> float:
        errors, df = np.full(size, 0.3), np.full(size, 20.0)
        found = large_shares(values[:size], errors, df, THRESHOLD, 300, np.random.default_rng(1), 0.95)[2]
        assert found.low is not None and found.high is not None
        return found.high - found.low

    assert width(40) > 1.8 * width(400)


def test_a_share_may_be_none_at_all_and_a_clear_one_is_not() -> None:
    """A mean of probabilities is above 0 by construction: its lower bound must not be, where nothing is large."""
    rng = np.random.default_rng(9)
    errors, df = np.full(60, 0.4), np.full(60, 10.0)

    def low(effects: np.ndarray) -> list[float | None]:
        values = effects + rng.normal(0, 0.4, size=60)
        return [each.low for each in large_shares(values, errors, df, THRESHOLD, 100, np.random.default_rng(1), 0.95)]

    assert np.mean([low(np.zeros(60)) == [0.0, 0.0, 0.0] for _ in range(20)]) >= 0.8
    first, second, either = low(np.where(np.arange(60) < 20, 2.5, 0.0))
    assert first is not None and either is not None and min(first, either) > 0.1
    assert second == 0.0
