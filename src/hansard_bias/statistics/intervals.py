"""Draws in blocks, so that memory does not grow with their number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

# Elements of one block of weights or signs: 32 MB, whatever the number of draws.
BLOCK = 1 << 22


def blocks(draws: int, groups: int) -> Iterator[int]:
    """Sizes of the blocks of draws that are held in memory at once."""
    size = max(1, BLOCK // groups)
    for start in range(0, draws, size):
        yield min(size, draws - start)


# Intervals: percentiles of bootstrap replicates, Wilson's of a share.

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds, in the unit of the estimate; bounds are None where nothing is known of its error."""

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
