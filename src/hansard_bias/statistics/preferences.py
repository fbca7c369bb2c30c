"""Preferences of masked prompts: which group of terms a model favours, and how surely (method.md section 4)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.intervals import Count, FloatArray, Interval
from hansard_bias.statistics.prompts import PromptMeans
from hansard_bias.statistics.shares import large_shares
from hansard_bias.statistics.tests import TestRecord, benjamini_hochberg, known
from hansard_bias.statistics.variance import Estimate, pooled

Decision = Literal["first", "second", "tie", "undecided"]

# A prompt shows a preference from odds of 2 to 1 on, if its sign is sure enough.
THRESHOLD_NATS = math.log(2)


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
    cover other paraphrases and other training runs (`PromptMeans`; how large these errors are is known from all prompts
    together). A prompt with one paraphrase gets no interval and stays undecided, since nothing is known of its wording;
    so do all prompts of one seed, since nothing is known of other runs.

    Parameters
    ----------
    values : log-odds in nats, shape [prompts, paraphrases, seeds]; nan, for all seeds alike, where a prompt has fewer
        paraphrases.
    confidence : of the intervals; 1 - confidence is the level of the tests.

    Returns one decision a prompt, in the order given.

    Raises ValueError for another shape, infinite values, or a prompt without values.
    """
    array = _checked(values)
    estimate = PromptMeans.of(array)
    corrected = benjamini_hochberg(estimate.p)
    return [
        PromptPreference(interval, p, _decide(interval.value, p if array.shape[2] > 1 else None, 1 - confidence))
        for interval, p in zip(estimate.intervals(confidence), known(corrected), strict=True)
    ]


def prompt_means(values: npt.ArrayLike, confidence: float) -> list[Interval]:
    """The mean of every prompt over paraphrases and seeds with its interval, as `prompt_preferences` has it."""
    return PromptMeans.of(_checked(values)).intervals(confidence)


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
    estimate = PromptMeans.of(array)
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
