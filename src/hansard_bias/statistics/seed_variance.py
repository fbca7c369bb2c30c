"""The luck of training runs: how far a mean over a few runs may lie from the mean over all that could have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.intervals import FloatArray, Interval, percentile_interval

CAUTION = 0.3
"""With two runs (ν = 1) the matching prior, which holds to second order, covers 91 to 96 %, Behrens and Fisher's 95 to
99 %. This share of its narrower part is given up then: simulated studies cover 95 to 98 % (benchmarks/RESULTS.md)."""


@dataclass(frozen=True)
class Tails:
    """Draws of sqrt(true variance / observed variance) of a mean over a few training runs.

    The runs' variance is observed with few degrees of freedom ν (two with three seeds) and is added to that of sittings
    or prompts, which is known well. Taking it as ν · observed / χ²_ν, the fiducial distribution of Behrens and Fisher
    (Fisher 1935, Ann. Eugen. 6, 391), covers too much: 97.7 % instead of 95 with three seeds. Under the prior whose
    posterior matches coverage to second order (Ghosh & Kim 2001, Can. J. Stat. 29, 5), with density proportional to
    1/A + 1/B times that of Behrens and Fisher for true variances A and B, it is a mixture: ν · observed / χ²_ν with the
    probability of the runs' share in the observed variance, otherwise ν · observed / χ²_{ν + 2}. Where the runs are all
    of the variance this is Student's t. (The same for the sittings would change nothing: their ν is large.)
    """

    df: float
    """Degrees of freedom ν, above 0."""
    chi: FloatArray
    """χ²_ν, shape [draws]."""
    further: FloatArray
    """χ²_2, to be added for ν + 2; shape [draws]."""
    uniform: FloatArray
    """Decides between the two; shape [draws]."""

    @classmethod
    def of(cls, df: float, draws: int, rng: np.random.Generator) -> Tails:
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
class Luck:
    """Draws of training runs, the same for everything that these runs have read."""

    directions: FloatArray
    """Normal, centred, of unit variance per seed before centring; shape [draws, seeds]."""
    tails: Tails | None
    """None with one seed, of whose luck nothing is known."""

    @classmethod
    def of(cls, seeds: int, draws: int, rng: np.random.Generator) -> Luck:
        """Draw them.

        Counts of seeds drawn with replacement fail with three to five of them: the variance is (S - 1) / S of the true
        one and three seeds have ten different samples. Normal multipliers (Mammen 1993, Ann. Stat. 21, 255) have
        neither fault.
        """
        if seeds == 1:
            return cls(np.zeros((draws, 1)), None)
        noise = rng.standard_normal((draws, seeds))
        return cls(noise - noise.mean(axis=1, keepdims=True), Tails.of(seeds - 1, draws, rng))

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
        if self.tails is None:
            return np.zeros((len(self.directions), *by_seed.shape[:-1]))
        # Centred first, so that equal runs deviate by nothing at all.
        apart = by_seed - by_seed.mean(axis=-1, keepdims=True)
        plain = np.tensordot(self.weights - 1, apart, axes=(1, -1)) / seeds
        return np.asarray(plain * self.tails.factors(share))


def seed_means(values: npt.ArrayLike, draws: int, rng: np.random.Generator, confidence: float) -> list[Interval]:
    """The mean of every row over training runs, with an interval for other runs: that of Student's t, from draws.

    values: shape [rows, seeds], any unit. With one seed nothing is known of other runs: the intervals have no bounds.
    """
    array = np.asarray(values, dtype=np.float64)
    means = array.mean(axis=1)
    drawn = means + Luck.of(array.shape[1], draws, rng).deviations(array, np.ones(len(array)))
    if array.shape[1] == 1:
        drawn[:] = np.nan
    return [percentile_interval(row, confidence) for row in np.vstack([means, drawn]).T]
