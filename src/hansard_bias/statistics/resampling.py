"""Resampling: the multi-bootstrap over sittings and seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.randomness import stable_hash
from hansard_bias.statistics.blocks import blocks
from hansard_bias.statistics.intervals import (
    FloatArray,
    Interval,
    bca_interval,
    percentile_interval,
    wilson_interval,
)
from hansard_bias.statistics.significance import holm, sign_flip_test

__all__ = [
    "CorpusReplicates",
    "FloatArray",
    "Interval",
    "bca_interval",
    "bootstrap_weights",
    "generator",
    "holm",
    "joined",
    "multi_bootstrap",
    "percentile_interval",
    "resampled_sums",
    "seed_weights",
    "sign_flip_test",
    "wilson_interval",
]

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
    """One corpus, its estimate (index 0) and its bootstrap replicates (from index 1 on).

    Everything computed elementwise from these arrays carries its own uncertainty along.
    """

    nats_per_token: FloatArray
    """Pooled cross-entropy CE(m,c), shape [1 + draws, models]; the replicates are nan with one sitting."""
    bytes_per_token: FloatArray
    """UTF-8 bytes per token, shape [1 + draws]."""


def seed_weights(seeds: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Weights of the training seeds in each draw, such that intervals of a mean over few seeds are as wide as needed.

    Counts of seeds drawn with replacement fail with three to five of them: the variance is (S - 1) / S of the true one,
    three seeds have ten different samples, and tails are normal where Student's t has S - 1 degrees of freedom. So the
    weights are 1 + (ξ_s - mean ξ) sqrt(S / χ²), ξ normal and χ² with S - 1 degrees of freedom: the replicates of a mean
    over seeds are distributed about it exactly as its t interval says (the multiplier bootstrap, Mammen 1993, Ann.
    Stat. 21, 255, with the t of a mean of normal values). Added to the sittings' deviations, this is Behrens and
    Fisher's distribution (Fisher 1935, Ann. Eugen. 6, 391).

    Returns shape [draws, seeds]; every row sums to `seeds`. Ones for one seed, of whose luck nothing is known.
    """
    if seeds == 1:
        return np.ones((draws, 1))
    noise = rng.standard_normal((draws, seeds))
    scale = np.sqrt(seeds / rng.chisquare(seeds - 1, size=draws))
    return np.asarray(1 + (noise - noise.mean(axis=1, keepdims=True)) * scale[:, None])


def multi_bootstrap(
    nats: FloatArray, tokens: FloatArray, bytes_: FloatArray, weights: FloatArray, rng: np.random.Generator
) -> dict[str, CorpusReplicates]:
    """Resample one corpus' sittings and the training seeds (Multi-Bootstrap: Sellam et al. 2022, arXiv 2106.16163).

    One draw takes the same sittings and the same seeds for every model, so that differences between models are
    paired; sums come first and one division last (METHOD section 2). Both are corrected for their small number: the
    seeds by their weights, the deviations of the sittings by sqrt(n / (n - 1)) and the tails of Student's t (Hesterberg
    2015, Am. Stat. 69, 371), with the effective number of sittings, 1 / Σ share², as n.

    Parameters
    ----------
    nats : Σ surprisal, shape [models, seeds, sittings].
    tokens, bytes_ : what was scored, shape [sittings], the same for all models and seeds.
    weights : of each seed in each draw, from `seed_weights`, shape [draws, seeds]; shared by all corpora, because
        a training run reads all of them.

    Returns the replicates under "sittings" and "seeds", one of them resampled alone; `joined` puts them together.
    """
    models, seeds, sittings = nats.shape
    draws = len(weights)
    by_seed = nats.sum(axis=2) / tokens.sum()
    observed = np.concatenate([by_seed.mean(axis=1), [bytes_.sum() / tokens.sum()]])
    ones = np.vstack([np.ones(seeds), weights]) / seeds
    bytes_alone = np.full(1 + draws, observed[-1])
    by_seeds = CorpusReplicates(ones @ by_seed.T, bytes_alone)
    if sittings == 1:
        unknown = np.full((1 + draws, models + 1), np.nan)
        unknown[0] = observed
        return {"sittings": CorpusReplicates(unknown[:, :-1], unknown[:, -1]), "seeds": by_seeds}
    drawn = resampled_sums(np.vstack([nats.mean(axis=1), bytes_, tokens]), draws, rng)
    ratios = drawn[:, :-1] / drawn[:, -1:]
    stretch = _stretch(tokens, draws, rng)
    sampled = observed[:-1] + (ratios[:, :-1] - observed[:-1]) * stretch[:, None]
    # On the log scale, so that no draw of few sittings has fewer than no bytes.
    sampled_bytes = observed[-1] * np.exp(np.clip(np.log(ratios[:, -1] / observed[-1]) * stretch, -_CLIP, _CLIP))
    by_sittings = CorpusReplicates(np.vstack([observed[:-1], sampled]), np.append(observed[-1], sampled_bytes))
    return {"sittings": by_sittings, "seeds": by_seeds}


def joined(sittings: FloatArray, seeds: FloatArray, shrinkage: npt.ArrayLike) -> FloatArray:
    """Replicates under both kinds of resampling: the estimate plus both deviations of each draw.

    Their product would be a third term, and the interaction of seeds and sittings would be counted three times (the
    "pigeonhole" bootstrap, Owen 2007, Ann. Appl. Stat. 1, 386); here it is counted once, since `shrinkage`
    (`Components.shrinkage`) takes it out of the sittings' deviations.

    Parameters
    ----------
    sittings, seeds : replicates of a linear quantity, shape [1 + draws, ...], the estimate first.
    shrinkage : shape [...].
    """
    return np.asarray(sittings[0] + (sittings - sittings[0]) * np.asarray(shrinkage) + (seeds - seeds[0]))


def _stretch(sizes: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Factors that give deviations of resampled groups an unbiased variance and the tails of Student's t."""
    shares = sizes / sizes.sum()
    freedom = max(float(1 / (shares**2).sum()) - 1, 1.0)
    return np.asarray(np.sqrt(len(sizes) / (len(sizes) - 1) * freedom / rng.chisquare(freedom, size=draws)))
