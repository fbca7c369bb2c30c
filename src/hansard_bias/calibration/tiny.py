"""Training one tiny model: the project's batches, packing, model, optimizer and schedule, without checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from hansard_bias.calibration.config import TinyTraining
from hansard_bias.calibration.text import word_ids
from hansard_bias.config import BertSettings
from hansard_bias.encoded import EncodedCorpus, cut_windows
from hansard_bias.randomness import stable_hash
from hansard_bias.tokenization import OWN_IDS
from hansard_bias.training.batches import MaskedText, update_rows
from hansard_bias.training.model import GRADIENT_NORM, MaskedLoss, build_model, build_optimizer, load_initial
from hansard_bias.training.packing import choose_way, grain_of, to_device
from hansard_bias.training.schedule import learning_rate, updates_per_epoch

DEVICE = torch.device("cpu")


def first_model(settings: BertSettings, seed: int) -> Any:
    """A model with random weights for the calibration's vocabulary."""
    return build_model(settings, len(word_ids()), seed)


def base_model(folder: Path, settings: BertSettings) -> Any:
    """The model that all trainings go on from, as `model.init` would load it."""
    return load_initial(folder, settings, len(word_ids()))


def train_tiny(model: Any, corpora: list[EncodedCorpus], training: TinyTraining, seed: int) -> Any:
    """Train a model on all speeches of the corpora, in fp32 on one core; returns it ready to be asked.

    The loop of `training.loop` without what long runs need: no validation, no checkpoints, no other processes. Order,
    masks and dropout depend on the seed alone. Raises ValueError when the gradient stops being finite.
    """
    text = _masked(corpora, model.config.max_position_embeddings, training.mask_rate, seed)
    config = training.as_train_config()
    loss_of, optimizer = MaskedLoss(model), build_optimizer(model, config)
    per_epoch = updates_per_epoch(len(text.windows), training.batch_size)
    way = choose_way(DEVICE, "fp32")
    model.train()
    for update in range(training.updates):
        epoch, within = divmod(update, per_epoch)
        if within == 0:
            order = text.epoch_order(epoch)
        batch = text.batch(update_rows(order, per_epoch, within), epoch, grain_of(way))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, update, training.updates)
        torch.manual_seed(stable_hash(seed, "dropout", update) % 2**63)
        loss = loss_of(to_device(batch, DEVICE, way)) / max(1, len(batch.labels))
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        if not torch.isfinite(norm):
            raise ValueError(f"a tiny model diverged at update {update} with lr {training.lr}; lower it")
        optimizer.step()
        optimizer.zero_grad()
    # The packed attention is for training; scores and probes ask padded batches.
    model.set_attn_implementation("eager")
    return model.eval()


def _masked(corpora: list[EncodedCorpus], positions: int, mask_rate: float, seed: int) -> MaskedText:
    windows = cut_windows(corpora, [np.arange(len(corpus.lengths)) for corpus in corpora], positions)
    return MaskedText(corpora, windows, seed, mask_rate, len(word_ids()), OWN_IDS)
