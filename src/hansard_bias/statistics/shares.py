"""How many of many true effects are large, from estimates with errors: empirical Bayes (Stephens 2017)."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr
from scipy.stats import chi2

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
    lows, highs = _prior(values, threshold)
    tails, likelihood = _posteriors(values, np.maximum(errors, _LEAST_ERROR), df, threshold, lows, highs)
    counts = np.vstack([np.ones(len(values)), bootstrap_weights(len(values), draws, rng)])
    weights = _weights(likelihood, counts)
    shares = _shares(likelihood, tails, counts, weights)
    both = np.column_stack([shares, shares.sum(axis=1)])
    free = float(np.log(likelihood @ weights[0]).sum())
    small = highs <= threshold, lows >= -threshold
    found = []
    for column, parts in zip(both.T, (*small, small[0] & small[1]), strict=True):
        share = percentile_interval(column, confidence)
        # A mean of probabilities is above 0 by construction: it is so only where a prior without large effects fits
        # worse than chance allows (likelihood ratio at the border of the parameters, Self & Liang 1987).
        without = _weights(likelihood[:, parts], counts[:1])[0]
        ratio = 2 * (free - float(np.log(likelihood[:, parts] @ without).sum()))
        found.append(share if ratio > chi2.isf(1 - confidence, 1) else Interval(share.value, 0.0, share.high))
    return found[0], found[1], found[2]


def _prior(values: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """The ends of the parts of the prior, shape [parts]; two of them end at the threshold."""
    largest = 2 * max(float(np.abs(values).max()), threshold)
    widths = np.append(largest * 2.0 ** (-np.arange(_WIDTHS) / 2), threshold)
    lows = np.concatenate([np.zeros(len(widths)), -widths, [-_POINT]])
    highs = np.concatenate([widths, np.zeros(len(widths)), [_POINT]])
    return lows, highs


def _posteriors(
    values: FloatArray, errors: FloatArray, df: FloatArray, threshold: float, lows: FloatArray, highs: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """For every estimate and part of the prior: mass of effects above and below, [2, estimates, parts]; likelihood."""

    def mass(start: FloatArray, stop: FloatArray) -> FloatArray:
        # Of an effect uniform on [low, high], the part in [start, stop], by the likelihood of each estimate.
        bounds = [(values[:, None] - edge) / errors[:, None] for edge in (start, stop)]
        inside = stdtr(df[:, None], bounds[0]) - stdtr(df[:, None], bounds[1])
        return np.asarray(np.where(stop > start, inside, 0.0) / (highs - lows))

    above = mass(np.maximum(lows, threshold), highs)
    below = mass(lows, np.minimum(highs, -threshold))
    # An estimate that no part of a narrow prior can explain stays a number.
    return np.stack([above, below]), np.maximum(mass(lows, highs), np.finfo(float).tiny)


def _weights(likelihood: FloatArray, counts: FloatArray) -> FloatArray:
    """The prior's weights for every sample by the EM algorithm, [samples, parts]; counts: [samples, estimates]."""
    size = counts.sum(axis=1, keepdims=True)
    weights = np.full((len(counts), likelihood.shape[1]), 1 / likelihood.shape[1])
    for _ in range(_ROUNDS):
        weights = weights * (counts / (weights @ likelihood.T) @ likelihood) / size
    return weights


def _shares(likelihood: FloatArray, tails: FloatArray, counts: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean posterior mass above and below, shape [samples, 2]; counts: of each estimate, [samples, estimates]."""
    share = counts / (weights @ likelihood.T) / counts.sum(axis=1, keepdims=True)
    return np.stack([(share * (weights @ tail.T)).sum(axis=1) for tail in tails], axis=1)
