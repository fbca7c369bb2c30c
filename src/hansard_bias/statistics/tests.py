"""Tests as they are reported, and the corrections for many of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

from hansard_bias.statistics.intervals import FloatArray, Interval


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
    prompts: int | None = None
    p_holm: float

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
    """The tests of one family with Holm's correction of their p."""
    return [replace(test, p_holm=float(p)) for test, p in zip(family, holm([t.p for t in family]), strict=True)]


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """p adjusted so that of what is called a finding at level α a share of α is false (Benjamini & Hochberg 1995).

    p_values: shape [tests]; nan, which stays, where there is no test. J. R. Stat. Soc. B 57, 289.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    adjusted, tested = np.full(raw.shape, np.nan), np.flatnonzero(~np.isnan(raw))
    if len(tested):
        adjusted[tested] = false_discovery_control(raw[tested])
    return adjusted


def known(values: FloatArray) -> list[float | None]:
    """Numbers as they are, None for nan: the form of records."""
    return [value if math.isfinite(value) else None for value in values.tolist()]
