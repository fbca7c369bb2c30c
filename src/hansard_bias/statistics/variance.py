"""Estimates, and what is known of their errors: training runs crossed with sittings and speakers, or with prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.pivot import Pivot


@dataclass(frozen=True)
class Source:
    """What the sittings and speakers of one corpus (or prompts) add to the variance of means; arrays [..., means]."""

    variance: FloatArray
    """With what differs between runs from group to group; nan where there is one group: nothing is known of another."""
    speakers: FloatArray
    """The part of it that is there because sittings have speakers in common."""
    interaction: FloatArray
    """The part of it that is the interaction of runs and groups; 0 with one run."""
    df: FloatArray

    @property
    def alone(self) -> FloatArray:
        """The variance without the interaction, which that of the runs holds already; at least 0."""
        return np.asarray(np.maximum(self.variance - self.interaction, 0.0))

    def df_alone(self, runs: int) -> FloatArray:
        """Degrees of freedom of `alone`, a difference of variances (Satterthwaite 1946, Biometrics Bull. 2, 110)."""
        spread = self.variance**2 / self.df
        if runs:
            spread = spread + self.interaction**2 / (runs * self.df)
        # What never varies has no use for them.
        return np.divide(self.alone**2, spread, out=np.ones_like(spread), where=self.alone > 0)

    def of(self, *index: int | slice) -> Source:
        """Of one mean, or some, as an index of their array gives them."""
        return Source(*(each[index] for each in vars(self).values()))

    def scaled(self, factor: float) -> Source:
        """Of the means times this factor."""
        square = factor**2
        return Source(square * self.variance, square * self.speakers, square * self.interaction, self.df)


@dataclass(frozen=True)
class Estimate:
    """Means, and what is known of their errors: the analysis of variance of a crossed design.

    Runs x groups, as readers x cases in diagnostic studies (Hillis 2007, Stat. Med. 26, 596; Gallas 2006): both are
    samples, and every run reads every group.
    """

    by_seed: FloatArray
    """The mean of each run, shape [..., means, seeds]; any unit."""
    sources: tuple[Source, ...]
    """One for each corpus that enters; they are independent of each other."""

    @property
    def value(self) -> FloatArray:
        """The means themselves, shape [..., means]."""
        return np.asarray(self.by_seed.mean(axis=-1))

    @property
    def seeds(self) -> FloatArray:
        """Variance that the runs give to the means (unbiased); 0 with one run, which is not the truth but unknown."""
        runs = self.by_seed.shape[-1]
        return np.asarray(self.by_seed.var(axis=-1, ddof=1) / runs) if runs > 1 else np.zeros_like(self.value)

    @property
    def variance(self) -> FloatArray:
        """Variance of the means."""
        return np.asarray(np.sum([self.seeds, *(source.alone for source in self.sources)], axis=0))

    @property
    def df(self) -> FloatArray:
        """Degrees of freedom of `variance` (Satterthwaite 1946); 1 where it is 0."""
        runs = self.by_seed.shape[-1] - 1
        spread = np.sum([source.alone**2 / source.df_alone(runs) for source in self.sources], axis=0)
        spread = spread + (self.seeds**2 / runs if runs else 0.0)
        return np.asarray(np.divide(self.variance**2, spread, out=np.ones_like(spread), where=spread > 0))

    @property
    def pivot(self) -> Pivot:
        """How the means are distributed about their truths."""
        runs = self.by_seed.shape[-1] - 1
        variances = [source.alone for source in self.sources] + [self.seeds] * (runs > 0)
        df = [source.df_alone(runs) for source in self.sources] + [np.full(self.seeds.shape, float(runs))] * (runs > 0)
        return Pivot(np.array(variances), np.array(df))

    def of(self, *index: int | slice) -> Estimate:
        """One mean, or some, as an index of their array gives them."""
        return Estimate(self.by_seed[index], tuple(source.of(*index) for source in self.sources))

    def intervals(self, confidence: float) -> list[Interval]:
        """Of all means, in the order of their array."""
        value, half = self.value.ravel(), self.pivot.half_width(confidence).ravel()
        return [
            Interval(middle, *((middle - far, middle + far) if np.isfinite(far) else (None, None)))
            for middle, far in zip(value.tolist(), half.tolist(), strict=True)
        ]

    def interval(self, confidence: float) -> Interval:
        """Of the only mean."""
        (found,) = self.intervals(confidence)
        return found

    @property
    def p(self) -> FloatArray:
        """Two-sided p that each mean is 0, shape [..., means]; nan where nothing is known of its error."""
        return self.pivot.p(self.value)

    @property
    def shares(self) -> dict[str, FloatArray]:
        """Shares of seeds, sittings and speakers in the variance; nan where there is none."""
        total = np.where(self.variance > 0, self.variance, np.nan)
        alone = np.sum([source.alone for source in self.sources], axis=0)
        # What runs add to a sitting or a speaker belongs to the runs.
        speakers = np.sum([np.minimum(source.speakers, source.alone) for source in self.sources], axis=0)
        return {"seeds": self.seeds / total, "sittings": (alone - speakers) / total, "speakers": speakers / total}


def linear(by_seed: FloatArray, deviations: FloatArray, shares: FloatArray, clusters: Clusters) -> Estimate:
    """Means of one corpus (or statistics that behave as such) with their errors, linearised in the cells.

    Parameters
    ----------
    by_seed : the mean of each run, shape [..., means, seeds].
    deviations : what each cell adds to it, shape [..., seeds, cells]; for every mean they sum to 0.
    shares : of each cell in the mean, shape [cells]; for every mean they sum to 1.
    clusters : which cells depend on each other, and to which mean they belong.
    """
    runs = deviations.shape[-2]
    mean = deviations.mean(axis=-2)
    variance, speakers = clusters.variances(mean, shares)
    apart, _ = clusters.variances(deviations - mean[..., None, :], shares)
    interaction = apart.sum(axis=-2) / (runs * max(runs - 1, 1))
    return Estimate(by_seed, (Source(variance, speakers, interaction, clusters.df(shares, variance, speakers)),))


def pooled(sums: npt.ArrayLike, sizes: npt.ArrayLike, clusters: Clusters) -> Estimate:
    """The pooled mean Σ sums / Σ sizes, linearised in the cells (Cochran 1977, ch. 6).

    Parameters
    ----------
    sums : what is averaged, summed within each seed and cell, shape [..., seeds, cells].
    sizes : tokens (or 1) of each cell, shape [cells].
    clusters : which cells depend on each other; all belong to one mean.

    The means are an array [..., 1].
    """
    values, weights = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    # Sum, then divide: deviations are shares of one pooled mean, so that large groups weigh as they should.
    total = weights.sum()
    by_seed = values.sum(axis=-1) / total
    deviations = values / total - by_seed[..., None] * (weights / total)
    return linear(by_seed[..., None, :], deviations, weights / total, clusters)


def combined(parts: Sequence[tuple[float, Estimate]]) -> Estimate:
    """A weighted sum of means over different groups (of different corpora) and the same runs."""
    by_seed = np.sum([weight * part.by_seed for weight, part in parts], axis=0)
    return Estimate(by_seed, tuple(source.scaled(weight) for weight, part in parts for source in part.sources))


def seed_means(values: npt.ArrayLike, confidence: float) -> list[Interval]:
    """The mean of every row over training runs, with the interval of Student's t for other runs.

    values: shape [rows, seeds], any unit. With one seed nothing is known of other runs: the intervals have no bounds.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape[1] == 1:
        return [Interval(value, None, None) for value in array[:, 0].tolist()]
    return Estimate(array, ()).intervals(confidence)
