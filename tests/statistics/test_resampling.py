"""Resampling against exact enumeration, hand computation and simulated studies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics import blocks
from hansard_bias.statistics.components import crossed
from hansard_bias.statistics.resampling import (
    bootstrap_weights,
    generator,
    joined,
    multi_bootstrap,
    resampled_sums,
    seed_weights,
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
    monkeypatch.setattr(blocks, "BLOCK", 11 * 7)
    assert np.allclose(resampled_sums(values, 50, np.random.default_rng(3)), whole)


def test_seed_weights_give_a_mean_the_t_distribution_of_its_interval() -> None:
    values = np.array([1.0, 4.0, 2.0])
    weights = seed_weights(3, 40_000, np.random.default_rng(4))
    assert weights.sum(axis=1) == pytest.approx(3)
    scaled = (weights @ values / 3 - values.mean()) / (values.std(ddof=1) / math.sqrt(3))
    assert stats.kstest(scaled, stats.t(2).cdf).pvalue > 1e-3
    assert (seed_weights(1, 5, np.random.default_rng(4)) == 1).all()


def test_multi_bootstrap_pools_before_it_divides() -> None:
    nats = np.array([[[10.0, 300.0], [20.0, 330.0]]])
    weights = np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    found = multi_bootstrap(nats, np.array([5.0, 100.0]), np.array([20.0, 380.0]), weights, generator(1))
    for replicates in found.values():
        assert replicates.nats_per_token[0] == pytest.approx([330 / 105])
        assert replicates.bytes_per_token[0] == pytest.approx(400 / 105)
    assert found["seeds"].nats_per_token[1:, 0] == pytest.approx([310 / 105, 350 / 105, 330 / 105])
    # Two sittings: a draw holds one of them twice, or both; its deviation is stretched, but keeps its side.
    small = {side: 15 / 5 if side < 0 else 315 / 100 for side in (-1, 1)}
    deviations = found["sittings"].nats_per_token[1:, 0] - 330 / 105
    assert all(value == 0 or value * (small[int(np.sign(value))] - 330 / 105) > 0 for value in deviations)


def test_multi_bootstrap_variance_is_the_unbiased_one_with_the_tails_of_t() -> None:
    rng = np.random.default_rng(5)
    by_seed, by_sitting = rng.normal(0, 0.3, size=6), rng.normal(0, 1, size=50)
    nats = (5 + by_seed[:, None] + by_sitting)[None]
    found = multi_bootstrap(nats, np.ones(50), np.ones(50), seed_weights(6, 40_000, rng), rng)
    drawn = {kind: each.nats_per_token[:, 0] for kind, each in found.items()}
    # Student's t with n degrees of freedom has the variance n / (n - 2).
    expected = {"seeds": by_seed.var(ddof=1) / 6 * 5 / 3, "sittings": by_sitting.var(ddof=1) / 50 * 49 / 47}
    for kind, variance in expected.items():
        assert float(drawn[kind][1:].var()) == pytest.approx(variance, rel=0.08)
    together = joined(drawn["sittings"], drawn["seeds"], crossed(nats[0], np.ones(50)).shrinkage)
    assert float(together[1:].var()) == pytest.approx(sum(expected.values()), rel=0.08)


def test_one_sitting_gives_no_replicates() -> None:
    nats = np.ones((2, 3, 1))
    found = multi_bootstrap(nats, np.ones(1), np.ones(1), seed_weights(3, 10, generator(1)), generator(2))
    assert np.isnan(found["sittings"].nats_per_token[1:]).all()
    assert (found["sittings"].nats_per_token[0] == 1).all()
    assert np.isnan(joined(found["sittings"].nats_per_token, found["seeds"].nats_per_token, 1.0)[1:]).all()
