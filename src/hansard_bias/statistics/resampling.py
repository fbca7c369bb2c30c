"""Resampling: the bootstrap over sittings (or other groups)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.randomness import stable_hash
from hansard_bias.statistics.intervals import FloatArray, blocks

# Of a logarithm, far beyond any interval: keeps exp finite.
_CLIP = 300.0


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


def resampled_sums(values: npt.ArrayLike, draws: int, rng: np.random.Generator) -> FloatArray:
    """Sums over bootstrap samples of the groups, the same samples for every row (so that rows are paired).

    Parameters
    ----------
    values : shape [rows, groups], the sum of each row (a model's nats, the tokens, …) within each group.
    draws : bootstrap samples.

    Returns shape [draws, rows], in the unit of the values. Memory stays bounded for any number of draws.
    """
    matrix = np.asarray(values, dtype=np.float64)
    groups = matrix.shape[1]
    return np.concatenate([bootstrap_weights(groups, size, rng) @ matrix.T for size in blocks(draws, groups)])


@dataclass(frozen=True)
class CorpusReplicates:
    """One corpus, its estimate (index 0) and its bootstrap replicates (from index 1 on)."""

    # Pooled cross-entropy CE(m,c), shape [1 + draws, models]; the replicates are nan with one sitting.
    nats_per_token: FloatArray
    bytes_per_token: FloatArray  # UTF-8 bytes per token, shape [1 + draws]


def resampled_corpus(
    nats: FloatArray, tokens: FloatArray, bytes_: FloatArray, draws: int, rng: np.random.Generator
) -> CorpusReplicates:
    """Resample one corpus' sittings; the training runs are the other half of the multi-bootstrap (`SeedVariance`).

    One draw takes the same sittings for every model, so that differences between models are paired; sums come first
    and one division last (method.md section 2). The deviations are corrected for the number of sittings by
    sqrt(n / (n - 1)) and have the tails of Student's t (Hesterberg 2015, Am. Stat. 69, 371), with the effective number
    of sittings, 1 / Σ share², as n.

    Parameters
    ----------
    nats : Σ surprisal, shape [models, seeds, sittings].
    tokens, bytes_ : what was scored, shape [sittings], the same for all models and seeds.
    draws : bootstrap samples.
    """
    models, _, sittings = nats.shape
    observed = np.append(nats.mean(axis=1).sum(axis=1), bytes_.sum()) / tokens.sum()
    if sittings == 1:
        unknown = np.full((1 + draws, models + 1), np.nan)
        unknown[0] = observed
        return CorpusReplicates(unknown[:, :-1], unknown[:, -1])
    drawn = resampled_sums(np.vstack([nats.mean(axis=1), bytes_, tokens]), draws, rng)
    ratios = drawn[:, :-1] / drawn[:, -1:]
    t_factors = _t_factors(tokens, draws, rng)
    # Deviations from the estimate grow, not the replicates themselves: their centre stays where it is.
    sampled = observed[:-1] + (ratios[:, :-1] - observed[:-1]) * t_factors[:, None]
    # On the log scale, so that no draw of few sittings has fewer than no bytes.
    sampled_bytes = observed[-1] * np.exp(np.clip(np.log(ratios[:, -1] / observed[-1]) * t_factors, -_CLIP, _CLIP))
    return CorpusReplicates(np.vstack([observed[:-1], sampled]), np.append(observed[-1], sampled_bytes))


def _t_factors(sizes: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Factors that give deviations of resampled groups an unbiased variance and the tails of Student's t."""
    shares = sizes / sizes.sum()
    # At least 1: one huge sitting beside small ones is still two sittings.
    freedom = max(float(1 / (shares**2).sum()) - 1, 1.0)
    return np.asarray(np.sqrt(len(sizes) / (len(sizes) - 1) * freedom / rng.chisquare(freedom, size=draws)))
