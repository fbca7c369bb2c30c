"""Resampling against exact enumeration, hand computation and simulated studies."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hansard_bias.statistics import resampling
from hansard_bias.statistics.resampling import (
    bootstrap_weights,
    generator,
    holm,
    multi_bootstrap,
    percentile_interval,
    resampled_sums,
    sign_flip_test,
)


def test_generator_depends_on_seed_and_purpose_only() -> None:
    first = generator(1, "sittings", "canada").random(3)
    assert (generator(1, "sittings", "canada").random(3) == first).all()
    assert (generator(1, "sittings", "nunavut").random(3) != first).all()
    assert (generator(2, "sittings", "canada").random(3) != first).all()


def test_bootstrap_weights_are_multinomial_counts() -> None:
    weights = bootstrap_weights(8, 40_000, np.random.default_rng(1))
    assert weights.shape == (40_000, 8)
    assert (weights.sum(axis=1) == 8).all()
    covariance = np.cov(weights.T)
    # Multinomial(8; 1/8, …): variance 7/8, covariance -1/8.
    expected = np.eye(8) - 1 / 8
    assert np.abs(covariance - expected).max() < 0.03


@pytest.mark.parametrize(("groups", "draws"), [(0, 5), (5, 0)])
def test_bootstrap_weights_of_nothing_are_an_error(groups: int, draws: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_weights(groups, draws, np.random.default_rng(1))


def test_resampled_sums_are_paired_over_rows_and_the_same_in_any_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).random((2, 11))
    values = np.vstack([values, values.sum(axis=0)])
    whole = resampled_sums(values, 50, np.random.default_rng(3))
    assert np.allclose(whole[:, 2], whole[:, 0] + whole[:, 1])
    monkeypatch.setattr(resampling, "_BLOCK", 11 * 7)
    assert np.allclose(resampled_sums(values, 50, np.random.default_rng(3)), whole)


def test_multi_bootstrap_pools_before_it_divides() -> None:
    nats = np.array([[[10.0, 300.0], [20.0, 330.0]]])
    seed_weights = np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    found = multi_bootstrap(nats, np.array([5.0, 100.0]), np.array([20.0, 380.0]), seed_weights, generator(1))
    for replicates in found.values():
        assert replicates.nats_per_token[0] == pytest.approx([330 / 105])
        assert replicates.bytes_per_token[0] == pytest.approx(400 / 105)
    assert found["seeds"].nats_per_token[1:, 0] == pytest.approx([310 / 105, 350 / 105, 330 / 105])
    # Two sittings: a draw holds one of them twice, or both.
    possible = {round(x, 9) for x in (15 / 5, 315 / 100, 330 / 105)}
    assert {round(float(x), 9) for x in found["sittings"].nats_per_token[:, 0]} <= possible


def test_multi_bootstrap_variance_is_that_of_seeds_and_sittings() -> None:
    """Plug-in variance of a crossed mean of additive effects: var(seeds)/S + var(sittings)/G (Owen 2007)."""
    rng = np.random.default_rng(5)
    by_seed, by_sitting = rng.normal(0, 0.3, size=6), rng.normal(0, 1, size=50)
    nats = (5 + by_seed[:, None] + by_sitting)[None]
    weights = bootstrap_weights(6, 20_000, rng)
    found = multi_bootstrap(nats, np.ones(50), np.ones(50), weights, rng)
    variances = {kind: float(each.nats_per_token[1:].var()) for kind, each in found.items()}
    assert variances["seeds"] == pytest.approx(by_seed.var() / 6, rel=0.05)
    assert variances["sittings"] == pytest.approx(by_sitting.var() / 50, rel=0.05)
    assert variances["joint"] == pytest.approx(by_seed.var() / 6 + by_sitting.var() / 50, rel=0.05)


def test_one_sitting_gives_no_replicates() -> None:
    nats = np.ones((2, 3, 1))
    found = multi_bootstrap(nats, np.ones(1), np.ones(1), bootstrap_weights(3, 10, generator(1)), generator(2))
    assert np.isnan(found["joint"].nats_per_token[1:]).all()
    assert (found["joint"].nats_per_token[0] == 1).all()


def simulated_coverage(studies: int, sittings: int, seeds: int, draws: int) -> float:
    """How often the 95 % interval of a cross-entropy holds the truth, 5 nats, with clustered sittings and seeds."""
    rng = np.random.default_rng(19)
    covered = 0
    for _ in range(studies):
        tokens = rng.integers(200, 2000, size=sittings).astype(float)
        run = rng.normal(0, 0.05 if seeds > 1 else 0.0, size=(seeds, 1))
        noise = rng.normal(0, 3, size=(seeds, sittings)) / np.sqrt(tokens)
        nats = (5 + run + rng.normal(0, 0.3, size=sittings) + noise) * tokens
        weights = bootstrap_weights(seeds, draws, rng)
        found = multi_bootstrap(nats[None], tokens, tokens * 4, weights, rng)["joint"]
        interval = percentile_interval(found.nats_per_token[:, 0], 0.95)
        assert interval.low is not None
        assert interval.high is not None
        covered += interval.low <= 5 <= interval.high
    return covered / studies


@pytest.mark.parametrize("seeds", [1, 10])
def test_percentile_intervals_cover_the_truth_at_their_nominal_rate(seeds: int) -> None:
    assert 0.91 <= simulated_coverage(studies=300, sittings=50, seeds=seeds, draws=400) <= 0.98


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
