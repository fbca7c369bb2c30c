"""One model, one seed, from random weights or from those of `model.init`: `dvc repro train@nunavut-1`."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from transformers.utils.logging import disable_progress_bar

from hansard_bias.base import work as unfinished
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
from hansard_bias.base.parallel import destroy_group, is_main_process, process_group
from hansard_bias.base.work import Interruption
from hansard_bias.models.architectures import with_initial_sizes
from hansard_bias.models.batches import MaskedText
from hansard_bias.models.network import build_model, compile_layers, flops_per_piece, load_initial
from hansard_bias.params import Config
from hansard_bias.tokens import tokenizer as tokenization
from hansard_bias.tokens.encoded import Windows, read_encoded
from hansard_bias.training import checkpoints, device
from hansard_bias.training import log as watching
from hansard_bias.training.card import model_card
from hansard_bias.training.data import Portion, mixture_windows, some_windows, training_portion
from hansard_bias.training.loop import Trainer
from hansard_bias.training.run_key import RunIdentity, Task, identify
from hansard_bias.training.state import RunLog

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def run(config: Config, model: str, seed: int, log: RunLog, root: Path = Path(".")) -> dict[str, Any]:
    """Train, write the model folder, its curve and its summary; returns the summary."""
    identity = run_identity(config, model, seed, root)
    with held(identity) if is_main_process() else nullcontext():
        return train(config, model, seed, log, identity, root)


def held(identity: RunIdentity) -> AbstractContextManager[Path]:
    """Hold the run's checkpoints alone; raises ValueError while another process trains this run."""
    return unfinished.locked(_folder(identity), "training")


def train(
    config: Config,
    model: str,
    seed: int,
    log: RunLog,
    identity: RunIdentity,
    root: Path = Path("."),
    *,
    resume_from: Path | None = None,
    interruption: Interruption | None = None,
) -> dict[str, Any]:
    """The training of a run that is held, from its last checkpoint or a named one.

    Of several processes (`accelerate launch`) all train, and the main one alone writes and returns the summary.
    """
    vocabulary = tokenization.vocabulary_size(root / TOKENIZER)
    config = with_initial_sizes(config, root)
    portion, task = prepare(config, identity, model, seed, root, resume_from)
    asked = config.train.precision
    precision = device.choose_precision(asked)
    trainer = Trainer(task, starting_model(config, vocabulary, seed, root), precision, log, interruption)
    speed = model_speed(config, portion, precision, vocabulary, trainer.accelerator.num_processes)
    if trainer.accelerator.is_main_process:
        has = device.has_gpu(), device.has_fast_bf16()
        watching.warn(watching.device_warnings(asked, precision, *has, speed.flops_per_piece))
        trainer.watch = watching.follow(trainer.total, speed)
    trainer.run()
    summary: dict[str, Any] = {}
    if trainer.accelerator.is_main_process:
        summary = summarise(trainer, portion, precision, speed)
        folder = root / MODELS / run_name(model, seed)
        summary["run"] = identity.key
        with atomic_folder(folder) as new:
            summary["fingerprint"] = save_model(trainer, new, root / TOKENIZER)
            card = model_card(config, model, seed, summary, vocabulary, text_sizes(portion, task.validation.windows))
            (new / "README.md").write_text(card, encoding="utf-8")
        write_json(root / METRICS / "training" / f"{run_name(model, seed)}.json", summary)
        unfinished.remove(task.checkpoints)
    destroy_group(process_group())
    return summary


def run_identity(
    config: Config, model: str, seed: int, root: Path = Path("."), resume_from: Path | None = None
) -> RunIdentity:
    """What determines the run; a named checkpoint of another run is part of it."""
    identity = identify(config, model, seed, root)
    if resume_from is None:
        return identity
    manifest = checkpoints.named_manifest(resume_from)
    return identity.continuing(manifest["run"], checkpoints.manifest_digest(resume_from))


def prepare(
    config: Config, identity: RunIdentity, model: str, seed: int, root: Path, resume_from: Path | None
) -> tuple[Portion, Task]:
    """The texts that the model trains and validates on, and the places of the run."""
    corpora = {corpus: read_encoded(root / ENCODED / corpus) for corpus in config.corpora}
    names = ["model", "corpus", "split"]
    mixtures = pq.read_table(
        require_path(root / MIXTURES, "align"), read_dictionary=names, filters=[("split", "!=", "test")]
    )
    vocabulary = tokenization.vocabulary_size(root / TOKENIZER)
    portion = training_portion(model, config, corpora, mixtures)
    validation = mixture_windows(model, "validation", config, corpora, mixtures)
    validation = some_windows(validation, config.train.eval_windows)
    texts, rate = [corpus.without_index() for corpus in corpora.values()], config.train.mask_rate
    del corpora, mixtures
    pa.default_memory_pool().release_unused()
    special = tokenization.special_ids(root / TOKENIZER)
    task = Task(
        config=config.train,
        seed=seed,
        training=MaskedText(texts, portion.windows, seed, rate, vocabulary, special),
        validation=MaskedText(texts, validation, 0, rate, vocabulary, special),
        updates_per_epoch=portion.updates_per_epoch,
        checkpoints=_folder(identity),
        curve=root / METRICS / "curves" / f"{run_name(model, seed)}.csv",
        run=identity,
        resume_from=resume_from,
    )
    return portion, task


def model_speed(config: Config, portion: Portion, precision: str, vocabulary: int, devices: int) -> watching.Speed:
    """What one piece costs this model, against a matrix product timed now on each device that trains."""
    flops = flops_per_piece(config.model, vocabulary, config.train.mask_rate, portion.windows.length)
    return watching.Speed(flops, devices * device.peak_flops(precision))


def starting_model(config: Config, vocabulary: int, seed: int, root: Path) -> Any:
    """Random weights drawn from the seed, or those of `model.init`; compiled where `train.compile` says so."""
    settings = config.model
    if settings.init:
        model = load_initial(root / settings.init, settings, vocabulary)
    else:
        model = build_model(settings, vocabulary, seed)
    if config.train.compile:
        device.require_compiler()
        compile_layers(model)
    return model


def summarise(trainer: Trainer, portion: Portion, precision: str, speed: watching.Speed) -> dict[str, Any]:
    """The run's numbers, as DESIGN.md lists them."""
    state = trainer.state
    rate = state.tokens / state.seconds
    weights = trainer.accelerator.unwrap_model(trainer.model).model
    return {
        "tokens": state.tokens,
        "updates": state.update,
        "epochs": state.update / portion.updates_per_epoch,
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
        "parameters": sum(parameter.numel() for parameter in weights.parameters()),
    }


def text_sizes(portion: Portion, validation: Windows) -> dict[str, int]:
    """How much text the run read, for its card."""
    return {
        "training_speeches": len(np.unique(portion.windows.speech)),
        "training_pieces": int(portion.windows.length.sum()),
        "validation_speeches": len(np.unique(validation.speech)),
    }


def save_model(trainer: Trainer, folder: Path, tokenizer: Path) -> str:
    """Write the best weights and the tokenizer as a Hugging Face folder; returns the weights' SHA-256."""
    model = trainer.accelerator.unwrap_model(trainer.model).model
    model.load_state_dict(trainer.best, strict=False)
    disable_progress_bar()
    model.save_pretrained(str(folder))
    for name in TOKENIZER_FILES:
        if (tokenizer / name).is_file():
            shutil.copyfile(tokenizer / name, folder / name)
    return sha256(folder / "model.safetensors")


def _folder(identity: RunIdentity) -> Path:
    return unfinished.checkpoint_root() / identity.folder
