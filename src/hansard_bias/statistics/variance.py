"""The variance of a mean: training runs (seeds) crossed with groups (sittings, prompts), and draws of other runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from hansard_bias.statistics.intervals import FloatArray, Interval, percentile_interval

# Power of the smallest detectable effect, the usual 80 % (Cohen 1988).
POWER = 0.8


@dataclass(frozen=True)
class Components:
    """A pooled mean over seeds and groups, and the parts of its variance; arrays of one shape [...], units of the mean.

    The analysis of variance of a crossed design, seeds x groups, as readers x cases in diagnostic studies (Hillis 2007,
    Stat. Med. 26, 596; Gallas 2006): both are samples, and every seed reads every group.
    """

    by_seed: FloatArray  # The mean of each seed, shape [..., seeds]
    # Variance that the groups give to the mean (unbiased; with what differs between seeds from group to group).
    groups: FloatArray
    # The part of `groups`, and of `seeds`, that is the interaction of seeds and groups; 0 with one seed.
    interaction: FloatArray
    # Degrees of freedom of `groups`: the effective number of groups 1 / Σ share² (Kish 1965) less one, at least 1.
    df_groups: FloatArray

    def of(self, index: int) -> Components:
        """The components of one of several means, such as that of one model."""
        return Components(self.by_seed[index], self.groups[index], self.interaction[index], self.df_groups[index])

    @property
    def value(self) -> FloatArray:
        """The mean itself."""
        return np.asarray(self.by_seed.mean(axis=-1))

    @property
    def df_seeds(self) -> int:
        """Degrees of freedom of `seeds`; 0 with one seed."""
        return int(self.by_seed.shape[-1]) - 1

    @property
    def seeds(self) -> FloatArray:
        """Variance that the seeds give to the mean (unbiased); 0 with one seed, which is not the truth but unknown."""
        if not self.df_seeds:
            return np.zeros_like(self.value)
        return np.asarray(self.by_seed.var(axis=-1, ddof=1) / (self.df_seeds + 1))

    @property
    def groups_alone(self) -> FloatArray:
        """`groups` without the interaction, which `seeds` counts already; at least 0."""
        return np.asarray(np.maximum(self.groups - self.interaction, 0.0))

    @property
    def variance(self) -> FloatArray:
        """Variance of the mean."""
        return self.seeds + self.groups_alone

    @property
    def seeds_share(self) -> FloatArray:
        """Share of `seeds` in `variance`; 0 where there is none."""
        variance = self.variance
        return np.asarray(np.divide(self.seeds, variance, out=np.zeros_like(variance), where=variance > 0))

    @property
    def shrinkage(self) -> FloatArray:
        """What deviations of resampled groups are multiplied by, so that the interaction enters once, not twice."""
        ratio = np.divide(self.interaction, self.groups, out=np.zeros_like(self.groups), where=self.groups > 0)
        return np.asarray(np.sqrt(np.maximum(1 - ratio, 0.0)))

    @property
    def df(self) -> FloatArray:
        """Degrees of freedom of `variance` (Satterthwaite 1946, Biometrics Bull. 2, 110); inf where it is 0."""
        alone = self.groups_alone
        spread = np.where(alone > 0, self.groups**2 / self.df_groups, 0.0)
        if self.df_seeds:
            mixed = self.interaction**2 / (self.df_seeds * self.df_groups)
            spread = spread + np.where(alone > 0, mixed, 0.0) + self.seeds**2 / self.df_seeds
        square = self.variance**2
        return np.divide(square, spread, out=np.full_like(square, np.inf), where=spread > 0)

    def smallest_effect(self, confidence: float) -> FloatArray:
        """What a two-sided test at this confidence finds in 80 % of studies: (t_{1-α/2} + t_{0.8}) standard errors.

        Bloom 1995, Evaluation Review 19, 547, with the degrees of freedom of the standard error.
        """
        return t_sum(self.df, ((1 + confidence) / 2, POWER)) * np.sqrt(self.variance)


def crossed(sums: npt.ArrayLike, sizes: npt.ArrayLike) -> Components:
    """Components of the pooled mean Σ sums / Σ sizes, linearised in the group sums (Cochran 1977, ch. 6).

    Parameters
    ----------
    sums : what is averaged, summed within each seed and group, shape [..., seeds, groups].
    sizes : tokens (or 1) of each group, shape [groups] or [..., groups]; a group of size 0 is not there.

    The variances of the groups are nan with one group: nothing is known of another one.
    """
    values, weights = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    # Sum, then divide: deviations are shares of one pooled mean, so that large groups weigh as they should.
    total = weights.sum(axis=-1)
    shares = weights / total[..., None]
    by_seed = values.sum(axis=-1) / total[..., None]
    deviations = values / total[..., None, None] - by_seed[..., None] * shares[..., None, :]
    mean = deviations.mean(axis=-2)
    present = np.count_nonzero(weights > 0, axis=-1)
    correction = np.where(present > 1, present / np.maximum(present - 1, 1), np.nan)
    seeds = values.shape[-2]
    apart = ((deviations - mean[..., None, :]) ** 2).sum(axis=(-2, -1)) / (seeds * max(seeds - 1, 1))
    # At least 1, as for the draws: uneven groups are still more than one.
    effective = np.maximum(1 / (shares**2).sum(axis=-1) - 1, 1.0)
    groups = correction * (mean**2).sum(axis=-1)
    return Components(by_seed, groups, correction * apart, np.broadcast_to(effective, groups.shape))


def combined(parts: Sequence[tuple[float, Components]]) -> Components:
    """A weighted sum of means over different groups (of different corpora) and the same seeds."""
    by_seed = np.sum([weight * part.by_seed for weight, part in parts], axis=0)
    groups, interaction = (
        np.asarray(np.sum([weight**2 * getattr(part, name) for weight, part in parts], axis=0))
        for name in ("groups", "interaction")
    )
    spread = np.asarray(np.sum([(weight**2 * part.groups) ** 2 / part.df_groups for weight, part in parts], axis=0))
    least = np.asarray(np.min([part.df_groups for _, part in parts], axis=0), dtype=np.float64)
    df = np.divide(groups**2, spread, out=least.copy(), where=spread > 0)
    return Components(by_seed, groups, interaction, df)


def t_sum(df: npt.ArrayLike, levels: Sequence[float]) -> FloatArray:
    """The sum of quantiles of Student's t at these levels; those of the normal distribution where df is inf."""
    freedom = np.asarray(df, dtype=np.float64)
    # scipy's stdtrit knows no infinite degrees of freedom.
    finite = np.where(np.isfinite(freedom), freedom, 1.0)
    parts = [np.where(np.isfinite(freedom), stdtrit(finite, level), ndtri(level)) for level in levels]
    return np.asarray(np.sum(parts, axis=0))


# Draws of training runs: how far a mean over a few runs may lie from the mean over all that could have been.

# With two runs (ν = 1) the matching prior, which holds to second order, covers 91 to 96 %, Behrens and Fisher's 95 to
# 99 %. This share of its narrower part is given up then: simulated studies cover 95 to 98 % (benchmarks/RESULTS.md).
CAUTION = 0.3


@dataclass(frozen=True)
class TFactors:
    """Draws of sqrt(true variance / observed variance) of a mean over a few training runs.

    The runs' variance is observed with few degrees of freedom ν (two with three seeds) and is added to that of sittings
    or prompts, which is known well. Taking it as ν · observed / χ²_ν, the fiducial distribution of Behrens and Fisher
    (Fisher 1935, Ann. Eugen. 6, 391), covers too much: 97.7 % instead of 95 with three seeds. Under the prior whose
    posterior matches coverage to second order (Ghosh & Kim 2001, Can. J. Stat. 29, 5), with density proportional to
    1/A + 1/B times that of Behrens and Fisher for true variances A and B, it is a mixture: ν · observed / χ²_ν with the
    probability of the runs' share in the observed variance, otherwise ν · observed / χ²_{ν + 2}. Where the runs are all
    of the variance this is Student's t. (The same for the sittings would change nothing: their ν is large.)
    """

    df: float  # Degrees of freedom ν, above 0
    chi: FloatArray  # χ²_ν, shape [draws]
    further: FloatArray  # χ²_2, to be added for ν + 2; shape [draws]
    uniform: FloatArray  # Decides between the two; shape [draws]

    @classmethod
    def of(cls, df: float, draws: int, rng: np.random.Generator) -> TFactors:
        """Draw them."""
        return cls(df, rng.chisquare(df, size=draws), rng.chisquare(2, size=draws), rng.random(draws))

    def factors(self, share: npt.ArrayLike) -> FloatArray:
        """Of quantities in whose observed variance the runs have these shares, [...]; shape [draws, ...].

        All quantities share their draws, so that differences between them are paired.
        """
        shares = np.asarray(share, dtype=np.float64)
        columns = (slice(None), *(None for _ in shares.shape))
        chi, further, uniform = self.chi[columns], self.further[columns], self.uniform[columns]
        narrow = uniform < (1 - shares) * (1 - CAUTION if self.df < 2 else 1)
        return np.asarray(np.sqrt(self.df / np.where(narrow, chi + further, chi)))


@dataclass(frozen=True)
class SeedVariance:
    """Draws of training runs, the same for everything that these runs have read."""

    directions: FloatArray  # Normal, centred, of unit variance per seed before centring; shape [draws, seeds]
    t_factors: TFactors | None  # None with one seed, of whose variance nothing is known

    @classmethod
    def of(cls, seeds: int, draws: int, rng: np.random.Generator) -> SeedVariance:
        """Draw them.

        Counts of seeds drawn with replacement fail with three to five of them: the variance is (S - 1) / S of the true
        one and three seeds have ten different samples. Normal multipliers (Mammen 1993, Ann. Stat. 21, 255) have
        neither fault.
        """
        if seeds == 1:
            return cls(np.zeros((draws, 1)), None)
        noise = rng.standard_normal((draws, seeds))
        return cls(noise - noise.mean(axis=1, keepdims=True), TFactors.of(seeds - 1, draws, rng))

    @property
    def weights(self) -> FloatArray:
        """Weights of the seeds with the right variance for their mean, shape [draws, seeds]; rows sum to `seeds`."""
        seeds = self.directions.shape[1]
        return np.asarray(1 + self.directions * np.sqrt(seeds / max(seeds - 1, 1)))

    def deviations(self, by_seed: FloatArray, share: npt.ArrayLike) -> FloatArray:
        """What other runs would have added to means over seeds.

        Parameters
        ----------
        by_seed : the mean of each seed, shape [..., seeds]; any unit.
        share : of the runs in the observed variance of each mean, shape [...] (`Components.seeds_share`).

        Returns shape [draws, ...], in the unit of `by_seed`.
        """
        seeds = by_seed.shape[-1]
        if self.t_factors is None:
            return np.zeros((len(self.directions), *by_seed.shape[:-1]))
        # Centred first, so that equal runs deviate by nothing at all.
        apart = by_seed - by_seed.mean(axis=-1, keepdims=True)
        plain = np.tensordot(self.weights - 1, apart, axes=(1, -1)) / seeds
        return np.asarray(plain * self.t_factors.factors(share))


def seed_means(values: npt.ArrayLike, draws: int, rng: np.random.Generator, confidence: float) -> list[Interval]:
    """The mean of every row over training runs, with an interval for other runs: that of Student's t, from draws.

    values: shape [rows, seeds], any unit. With one seed nothing is known of other runs: the intervals have no bounds.
    """
    array = np.asarray(values, dtype=np.float64)
    means = array.mean(axis=1)
    drawn = means + SeedVariance.of(array.shape[1], draws, rng).deviations(array, np.ones(len(array)))
    if array.shape[1] == 1:
        drawn[:] = np.nan
    return [percentile_interval(row, confidence) for row in np.vstack([means, drawn]).T]
