"""Words behind the gap: how much more one model is surprised by each word than another (method.md section 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, stdtr

from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.resampling import bootstrap_weights, generator
from hansard_bias.statistics.tests import holm
from hansard_bias.statistics.variance import Components, SeedVariance, crossed

# Words whose draws are held in memory at once.
_WORDS = 256


@dataclass(frozen=True)
class WordGaps:
    """Of every word, arrays of shape [words]; nan where a word has too few sittings for an interval."""

    difference: FloatArray  # Mean difference in surprisal between the two models, nats per occurrence
    low: FloatArray
    high: FloatArray
    p: FloatArray
    p_holm: FloatArray  # Corrected for all words that have a p


def word_gaps(
    differences: FloatArray, counts: FloatArray, draws: int, confidence: float, seed: int, least_sittings: int
) -> WordGaps:
    """Mean difference of every word with its interval and test.

    Parameters
    ----------
    differences : Σ surprisal under one model less that under the other, shape [words, seeds, sittings]; nats.
    counts : occurrences, shape [words, sittings], at least one of every word.
    draws, confidence, seed : of the intervals: sittings and seeds are resampled as in `Study`, the same
        draws for all words, so that the order of the words does not matter.
    least_sittings : words that occur in fewer sittings get no interval and no p.

    Thousands of words are looked at, so intervals are one by one, and p is corrected by Holm's method over all of them.
    A p from draws cannot pass such a correction (it is at least 1 / (draws + 1)): here it is that of Student's t, of
    the difference over its standard error with Satterthwaite's degrees of freedom (`Components`).
    """
    present = np.count_nonzero(counts > 0, axis=1)
    low, high, p, corrected = (np.full(len(counts), np.nan) for _ in range(4))
    # Two at least, whatever the settings say: one sitting has no variance.
    words = np.flatnonzero(present >= max(least_sittings, 2))
    sittings = bootstrap_weights(counts.shape[1], draws, generator(seed, "word sittings"))
    seed_variance = SeedVariance.of(differences.shape[1], draws, generator(seed, "seeds"))
    for start in range(0, len(words), _WORDS):
        chosen = words[start : start + _WORDS]
        parts = crossed(differences[chosen], counts[chosen])
        sums = differences[chosen].mean(axis=1)
        drawn = _draws(parts, sums, counts[chosen], sittings, seed_variance, seed)
        low[chosen], high[chosen] = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
        p[chosen] = _p(parts)
    corrected[words] = holm(p[words])
    # The difference itself needs no second sitting: every word has one.
    return WordGaps(differences.mean(axis=1).sum(axis=1) / counts.sum(axis=1), low, high, p, corrected)


def _draws(
    parts: Components, sums: FloatArray, counts: FloatArray, sittings: FloatArray, runs: SeedVariance, seed: int
) -> FloatArray:
    """Bootstrap replicates of some words, shape [draws, words]."""
    drawn_counts, drawn_sums = sittings @ counts.T, sittings @ sums.T
    value, present = parts.value, np.count_nonzero(counts > 0, axis=1)
    # A draw without the word says nothing of it: no deviation.
    means = np.divide(drawn_sums, drawn_counts, out=np.tile(value, (len(sittings), 1)), where=drawn_counts > 0)
    # One draw of χ² for all words, by way of its quantile, is as good as one for each and depends on no order.
    uniform = generator(seed, "word tails").random(len(sittings))
    t_factors = np.sqrt(present / (present - 1)) * _t_factors(parts.df_groups, uniform)
    others = runs.deviations(parts.by_seed, parts.seeds_share)
    return np.asarray(value + (means - value) * parts.shrinkage * t_factors + others)


def _t_factors(freedom: FloatArray, uniform: FloatArray) -> FloatArray:
    """sqrt(ν / χ²_ν) at these levels, shape [draws, words]; equal degrees of freedom are computed once."""
    different, codes = np.unique(np.round(freedom, 1), return_inverse=True)
    return np.asarray(np.sqrt(different / chdtri(different, uniform[:, None])))[:, codes]


def _p(parts: Components) -> FloatArray:
    """Two-sided p of Student's t; 1 where neither difference nor error is there."""
    error = np.sqrt(parts.variance)
    ratio = np.divide(np.abs(parts.value), error, out=np.where(parts.value == 0, 0.0, np.inf), where=error > 0)
    # scipy's stdtr takes no infinite degrees of freedom: beyond this it is normal.
    return np.asarray(2 * stdtr(np.minimum(parts.df, 1e9), -ratio))
