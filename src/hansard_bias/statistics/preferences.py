"""Preferences of masked prompts: which group of terms a model favours, and how surely (method.md section 4)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.intervals import Count, FloatArray, Interval, percentile_interval
from hansard_bias.statistics.resampling import bootstrap_weights, resampled_sums
from hansard_bias.statistics.tests import Groups, TestRecord, Training, crossed_sign_flip_test, sign_flip_test
from hansard_bias.statistics.variance import SeedVariance, crossed

Decision = Literal["first", "second", "tie", "undecided"]

# A prompt shows a preference from odds of 2 to 1 on, if its sign is sure enough.
THRESHOLD_NATS = math.log(2)


@dataclass(frozen=True)
class PromptPreference:
    """What one prompt says about one model."""

    preference: Interval  # Mean L* in nats over paraphrases and seeds; above 0 favours the first group
    # Share of the draws in which L* has the sign of its mean; None where nothing could be resampled.
    sign_share: float | None
    decision: Decision


def prompt_preferences(
    values: npt.ArrayLike, draws: int, rng: np.random.Generator, confidence: float
) -> list[PromptPreference]:
    """Decide for every prompt whether it shows a preference, and for which group.

    It does when |mean L*| > ln 2 and its sign holds in at least a share of `confidence` of the draws (method.md section
    4). Where |mean L*| is at most ln 2 the prompt is a tie; where it is larger but its sign does not hold, the prompt
    is undecided. Each draw takes other paraphrases and other training runs, both corrected for their small number as in
    `Study`; a single seed is not resampled. A prompt with one paraphrase gets no interval and stays undecided: nothing
    is known of its wording.

    Parameters
    ----------
    values : prior-corrected preference L* in nats, shape [prompts, paraphrases, seeds]; nan, for all
        seeds alike, where a prompt has fewer paraphrases.
    draws : bootstrap draws; prompts share them, so that the order of the prompts does not matter.
    confidence : of the percentile intervals, and the share of the draws in which a sign must hold.

    Returns one decision a prompt, in the order given.

    Raises ValueError for another shape, infinite values, or a prompt without values.
    """
    array = _checked(values)
    replicates = np.full((len(array), 1 + draws), np.nan)
    seed_variance = SeedVariance.of(array.shape[2], draws, rng)
    # Resampling needs rectangles: prompts of equally many wordings go together.
    for members, block in _same_length(array):
        replicates[members, 0] = block.mean(axis=(1, 2))
        if block.shape[1] > 1:
            replicates[members, 1:] = _crossed_means(block, seed_variance, rng)
    return [_decide(row, confidence) for row in replicates]


@dataclass(frozen=True)
class PreferenceRate:
    """The cultural bias rate of a model."""

    prompts: int
    first: Count
    second: Count
    any: Count
    tied: int
    undecided: int


def cultural_bias_rate(decisions: Sequence[Decision], confidence: float) -> PreferenceRate:
    """Share of prompts that show a preference, by direction, each with Wilson's interval (method.md section 4).

    Parameters
    ----------
    decisions : of every prompt, from `prompt_preferences`. Ties and undecided prompts stay in the denominator and
        are counted on their own, never rounded into a side.
    confidence : of Wilson's intervals.

    Raises ValueError for no prompts or an unknown decision.
    """
    counts = Counter(decisions)
    if not decisions or not counts.keys() <= {*get_args(Decision)}:
        raise ValueError(f"decisions {dict(counts)}: expected at least one, each of {get_args(Decision)}")
    sides = (counts["first"], counts["second"], counts["first"] + counts["second"])
    first, second, either = (Count.of(count, len(decisions), confidence) for count in sides)
    return PreferenceRate(len(decisions), first, second, either, counts["tie"], counts["undecided"])


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
    values : L* in nats, shape [prompts, paraphrases, seeds], as for `prompt_preferences`; seeds are averaged first.

    Returns for each prompt `agreement` (share of its wordings whose L* has the sign of their mean), `spread` (standard
    deviation over its wordings in nats, ddof 1; None with one wording) and `wordings` (their number).

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


def compare_models(
    values_a: npt.ArrayLike, values_b: npt.ArrayLike, draws: int, rng: np.random.Generator, confidence: float
) -> TestRecord:
    """Whether model a leans further towards the first group than model b, over the same prompts.

    The effect is the mean over prompts of the difference in mean L*, each prompt with equal weight. With several seeds
    in both models, interval and p cover other prompts and other training runs (as in `Study`;
    `crossed_sign_flip_test`); otherwise prompts only. p_prompts flips the signs of whole prompts and takes the training
    runs at hand as given (method.md section 4).

    Parameters
    ----------
    values_a, values_b : L* in nats, shape [prompts, paraphrases, seeds]; prompts and paraphrases (also the
        missing ones) must be the same, the numbers of seeds may differ. Equally many seeds are taken as pairs in
        their order, which holds for independent runs too; other numbers as independent (Welch 1947, Biometrika 34, 28).
    confidence : of the interval.

    Returns effect with bounds (nats; None with a single prompt), p, p_covers ("prompts and seeds" or "prompts only"),
    p_prompts and prompts; who asks says `what` was compared.

    Raises ValueError for arrays that are not paired.
    """
    first, second = _checked(values_a), _checked(values_b)
    if not np.array_equal(np.isnan(first[:, :, 0]), np.isnan(second[:, :, 0])):
        shapes = f"{first.shape} and {second.shape}"
        raise ValueError(f"L* of shapes {shapes}: expected the same prompts and paraphrases for both models")
    runs = [np.nanmean(values, axis=1).T for values in (first, second)]
    differences = runs[0].mean(axis=0) - runs[1].mean(axis=0)
    prompts, training = len(differences), _training(runs)
    # Whole prompts: wordings of one prompt are no independent evidence.
    p_prompts = p = sign_flip_test(differences, None, draws, rng)
    replicates = np.append(differences.mean(), np.full(draws, np.nan))
    if prompts > 1:
        replicates[1:] = _compared(differences, training, draws, rng)
    if training.df:
        groups = [Groups.of(differences, np.ones(prompts))]
        p = crossed_sign_flip_test(float(differences.mean()), groups, training, draws, rng)
    covers = "prompts and seeds" if training.df else "prompts only"
    told = {"family": "preference", "what": "", "unit": "nats", "p_covers": covers}
    return TestRecord.of(percentile_interval(replicates, confidence), p, p_prompts=p_prompts, prompts=prompts, **told)


def _training(runs: Sequence[FloatArray]) -> Training:
    """What the runs of two models, shape [seeds, prompts] each, add to the variance of their mean difference."""
    seeds = [len(each) for each in runs]
    if min(seeds) < 2 or runs[0].shape[1] < 2:
        return Training(0.0, 0.0, 0.0)
    # As pairs, so that what two runs of one seed have in common goes.
    samples = [runs[0] - runs[1]] if seeds[0] == seeds[1] else runs
    parts = [crossed(each, np.ones(each.shape[1])) for each in samples]
    variance = float(sum(part.seeds for part in parts))
    spread = float(sum(part.seeds**2 / part.df_seeds for part in parts))
    df = variance**2 / spread if spread > 0 else float(parts[0].df_seeds)
    return Training(variance, df, float(sum(part.interaction for part in parts)))


def _compared(differences: FloatArray, training: Training, draws: int, rng: np.random.Generator) -> FloatArray:
    """Bootstrap replicates of a mean difference over prompts and runs, shape [draws]."""
    prompts = len(differences)
    mean = differences.mean()
    drawn = resampled_sums(differences[None], draws, rng)[:, 0] / prompts - mean
    observed = differences.var(ddof=1) / prompts
    alone = math.sqrt(max(1 - training.interaction / observed, 0.0)) if observed > 0 else 1.0
    t_factors = np.sqrt(prompts / rng.chisquare(prompts - 1, size=draws))
    return np.asarray(mean + drawn * alone * t_factors + training.deviations(observed * alone**2, draws, rng))


def _checked(values: npt.ArrayLike) -> FloatArray:
    """L* as floats; ValueError for another shape, infinities, empty prompts or seeds that lack a paraphrase."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"L* has shape {array.shape}, expected [prompts, paraphrases, seeds], none of them 0")
    missing = np.isnan(array)
    ragged = missing.any(axis=2) != missing.all(axis=2)
    bad = np.isinf(array).any(axis=(1, 2)) | ragged.any(axis=1) | missing.all(axis=(1, 2))
    if bad.any():
        index = int(np.argmax(bad))
        raise ValueError(f"L* of prompt {index}: expected finite values, for all seeds or none, of 1+ paraphrases")
    return array


def _same_length(array: FloatArray) -> Iterator[tuple[npt.NDArray[np.intp], FloatArray]]:
    """Prompts with equally many paraphrases: their indices, and their values without the missing ones."""
    present = ~np.isnan(array[:, :, 0])
    for length in np.unique(present.sum(axis=1)):
        members = np.flatnonzero(present.sum(axis=1) == length)
        yield members, array[members][present[members]].reshape(len(members), length, array.shape[2])


def _crossed_means(block: FloatArray, seed_variance: SeedVariance, rng: np.random.Generator) -> FloatArray:
    """Bootstrap means of L*, paraphrases crossed with seeds, shape [prompts, draws]."""
    paraphrases, draws = block.shape[1], len(seed_variance.directions)
    parts = crossed(np.moveaxis(block, 1, 2), np.ones(paraphrases))
    weights = bootstrap_weights(paraphrases, draws, rng)
    drawn = block.mean(axis=2) @ weights.T / paraphrases - parts.value[:, None]
    t_factors = np.sqrt(paraphrases / rng.chisquare(paraphrases - 1, size=draws))
    others = seed_variance.deviations(parts.by_seed, parts.seeds_share).T
    return np.asarray(parts.value[:, None] + drawn * parts.shrinkage[:, None] * t_factors + others)


def _decide(replicates: FloatArray, confidence: float) -> PromptPreference:
    """Decide one prompt from its mean and its bootstrap means, shape [1 + draws]."""
    interval = percentile_interval(replicates, confidence)
    if interval.low is None:
        return PromptPreference(interval, None, "undecided")
    share = float(np.mean(np.sign(replicates[1:]) == np.sign(replicates[0])))
    side: Decision = "first" if interval.value > 0 else "second"
    decision: Decision = (
        "tie" if abs(interval.value) <= THRESHOLD_NATS else side if share >= confidence else "undecided"
    )
    return PromptPreference(interval, share, decision)


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


def benchmark_summary(
    log_odds: npt.ArrayLike, draws: int, rng: np.random.Generator, confidence: float
) -> BenchmarkShares:
    """The mean log-odds of favourable against unfavourable answers, and the shares of prompts by direction.

    A prompt is favourable above odds of 2 to 1 (mean log-odds over seeds > ln 2), unfavourable below 1 to 2, tied
    between, as a preference is in method.md section 4; `any_margin` counts the favourable ones by sign alone.

    Parameters
    ----------
    log_odds : log P(favourable) - log P(unfavourable) in nats, shape [prompts, seeds].
    draws : bootstrap draws over prompts and seeds, crossed; a single seed is not resampled.
    confidence : of all intervals.

    The interval of the mean has no bounds with one prompt; those of the shares are Wilson's.

    Raises ValueError for no prompts or values that are not finite.
    """
    values, directions = _checked_log_odds(log_odds), benchmark_directions(log_odds)
    # Prompts of a theme are to its mean what paraphrases are to a prompt's.
    mean = prompt_preferences(values[None], draws, rng, confidence)[0].preference
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
