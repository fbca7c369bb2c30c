"""Resampling: the multi-bootstrap over sittings and seeds, the sign-flip test and Holm's correction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.randomness import stable_hash
from hansard_bias.statistics.intervals import (
    FloatArray,
    Interval,
    bca_interval,
    percentile_interval,
    wilson_interval,
)

__all__ = [
    "CorpusReplicates",
    "FloatArray",
    "Interval",
    "bca_interval",
    "bootstrap_weights",
    "generator",
    "holm",
    "multi_bootstrap",
    "percentile_interval",
    "resampled_sums",
    "sign_flip_test",
    "wilson_interval",
]

# Elements of one block of weights or signs: 32 MB, whatever the number of draws.
_BLOCK = 1 << 22


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
    return np.concatenate([bootstrap_weights(groups, size, rng) @ matrix.T for size in _blocks(draws, groups)])


@dataclass(frozen=True)
class CorpusReplicates:
    """One corpus, its estimate (index 0) and its bootstrap replicates (from index 1 on).

    Everything computed elementwise from these arrays carries its own uncertainty along.
    """

    nats_per_token: FloatArray
    """Pooled cross-entropy CE(m,c), shape [1 + draws, models]; the replicates are nan with one sitting."""
    bytes_per_token: FloatArray
    """UTF-8 bytes per token, shape [1 + draws]."""


def multi_bootstrap(
    nats: FloatArray, tokens: FloatArray, bytes_: FloatArray, seed_weights: FloatArray, rng: np.random.Generator
) -> dict[str, CorpusReplicates]:
    """Resample one corpus' sittings and the training seeds (Multi-Bootstrap: Sellam et al. 2022, arXiv 2106.16163).

    One draw takes the same sittings and the same seeds for every model, so that differences between models are
    paired; sums come first and one division last (METHOD section 2). With n seeds, or n sittings, a bootstrap variance
    is on average (n - 1) / n of the true one: with three seeds the intervals are somewhat too narrow.

    Parameters
    ----------
    nats : Σ surprisal, shape [models, seeds, sittings].
    tokens, bytes_ : what was scored, shape [sittings], the same for all models and seeds.
    seed_weights : how often each seed is in each draw, shape [draws, seeds]; shared by all corpora, because
        a training run reads all of them. Ones where seeds are not resampled.

    Returns the replicates under "joint" (both resampled), "sittings" and "seeds" (one of them alone).
    """
    models, seeds, sittings = nats.shape
    draws = len(seed_weights)
    rows = np.vstack([nats.reshape(models * seeds, sittings), tokens, bytes_])
    observed = rows.sum(axis=1)
    fixed = np.tile(observed if sittings > 1 else np.full_like(observed, np.nan), (draws, 1))
    drawn = resampled_sums(rows, draws, rng) if sittings > 1 else fixed
    every_seed = np.ones_like(seed_weights)
    return {
        "joint": _replicates(observed, drawn, seed_weights),
        "sittings": _replicates(observed, drawn, every_seed),
        "seeds": _replicates(observed, fixed, seed_weights),
    }


def sign_flip_test(
    differences: npt.ArrayLike, weights: npt.ArrayLike | None, draws: int, rng: np.random.Generator
) -> float:
    """Two-sided p that the weighted mean difference is zero, by flipping the signs of whole groups.

    Under the null hypothesis a group's difference is as likely to have the other sign (Fisher 1935; p with the
    observed assignment counted in: Phipson & Smyth 2010, arXiv 1603.05766).

    Parameters
    ----------
    differences : mean difference of each group (sitting, prompt), shape [groups]; any unit.
    weights : weight of each group (its tokens), shape [groups]; None for equal weights.
    draws : random sign assignments. Where all 2^groups of them are no more than that, all are
        enumerated and p is exact.

    Returns p, at least 1 / (draws + 1) and never 0.

    Raises ValueError for no groups or for differences that are not finite.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"differences of shape {values.shape}: expected one finite number for each group")
    terms = values if weights is None else values * np.asarray(weights, dtype=np.float64)
    # An assignment that ties with the observed one must count, whatever the order of its summation.
    threshold = abs(terms.sum()) - 1e-12 * np.abs(terms).sum()
    exact = 2**terms.size <= draws
    signs = _all_signs(terms.size, draws) if exact else _random_signs(terms.size, draws, rng)
    hits = sum(int(np.count_nonzero(np.abs(block @ terms) >= threshold)) for block in signs)
    return hits / 2**terms.size if exact else (1 + hits) / (draws + 1)


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Holm's step-down correction of one family of tests (Holm 1979, Scand. J. Stat. 6, 65).

    Parameters
    ----------
    p_values : raw p of each test, shape [tests], each in [0, 1].

    Returns the corrected p in the order given: not below the raw ones, monotone in them, at most 1.

    Raises ValueError for a p outside [0, 1].
    """
    raw = np.asarray(p_values, dtype=np.float64)
    if not ((raw >= 0) & (raw <= 1)).all():
        raise ValueError(f"p-values {raw.tolist()}: expected numbers from 0 to 1")
    order = np.argsort(raw, kind="stable")
    steps = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    corrected = np.empty_like(raw)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def _replicates(observed: FloatArray, drawn: FloatArray, seed_weights: FloatArray) -> CorpusReplicates:
    """Divide the resampled sums, with the observed ones in front: rows are [models x seeds, tokens, bytes]."""
    sums = np.vstack([observed, drawn])
    shares = np.vstack([np.ones(seed_weights.shape[1]), seed_weights]) / seed_weights.shape[1]
    tokens, bytes_ = sums[:, -2], sums[:, -1]
    by_seed = sums[:, :-2].reshape(len(sums), -1, shares.shape[1])
    nats = np.einsum("bms,bs->bm", by_seed, shares)
    return CorpusReplicates(nats / tokens[:, None], bytes_ / tokens)


def _blocks(draws: int, groups: int) -> Iterator[int]:
    """Sizes of the blocks of draws that are held in memory at once."""
    size = max(1, _BLOCK // groups)
    for start in range(0, draws, size):
        yield min(size, draws - start)


def _random_signs(groups: int, draws: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Blocks of random signs, shape [block, groups]."""
    for size in _blocks(draws, groups):
        yield _signs(rng.integers(0, 2, size=(size, groups), dtype=np.int8))


def _all_signs(groups: int, draws: int) -> Iterator[FloatArray]:
    """Blocks of all 2^groups assignments of signs, shape [block, groups]."""
    assert 2**groups <= draws, "enumeration only where it costs no more than the draws"
    start = 0
    for size in _blocks(2**groups, groups):
        assignments = np.arange(start, start + size)[:, None]
        yield _signs((assignments >> np.arange(groups)) & 1)
        start += size


def _signs(bits: npt.NDArray[np.signedinteger]) -> FloatArray:
    """0 and 1 as -1 and +1."""
    return bits.astype(np.float64) * 2 - 1
