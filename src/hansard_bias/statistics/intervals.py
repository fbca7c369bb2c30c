"""Draws in blocks, so that memory does not grow with their number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

# Elements of one block of weights or signs: 32 MB, whatever the number of draws.
BLOCK = 1 << 22


def blocks(draws: int, groups: int) -> Iterator[int]:
    """Sizes of the blocks of draws that are held in memory at once."""
    size = max(1, BLOCK // groups)
    for start in range(0, draws, size):
        yield min(size, draws - start)


# Intervals: percentile and BCa of bootstrap replicates, Wilson's of a share.

FloatArray = npt.NDArray[np.float64]

# Keeps the denominator of BCa's transformation positive: beyond it the level is 0 or 1 already.
_SMALLEST_DENOMINATOR = 1e-9


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds, in the unit of the estimate; bounds are None where nothing could be resampled."""

    value: float
    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        assert (self.low is None) == (self.high is None), "an interval with two bounds or none"

    @property
    def known(self) -> bool:
        """Whether there are bounds."""
        return self.low is not None

    def side(self, reference: float) -> int | None:
        """+1 or -1 if the whole interval lies above or below the reference, 0 if it includes it, None if unknown."""
        if self.low is None or self.high is None:
            return None
        return int(self.low > reference) - int(self.high < reference)

    def map(self, function: Callable[[float], float]) -> Interval:
        """Value and bounds through an increasing function."""
        return Interval(
            function(self.value), *(None if bound is None else function(bound) for bound in (self.low, self.high))
        )

    def as_dict(self) -> dict[str, float | None]:
        """The form of metrics files: value, low, high."""
        return dict(vars(self))

    def __neg__(self) -> Interval:
        """The interval of the negative."""
        return Interval(-self.value, *(None if bound is None else -bound for bound in (self.high, self.low)))


@dataclass(frozen=True)
class Count:
    """How many of the prompts, and their share."""

    count: int
    rate: Interval

    @classmethod
    def of(cls, count: int, total: int, confidence: float) -> Count:
        """With Wilson's interval of the share."""
        return cls(count, wilson_interval(count, total, confidence))


def percentile_interval(replicates: npt.ArrayLike, confidence: float) -> Interval:
    """The percentile bootstrap interval (Efron & Tibshirani 1993, section 13.3).

    Parameters
    ----------
    replicates : shape [1 + draws], the estimate first, then its bootstrap replicates; any unit.
        Replicates that are nan say that there was nothing to resample: the interval has no bounds.
    confidence : coverage aimed at, above 0 and below 1.

    Raises ValueError for a confidence outside (0, 1).
    """
    check_confidence(confidence)
    values = np.asarray(replicates, dtype=np.float64)
    tail = (1 - confidence) / 2
    return _interval(values, np.array([tail, 1 - tail]))


def bca_interval(replicates: npt.ArrayLike, jackknife: Sequence[npt.ArrayLike], confidence: float) -> Interval:
    """The bias-corrected and accelerated interval (Efron 1987; Efron & Tibshirani 1993, eq. 14.9 to 14.15).

    Parameters
    ----------
    replicates : shape [1 + draws], the estimate first; nan replicates give an interval without bounds.
    jackknife : for every sample that the estimate is computed from (the sittings of each corpus, the seeds),
        the estimates without one of its members, shape [members]. Several samples are combined as in scipy's
        `stats.bootstrap`: a = Σ_i Σ U³/n³ / (6 (Σ_i Σ U²/n²)^1.5), U = (n - 1)(mean - leave-one-out).
    confidence : coverage aimed at, above 0 and below 1.

    Where all draws lie on one side of the estimate, their share is taken as 1 / (draws + 1) away from 0 or 1, which
    is as far as that many draws can tell; scipy answers nan there.

    Raises ValueError for a confidence outside (0, 1).
    """
    check_confidence(confidence)
    values = np.asarray(replicates, dtype=np.float64)
    draws = values.size - 1
    below = np.mean(values[1:] < values[0]) / 2 + np.mean(values[1:] <= values[0]) / 2
    correction = float(ndtri(np.clip(below, 1 / (draws + 1), draws / (draws + 1))))
    tail = (1 - confidence) / 2
    shift = correction + ndtri(np.array([tail, 1 - tail]))
    denominator = np.maximum(1 - _acceleration(jackknife) * shift, _SMALLEST_DENOMINATOR)
    return _interval(values, ndtr(correction + shift / denominator))


def wilson_interval(successes: int, n: int, confidence: float) -> Interval:
    """Wilson's score interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22, 209).

    Parameters
    ----------
    successes, n : counts, 0 <= successes <= n and n >= 1; the value is successes / n.
    confidence : coverage aimed at, above 0 and below 1.

    Raises ValueError for counts that are no share of anything, n = 0 among them.
    """
    check_confidence(confidence)
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} of {n} is no share: expected 0 <= successes <= n and n of 1 or more")
    z = float(ndtri((1 + confidence) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At 0 and n one bound is exact in theory, and must not miss it by a rounding error.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(share, low, high)


def check_confidence(confidence: float) -> None:
    """Raise ValueError unless the confidence lies between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected a share above 0 and below 1, for example 0.95")


def _interval(values: FloatArray, levels: FloatArray) -> Interval:
    """The estimate with the quantiles of its replicates at two levels, or without bounds."""
    if values.size < 2 or np.isnan(values[1:]).any():
        return Interval(float(values[0]), None, None)
    low, high = np.quantile(values[1:], levels)
    return Interval(float(values[0]), float(low), float(high))


def _acceleration(jackknife: Sequence[npt.ArrayLike]) -> float:
    """The acceleration of BCa from leave-one-out estimates; 0 where leaving one out changes nothing."""
    skewness = variance = 0.0
    for sample in jackknife:
        left_out = np.asarray(sample, dtype=np.float64)
        influence = (left_out.size - 1) * (left_out.mean() - left_out) / left_out.size
        skewness += float(np.sum(influence**3))
        variance += float(np.sum(influence**2))
    return skewness / (6 * variance**1.5) if variance > 0 else 0.0
