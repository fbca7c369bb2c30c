"""Random numbers are uniform, unrelated between neighbours, and the same everywhere."""

from __future__ import annotations

import numpy as np
from scipy import stats

from hansard_bias.randomness import mix, stable_hash, stable_hashes, uniform


def test_known_values_never_change() -> None:
    """Masks, folds and orders of published results hang on these."""
    assert stable_hash("nunavut/1999-04-01/00001") == stable_hashes(["nunavut/1999-04-01/00001"])[0]
    assert stable_hash(1, "a") == stable_hash("1", "a") != stable_hash("1a")
    assert int(mix(1, 2)) == int(mix(np.array([1]), np.array([2]))[0])
    assert int(mix(1, 2)) != int(mix(2, 1))


def test_uniform_over_consecutive_keys() -> None:
    numbers = uniform(7, np.arange(50_000))
    assert 0 <= numbers.min() < numbers.max() < 1
    assert stats.kstest(numbers, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.02


def test_keys_broadcast() -> None:
    grid = mix(3, np.arange(4)[:, None], np.arange(5))
    assert grid.shape == (4, 5)
    assert len(np.unique(grid)) == 20
    assert grid[2, 3] == mix(3, 2, 3)
