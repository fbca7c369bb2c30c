"""What a loop feeds its model: each epoch's order, and windows as micro-batches on the device."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch

from hansard_bias.models.attention import Packed, choose_backend, padding_policy, to_device
from hansard_bias.models.batches import Batch, MaskedText, micro_batches
from hansard_bias.params import Config, TrainConfig
from hansard_bias.randomness import mix
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows


class BatchIterator:
    """Batches for one device and precision, in the backend of attention that is fastest there."""

    def __init__(self, device: torch.device, precision: str) -> None:
        self.device, self.backend = device, choose_backend(device, precision)
        self._order = (-1, np.zeros(0, dtype=np.int64))

    def order(self, text: MaskedText, epoch: int) -> npt.NDArray[np.int64]:
        """The epoch's order of all windows, shape [windows]; kept until the next epoch asks."""
        if self._order[0] != epoch:
            self._order = (epoch, text.epoch_order(epoch))
        return self._order[1]

    def micro_batches(
        self, text: MaskedText, rows: npt.NDArray[np.int64], epoch: int, tokens: int, least: int = 1
    ) -> Iterator[Batch]:
        """These windows in micro-batches of at most `tokens` tokens each, at least `least` of them."""
        for part in micro_batches(text.windows.length[rows], tokens, least):
            yield text.batch(rows[part], epoch, padding_policy(self.backend))

    def on_device(self, batch: Batch) -> Packed:
        """The batch as tensors, with the plan for its attention."""
        return to_device(batch, self.device, self.backend)


# How many updates a run takes, and the learning rate of each.

MOST_WARMUP_UPDATES = 1000
"""As in the study, however long the run."""


def updates_per_epoch(windows: int, batch_size: int) -> int:
    """Updates that read every window once."""
    return max(1, math.ceil(windows / batch_size))


def total_updates(config: TrainConfig, per_epoch: int) -> int:
    """Updates of the whole run: `epochs`, bounded by `max_steps` where that is not 0."""
    planned = max(1, round(config.epochs * per_epoch))
    return min(planned, config.max_steps) if config.max_steps else planned


def learning_rate(config: TrainConfig, update: int, total: int) -> float:
    """Warm-up over min(1,000, warmup * total) updates, then `train.schedule` to 0; `update` counts from 0.

    linear: on a line from there on. wsd (warm-up, stable, decay; Hu et al. 2024, arXiv 2404.06395): constant, then on a
    line over the last `decay` share of the updates.
    """
    warmup = min(MOST_WARMUP_UPDATES, round(config.warmup * total))
    if update < warmup:
        return config.lr * (update + 1) / warmup
    falling = total - warmup if config.schedule == "linear" else min(total - warmup, round(config.decay * total))
    return config.lr * min(1.0, (total - update) / max(1, falling))


def unigram_loss(read: npt.NDArray[np.int64], asked: npt.NDArray[np.int64]) -> float:
    """The cross-entropy of tokens by the frequencies of others, add-one smoothed, in nats; counts by token, of both."""
    surprisals = np.log((read.sum() + len(read)) / (read + 1))
    return float((asked * surprisals).sum() / asked.sum())


# The same amount of text and of updates for every model (method.md section 7).

_TRIMMING, _CHOOSING = 101, 102


def training_data(
    model: str, config: Config, corpora: Mapping[str, EncodedCorpus], mixtures: pa.Table
) -> tuple[Windows, int]:
    """The training windows of a model and its updates per epoch.

    With `align.budget: balanced` every model gets as many tokens as the one that has fewest (to within a
    window), cut into the same number of updates; with `full` a model takes all that its mixture gives it.
    """

    def windows_of(name: str) -> Windows:
        return mixture_windows(name, "train", config, corpora, mixtures)

    if config.align.budget == "full":
        windows = windows_of(model)
        return windows, updates_per_epoch(len(windows), config.train.batch_size)
    # One model's windows at a time: together they would take more memory than the training.
    budget = min(int(windows_of(name).length.sum()) for name in config.models)
    fewest = min(len(trim(windows_of(name), budget)) for name in config.models)
    return trim(windows_of(model), budget), updates_per_epoch(fewest, config.train.batch_size)


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
    # By hash, not the first ones: those would all be of the first corpus. Nested: more windows hold the fewer.
    order = np.argsort(mix(_CHOOSING, windows.speech, windows.offset), kind="stable")
    return windows.take(np.sort(order[:count]))


def trim(windows: Windows, tokens: int) -> Windows:
    """Windows in their order, as many (chosen by hash) as hold at most `tokens` tokens together."""
    order = np.argsort(mix(_TRIMMING, windows.speech, windows.offset), kind="stable")
    # By hash: all corpora and days lose alike, and a smaller budget keeps a part of what a larger one keeps.
    fitting = np.cumsum(windows.length[order]) <= tokens
    return windows.take(np.sort(order[fitting]))
