"""Sitting days, or whole months, to train, validation and test: a day is in one split, in every corpus."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hansard_bias.corpora.align.duplicates import Rows
from hansard_bias.params import SPLITS, AlignConfig, Config
from hansard_bias.randomness import mix, stable_hash, stable_hashes

Days = NDArray[np.datetime64]
Ranks = NDArray[np.int8]  # splits as positions in SPLITS
Floats = NDArray[np.float64]


def hash_order(items: Iterable[str], seed: int, purpose: str) -> NDArray[np.uint64]:
    """A random number for each text that depends on nothing but the text, the seed and the purpose."""
    return mix(stable_hash(purpose, seed), stable_hashes(items))


def days_of(dates: ArrayLike | pd.Series) -> Days:
    """Dates of any kind (date objects, timestamps, date32) as days."""
    return np.asarray(dates, dtype="datetime64[D]")


def period_of(dates: ArrayLike | pd.Series, period: str) -> Rows:
    """The period of each date as a number: 1999 (year), 19992 (its second quarter), 0 (none)."""
    days = days_of(dates)
    if period == "none":
        return np.zeros(days.shape, dtype=np.int64)
    months = days.astype("datetime64[M]").astype(np.int64)  # since January 1970
    return months // 12 + 1970 if period == "year" else (months // 12 + 1970) * 10 + months % 12 // 3 + 1


def assign_splits(days: Days, corpus: Rows, align: AlignConfig, corpora: int) -> Ranks:
    """The split of each speech, as a position in SPLITS, from its day and its corpus (numbered from 0)."""
    unique, inverse = np.unique(_dealt(days, align), return_inverse=True)
    sits = np.zeros((len(unique), corpora), dtype=bool)
    sits[inverse, corpus] = True
    return split_days(unique, sits, align)[inverse]


def _dealt(days: Days, align: AlignConfig) -> Days:
    """What goes to a split as one: days, or the months that they are in, which are in one year and quarter, too."""
    return days.astype("datetime64[M]") if align.split.by == "month" else days


def dealt(days: Days, align: AlignConfig) -> int:
    """How many sittings, or months of sittings, there are to deal."""
    return len(np.unique(_dealt(days, align)))


def split_days(days: Days, sits: NDArray[np.bool_], align: AlignConfig) -> Ranks:
    """Deal days into splits by share, stratified by period.

    Parameters: `days` (days,), unique; `sits` (days, corpora), whether each corpus sat on each day. Months are dealt
    in the same way: read "month" for "day" and for "sitting".
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
        wanted, quotas = owed + shares * fewest, np.zeros(len(SPLITS))
        # Whole numbers with the same sum: one at a time to whichever is furthest behind.
        for _ in range(round(wanted.sum())):
            quotas[np.argmax(wanted - quotas)] += 1
        if counts.all():  # other periods are not compared, so they must not upset the balance of those that are
            owed = wanted - quotas
        splits[rows] = _fill(sits[rows], quotas / fewest)
    return splits


def _fill(sits: NDArray[np.bool_], shares: Floats) -> Ranks:
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


def require_splits(corpus: Rows, split: Ranks, days: Days, names: list[str], align: AlignConfig) -> None:
    """Raise ValueError unless every corpus has a speech in every split."""
    for (code, name), (rank, part) in itertools.product(enumerate(names), enumerate(SPLITS)):
        of_corpus = corpus == code
        if not (split[of_corpus] == rank).any():
            by = align.split.by
            left = dealt(days[of_corpus], align)
            singly = ", or set align.split.by to sitting" if by == "month" else ""
            raise ValueError(
                f"no {part} speech left in corpus {name}: align.split.{part} is {getattr(align.split, part):g} of the "
                f"{by}s, align.period is {align.period}, and {left} {by}s are left; widen align.first_day to "
                f"align.last_day, give {part} a larger share, or choose a coarser align.period{singly}"
            )


# How many words of each corpus, period and split stay, and which speeches each model uses of its parents' splits.


def midpoints(words: Rows, groups: Rows, order: NDArray[np.generic]) -> Floats:
    """Words of the speech's group that come before its middle, when the group is read in `order`."""
    rows = np.lexsort((order, groups))
    # One running sum over all groups, from which each takes off what came before it.
    ends = np.cumsum(words[rows], dtype=np.int64)
    befores = ends - words[rows]
    _, first, sizes = np.unique(groups[rows], return_index=True, return_counts=True)
    result = np.empty(len(words))
    result[rows] = befores - np.repeat(befores[first], sizes) + words[rows] / 2
    return result


def least_targets(words: Rows, groups: Rows, order: NDArray[np.generic]) -> Floats:
    """The least number of words for which each speech is chosen from its group.

    Chosen are the leading speeches in `order` whose total comes nearest to the target (up to the last midpoint at or
    below it), at least one. What is chosen for a smaller target is among what is chosen for a larger one.
    """
    middle = midpoints(words, groups, order)
    return np.where(2 * middle <= words, 0.0, middle)


def period_targets(words: Floats, budget: str) -> Floats:
    """Words to keep, given the words there are, both (splits, periods, corpora); 0 where a period lacks a corpus.

    balanced: what the poorest corpus has in the period. full: each corpus as much as it can, at period shares
    proportional to the least share that the period has in any corpus.
    """
    shared = np.where((words > 0).all(axis=2, keepdims=True), words, 0.0)
    least = shared.min(axis=2, keepdims=True)
    if budget == "balanced":
        return np.broadcast_to(least, words.shape)
    totals = np.maximum(shared.sum(axis=1, keepdims=True), 1.0)
    wanted = (shared / totals).min(axis=2, keepdims=True)
    scale = np.divide(shared, wanted, out=np.full_like(shared, np.inf), where=wanted > 0).min(axis=1, keepdims=True)
    # Infinite where the corpora share no period of a split: then nothing of it can be kept.
    targets: Floats = wanted * np.where(np.isfinite(scale), scale, 0.0)
    return targets


def choose_speeches(table: pd.DataFrame, config: Config) -> tuple[pd.DataFrame, dict[str, int]]:
    """Choose every model's speeches.

    `table` holds one row a kept speech: `speech_id`, `corpus` (position in config.corpora), `split` (position in
    SPLITS), `period`, `words`, `order` (a random number per speech). Returns the table `model, corpus, speech_id,
    split`, and the training words of each model. With the balanced budget all models get as many words as the model
    that can have the fewest; with the full one each gets all it can have at its weights.
    """
    shares = [[model.mixture.get(name, 0.0) for name in config.corpora] for model in config.models.values()]
    # No row where models are there already, and none is trained.
    weights = np.array(shares).reshape(-1, len(config.corpora))
    split, corpus = table["split"].to_numpy(), table["corpus"].to_numpy()
    targets = _targets(table, weights, config.align.budget)
    least = _proportional_targets(table, len(config.corpora))
    parts, budget = [], {}
    for row, model in enumerate(config.models):
        chosen = least <= targets[row, split, corpus]
        # The budget is of what is learned from: a model is tested on all test text of its parents.
        chosen |= (split == SPLITS.index("test")) & (weights[row, corpus] > 0)
        budget[model] = int(table["words"].to_numpy()[chosen & (split == 0)].sum())
        ordered = table[chosen].sort_values(["split", "corpus"], kind="stable").reset_index(drop=True)
        corpora, splits = named(ordered["corpus"], [*config.corpora]), named(ordered["split"], SPLITS)
        parts.append(ordered[["speech_id"]].assign(model=model, corpus=corpora, split=splits))
    columns = ["model", "corpus", "speech_id", "split"]
    return pd.concat(parts or [pd.DataFrame(columns=columns, dtype="str")], ignore_index=True)[columns], budget


def named(codes: pd.Series, names: Sequence[str]) -> pd.Series:
    """Positions in a list of names as these names."""
    return pd.Series(np.array(names, dtype=object)[codes], dtype="str", index=codes.index)


def _targets(table: pd.DataFrame, weights: Floats, budget: str) -> Floats:
    """(models, splits, corpora): words that each model takes; -1 where it takes none."""
    available = np.zeros((len(SPLITS), weights.shape[1]))
    np.add.at(available, (table["split"].to_numpy(), table["corpus"].to_numpy()), table["words"].to_numpy())
    with np.errstate(divide="ignore"):
        # The corpus that runs out first bounds the model.
        capacity = np.where(weights[:, None] > 0, available / weights[:, None], np.inf).min(axis=2)
    if budget == "balanced":
        capacity = np.broadcast_to(capacity.min(axis=0, initial=np.inf), capacity.shape)
    return np.where(weights[:, None] > 0, weights[:, None] * capacity[:, :, None], -1.0)


def _proportional_targets(table: pd.DataFrame, corpora: int) -> Floats:
    """Least targets within corpus and split, in an order of which every leading part keeps the periods' proportions."""
    words, period = table["words"].to_numpy(), pd.factorize(table["period"])[0]
    part = table["split"].to_numpy().astype(np.int64) * corpora + table["corpus"].to_numpy()
    cell = part * (period.max(initial=0) + 1) + period
    # A speech's place is the share of its period's words that come before it in random order: of words, not of
    # speeches, as those of one period may be longer than those of another.
    place = midpoints(words, cell, table["order"].to_numpy()) / np.maximum(np.bincount(cell, weights=words)[cell], 1)
    return least_targets(words, part, place)
