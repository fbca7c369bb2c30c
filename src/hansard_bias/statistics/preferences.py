"""Preferences of masked prompts: which group of terms a model favours, and how surely (method.md section 4)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import helmert
from scipy.special import ndtri
from scipy.stats import qmc

from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.intervals import Count, FloatArray, Interval
from hansard_bias.statistics.shares import large_shares
from hansard_bias.statistics.tests import TestRecord, benjamini_hochberg, known
from hansard_bias.statistics.variance import Estimate, linear, pooled

Decision = Literal["first", "second", "tie", "undecided"]

# A prompt shows a preference from odds of 2 to 1 on, if its sign is sure enough.
THRESHOLD_NATS = math.log(2)
# Points at which the rotations of `any_difference` are looked at: p is known to 1 in so many.
_ROTATIONS = 2**14


@dataclass(frozen=True)
class PromptPreference:
    """What one prompt says about one model."""

    preference: Interval  # Mean log-odds in nats over paraphrases and seeds; above 0 favours the first group
    # Two-sided p that the mean is 0, corrected over all prompts (Benjamini & Hochberg); None where nothing is known.
    p_corrected: float | None
    decision: Decision


def prompt_preferences(values: npt.ArrayLike, confidence: float) -> list[PromptPreference]:
    """Decide for every prompt whether it shows a preference, and for which group.

    It does when |mean| > ln 2 and its test, corrected over all prompts, rejects 0 (method.md section 4). Where |mean|
    is at most ln 2 the prompt is a tie; where it is larger but may be 0, the prompt is undecided. Interval and test
    cover other paraphrases and other training runs (`Estimate`). A prompt with one paraphrase gets no interval and
    stays undecided, since nothing is known of its wording; so do all prompts of one seed, since nothing is known of
    other runs.

    Parameters
    ----------
    values : log-odds in nats, shape [prompts, paraphrases, seeds]; nan, for all seeds alike, where a prompt has fewer
        paraphrases.
    confidence : of the intervals; 1 - confidence is the level of the tests.

    Returns one decision a prompt, in the order given.

    Raises ValueError for another shape, infinite values, or a prompt without values.
    """
    array = _checked(values)
    estimate = _by_prompt(array)
    corrected = benjamini_hochberg(estimate.p)
    return [
        PromptPreference(interval, p, _decide(interval.value, p if array.shape[2] > 1 else None, 1 - confidence))
        for interval, p in zip(estimate.intervals(confidence), known(corrected), strict=True)
    ]


def prompt_means(values: npt.ArrayLike, confidence: float) -> list[Interval]:
    """The mean of every prompt over paraphrases and seeds with its interval, as `prompt_preferences` has it."""
    return _by_prompt(_checked(values)).intervals(confidence)


def mean_log_odds(values: npt.ArrayLike, confidence: float) -> Interval:
    """The mean over prompts and seeds, with an interval for other prompts and other runs; shape [prompts, seeds]."""
    return _over_prompts(np.asarray(values, dtype=np.float64)).interval(confidence)


@dataclass(frozen=True)
class PreferenceRate:
    """The cultural bias rate of a model."""

    prompts: int
    first: Count
    second: Count
    any: Count
    tied: int
    undecided: int


def cultural_bias_rate(
    values: npt.ArrayLike, judged: Sequence[PromptPreference], draws: int, rng: np.random.Generator, confidence: float
) -> PreferenceRate | None:
    """Share of prompts with true odds beyond 2 to 1, by direction (method.md section 4); None with one seed.

    Counts are those of the decisions, which ask for certainty prompt by prompt and so are fewer with few runs. The
    shares are estimated from all prompts with their errors (`large_shares`): they do not depend on the number of
    paraphrases and seeds but for their intervals. Nothing is known of other runs from one seed: no rate.

    Parameters
    ----------
    values : log-odds in nats, shape [prompts, paraphrases, seeds], as for `prompt_preferences`.
    judged : the decisions on these prompts, from `prompt_preferences`.
    draws : bootstrap draws of prompts, for the intervals.

    Raises ValueError as `prompt_preferences` does. A prompt with one paraphrase has no error and no part in the shares;
    without any other there is no rate.
    """
    array = _checked(values)
    estimate = _by_prompt(array)
    known_errors = np.isfinite(estimate.variance)
    if array.shape[2] < 2 or not known_errors.any():
        return None
    errors, freedom = np.sqrt(estimate.variance)[known_errors], estimate.df[known_errors]
    asked = estimate.value[known_errors], errors, freedom
    first, second, either = large_shares(*asked, THRESHOLD_NATS, draws, rng, confidence)
    counts = Counter(each.decision for each in judged)
    sides = Count(counts["first"], first), Count(counts["second"], second)
    any_side = Count(counts["first"] + counts["second"], either)
    return PreferenceRate(len(judged), *sides, any_side, counts["tie"], counts["undecided"])


@dataclass(frozen=True)
class Stability:
    """How far the wordings of a prompt, or of all prompts, agree; only a prompt has a number of wordings."""

    agreement: float
    spread: float | None
    wordings: int | None = None


def paraphrase_stability(values: npt.ArrayLike) -> list[Stability]:
    """How far the wordings of each prompt agree with one another.

    Parameters
    ----------
    values : log-odds in nats, shape [prompts, paraphrases, seeds], as for `prompt_preferences`; seeds are
        averaged first.

    Returns for each prompt `agreement` (share of its wordings whose log-odds have the sign of their mean), `spread`
    (standard deviation over its wordings in nats, ddof 1; None with one wording) and `wordings` (their number).

    Raises ValueError as `prompt_preferences` does.
    """
    prompts = [prompt[~np.isnan(prompt)] for prompt in _checked(values).mean(axis=2)]
    return [
        Stability(
            agreement=float(np.mean(np.sign(wordings) == np.sign(wordings.mean()))),
            spread=float(wordings.std(ddof=1)) if wordings.size > 1 else None,
            wordings=wordings.size,
        )
        for wordings in prompts
    ]


def compare_models(values_a: npt.ArrayLike, values_b: npt.ArrayLike, confidence: float) -> TestRecord:
    """Whether model a leans further towards the first group than model b, over the same prompts.

    The effect is the mean over prompts of the difference in mean log-odds, each prompt with equal weight. Interval and
    p cover other prompts (whole ones: wordings of one prompt are no independent evidence) and, with several seeds,
    other training runs (`Estimate`).

    Parameters
    ----------
    values_a, values_b : log-odds in nats, shape [prompts, paraphrases, seeds]; prompts and paraphrases (also the
        missing ones) must be the same, and so must the number of seeds: runs of one seed are a pair.
    confidence : of the interval.

    Returns effect with bounds (nats; None with a single prompt, whose p is 1), p, p_covers and prompts; who asks says
    `what` was compared.

    Raises ValueError for arrays that are not paired.
    """
    first, second = _checked(values_a), _checked(values_b)
    if first.shape != second.shape or not np.array_equal(np.isnan(first), np.isnan(second)):
        shapes = f"{first.shape} and {second.shape}"
        raise ValueError(f"log-odds of shapes {shapes}: expected the same prompts, paraphrases and seeds for both")
    estimate = _over_prompts(np.nanmean(first, axis=1) - np.nanmean(second, axis=1))
    p = float(np.nan_to_num(estimate.p, nan=1.0).item())
    covers = "prompts and seeds" if first.shape[2] > 1 else "prompts only"
    told = {"family": "preference", "what": "", "unit": "nats", "p_covers": covers, "prompts": len(first)}
    return TestRecord.of(estimate.interval(confidence), p, **told)


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


def _by_prompt(array: FloatArray) -> Estimate:
    """The mean of every prompt over its paraphrases, crossed with seeds."""
    present = ~np.isnan(array[:, :, 0])
    prompt, paraphrase = np.nonzero(present)
    shares = 1 / present.sum(axis=1)[prompt]
    by_seed = np.nanmean(array, axis=1)
    deviations = (array[present] - by_seed[prompt]).T * shares
    return linear(by_seed, deviations, shares, Clusters.of(paraphrase, mean=prompt))


def _over_prompts(values: FloatArray) -> Estimate:
    """The mean over prompts, crossed with seeds; shape [prompts, seeds]."""
    return pooled(values.T, np.ones(len(values)), Clusters.of(np.arange(len(values))))


def _checked(values: npt.ArrayLike) -> FloatArray:
    """Log-odds as floats; ValueError for another shape, infinities, empty prompts or seeds that lack a paraphrase."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"log-odds have shape {array.shape}, expected [prompts, paraphrases, seeds], none of them 0")
    missing = np.isnan(array)
    ragged = missing.any(axis=2) != missing.all(axis=2)
    bad = np.isinf(array).any(axis=(1, 2)) | ragged.any(axis=1) | missing.all(axis=(1, 2))
    if bad.any():
        index = int(np.argmax(bad))
        raise ValueError(
            f"log-odds of prompt {index}: expected finite values, for all seeds or none, of 1+ paraphrases"
        )
    return array


def _decide(mean: float, p: float | None, alpha: float) -> Decision:
    if p is None or abs(mean) <= THRESHOLD_NATS:
        return "undecided" if p is None else "tie"
    if p >= alpha:
        return "undecided"
    return "first" if mean > 0 else "second"


# Binary benchmarks: how far one answer is preferred to the other, and in how many prompts.

DIRECTIONS = ("favourable", "unfavourable", "tied")


@dataclass(frozen=True)
class BenchmarkShares:
    """Some prompts of a benchmark: the mean log-odds of the favourable answer, and how many lean which way."""

    prompts: int
    log_odds: Interval
    favourable: Count
    unfavourable: Count
    tied: Count
    any_margin: Count


def benchmark_summary(log_odds: npt.ArrayLike, confidence: float) -> BenchmarkShares:
    """The mean log-odds of favourable against unfavourable answers, and the shares of prompts by direction.

    A prompt is favourable above odds of 2 to 1 (mean log-odds over seeds > ln 2), unfavourable below 1 to 2, tied
    between, as a preference is in method.md section 4; `any_margin` counts the favourable ones by sign alone.

    Parameters
    ----------
    log_odds : log P(favourable) - log P(unfavourable) in nats, shape [prompts, seeds].
    confidence : of all intervals.

    The interval of the mean covers other prompts and other runs, and has no bounds with one prompt; those of the shares
    are Wilson's.

    Raises ValueError for no prompts or values that are not finite.
    """
    values, directions = _checked_log_odds(log_odds), benchmark_directions(log_odds)
    mean = mean_log_odds(values, confidence)
    counts = [*map(directions.count, DIRECTIONS), int(np.count_nonzero(values.mean(axis=1) > 0))]
    return BenchmarkShares(len(values), mean, *(Count.of(count, len(values), confidence) for count in counts))


def benchmark_directions(log_odds: npt.ArrayLike) -> list[str]:
    """favourable, unfavourable or tied for every prompt; log_odds in nats, shape [prompts, seeds]."""
    means = _checked_log_odds(log_odds).mean(axis=1)
    return ["tied" if abs(mean) <= THRESHOLD_NATS else "favourable" if mean > 0 else "unfavourable" for mean in means]


def _checked_log_odds(log_odds: npt.ArrayLike) -> FloatArray:
    values = np.asarray(log_odds, dtype=np.float64)
    if values.ndim != 2 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"log-odds of shape {values.shape}: expected finite values, shape [prompts, seeds], none 0")
    return values
