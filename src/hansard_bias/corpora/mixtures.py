"""How many words of each corpus, period and split stay, and which speeches each model uses of its parents' splits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hansard_bias.config import SPLITS, Config


def midpoints(words: NDArray[np.int64], groups: NDArray[np.int64], order: NDArray[np.generic]) -> NDArray[np.float64]:
    """Words of the speech's group that come before its middle, when the group is read in `order`."""
    rows = np.lexsort((order, groups))
    ends = np.cumsum(words[rows], dtype=np.int64)
    befores = ends - words[rows]
    _, first, sizes = np.unique(groups[rows], return_index=True, return_counts=True)
    result = np.empty(len(words))
    result[rows] = befores - np.repeat(befores[first], sizes) + words[rows] / 2
    return result


def least_targets(
    words: NDArray[np.int64], groups: NDArray[np.int64], order: NDArray[np.generic]
) -> NDArray[np.float64]:
    """The least number of words for which each speech is chosen from its group.

    Chosen are the leading speeches in `order` whose total comes nearest to the target (up to the last midpoint at or
    below it), at least one. What is chosen for a smaller target is among what is chosen for a larger one.
    """
    middle = midpoints(words, groups, order)
    return np.where(2 * middle <= words, 0.0, middle)


def period_targets(words: NDArray[np.float64], budget: str) -> NDArray[np.float64]:
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
    targets: NDArray[np.float64] = wanted * np.where(np.isfinite(scale), scale, 0.0)
    return targets


def mix(table: pd.DataFrame, config: Config) -> tuple[pd.DataFrame, dict[str, int]]:
    """Choose every model's speeches.

    `table` holds one row a kept speech: `speech_id`, `corpus` (position in config.corpora), `split` (position in
    SPLITS), `period`, `words`, `order` (a random number per speech). Returns the table `model, corpus, speech_id,
    split`, and the training words of each model. With the balanced budget all models get as many words as the model
    that can have the fewest; with the full one each gets all it can have at its weights.
    """
    weights = _weights(config)
    split, corpus = table["split"].to_numpy(), table["corpus"].to_numpy()
    targets = _targets(table, weights, config.align.budget)
    least = _proportional_targets(table, len(config.corpora))
    parts, budget = [], {}
    for row, model in enumerate(config.models):
        chosen = least <= targets[row, split, corpus]
        chosen |= (split == SPLITS.index("test")) & (weights[row, corpus] > 0)
        parts.append(_rows(table[chosen], model, config))
        budget[model] = int(table["words"].to_numpy()[chosen & (split == 0)].sum())
    return pd.concat(parts, ignore_index=True), budget


def _weights(config: Config) -> NDArray[np.float64]:
    """(models, corpora): the share of each corpus in each model."""
    return np.array([[model.mixture.get(name, 0.0) for name in config.corpora] for model in config.models.values()])


def _targets(table: pd.DataFrame, weights: NDArray[np.float64], budget: str) -> NDArray[np.float64]:
    """(models, splits, corpora): words that each model takes; -1 where it takes none."""
    available = np.zeros((len(SPLITS), weights.shape[1]))
    np.add.at(available, (table["split"].to_numpy(), table["corpus"].to_numpy()), table["words"].to_numpy())
    with np.errstate(divide="ignore"):
        capacity = np.where(weights[:, None] > 0, available / weights[:, None], np.inf).min(axis=2)
    if budget == "balanced":
        capacity = np.broadcast_to(capacity.min(axis=0), capacity.shape)
    return np.where(weights[:, None] > 0, weights[:, None] * capacity[:, :, None], -1.0)


def _proportional_targets(table: pd.DataFrame, corpora: int) -> NDArray[np.float64]:
    """Least targets within corpus and split, in an order of which every leading part keeps the periods' proportions.

    A speech's place is the share of its period's words that come before it in random order.
    """
    words, period = table["words"].to_numpy(), pd.factorize(table["period"])[0]
    part = table["split"].to_numpy().astype(np.int64) * corpora + table["corpus"].to_numpy()
    cell = part * (period.max(initial=0) + 1) + period
    place = midpoints(words, cell, table["order"].to_numpy()) / np.maximum(np.bincount(cell, weights=words)[cell], 1)
    return least_targets(words, part, place)


def _rows(chosen: pd.DataFrame, model: str, config: Config) -> pd.DataFrame:
    corpora, splits = np.array([*config.corpora], dtype=object), np.array(SPLITS, dtype=object)
    ordered = chosen.sort_values(["split", "corpus"], kind="stable")
    return pd.DataFrame(
        {
            "model": model,
            "corpus": pd.Series(corpora[ordered["corpus"]], dtype="str"),
            "speech_id": ordered["speech_id"].reset_index(drop=True),
            "split": pd.Series(splits[ordered["split"]], dtype="str"),
        }
    )
