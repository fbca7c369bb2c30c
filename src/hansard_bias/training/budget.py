"""The same amount of text and of updates for every model (METHOD section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansard_bias.config import Config
from hansard_bias.encoded import EncodedCorpus, Windows, cut_windows
from hansard_bias.randomness import mix
from hansard_bias.training.schedule import updates_per_epoch

_TRIMMING, _CHOOSING = 101, 102


@dataclass(frozen=True)
class Portion:
    """What one model trains on."""

    windows: Windows
    updates_per_epoch: int


def training_portion(model: str, config: Config, corpora: Mapping[str, EncodedCorpus], mixtures: pa.Table) -> Portion:
    """The training windows of a model and its updates per epoch.

    With `align.budget: balanced` every model gets as many pieces as the one that has fewest (to within a
    window), cut into the same number of updates; with `full` a model takes all that its mixture gives it.
    """
    if config.align.budget == "full":
        windows = mixture_windows(model, "train", config, corpora, mixtures)
        return Portion(windows, updates_per_epoch(len(windows), config.train.batch_size))

    # One model's windows at a time: together they would take more memory than the training.
    def windows_of(name: str) -> Windows:
        return mixture_windows(name, "train", config, corpora, mixtures)

    budget = min(int(windows_of(name).length.sum()) for name in config.models)
    fewest = min(len(trim(windows_of(name), budget)) for name in config.models)
    return Portion(trim(windows_of(model), budget), updates_per_epoch(fewest, config.train.batch_size))


def mixture_windows(
    model: str, split: str, config: Config, corpora: Mapping[str, EncodedCorpus], mixtures: pa.Table
) -> Windows:
    """All windows of a model's speeches in one split."""
    rows = []
    for corpus in corpora:
        chosen = pc.and_(pc.equal(mixtures["model"], model), pc.equal(mixtures["split"], split))
        chosen = pc.and_(chosen, pc.equal(mixtures["corpus"], corpus))
        rows.append(corpora[corpus].rows(mixtures.filter(chosen)["speech_id"]))
    windows = cut_windows(list(corpora.values()), rows, config.model.max_position_embeddings)
    if not len(windows):
        raise ValueError(f"models.{model}: no {split} speech left; widen align.first_day..last_day or bring more text")
    return windows


def some_windows(windows: Windows, count: int) -> Windows:
    """At most so many windows, always the same ones (chosen by hash); 0: all."""
    if not count:
        return windows
    order = np.argsort(mix(_CHOOSING, windows.speech, windows.offset), kind="stable")
    return windows.take(np.sort(order[:count]))


def trim(windows: Windows, pieces: int) -> Windows:
    """Windows in their order, as many (chosen by hash) as hold at most `pieces` pieces together."""
    order = np.argsort(mix(_TRIMMING, windows.speech, windows.offset), kind="stable")
    fitting = np.cumsum(windows.length[order]) <= pieces
    return windows.take(np.sort(order[fitting]))
