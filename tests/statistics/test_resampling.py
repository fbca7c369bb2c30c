"""Random numbers by purpose, and bootstrap weights against theory."""

from __future__ import annotations

import numpy as np
import pytest

from hansard_bias.statistics.resampling import bootstrap_weights, generator


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
