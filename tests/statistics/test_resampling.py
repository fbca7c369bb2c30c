"""Resampling against exact enumeration, hand computation and simulated studies."""

from __future__ import annotations

import numpy as np
import pytest

from hansard_bias.statistics import intervals as blocks
from hansard_bias.statistics.resampling import bootstrap_weights, generator, resampled_corpus, resampled_sums


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


def test_sittings_pool_before_they_divide() -> None:
    nats = np.array([[[10.0, 300.0], [20.0, 330.0]]])
    found = resampled_corpus(nats, np.array([5.0, 100.0]), np.array([20.0, 380.0]), 50, generator(1))
    assert found.nats_per_token[0] == pytest.approx([330 / 105])
    assert found.bytes_per_token[0] == pytest.approx(400 / 105)
    # Two sittings: a draw holds one of them twice, or both; its deviation is stretched, but keeps its side.
    small = {side: 15 / 5 if side < 0 else 315 / 100 for side in (-1, 1)}
    deviations = found.nats_per_token[1:, 0] - 330 / 105
    assert (deviations != 0).any()
    assert all(value == 0 or value * (small[int(np.sign(value))] - 330 / 105) > 0 for value in deviations)


def test_sittings_have_the_unbiased_variance_with_the_tails_of_t() -> None:
    rng = np.random.default_rng(5)
    by_sitting = rng.normal(0, 1, size=50)
    nats = (5 + rng.normal(0, 0.3, size=6)[:, None] + by_sitting)[None]
    drawn = resampled_corpus(nats, np.ones(50), np.ones(50), 40_000, rng).nats_per_token[1:, 0]
    # Student's t with n degrees of freedom has the variance n / (n - 2).
    assert float(drawn.var()) == pytest.approx(by_sitting.var(ddof=1) / 50 * 49 / 47, rel=0.05)


def test_one_sitting_gives_no_replicates() -> None:
    found = resampled_corpus(np.ones((2, 3, 1)), np.ones(1), np.ones(1), 10, generator(2))
    assert np.isnan(found.nats_per_token[1:]).all()
    assert (found.nats_per_token[0] == 1).all()
