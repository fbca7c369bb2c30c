"""How many of many true effects are large, from estimates with errors: empirical Bayes (Stephens 2017)."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr

from hansard_bias.statistics.intervals import FloatArray, Interval, percentile_interval
from hansard_bias.statistics.resampling import bootstrap_weights

# The prior's parts: so many widths, each smaller than the one before by the square root of 2; and a point at 0.
_WIDTHS, _POINT = 14, 1e-9
# Errors below it say that a prompt was asked the same several times.
_LEAST_ERROR = 1e-6
# Rounds of the EM algorithm.
_ROUNDS = 100


def large_shares(
    values: FloatArray,
    errors: FloatArray,
    df: FloatArray,
    threshold: float,
    draws: int,
    rng: np.random.Generator,
    confidence: float,
) -> tuple[Interval, Interval, Interval]:
    """The shares of true effects above the threshold, below its negative, and of either.

    Each estimate has errors of Student's t about its true effect; the effects have a distribution with one mode at 0,
    a mixture of uniform ones from 0 to either side, which is fitted to all estimates together (adaptive shrinkage;
    Stephens 2017, Biostatistics 18, 275). A share is the mean posterior probability. Counting estimates beyond the
    threshold instead counts their errors, too.

    Parameters
    ----------
    values, errors, df : of each estimate its value, standard error and degrees of freedom, shape [estimates]; any unit.
    threshold : above 0, in that unit.
    draws : bootstrap draws of the estimates, for the intervals (percentiles); the prior is fitted anew in each.
    """
    tails, likelihood = _posteriors(values, np.maximum(errors, _LEAST_ERROR), df, threshold)
    counts = np.vstack([np.ones(len(values)), bootstrap_weights(len(values), draws, rng)])
    shares = _shares(likelihood, tails, counts)
    both = np.column_stack([shares, shares.sum(axis=1)])
    found = [percentile_interval(each, confidence) for each in both.T]
    return found[0], found[1], found[2]


def _posteriors(
    values: FloatArray, errors: FloatArray, df: FloatArray, threshold: float
) -> tuple[FloatArray, FloatArray]:
    """For every estimate and part of the prior: mass of effects above and below, [2, estimates, parts]; likelihood."""
    largest = 2 * max(float(np.abs(values).max()), threshold)
    widths = largest * 2.0 ** (-np.arange(_WIDTHS) / 2)
    lows = np.concatenate([np.zeros(_WIDTHS), -widths, [-_POINT]])
    highs = np.concatenate([widths, np.zeros(_WIDTHS), [_POINT]])

    def mass(start: FloatArray, stop: FloatArray) -> FloatArray:
        # Of an effect uniform on [low, high], the part in [start, stop], by the likelihood of each estimate.
        bounds = [(values[:, None] - edge) / errors[:, None] for edge in (start, stop)]
        inside = stdtr(df[:, None], bounds[0]) - stdtr(df[:, None], bounds[1])
        return np.asarray(np.where(stop > start, inside, 0.0) / (highs - lows))

    above = mass(np.maximum(lows, threshold), highs)
    below = mass(lows, np.minimum(highs, -threshold))
    return np.stack([above, below]), mass(lows, highs)


def _shares(likelihood: FloatArray, tails: FloatArray, counts: FloatArray) -> FloatArray:
    """Mean posterior mass above and below, shape [samples, 2]; counts: of each estimate, [samples, estimates].

    The prior's weights are fitted to every sample by the EM algorithm.
    """
    size = counts.sum(axis=1, keepdims=True)
    weights = np.full((len(counts), likelihood.shape[1]), 1 / likelihood.shape[1])
    for _ in range(_ROUNDS):
        weights = weights * (counts / (weights @ likelihood.T) @ likelihood) / size
    share = counts / (weights @ likelihood.T) / size
    return np.stack([(share * (weights @ tail.T)).sum(axis=1) for tail in tails], axis=1)
