"""One model, one seed, from random weights: `dvc repro train@nunavut-1`."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from accelerate import Accelerator
from transformers.utils.logging import disable_progress_bar

from hansard_bias import tokenization
from hansard_bias.config import Config
from hansard_bias.encoded import read_encoded
from hansard_bias.paths import ENCODED, METRICS, MIXTURES, MODELS, TOKENIZER, needed, run_name, write_json
from hansard_bias.training import checkpoints, device
from hansard_bias.training.batches import MaskedText
from hansard_bias.training.budget import Portion, mixture_windows, training_portion
from hansard_bias.training.card import model_card
from hansard_bias.training.loop import Task, Trainer
from hansard_bias.training.model import build_model, flops_per_piece
from hansard_bias.training.progress import RunLog

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def run(config: Config, model: str, seed: int, log: RunLog, root: Path = Path(".")) -> dict[str, Any] | None:
    """Train, write the model folder, its curve and its summary; returns the summary.

    Of several processes (`accelerate launch`) all train, and the main one alone locks, writes and returns something.
    """
    name = run_name(model, seed)
    corpora = {corpus: read_encoded(root / ENCODED / corpus) for corpus in config.corpora}
    mixtures = pq.read_table(needed(root / MIXTURES, "align"))
    vocabulary = tokenization.vocabulary_size(root / TOKENIZER)
    portion = training_portion(model, config, corpora, mixtures)
    validation = mixture_windows(model, "validation", config, corpora, mixtures)
    rate = config.train.mask_rate
    texts = list(corpora.values())
    folder = checkpoints.checkpoint_root() / f"train-{run_key(config, model, seed, root)}"
    task = Task(
        config=config.train,
        seed=seed,
        training=MaskedText(texts, portion.windows, seed, rate, vocabulary),
        validation=MaskedText(texts, validation, 0, rate, vocabulary),
        updates_per_epoch=portion.updates_per_epoch,
        checkpoints=folder,
        curve=root / METRICS / "curves" / f"{name}.csv",
    )
    precision = device.choose_precision(config.train.precision)
    main, summary = device.is_main_process(), None
    with checkpoints.locked(folder) if main else nullcontext():
        trainer = Trainer(task, build_model(config.model, vocabulary, seed), precision, log)
        trainer.run()
        if main:
            summary = summarise(config, trainer, portion, precision, vocabulary)
            summary["fingerprint"] = save_model(trainer, root / MODELS / name, root / TOKENIZER)
            card = model_card(config, model, seed, summary, vocabulary)
            (root / MODELS / name / "README.md").write_text(card, encoding="utf-8")
            write_json(root / METRICS / "training" / f"{name}.json", summary)
    if main:
        checkpoints.remove(folder)
    end_together(trainer.accelerator)
    return summary


def end_together(accelerator: Accelerator) -> None:
    """Wait until all processes are done, then part."""
    if accelerator.num_processes > 1:
        accelerator.wait_for_everyone()
        # gloo's threads need the interpreter once more to drop what they sent; a group that is destroyed before
        # they had it waits for them, and keeps the interpreter: for ever (torch 2.13).
        time.sleep(0.2)
        accelerator.end_training()


def summarise(config: Config, trainer: Trainer, portion: Portion, precision: str, vocabulary: int) -> dict[str, Any]:
    """The run's numbers, as DESIGN.md lists them."""
    state = trainer.state
    rate = state.tokens / state.seconds
    length = float(np.mean(portion.windows.length))
    flops = flops_per_piece(config.model, vocabulary, config.train.mask_rate, length)
    peak = device.peak_flops(precision) * trainer.accelerator.num_processes
    weights = trainer.accelerator.unwrap_model(trainer.model).model
    return {
        "tokens": state.tokens,
        "updates": state.update,
        "epochs": state.update / portion.updates_per_epoch,
        "wall_seconds": state.seconds,
        "tokens_per_second": rate,
        "model_flop_utilisation": rate * flops / peak,
        "peak_memory_bytes": device.peak_memory_bytes(),
        "device": device.device_name(),
        "precision": precision,
        "train_loss": state.curve[-1].train_loss,
        "validation_loss": state.best_loss,
        "best_update": state.best_update,
        "skipped_updates": state.skipped_updates,
        "stopped_by": state.stopped_by,
        "parameters": sum(parameter.numel() for parameter in weights.parameters()),
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
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def run_key(config: Config, model: str, seed: int, root: Path) -> str:
    """Hash of everything that determines a run: parameters, data and code. Only such a run is resumed."""
    digest = hashlib.sha256()
    settings = {"model": asdict(config.model), "train": asdict(config.train) | {"seeds": seed}, "name": model}
    settings |= {"mixture": config.models[model].mixture, "budget": config.align.budget}
    digest.update(json.dumps(settings, sort_keys=True).encode())
    package = Path(__file__).parents[1]
    code = [*sorted((package / "training").glob("*.py")), package / "encoded.py", package / "randomness.py"]
    data = [root / TOKENIZER / "tokenizer.json", root / MIXTURES]
    data += [
        file
        for corpus in config.corpora
        for file in sorted(needed(root / ENCODED / corpus, f"encode@{corpus}").iterdir())
    ]
    for path in [*code, *data]:
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()[:16]
