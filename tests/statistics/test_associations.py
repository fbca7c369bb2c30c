"""Association tests against brute force, theory, and each other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hansard_bias.statistics import associations
from hansard_bias.statistics.associations import association_summary, effect_size, permutation_test
from hansard_bias.statistics.pivot import Pivot

CONFIDENCE = 0.95


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def brute_force(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Two-sided and one-sided p by going through every division, as Caliskan et al. write it, with means."""
    words = np.concatenate([first, second])

    def statistic(chosen: tuple[int, ...]) -> float:
        inside = np.isin(np.arange(words.size), chosen)
        return float(words[inside].mean() - words[~inside].mean())

    observed = statistic(tuple(range(first.size)))
    found = [statistic(chosen) for chosen in itertools.combinations(range(words.size), first.size)]
    slack = 1e-12 * np.abs(words).sum()
    two = np.mean([abs(value) >= abs(observed) - slack for value in found])
    return float(two), float(np.mean([value >= observed - slack for value in found]))


@pytest.mark.parametrize("sizes", [(1, 1), (2, 3), (4, 4), (5, 3), (6, 6), (1, 7)])
@pytest.mark.parametrize("rounded", [False, True])
def test_p_is_that_of_brute_force(sizes: tuple[int, int], rounded: bool) -> None:
    drawn = rng().normal(size=sum(sizes))
    # Rounded values tie: every tie must count, whatever order the sums are taken in.
    words = np.round(drawn, 1) if rounded else drawn
    first, second = words[: sizes[0]], words[sizes[0] :]
    found = permutation_test(first, second, 100, rng())
    assert found.exact and found.partitions == math.comb(sum(sizes), sizes[0])
    assert (found.p, found.p_greater) == pytest.approx(brute_force(first, second), abs=1e-12)


@settings(max_examples=60)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=9), st.data())
def test_p_is_that_of_brute_force_for_small_integers(values: list[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(values) - 1))
    words = np.array(values) / 7
    found = permutation_test(words[:size], words[size:], 100, rng())
    assert (found.p, found.p_greater) == pytest.approx(brute_force(words[:size], words[size:]), abs=1e-12)


def test_effect_size_by_hand() -> None:
    # Means 2 and 0; all together 3, 1, 0, 0 around 1: squares 4 + 0 + 1 + 1, over 3.
    assert effect_size([3.0, 1.0], [0.0, 0.0]) == pytest.approx(2 / math.sqrt(2))
    assert effect_size([0.0, 0.0], [3.0, 1.0]) == pytest.approx(-2 / math.sqrt(2))
    assert math.isnan(effect_size([0.1, 0.1], [0.1, 0.1, 0.1]))


def test_sampled_divisions_agree_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = rng().normal(0.6, 1, 8), rng().normal(0, 1, 8)
    exact = permutation_test(first, second, 100, rng())
    monkeypatch.setattr(associations, "MOST_EXACT_WORDS", 10)
    sampled = permutation_test(first, second, 20_000, rng())
    assert not sampled.exact and sampled.partitions == 20_001
    error = 4 * math.sqrt(exact.p * (1 - exact.p) / 20_000)
    assert sampled.p == pytest.approx(exact.p, abs=error)
    assert sampled.p_greater == pytest.approx(exact.p_greater, abs=error)
    extreme = permutation_test(np.arange(10) + 100.0, np.arange(10.0), 500, rng())
    assert extreme.p == extreme.p_greater == 1 / 501, "never 0, and no smaller than the draws allow"


def test_p_is_uniform_under_the_null() -> None:
    generator = rng()
    found = [permutation_test(*generator.normal(size=(2, 8)), 100, generator).p for _ in range(600)]
    assert stats.kstest(found, "uniform").pvalue > 0.01
    low, high = stats.binom.interval(0.99, len(found), 0.05)
    assert low <= sum(p <= 0.05 for p in found) <= high


def test_summary_takes_words_over_seeds_and_tells_each_seed() -> None:
    values = np.array([[1.0, 2.0], [0.5, 0.7], [0.0, -1.0], [-0.4, 0.2]])
    found = association_summary(values, 2, 300, rng(), CONFIDENCE)
    assert found.effect_size.value == pytest.approx(effect_size([1.5, 0.6], [-0.5, -0.1]))
    assert found.by_seed == pytest.approx([effect_size(values[:2, s], values[2:, s]) for s in (0, 1)])
    assert (found.ddof, found.exact, found.partitions) == (1, True, 6)
    assert (found.p, found.p_greater) == pytest.approx((2 / 6, 1 / 6))
    alone = association_summary(values[:, :1], 2, 300, rng(), CONFIDENCE)
    assert alone.by_seed == (pytest.approx(alone.effect_size.value),)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Of the associations with the side, which is 1 or 0."""
    sides = np.repeat([1.0, 0.0], [len(first), len(second)])
    return float(np.corrcoef(np.concatenate([first, second]), sides)[0, 1])


def test_the_interval_leaves_out_one_word_or_run_in_turn_and_has_the_tails_of_few() -> None:
    words = np.concatenate([rng().normal(1, 1, 6), rng().normal(0, 1, 4)])
    values = words[:, None] + rng().normal(0, 0.6, size=(10, 3))

    def fisher(table: np.ndarray, first: int) -> float:
        return math.atanh(correlation(*np.split(table.mean(axis=1), [first])))

    by_word = [fisher(np.delete(values, at, 0), 5 if at < 6 else 6) for at in range(10)]
    by_run = [fisher(np.delete(values, run, 1), 6) for run in range(3)]
    left_out = [np.array(each) for each in (by_word[:6], by_word[6:], by_run)]
    variances = np.array([(len(each) - 1) * each.var() for each in left_out])
    half = float(Pivot(variances, np.array([5.0, 3.0, 2.0])).half_width(CONFIDENCE))
    found = association_summary(values, 6, 100, rng(), CONFIDENCE).effect_size
    middle = fisher(values, 6)
    unit = found.value / math.tanh(middle)
    assert (found.low / unit, found.high / unit) == pytest.approx((math.tanh(middle - half), math.tanh(middle + half)))


def test_no_bound_is_beyond_the_largest_effect() -> None:
    """All words of a side alike: d cannot be larger."""
    largest = effect_size(np.ones(5), np.zeros(5))
    values = np.concatenate([np.ones(5), np.zeros(5)])[:, None] + rng().normal(0, 0.3, size=(10, 1))
    found = association_summary(values, 5, 100, rng(), CONFIDENCE).effect_size
    assert found.low < found.value < found.high < largest
    alike = association_summary(np.concatenate([np.ones(5), np.zeros(5)])[:, None], 5, 100, rng(), CONFIDENCE)
    assert vars(alike.effect_size) == pytest.approx({"value": largest, "low": largest, "high": largest})


def test_one_word_on_a_side_has_no_interval() -> None:
    found = association_summary([[1.0], [0.5], [0.0]], 1, 100, rng(), CONFIDENCE).effect_size
    assert (found.value, found.low, found.high) == (pytest.approx(effect_size([1.0], [0.5, 0.0])), None, None)


@pytest.mark.parametrize(("words", "seeds"), [(8, 1), (25, 1), (25, 3)])
def test_the_interval_covers_the_effect_of_the_population(words: int, seeds: int) -> None:
    """Words drawn from two normals one standard deviation apart: d of the populations is 1 / sqrt(1 + 1/4)."""
    generator, truth, studies = rng(), 1 / math.sqrt(1.25), 300
    hits = 0
    for _ in range(studies):
        levels = generator.normal(0, 1, (2 * words, 1)) + np.repeat([[1.0], [0.0]], words, axis=0)
        # A mean over runs has less noise than a run: the truth is that of words without any.
        values = levels + generator.normal(0, 0.01, (2 * words, seeds))
        found = association_summary(values, words, 10, generator, CONFIDENCE).effect_size
        hits += found.low <= truth <= found.high
    low, high = stats.binom.ppf([0.001, 0.999], studies, [0.93, 0.97])
    assert low <= hits <= high


def test_words_that_associate_alike_have_no_effect_size() -> None:
    found = association_summary(np.full((4, 2), 0.3), 2, 200, rng(), CONFIDENCE)
    assert (found.effect_size, found.by_seed, found.p) == (None, (None, None), 1.0)


def impossible() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    yield np.array([]), np.array([1.0])
    yield np.array([1.0, math.nan]), np.array([1.0])
    yield np.ones((2, 2)), np.array([1.0])


@pytest.mark.parametrize(("first", "second"), list(impossible()))
def test_impossible_sides_are_refused(first: np.ndarray, second: np.ndarray) -> None:
    with pytest.raises(ValueError, match="associations"):
        permutation_test(first, second, 100, rng())
    with pytest.raises(ValueError, match="associations"):
        effect_size(first, second)
