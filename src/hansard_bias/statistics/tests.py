"""Tests: sign flips of whole groups, alone or together with the variance of training runs, and Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.intervals import FloatArray, Interval, blocks
from hansard_bias.statistics.variance import TFactors


def sign_flip_test(
    differences: npt.ArrayLike, weights: npt.ArrayLike | None, draws: int, rng: np.random.Generator
) -> float:
    """Two-sided p that the weighted mean difference is zero, by flipping the signs of whole groups.

    Under the null hypothesis a group's difference is as likely to have the other sign (Fisher 1935; p with the
    observed assignment counted in: Phipson & Smyth 2010, arXiv 1603.05766).

    Parameters
    ----------
    differences : mean difference of each group (sitting, prompt), shape [groups]; any unit.
    weights : weight of each group (its tokens), shape [groups]; None for equal weights.
    draws : random sign assignments. Where all 2^groups of them are no more than that, all are
        enumerated and p is exact.

    Returns p, at least 1 / (draws + 1) and never 0.

    Raises ValueError for no groups or for differences that are not finite.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"differences of shape {values.shape}: expected one finite number for each group")
    terms = values if weights is None else values * np.asarray(weights, dtype=np.float64)
    # An assignment that ties with the observed one must count, whatever the order of its summation.
    threshold = abs(terms.sum()) - 1e-12 * np.abs(terms).sum()
    # All assignments where they cost no more than the draws: p then has no error of its own.
    exact = 2**terms.size <= draws
    signs = _all_signs(terms.size) if exact else _random_signs(terms.size, draws, rng)
    hits = sum(int(np.count_nonzero(np.abs(block @ terms) >= threshold)) for block in signs)
    return hits / 2**terms.size if exact else (1 + hits) / (draws + 1)


@dataclass(frozen=True)
class Groups:
    """The groups (sittings, prompts) of one mean: what each adds to it, and its share of the weight."""

    deviations: FloatArray  # share x (value of the group - mean), shape [groups]; they sum to 0
    shares: FloatArray  # Shape [groups]; they sum to 1

    @classmethod
    def of(cls, sums: npt.ArrayLike, sizes: npt.ArrayLike) -> Groups:
        """From sums and sizes (tokens, or 1) of the groups, both of shape [groups]."""
        values, weights = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
        shares = weights / weights.sum()
        return cls(values / weights.sum() - shares * (values.sum() / weights.sum()), shares)

    @property
    def variance(self) -> float:
        """Of the mean, from the deviations of the groups."""
        return float((self.deviations**2).sum()) * self.shares.size / (self.shares.size - 1)


@dataclass(frozen=True)
class Training:
    """What the training runs (seeds) add to the variance of a mean, from `Components`."""

    variance: float  # Of the mean, due to the seeds
    df: float  # Its degrees of freedom; 0 with one seed
    interaction: float  # The part of the groups' variance that this one counts, too

    def deviations(self, groups: float, draws: int, rng: np.random.Generator) -> FloatArray:
        """What other runs would have added to the mean, whose groups have this variance; shape [draws]."""
        if not self.df or not self.variance:
            return np.zeros(draws)
        factors = TFactors.of(self.df, draws, rng).factors(self.variance / (self.variance + groups))
        return np.asarray(math.sqrt(self.variance) * rng.standard_normal(draws) * factors)


def crossed_sign_flip_test(
    value: float, parts: Sequence[Groups], training: Training, draws: int, rng: np.random.Generator
) -> float:
    """Two-sided p that a mean over groups *and* training runs is zero, as it would be with other groups and other runs.

    Flipping signs of groups alone takes the runs at hand as given: two equally good models whose runs differ by chance
    are then called different. Three to five runs are too few to be permuted themselves (three can only reach p = 1/4),
    so each draw flips the signs of all groups, whose common part is what the groups would contribute to the mean (their
    share of the variance), and adds what other runs would have contributed (`Training.deviations`: the same
    distribution as in the intervals). p is the share of draws as far from zero as the mean observed. Where only the
    runs vary this is their t test; with one run it is `sign_flip_test`. How often it rejects true nulls:
    benchmarks/RESULTS.md.

    Parameters
    ----------
    value : the mean, or sum of means; any unit.
    parts : the groups of each mean that enters (of each corpus), in the sign in which it enters.
    training : of the value; see there.
    draws : random draws; p is at least 1 / (draws + 1) and never 0.

    Raises ValueError for a part with one group: nothing is known of another one.
    """
    if min(part.shares.size for part in parts) < 2:
        raise ValueError("groups of a part: 1, expected at least two to flip; use sign_flip_test or report no p")
    spread = sum(part.variance for part in parts)
    alone = max(spread - training.interaction, 0.0)
    variance = training.variance + alone
    if variance == 0:
        return 1.0 if value == 0 else 1 / (draws + 1)
    # What the groups would contribute to the mean, each part alike: only that share of it can change its sign.
    mean = value * alone / variance / len(parts)
    shift = math.sqrt(alone / spread) if spread > 0 else 0.0
    other_runs = training.deviations(alone, draws, rng)
    hits = start = 0
    for size in blocks(draws, max(part.shares.size for part in parts)):
        flipped = [_signs(rng.integers(0, 2, size=(size, part.shares.size), dtype=np.int8)) for part in parts]
        drawn = sum(s @ (part.deviations + part.shares * mean) for s, part in zip(flipped, parts, strict=True))
        # A tie with the observed mean counts, whatever the order of summation.
        far = np.abs(shift * drawn + other_runs[start : start + size]) >= abs(value) * (1 - 1e-9)
        hits += int(np.count_nonzero(far))
        start += size
    return (1 + hits) / (draws + 1)


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Holm's step-down correction of one family of tests (Holm 1979, Scand. J. Stat. 6, 65).

    Parameters
    ----------
    p_values : raw p of each test, shape [tests], each in [0, 1].

    Returns the corrected p in the order given: not below the raw ones, monotone in them, at most 1.

    Raises ValueError for a p outside [0, 1].
    """
    raw = np.asarray(p_values, dtype=np.float64)
    if not ((raw >= 0) & (raw <= 1)).all():
        raise ValueError(f"p-values {raw.tolist()}: expected numbers from 0 to 1")
    order = np.argsort(raw, kind="stable")
    steps = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    corrected = np.empty_like(raw)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


@dataclass(frozen=True, kw_only=True)
class TestRecord:
    """One test; which fields there are beside effect, p and p_holm depends on the family."""

    # pytest takes every class of this name for a class of tests.
    __test__: ClassVar[bool] = False

    family: str
    what: str
    model: str | None = None
    corpus: str | None = None
    effect: float
    low: float | None
    high: float | None
    unit: str
    p: float
    p_covers: str | None = None
    p_sittings: float | None = None
    p_prompts: float | None = None
    prompts: int | None = None
    p_holm: float
    p_sittings_holm: float | None = None

    @classmethod
    def of(cls, effect: Interval, p: float, **about: Any) -> TestRecord:
        """The test of an effect, alone in its family until `correct` has seen the others."""
        # Holm's correction of a family of one is p itself.
        return cls(effect=effect.value, low=effect.low, high=effect.high, p=p, p_holm=p, **about)

    @property
    def interval(self) -> Interval:
        """The effect with its bounds."""
        return Interval(self.effect, self.low, self.high)


def correct(family: Sequence[TestRecord]) -> list[TestRecord]:
    """The tests of one family with Holm's correction of their p, and of that over sittings where they have one."""
    corrected = [replace(test, p_holm=float(p)) for test, p in zip(family, holm([t.p for t in family]), strict=True)]
    sittings = [test.p_sittings for test in family if test.p_sittings is not None]
    # Preferences and associations know no sittings.
    if len(sittings) < len(family):
        return corrected
    return [replace(t, p_sittings_holm=float(p)) for t, p in zip(corrected, holm(sittings), strict=True)]


def _random_signs(groups: int, draws: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Blocks of random signs, shape [block, groups]."""
    for size in blocks(draws, groups):
        yield _signs(rng.integers(0, 2, size=(size, groups), dtype=np.int8))


def _all_signs(groups: int) -> Iterator[FloatArray]:
    """Blocks of all 2^groups assignments of signs, shape [block, groups]."""
    start = 0
    for size in blocks(2**groups, groups):
        yield _signs((np.arange(start, start + size)[:, None] >> np.arange(groups)) & 1)
        start += size


def _signs(bits: npt.NDArray[np.signedinteger]) -> FloatArray:
    """0 and 1 as -1 and +1."""
    return bits.astype(np.float64) * 2 - 1
