"""Resampling: the bootstrap over prompts or studies."""

from __future__ import annotations

import numpy as np

from hansard_bias.randomness import stable_hash
from hansard_bias.statistics.intervals import FloatArray


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """Random numbers that depend on the seed and on what they are for, not on what was drawn before."""
    return np.random.default_rng(stable_hash(seed, *purpose))


def bootstrap_weights(groups: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """How often each group is drawn in each bootstrap sample: multinomial counts.

    Parameters
    ----------
    groups, draws : numbers of groups (sittings, seeds, prompts) and of samples, 1 or more.

    Returns counts as floats (they go into matrix products), shape [draws, groups]; every row sums to `groups`.

    Raises ValueError for fewer than one group or draw.
    """
    if groups < 1 or draws < 1:
        raise ValueError(f"{draws} draws of {groups} groups: expected at least one of each")
    # Multinomial counts, because every sample has as many groups as there are.
    picked = rng.integers(0, groups, size=(draws, groups))
    # Counting picks in one pass is some ten times as fast as Generator.multinomial.
    cells = (picked + np.arange(draws)[:, None] * groups).ravel()
    return np.bincount(cells, minlength=draws * groups).reshape(draws, groups).astype(np.float64)
