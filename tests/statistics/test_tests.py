"""Sign flips and Holm's correction against enumeration, scipy and simulated nulls."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hansard_bias.statistics.tests import Groups, Training, crossed_sign_flip_test, holm, sign_flip_test
from hansard_bias.statistics.variance import crossed


def test_sign_flip_enumerates_all_assignments_of_few_groups() -> None:
    differences, weights = np.array([0.4, -0.1, 0.9, 0.3, 0.2]), np.array([1.0, 3.0, 2.0, 1.0, 5.0])
    terms = differences * weights
    totals = [
        abs(sum(s * t for s, t in zip(signs, terms, strict=True))) for signs in itertools.product((-1, 1), repeat=5)
    ]
    expected = np.mean(np.array(totals) >= abs(terms.sum()) - 1e-9)
    assert sign_flip_test(differences, weights, 32, np.random.default_rng(1)) == expected
    sampled = sign_flip_test(differences, weights, 31, np.random.default_rng(1))
    assert sampled != expected
    assert sampled * 32 == pytest.approx(round(sampled * 32))


def test_exact_sign_flip_equals_scipy() -> None:
    values = np.random.default_rng(8).normal(0.4, 1, size=9)
    theirs = stats.permutation_test(
        (values, np.zeros(9)), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", n_resamples=600
    )
    assert sign_flip_test(values, None, 600, np.random.default_rng(1)) == pytest.approx(theirs.pvalue)


def test_sampled_sign_flip_agrees_with_enumeration() -> None:
    values = np.random.default_rng(9).normal(0.5, 1, size=14)
    exact = sign_flip_test(values, None, 2**14, np.random.default_rng(1))
    sampled = sign_flip_test(values, None, 2**14 - 1, np.random.default_rng(1))
    assert abs(sampled - exact) < 4 * math.sqrt(exact * (1 - exact) / 2**14)


@pytest.mark.parametrize("draws", [99, 2000])
def test_p_is_never_zero(draws: int) -> None:
    assert sign_flip_test(np.full(200, 3.0), None, draws, np.random.default_rng(1)) == 1 / (draws + 1)
    assert sign_flip_test(np.full(5, 3.0), None, draws, np.random.default_rng(1)) == 2 / 32
    assert sign_flip_test([3.0], None, draws, np.random.default_rng(1)) == 1


def test_no_difference_at_all_gives_one() -> None:
    assert sign_flip_test(np.zeros(40), None, 100, np.random.default_rng(1)) == 1


@pytest.mark.parametrize("differences", [[], [1.0, math.nan], [[1.0, 2.0]]])
def test_impossible_differences_are_an_error(differences: list[float]) -> None:
    with pytest.raises(ValueError, match="one finite number"):
        sign_flip_test(differences, None, 10, np.random.default_rng(1))


def test_sign_flip_rejects_true_nulls_at_its_nominal_rate() -> None:
    """400 sets of skew-free differences with unequal weights: rejections within the 99 % binomial band around 5 %."""
    rng = np.random.default_rng(23)
    rejected = sum(
        sign_flip_test(rng.standard_t(4, size=30), rng.uniform(0.2, 3, size=30), 499, rng) <= 0.05 for _ in range(400)
    )
    low, high = stats.binom.ppf([0.005, 0.995], 400, 0.05)
    assert low <= rejected <= high


def test_sign_flip_finds_a_true_difference() -> None:
    rng = np.random.default_rng(29)
    rejected = sum(sign_flip_test(rng.normal(0.6, 1, size=30), None, 499, rng) <= 0.05 for _ in range(50))
    # A t-test on 30 differences of 0.6 standard deviations has a power of 0.89.
    assert rejected >= 38


def test_holm_by_hand() -> None:
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1 -> the last is raised to the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([]).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_monotone_bounded_and_blind_to_order(p_values: list[float]) -> None:
    raw = np.array(p_values)
    corrected = holm(raw)
    assert ((raw <= corrected) & (corrected <= np.minimum(1, raw * raw.size))).all()
    assert (np.diff(corrected[np.argsort(raw, kind="stable")]) >= 0).all()
    assert np.array_equal(holm(raw[::-1])[::-1], corrected)


def test_holm_refuses_what_is_no_p() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm([0.5, 1.2])


def crossed_p(values: np.ndarray, draws: int = 500) -> float:
    """p of differences of equally large groups, shape [seeds, groups]."""
    parts = crossed(values, np.ones(values.shape[1]))
    training = Training(float(parts.seeds), parts.df_seeds, float(parts.interaction))
    groups = Groups.of(values.mean(axis=0), np.ones(values.shape[1]))
    return crossed_sign_flip_test(float(parts.value), [groups], training, draws, np.random.default_rng(3))


def test_crossed_test_of_one_seed_is_the_sign_flip() -> None:
    for seed in range(5):
        values = np.random.default_rng(seed).normal(0.2, 1, size=(1, 40))
        flipped = sign_flip_test(values[0], None, 20_000, np.random.default_rng(1))
        assert crossed_p(values, 20_000) == pytest.approx(flipped, abs=0.02)


def test_crossed_test_of_runs_alone_is_their_t_test() -> None:
    """Groups that do not differ at all leave the t test of the runs' means."""
    runs = np.array([0.3, 0.5, 0.2, 0.6])
    values = np.repeat(runs[:, None], 20, axis=1)
    assert crossed_p(values, 40_000) == pytest.approx(stats.ttest_1samp(runs, 0).pvalue, abs=0.005)


@pytest.mark.parametrize(("run", "both"), [(0.0, 0.0), (0.0, 1.0), (0.15, 0.3), (1.0, 0.3)])
def test_crossed_test_rejects_true_nulls_at_its_nominal_rate(run: float, both: float) -> None:
    rng = np.random.default_rng(7)
    rejected = 0
    for _ in range(400):
        luck, sittings = rng.normal(0, run, size=(4, 1)), rng.normal(0, 1, size=25)
        rejected += crossed_p(luck + sittings + rng.normal(0, both, size=(4, 25)), 200) <= 0.05
    low, high = stats.binom.ppf([0.001, 0.999], 400, [0.04, 0.06])
    assert low <= rejected <= high


def test_crossed_test_of_nothing_at_all_gives_one_and_of_one_group_no_answer() -> None:
    assert crossed_p(np.zeros((3, 10))) == 1
    with pytest.raises(ValueError, match="at least two"):
        crossed_p(np.ones((3, 1)))
