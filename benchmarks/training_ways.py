"""One way of training, in a process of its own: `python training_ways.py FOLDER WAY SECONDS BATCH STARTED`.

FOLDER holds an encoded corpus (`text`), a tokenizer and `settings.json`. The last line printed is what was measured.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    TrainerCallback,
    TrainingArguments,
)
from transformers import Trainer as HuggingFaceTrainer

from hansard_bias.models.attention import family_of
from hansard_bias.models.batches import MaskedText
from hansard_bias.models.network import ENDS, build_model, flops_per_token
from hansard_bias.params import ModelConfig, TrainConfig
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows, read_encoded
from hansard_bias.tokens.tokenizer import CLS_ID, OWN_IDS, PAD_ID, SEP_ID
from hansard_bias.training import device
from hansard_bias.training.loop import RunSpec, Trainer
from hansard_bias.training.state import CurvePoint

WAYS = ("padded fp32", "padded", "blocks fp32", "blocks bf16", "ours")
MASK_RATE = 0.15
WARM_UP = 2
"""Updates before the clock starts."""
LEAST = 3
"""Updates that are measured at least."""
CONFIG = TrainConfig(
    lr=1e-4,
    epochs=1000,
    max_steps=0,
    batch_size=32,
    gradient_accumulation=1,
    precision="auto",
    mask_rate=MASK_RATE,
    warmup=0.1,
    weight_decay=0.01,
    patience=10**9,
    eval_every=1,
    save_every=10**9,
    keep=1,
    seeds=(1,),
)


@dataclass(frozen=True)
class Speed:
    """What one way reached; tokens are real ones, neither padding nor special."""

    way: str
    tokens_per_second: float
    utilisation: float
    """Of the mean of two bf16 matrix products, timed just before and after."""
    peak_bytes: int
    updates: int
    first_update_seconds: float
    """From the start of the process to the end of its first update."""


class Clock:
    """Counts updates and tokens once the warm-up is over."""

    def __init__(self, seconds: float, started: float) -> None:
        self.seconds, self.started = seconds, started
        self.marks: list[tuple[float, int]] = []
        self.peaks: list[float] = []
        self.first_update_seconds = 0.0

    def update_done(self, tokens: int, now: float) -> bool:
        """Take the tokens and seconds since the run's begin, after an update; True when enough was measured."""
        if not self.marks:
            self.first_update_seconds = time.time() - self.started
            # Within the warm-up, so that it is no part of what is measured.
            self.peaks.append(matrix_product())
        self.marks.append((now, tokens))
        measured = self.marks[WARM_UP - 1 :]
        return len(measured) > LEAST and measured[-1][0] - measured[0][0] >= self.seconds

    def rate(self) -> float:
        """Tokens per second after the warm-up."""
        (begin, before), (end, after) = self.marks[WARM_UP - 1], self.marks[-1]
        return (after - before) / (end - begin)


def matrix_product() -> float:
    """Floating-point operations per second of a bf16 matrix product; fp32 where the hardware has no bf16."""
    size = 4096 if torch.cuda.is_available() else 1024
    return device.peak_flops("bf16" if device.has_fast_bf16() else "fp32", size)


def speeches(corpus: EncodedCorpus) -> Iterator[list[int]]:
    """Every speech as [CLS] pieces [SEP], of any length."""
    for start, length in zip(corpus.starts.tolist(), corpus.lengths.tolist(), strict=True):
        yield [CLS_ID, *corpus.tokens[start : start + length].tolist(), SEP_ID]


def padded_rows(corpus: EncodedCorpus, positions: int) -> list[list[int]]:
    """The study's way: each speech cut and padded to the model's positions."""
    rows = [row if len(row) <= positions else [*row[: positions - 1], SEP_ID] for row in speeches(corpus)]
    return [row + [PAD_ID] * (positions - len(row)) for row in rows]


def block_rows(corpus: EncodedCorpus, positions: int) -> list[list[int]]:
    """The way of run_mlm: all speeches in one row, cut into blocks; what is left over at the end is dropped."""
    flat = [piece for row in speeches(corpus) for piece in row]
    return [flat[at : at + positions] for at in range(0, len(flat) - positions + 1, positions)]


class Collator:
    """Hugging Face's masking, and how many real tokens the batch has."""

    def __init__(self, tokenizer: Any) -> None:
        self.mask = DataCollatorForLanguageModeling(tokenizer, mlm_probability=MASK_RATE)

    def __call__(self, rows: list[list[int]]) -> dict[str, torch.Tensor]:
        pieces = torch.tensor(rows)
        special = (pieces == CLS_ID) | (pieces == SEP_ID) | (pieces == PAD_ID)
        inputs, labels = self.mask.torch_mask_tokens(pieces.clone(), special)
        attention = (pieces != PAD_ID).long()
        return {"input_ids": inputs, "attention_mask": attention, "labels": labels, "real": (~special).sum()}


class CountingTrainer(HuggingFaceTrainer):
    """Counts the real tokens of the updates that were done."""

    tokens = 0

    def training_step(self, model: Any, inputs: dict[str, Any], *rest: Any) -> torch.Tensor:
        """One update of Hugging Face's Trainer (no accumulation: one step is one update)."""
        self.tokens += int(inputs.pop("real"))
        return super().training_step(model, inputs, *rest)


class Stopwatch(TrainerCallback):
    """Tells the clock of every update, and stops when it has seen enough."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.trainer: Any = None

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """After an update."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        control.should_training_stop = self.clock.update_done(self.trainer.tokens, time.perf_counter())


def run_peer(folder: Path, way: str, settings: ModelConfig, vocabulary: int, batch: int, clock: Clock) -> None:
    """Hugging Face's Trainer with its defaults: dropout 0.1, the head at every position."""
    corpus = read_encoded(folder / "text")
    kind, _, precision = way.partition(" ")
    precision = precision or device.choose_precision("auto")
    rows = (padded_rows if kind == "padded" else block_rows)(corpus, settings.max_position_embeddings)
    # The defaults of the two configurations: BERT drops a tenth, ModernBERT nothing.
    given = replace(settings, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)
    model = family_of(settings.architecture).build(given, vocabulary, "sdpa", ENDS)
    arguments = TrainingArguments(
        output_dir=str(folder / "peer"),
        per_device_train_batch_size=batch,
        max_steps=10**6,
        learning_rate=CONFIG.lr,
        warmup_steps=1000,
        bf16=precision == "bf16",
        use_cpu=not torch.cuda.is_available(),
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_drop_last=True,
    )
    collator = Collator(AutoTokenizer.from_pretrained(folder / "tokenizer"))
    stopwatch = Stopwatch(clock)
    trainer = CountingTrainer(model, arguments, data_collator=collator, train_dataset=rows, callbacks=[stopwatch])
    stopwatch.trainer = trainer
    trainer.train()


class Enough(Exception):  # noqa: N818  (a signal, no error)
    """Enough was measured."""


class Watcher:
    """A log of this project's trainer that tells the clock of every update."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.trainer: Any = None

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        """After an update; the trainer's own clock leaves out what the evaluation of one window took."""
        if self.clock.update_done(self.trainer.state.tokens, self.trainer.state.seconds):
            raise Enough


def run_ours(folder: Path, settings: ModelConfig, vocabulary: int, batch: int, clock: Clock) -> None:
    """This project's trainer with its defaults."""
    corpus = read_encoded(folder / "text")
    windows = cut_windows([corpus], [np.arange(len(corpus.starts))], settings.max_position_embeddings)
    training = MaskedText([corpus], windows, 1, MASK_RATE, vocabulary, OWN_IDS)
    validation = MaskedText([corpus], windows.take(np.arange(1)), 0, MASK_RATE, vocabulary, OWN_IDS)
    config = replace(CONFIG, batch_size=batch)
    spec = RunSpec(config, 1, training, validation, len(windows) // batch, folder / "checkpoints", folder / "curve.csv")
    watcher = Watcher(clock)
    trainer = Trainer(spec, build_model(settings, vocabulary, 1), device.choose_precision("auto"), watcher)
    watcher.trainer = trainer
    try:
        trainer.run()
    except Enough:
        return


def measure(folder: Path, way: str, seconds: float, batch: int, started: float) -> Speed:
    """Train in one way until enough was measured."""
    content = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    settings, vocabulary = ModelConfig(**content["model"]), int(content["vocabulary"])
    clock = Clock(seconds, started)
    if way == "ours":
        run_ours(folder, settings, vocabulary, batch, clock)
    else:
        run_peer(folder, way, settings, vocabulary, batch, clock)
    clock.peaks.append(matrix_product())
    lengths = read_encoded(folder / "text").lengths.clip(max=settings.max_position_embeddings - 2)
    flops = flops_per_token(settings, vocabulary, MASK_RATE, lengths) * clock.rate()
    utilisation = flops / statistics.fmean(clock.peaks)
    memory = device.peak_memory_bytes()
    return Speed(way, clock.rate(), utilisation, memory, len(clock.marks) - WARM_UP, clock.first_update_seconds)


def main() -> None:
    """Measure one way; the last line is its JSON."""
    folder, way, seconds, batch, started = sys.argv[1:]
    print(json.dumps(asdict(measure(Path(folder), way, float(seconds), int(batch), float(started)))))


if __name__ == "__main__":
    main()
