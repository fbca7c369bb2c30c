"""Words behind the gap: how much more one model is surprised by each word than another (method.md section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hansard_bias.statistics.clusters import Clusters, Codes
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.tests import holm
from hansard_bias.statistics.variance import Estimate, linear


@dataclass(frozen=True)
class Occurrences:
    """Where words occur: a cell is what one speaker says of one word in one sitting. Arrays of shape [cells]."""

    word: Codes
    """Number of the word, ascending from 0; each has a cell."""
    sitting: Codes
    speaker: Codes | None
    """None where the corpus has no speakers."""
    counts: FloatArray

    def mean(self, sums: FloatArray) -> Estimate:
        """The mean of every word per occurrence, from sums of shape [seeds, cells]; an estimate [words]."""
        starts = np.searchsorted(self.word, np.arange(self.word[-1] + 1))
        total = np.add.reduceat(self.counts, starts)[self.word]
        by_seed = np.add.reduceat(sums / total, starts, axis=1).T
        shares = self.counts / total
        deviations = sums / total - by_seed[self.word].T * shares
        return linear(by_seed, deviations, shares, self.clusters)

    @cached_property
    def sittings(self) -> Codes:
        """In how many sittings every word occurs, shape [words]."""
        days = int(self.sitting.max()) + 1
        return np.bincount(np.unique(self.word * days + self.sitting) // days)

    @cached_property
    def clusters(self) -> Clusters:
        """Which cells depend on each other, and of which word they are."""
        return Clusters.of(self.sitting, self.speaker, self.word)


@dataclass(frozen=True)
class WordGaps:
    """Of every word, arrays of shape [words]; nan where a word has too few sittings for an interval."""

    difference: FloatArray  # Mean difference in surprisal between the two models, nats per occurrence
    low: FloatArray
    high: FloatArray
    p: FloatArray
    p_holm: FloatArray  # Corrected for all words that have a p


def word_gaps(differences: FloatArray, where: Occurrences, confidence: float, least_sittings: int) -> WordGaps:
    """Mean difference of every word with its interval and test.

    Parameters
    ----------
    differences : Σ surprisal under one model less that under the other, shape [seeds, cells]; nats.
    where : the cells.
    confidence : of the intervals, which cover other sittings, speakers and runs (`Estimate`).
    least_sittings : words that occur in fewer sittings get no interval and no p.

    Thousands of words are looked at, so intervals are one by one, and p is corrected by Holm's method over all of them.
    """
    estimate = where.mean(differences)
    # Two at least, whatever the settings say: one sitting has no variance.
    enough = where.sittings >= max(least_sittings, 2)
    value, half = estimate.value, np.where(enough, estimate.pivot.half_width(confidence), np.nan)
    p = np.where(enough, estimate.p, np.nan)
    corrected, tested = np.full(p.shape, np.nan), np.isfinite(p)
    corrected[tested] = holm(p[tested])
    return WordGaps(value, value - half, value + half, p, corrected)
