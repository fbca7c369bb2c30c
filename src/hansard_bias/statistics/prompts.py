"""What prompts say on average, with errors that all prompts tell together; and whether two models differ in any."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.linalg import helmert
from scipy.optimize import brentq
from scipy.special import digamma, ndtri, polygamma
from scipy.stats import qmc

from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.pivot import Pivot

# Fewer prompts tell nothing of how far variances differ.
_LEAST_PROMPTS = 3
# Of the median variance: a smaller one is a rounding, and has no logarithm worth its name (limma has the same bound).
_LEAST_VARIANCE = 1e-5
# Points at which the rotations of `any_difference` are looked at: p is known to 1 in so many.
_ROTATIONS = 2**14


@dataclass(frozen=True)
class PromptMeans:
    """The mean answer to each prompt over wordings and runs, and how it is distributed about its truth."""

    value: FloatArray
    """Nats, shape [prompts]."""
    pivot: Pivot
    """Its sources: wordings; runs, as they move each prompt; runs, as they move all prompts alike."""

    @classmethod
    def of(cls, values: FloatArray) -> PromptMeans:
        """From answers of shape [prompts, wordings, seeds]; nan, for all seeds alike, where there are fewer.

        Wordings and runs are crossed, both are samples. What each prompt's variances are is known from few runs, so
        they are drawn towards what all prompts say of them (`moderated`). Runs move all prompts in common, too:
        the variance of the mean over them keeps its own few degrees of freedom. A prompt with one wording has no error.
        """
        runs, present = values.shape[2], ~np.isnan(values[:, :, 0])
        n = present.sum(axis=1).astype(np.float64)
        between = np.maximum(n - 1, 1)
        by_seed, by_wording = np.nanmean(values, axis=1), values.mean(axis=2)
        mean = by_seed.mean(axis=1)
        off = np.where(present, by_wording - mean[:, None], 0.0)
        wordings = np.divide((off**2).sum(axis=1), n * (n - 1), out=np.full(len(n), np.nan), where=n > 1)
        if runs == 1:
            found, df = moderated(wordings, between)
            return cls(mean, Pivot(found[None], df[None]))
        both = np.where(
            present[..., None], values - by_wording[..., None] - by_seed[:, None] + mean[:, None, None], 0.0
        )
        freedom = between * (runs - 1)
        crossed = np.where(n > 1, (both**2).sum(axis=(1, 2)) / (freedom * n * runs), np.nan)
        alone = _difference(*moderated(wordings, between), *moderated(crossed, freedom))
        sources = [alone, *_runs(by_seed, mean)]
        return cls(mean, Pivot(*(np.array(each) for each in zip(*sources, strict=True))))

    def intervals(self, confidence: float) -> list[Interval]:
        """Of all prompts; without bounds where a prompt has one wording."""
        half = self.pivot.half_width(confidence)
        return [
            Interval(middle, *((middle - far, middle + far) if math.isfinite(far) else (None, None)))
            for middle, far in zip(self.value.tolist(), half.tolist(), strict=True)
        ]

    @property
    def p(self) -> FloatArray:
        """Two-sided p that each mean is 0, shape [prompts]; nan where a prompt has one wording."""
        return self.pivot.p(self.value)

    @property
    def variance(self) -> FloatArray:
        """Of each mean, shape [prompts]; nan where a prompt has one wording."""
        return np.asarray(self.pivot.variances.sum(axis=0))

    @property
    def df(self) -> FloatArray:
        """Degrees of freedom of `variance` (Satterthwaite 1946, Biometrics Bull. 2, 110); 1 where it is 0."""
        spread = (self.pivot.variances**2 / self.pivot.df).sum(axis=0)
        return np.asarray(np.divide(self.variance**2, spread, out=np.ones_like(spread), where=spread > 0))


def _runs(by_seed: FloatArray, mean: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Variances that runs give to the means, and their df, shape [prompts] each; by_seed: shape [prompts, seeds]."""
    prompts, runs = by_seed.shape
    df = np.full(prompts, runs - 1.0)
    if prompts < _LEAST_PROMPTS:
        return [(by_seed.var(axis=1, ddof=1) / runs, df)]
    common = by_seed.mean(axis=0)
    own = by_seed - mean[:, None] - (common - common.mean())
    # What is left of each prompt's deviation when the common one is taken off is smaller by 1 - 1 / prompts.
    found, freedom = moderated((own**2).sum(axis=1) / (df * runs), df)
    return [(found, freedom), (np.full(prompts, common.var(ddof=1) / runs), df)]


def _difference(first: FloatArray, df: FloatArray, second: FloatArray, other_df: FloatArray) -> tuple[FloatArray, ...]:
    """A variance less another, at least 0, and its degrees of freedom (Satterthwaite); what never varies needs none."""
    left = np.maximum(first - second, 0.0)
    left = np.where(np.isnan(first), np.nan, left)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = first**2 / df + second**2 / other_df
        return left, np.where(left > 0, left**2 / spread, 1.0)


def moderated(variances: FloatArray, df: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variances of many alike things, each drawn towards what all say (Smyth 2004, Stat. Appl. Genet. 3, 3).

    True variances are taken to be s0² d0 / χ²(d0); d0 and s0² are fitted to the moments of the logarithms of the
    observed ones, and each becomes its posterior mean (d0 s0² + d s²) / (d0 + d) with d0 + d degrees of freedom, no
    more than all have together.

    Parameters
    ----------
    variances : 0 or more, shape [things]; nan, which stays, where one is not known.
    df : their degrees of freedom, shape [things].

    Returns variances and degrees of freedom, shape [things]. As they are where fewer than three are known, or most of
    them are 0.
    """
    known = np.isfinite(variances)
    s2, d = variances[known], df[known].astype(np.float64)
    if len(s2) < _LEAST_PROMPTS or np.median(s2) <= 0:
        return variances, df
    floored = np.maximum(s2, _LEAST_VARIANCE * np.median(s2))
    logs = np.log(floored) - digamma(d / 2) + np.log(d / 2)
    excess, total = float(logs.var(ddof=1) - polygamma(1, d / 2).mean()), d.sum()
    out, out_df = variances.copy(), df.astype(np.float64)
    if excess <= 0:
        out[known], out_df[known] = (d * floored).sum() / total, total
        return out, out_df
    prior = 2 * _inverse_trigamma(excess)
    scale = math.exp(float(logs.mean() + digamma(prior / 2) - math.log(prior / 2)))
    out[known] = (prior * scale + d * floored) / (prior + d)
    out_df[known] = np.minimum(prior + d, total)
    return out, out_df


def _inverse_trigamma(value: float) -> float:
    """The x with ψ'(x) = value, above 0."""
    low, high = 1e-6, 1e6
    if not polygamma(1, high) < value < polygamma(1, low):
        return low if value >= polygamma(1, low) else high
    return float(np.exp(brentq(lambda log: polygamma(1, math.exp(log)) - value, math.log(low), math.log(high))))


def any_difference(values_a: npt.ArrayLike, values_b: npt.ArrayLike) -> tuple[float, float]:
    """Whether two models differ in any of some prompts, be it in opposite directions that cancel in the mean.

    The rotation test of Langsrud (2005, Stat. Comput. 15, 53): what two groups of training runs differ by, Σ d² over
    prompts, against every rotation of that vector and the residuals of the runs into each other. Where runs of both
    models have one normal distribution over prompts, however these depend on each other, it rejects at exactly its
    level; it takes prompts and wordings as given. Divisions of the runs into two groups would be another reference, but
    of 3 and 3 there are ten, none of which can give p < 0.1.

    Parameters
    ----------
    values_a, values_b : log-odds in nats, means over wordings; shape [prompts, seeds], 2 seeds or more of each.

    Returns the root of the mean square difference over prompts, less what the runs' own spread adds to it, in nats (at
    least 0), and p.

    Raises ValueError for other shapes.
    """
    groups = [np.asarray(values, dtype=np.float64) for values in (values_a, values_b)]
    if any(each.ndim != 2 or each.shape[1] < 2 for each in groups) or len(groups[0]) != len(groups[1]):
        shapes = " and ".join(str(each.shape) for each in groups)
        raise ValueError(f"log-odds of shapes {shapes}: expected the same prompts, and 2 seeds or more of each")
    first, second = groups
    scale = 1 / first.shape[1] + 1 / second.shape[1]
    difference = first.mean(axis=1) - second.mean(axis=1)
    # Contrasts that are independent of each other and of the means.
    residuals = np.vstack([helmert(each.shape[1]) @ each.T for each in groups])
    vectors = np.vstack([difference / np.sqrt(scale), residuals])
    products = vectors @ vectors.T
    roots = np.linalg.eigvalsh(products)
    beyond = np.count_nonzero(_directions(len(vectors)) @ (roots - products[0, 0]) >= 0)
    noise = scale * float(np.trace(products[1:, 1:])) / len(residuals)
    square = (float(difference @ difference) - noise) / len(difference)
    return math.sqrt(max(square, 0.0)), float((1 + beyond) / (1 + _ROTATIONS))


@cache
def _directions(size: int) -> FloatArray:
    """Squares of normal numbers, shape [rotations, size]; fixed, so that no result depends on what is tested beside."""
    even = qmc.Sobol(size, scramble=True, rng=np.random.default_rng(7)).random(_ROTATIONS)
    return np.asarray(ndtri(even) ** 2)
