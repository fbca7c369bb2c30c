"""Sitting days to train, validation and test: one calendar day is in one split, in every corpus."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hansard_bias.config import SPLITS, AlignConfig
from hansard_bias.randomness import mix, stable_hash, stable_hashes


def hash_order(items: Iterable[str], seed: int, purpose: str) -> NDArray[np.uint64]:
    """A random number per text item that depends on nothing but the item, the seed and the purpose."""
    return mix(stable_hash(purpose, seed), stable_hashes(items))


def days_of(dates: ArrayLike | pd.Series) -> NDArray[np.datetime64]:
    """Dates of any kind (date objects, timestamps, date32) as days."""
    return np.asarray(dates, dtype="datetime64[D]")


def period_of(dates: ArrayLike | pd.Series, period: str) -> NDArray[np.int64]:
    """The period of each date as a number: 1999 (year), 19992 (its second quarter), 0 (none)."""
    days = days_of(dates)
    if period == "none":
        return np.zeros(days.shape, dtype=np.int64)
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    if period == "year":
        return years
    months = days.astype("datetime64[M]").astype(np.int64) % 12
    return years * 10 + months // 3 + 1


def assign_splits(
    days: NDArray[np.datetime64], corpus: NDArray[np.int64], align: AlignConfig, corpora: int
) -> NDArray[np.int8]:
    """The split of each speech, as a position in SPLITS, from its day and its corpus (numbered from 0)."""
    unique, inverse = np.unique(days, return_inverse=True)
    sits = np.zeros((len(unique), corpora), dtype=bool)
    sits[inverse, corpus] = True
    return split_days(unique, sits, align)[inverse]


def split_days(days: NDArray[np.datetime64], sits: NDArray[np.bool_], align: AlignConfig) -> NDArray[np.int8]:
    """Deal days into splits by share, stratified by period.

    Parameters: `days` (days,), unique; `sits` (days, corpora), whether each corpus sat on each day.
    In every period the corpus with the fewest sittings gets whole numbers of them, and what rounding denies a split is
    owed to it in the next period; the other corpora follow its proportions, so that a split that can be compared in a
    period in one corpus can be in all. Within a period a hash of the date decides.
    Returns (days,) positions in SPLITS.
    """
    periods = period_of(days, align.period)
    order = hash_order(days.astype(str), align.seed, "split")
    shares = np.array([getattr(align.split, name) for name in SPLITS])
    owed = np.zeros(len(SPLITS))
    splits = np.zeros(len(days), dtype=np.int8)
    for period in np.unique(periods):
        rows = np.flatnonzero(periods == period)
        # Days on which several corpora sat first: they are the least free, single ones can make up for them.
        rows = rows[np.lexsort((order[rows], -sits[rows].sum(axis=1)))]
        counts = sits[rows].sum(axis=0)
        fewest = counts[counts > 0].min()
        wanted = owed + shares * fewest
        quotas = _whole(wanted)
        if counts.all():  # other periods are not compared, so they must not upset the balance of those that are
            owed = wanted - quotas
        splits[rows] = _fill(sits[rows], quotas / fewest)
    return splits


def _whole(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole numbers with the same sum: one at a time to whichever is furthest behind."""
    quotas = np.zeros(len(wanted))
    for _ in range(round(wanted.sum())):
        quotas[np.argmax(wanted - quotas)] += 1
    return quotas


def _fill(sits: NDArray[np.bool_], shares: NDArray[np.float64]) -> NDArray[np.int8]:
    """Give each day, in order, to the split that is furthest behind in the corpora that sat on it.

    Each corpus's arrears are divided by its sittings: where corpora disagree, the one with less text decides.
    """
    counts = sits.sum(axis=0)
    seen = np.zeros(len(counts))
    used = np.zeros((len(counts), len(shares)))
    splits = np.zeros(len(sits), dtype=np.int8)
    for day, present in enumerate(sits):
        seen[present] += 1
        behind = (seen[:, None] * shares - used)[present] / counts[present, None]
        splits[day] = np.argmax(behind.sum(axis=0))
        used[present, splits[day]] += 1
    return splits


def require_splits(
    corpus: NDArray[np.int64],
    split: NDArray[np.int8],
    days: NDArray[np.datetime64],
    names: list[str],
    align: AlignConfig,
) -> None:
    """Raise ValueError unless every corpus has a speech in every split."""
    for code, name in enumerate(names):
        of_corpus = corpus == code
        missing = [part for rank, part in enumerate(SPLITS) if not (of_corpus & (split == rank)).any()]
        if missing:
            part, sittings = missing[0], len(np.unique(days[of_corpus]))
            raise ValueError(
                f"no {part} speech left in corpus {name}: align.split.{part} is {getattr(align.split, part):g} of the "
                f"sittings, align.period is {align.period}, and {sittings} sittings are left; widen align.first_day to "
                f"align.last_day, give {part} a larger share, or choose a coarser align.period"
            )
