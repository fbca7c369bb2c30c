"""The section `align` of params.yaml: the common window, splits, budgets and near-duplicates."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

from hansard_bias.params.validation import require, require_each, require_one_of

PERIODS = ("quarter", "year", "none")
BUDGETS = ("balanced", "full")
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitShares:
    """Shares of the sittings that go to each split."""

    train: float
    validation: float
    test: float

    def __post_init__(self) -> None:
        shares = {name: getattr(self, name) for name in SPLITS}
        require_each("align.split", self, SPLITS, lambda share: 0 < share < 1, "a share between 0 and 1")
        total = sum(shares.values())
        # Decimal shares add up to 1 only within rounding.
        require(math.isclose(total, 1.0, abs_tol=1e-6), "align.split", shares, f"shares that sum to 1 (not {total:g})")


@dataclass(frozen=True)
class AlignConfig:
    """Common window, periods, budget, splits and near-duplicates."""

    first_day: datetime.date
    last_day: datetime.date
    period: str
    budget: str
    split: SplitShares
    seed: int
    near_duplicate: float
    """Jaccard similarity of word 5-grams from which two speeches are near-duplicates."""
    near_duplicate_min_words: int
    """Shorter speeches are formulaic: only exact repetitions are removed."""

    def __post_init__(self) -> None:
        days = f"{self.first_day} to {self.last_day}"
        require(self.first_day <= self.last_day, "align.first_day", days, "a first day not after the last")
        require_one_of(PERIODS, "align.period", self.period)
        require_one_of(BUDGETS, "align.budget", self.budget)
        require(0.5 <= self.near_duplicate <= 1, "align.near_duplicate", self.near_duplicate, "0.5 to 1")
        words = self.near_duplicate_min_words
        # Similarity is of word 5-grams: a shorter speech has none.
        require(words >= 5, "align.near_duplicate_min_words", words, "5 or more words")
