"""Word embedding association tests: effect size and permutation p (method.md section 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.intervals import FloatArray, Interval, blocks
from hansard_bias.statistics.pivot import Pivot

# Of the standard deviation in d, as in the reference code of May et al. 2019; Caliskan et al. do not say.
DDOF = 1

# Target words up to which all partitions are counted: 2^16 partial sums on either side.
MOST_EXACT_WORDS = 32

# Partitions whose statistic differs from the observed one by rounding alone count as ties.
_RELATIVE_TIE = 1e-12


@dataclass(frozen=True)
class AssociationEffect:
    """Effect size and permutation test of one model; no effect size where all words associate alike."""

    effect_size: Interval | None
    by_seed: tuple[float | None, ...]
    ddof: int
    p: float
    p_greater: float
    partitions: int
    exact: bool
    p_holm: float | None = None


@dataclass(frozen=True)
class PermutationResult:
    """How often a random division of the target words does at least as well as the real one."""

    p: float  # Two-sided: as far from 0 in either direction
    p_greater: float  # One-sided, as in Caliskan et al. 2017: at least as large
    partitions: int  # Divisions that were looked at, the real one among them
    exact: bool  # Whether those were all there are


def effect_size(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """d = (mean of the first - mean of the second) / standard deviation of all (Caliskan et al. 2017).

    first, second: associations s(w, A, B) of the target words, shapes [n1] and [n2]; the standard deviation is over
    both together with ddof 1. nan where all associations are equal: then d does not exist.
    Raises ValueError for an empty or nonfinite side, or fewer than two words.
    """
    one, two = _sides(first, second)
    spread = float(np.concatenate([one, two]).std(ddof=DDOF))
    # Equal associations may leave a spread of rounding errors.
    exists = spread > _RELATIVE_TIE * max(np.abs(one).max(), np.abs(two).max())
    return (float(one.mean()) - float(two.mean())) / spread if exists else math.nan


def permutation_test(
    first: npt.ArrayLike, second: npt.ArrayLike, draws: int, rng: np.random.Generator
) -> PermutationResult:
    """The permutation test over divisions of the target words into sides of the same sizes (Caliskan et al. 2017).

    The statistic is the difference of the sides' means; for equally large sides that orders divisions as the
    difference of sums does. All C(n1 + n2, n1) divisions are counted where there are at most MOST_EXACT_WORDS words:
    the sums over half of the words are listed by size, and matched with those over the other half. Otherwise `draws`
    random ones and the real one give p >= 1 / (draws + 1) (Phipson & Smyth 2010, arXiv 1603.05766).

    first, second: associations of the target words, shapes [n1] and [n2]; any unit.
    Raises ValueError for an empty or nonfinite side, or fewer than two words.
    """
    one, two = _sides(first, second)
    # With a fixed total, the difference of means rises with the sum over the first side: that alone is counted.
    # Its mean over all divisions is 0 after centring, so that "as far in the other direction" is its negative.
    words = np.concatenate([one, two])
    words = words - words.mean()
    observed = float(words[: one.size].sum())
    tie = _RELATIVE_TIE * float(np.abs(words).sum())
    exact = words.size <= MOST_EXACT_WORDS
    counts = _exact_counts(words, one.size, observed, tie) if exact else None
    above, beyond, total = counts or _sampled_counts(words, one.size, observed, tie, draws, rng)
    return PermutationResult(beyond / total, above / total, total, exact)


def association_summary(
    values: npt.ArrayLike, first_words: int, draws: int, rng: np.random.Generator, confidence: float
) -> AssociationEffect:
    """Effect size with interval, permutation p, and the effect size of every training run.

    Parameters
    ----------
    values : associations s(w, A, B) of the target words, those of the first side in front, shape [words, seeds];
        a word's association is its mean over the seeds.
    first_words : number of words on the first side.
    draws : sampled divisions of the permutation test, where not all are counted.
    confidence : of the interval, which covers other words of either side and other training runs (`Pivot`, with the
        variances of leaving out one word, or one run, in turn; Efron & Stein 1981, Ann. Stat. 9, 586), on Fisher's
        scale of a correlation, so that no bound is beyond the largest d. The permutation test takes the runs as given.

    Raises ValueError for values that are not finite or of another shape, or a side without words.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"associations of shape {array.shape}: expected [words, seeds], at least one seed")
    sides = np.split(array, [first_words])
    means = [side.mean(axis=1) for side in sides]
    result = permutation_test(means[0], means[1], draws, rng)
    effect = _interval(sides, confidence) if math.isfinite(effect_size(*means)) else None
    by_seed = [effect_size(*(side[:, seed] for side in sides)) for seed in range(array.shape[1])]
    return AssociationEffect(effect, tuple(d if math.isfinite(d) else None for d in by_seed), ddof=DDOF, **vars(result))


def _sides(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    one, two = (np.asarray(side, dtype=np.float64) for side in (first, second))
    if one.ndim != 1 or two.ndim != 1 or not one.size or not two.size:
        shapes = f"{one.shape} and {two.shape}"
        raise ValueError(f"associations of shapes {shapes}: expected one for each word, on both sides")
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        raise ValueError("associations: expected finite numbers; a word's vector is zero or not finite")
    return one, two


def _exact_counts(words: FloatArray, size: int, observed: float, tie: float) -> tuple[int, int, int]:
    """Of all divisions: how many reach the observed sum, how many its distance from 0, and how many there are."""
    half = words.size // 2
    left, right = _sums_by_size(words[:half]), _sums_by_size(words[half:])
    above = beyond = 0
    least, far = observed - tie, abs(observed) - tie
    for taken in range(max(0, size - len(right) + 1), min(len(left) - 1, size) + 1):
        sums, others = left[taken], right[size - taken]
        above += int(np.sum(others.size - np.searchsorted(others, least - sums, side="left")))
        beyond += int(np.sum(others.size - np.searchsorted(others, far - sums, side="left")))
        beyond += int(np.sum(np.searchsorted(others, -far - sums, side="right")))
    total = math.comb(words.size, size)
    # At an observed sum of 0 the two directions overlap, and every division is as far.
    return above, total if far <= 0 else beyond, total


def _sums_by_size(words: FloatArray) -> list[FloatArray]:
    """The sums over all subsets of the words, ascending, by the size of the subset."""
    sums = [np.zeros(1)] + [np.empty(0)] * words.size
    for count, word in enumerate(words, 1):
        for size in range(count, 0, -1):
            sums[size] = np.concatenate([sums[size], sums[size - 1] + word])
    return [np.sort(part) for part in sums]


def _sampled_counts(
    words: FloatArray, size: int, observed: float, tie: float, draws: int, rng: np.random.Generator
) -> tuple[int, int, int]:
    """The same over random divisions, the real one among them."""
    above = beyond = 1
    for block in blocks(draws, words.size):
        sums = rng.permuted(np.tile(words, (block, 1)), axis=1)[:, :size].sum(axis=1)
        above += int(np.count_nonzero(sums >= observed - tie))
        beyond += int(np.count_nonzero(np.abs(sums) >= abs(observed) - tie))
    return above, beyond, draws + 1


def _interval(sides: Sequence[FloatArray], confidence: float) -> Interval:
    """d of words and runs, with its interval; sides: [words, seeds] each."""
    first, second = sides
    runs = range(first.shape[1])
    left_out = [
        [(np.delete(first, at, 0), second) for at in range(len(first))],
        [(first, np.delete(second, at, 0)) for at in range(len(second))],
        [(np.delete(first, at, 1), np.delete(second, at, 1)) for at in runs] if len(runs) > 1 else [],
    ]
    sources = left_out if left_out[2] else left_out[:2]
    freedom = np.array([max(len(source) - 1, 1) for source in sources], dtype=np.float64)
    errors = Pivot(np.array([_jackknife(source) for source in sources]), freedom)
    half, scale = float(errors.half_width(confidence)), _scale(len(first), len(second))
    value = effect_size(first.mean(axis=1), second.mean(axis=1))
    bounds = [math.tanh(_normal(first, second) + side * half) / scale for side in (-1, 1)]
    return Interval(value, *(bounds if math.isfinite(half) else (None, None)))


def _scale(first: int, second: int) -> float:
    """What makes d the correlation of a word's association with its side, from -1 to 1."""
    return math.sqrt(first * second / ((first + second) * (first + second - 1)))


def _normal(first: FloatArray, second: FloatArray) -> float:
    """d on the scale on which it is nearly normal: Fisher's of a correlation (1921, Metron 1, 3)."""
    correlation = effect_size(first.mean(axis=1), second.mean(axis=1)) * _scale(len(first), len(second))
    # Sides without any spread correlate perfectly.
    return float(np.arctanh(np.clip(correlation, -1 + _RELATIVE_TIE, 1 - _RELATIVE_TIE)))


def _jackknife(left_out: Sequence[tuple[FloatArray, FloatArray]]) -> float:
    """The variance of d from its values without one word, or run, in turn; nan where one of these has no d."""
    if len(left_out) < 2:
        return math.nan
    found = np.array([_normal(first, second) for first, second in left_out])
    return float((len(found) - 1) * found.var())
