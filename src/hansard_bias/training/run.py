"""One training run from its files to its files: identity and texts in, model folder, curve and summary out."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from transformers.utils.logging import disable_progress_bar

from hansard_bias.base import work
from hansard_bias.base.files import (
    ENCODED,
    METRICS,
    MIXTURES,
    MODELS,
    TOKENIZER,
    atomic_folder,
    require_path,
    run_name,
    sha256,
    write_json,
)
from hansard_bias.base.parallel import destroy_group, process_group
from hansard_bias.base.work import Interruption
from hansard_bias.models.architectures import OPTIONAL_FILES, with_initial_sizes
from hansard_bias.models.architectures import TOKENIZER as TOKENIZER_FILE
from hansard_bias.models.batches import MaskedText
from hansard_bias.models.network import build_model, compile_layers, flops_per_token, load_initial
from hansard_bias.params import Config
from hansard_bias.tokens import tokenizer as tokenization
from hansard_bias.tokens.encoded import read_encoded
from hansard_bias.training import device, progress
from hansard_bias.training.card import model_card
from hansard_bias.training.data import mixture_windows, some_windows, training_data, unigram_loss
from hansard_bias.training.loop import Trainer
from hansard_bias.training.run_key import RunIdentity, RunSpec
from hansard_bias.training.state import RunLog

VALIDATION_MASK_RATE = 0.15
"""As the test text is scored, whatever `train.mask_rate` is: losses of runs with other rates can be compared."""


def held(identity: RunIdentity) -> AbstractContextManager[Path]:
    """Hold the run's checkpoints alone; raises ValueError while another process trains this run."""
    return work.locked(_folder(identity), "training")


def train(
    config: Config,
    model: str,
    seed: int,
    log: RunLog,
    identity: RunIdentity,
    root: Path,
    *,
    resume_from: Path | None = None,
    interruption: Interruption | None = None,
) -> dict[str, Any]:
    """The training of a run that is held, from its last checkpoint or a named one; returns its summary.

    Of several processes (`accelerate launch`) all train, and the main one alone writes and returns the summary.
    """
    vocabulary = tokenization.vocabulary_size(root / TOKENIZER)
    # A model to continue from brings its sizes: those of params.yaml say nothing of it.
    config = with_initial_sizes(config, root)
    spec = prepare(config, identity, model, seed, root, resume_from)
    asked = config.train.precision
    precision = device.choose_precision(asked)
    trainer = Trainer(spec, starting_model(config, vocabulary, spec, root), precision, log, interruption)
    flops = flops_per_token(config.model, vocabulary, config.train.mask_rate, spec.training.windows.length)
    # Timed now, on this machine as busy as it is: a table of peak rates would call a shared core slow.
    speed = progress.Speed(flops, trainer.accelerator.num_processes * device.peak_flops(precision))
    if trainer.accelerator.is_main_process:
        has = device.has_gpu(), device.has_fast_bf16()
        progress.warn(progress.device_warnings(asked, precision, *has, flops))
        trainer.progress = progress.follow(trainer.total, speed, processes=trainer.accelerator.num_processes)
    trainer.run()
    summary: dict[str, Any] = {}
    if trainer.accelerator.is_main_process:
        summary = summarise(trainer, precision, speed) | {"run": identity.key}
        with atomic_folder(root / MODELS / run_name(model, seed)) as new:
            summary["fingerprint"] = save_model(trainer, new, root / TOKENIZER)
            card = model_card(config, model, seed, summary, vocabulary, text_sizes(spec))
            (new / "README.md").write_text(card, encoding="utf-8")
        write_json(root / METRICS / "training" / f"{run_name(model, seed)}.json", summary)
        # Last: until everything is written, a run that is killed must find its checkpoints.
        work.remove(spec.checkpoints)
    destroy_group(process_group())
    return summary


def prepare(
    config: Config, identity: RunIdentity, model: str, seed: int, root: Path, resume_from: Path | None
) -> RunSpec:
    """The texts that the model trains and validates on, and where the run's files are."""
    corpora = {corpus: read_encoded(root / ENCODED / corpus) for corpus in config.corpora}
    names = ["model", "corpus", "split"]
    mixtures = pq.read_table(
        require_path(root / MIXTURES, "align"), read_dictionary=names, filters=[("split", "!=", "test")]
    )
    vocabulary = tokenization.vocabulary_size(root / TOKENIZER)
    training, updates_per_epoch = training_data(model, config, corpora, mixtures)
    validation = mixture_windows(model, "validation", config, corpora, mixtures)
    validation = some_windows(validation, config.train.eval_windows)
    texts = [corpus.without_index() for corpus in corpora.values()]
    # The ids of the study's speeches take more memory than its model: give them back before the training.
    del corpora, mixtures
    pa.default_memory_pool().release_unused()
    special = tokenization.special_ids(root / TOKENIZER)
    read = MaskedText(texts, training, seed, config.train.mask_rate, vocabulary, special)
    # Seed 0 for all: models and seeds are validated on the same masks, and those are the rule of the scores.
    checked = MaskedText(texts, validation, 0, VALIDATION_MASK_RATE, vocabulary, special, 1.0)
    return RunSpec(
        config=config.train,
        seed=seed,
        training=read,
        validation=checked,
        unigram_loss=unigram_loss(read.token_counts(), checked.token_counts()),
        updates_per_epoch=updates_per_epoch,
        checkpoints=_folder(identity),
        curve=root / METRICS / "curves" / f"{run_name(model, seed)}.csv",
        run=identity,
        resume_from=resume_from,
    )


def starting_model(config: Config, vocabulary: int, spec: RunSpec, root: Path) -> Any:
    """Random weights drawn from the seed, or those of `model.init`; compiled where `train.compile` says so."""
    settings = config.model
    if settings.init:
        model = load_initial(root / settings.init, settings, vocabulary)
    else:
        counts = spec.training.token_counts() if settings.unigram_bias else None
        model = build_model(settings, vocabulary, spec.seed, counts)
    if config.train.compile:
        device.require_compiler()
        compile_layers(model)
    return model


def summarise(trainer: Trainer, precision: str, speed: progress.Speed) -> dict[str, Any]:
    """The run's numbers: the content of metrics/training, as docs/results.md lists them."""
    state = trainer.state
    rate = state.tokens / state.seconds
    return {
        "tokens": state.tokens,
        "updates": state.update,
        "epochs": state.update / trainer.spec.updates_per_epoch,
        "wall_seconds": state.seconds,
        "tokens_per_second": rate,
        "model_flop_utilisation": speed.utilisation(rate),
        "peak_memory_bytes": device.peak_memory_bytes(),
        "device": device.device_name(),
        "precision": precision,
        "train_loss": state.curve[-1].train_loss,
        "validation_loss": state.best_loss,
        "best_update": state.best_update,
        "skipped_updates": state.skipped_updates,
        "stopped_by": state.stopped_by,
        "started_from": state.started_from,
        "parameters": sum(parameter.numel() for parameter in trainer.language_model.parameters()),
    }


def text_sizes(spec: RunSpec) -> dict[str, int]:
    """How much text the run read, for its card."""
    windows = spec.training.windows
    return {
        "training_speeches": len(np.unique(windows.speech)),
        "training_tokens": int(windows.length.sum()),
        "validation_speeches": len(np.unique(spec.validation.windows.speech)),
    }


def save_model(trainer: Trainer, folder: Path, tokenizer: Path) -> str:
    """Write the best weights and the tokenizer as a Hugging Face folder; returns the weights' SHA-256."""
    model = trainer.language_model
    # Not strict: tied weights are kept once, under one of their names.
    model.load_state_dict(trainer.best, strict=False)
    disable_progress_bar()
    model.save_pretrained(str(folder))
    for name in (TOKENIZER_FILE, *OPTIONAL_FILES):
        if (tokenizer / name).is_file():
            shutil.copyfile(tokenizer / name, folder / name)
    return sha256(folder / "model.safetensors")


def _folder(identity: RunIdentity) -> Path:
    return work.checkpoint_root() / identity.folder
