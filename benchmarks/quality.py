"""Held-out loss after equal updates on equal data: this trainer against the padded fp32 one of Hugging Face.

    python benchmarks/quality.py [--updates 400] [--batch 16] [--seeds 1 2 3] [--dropout 0.0]

A small model (2 layers x 128, 128 positions) reads the text of benchmarks/train.py, both trainers from the same first
weights, with the same windows per update and the same learning rates. Both are then read with the same masks in fp32.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from hansard_bias.params import ModelConfig
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows, read_encoded

HELD_OUT = 0.1
"""The last share of the speeches; they are in the order of the sittings."""
SMALL = {
    "model__hidden_size": 128,
    "model__num_hidden_layers": 2,
    "model__intermediate_size": 512,
    "model__max_position_embeddings": 128,
    "model__initializer_range": 0.05,
    "tokenizer__vocab_size": 4096,
}
RATE = 1e-3


def split(corpus: EncodedCorpus, positions: int) -> tuple[Windows, Windows]:
    """Windows to train on and windows held out."""
    border = round(len(corpus.starts) * (1 - HELD_OUT))
    rows = np.arange(len(corpus.starts))
    return cut_windows([corpus], [rows[:border]], positions), cut_windows([corpus], [rows[border:]], positions)


def train_padded(folder: Path, model: Any, rows: list[list[int]], config: Any, seed: int) -> None:
    """Hugging Face's Trainer in fp32 on padded rows, with the settings that this trainer uses."""
    import training_ways as ways
    from transformers import AutoTokenizer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(folder / "peer"),
        per_device_train_batch_size=config.batch_size,
        max_steps=config.max_steps,
        learning_rate=config.lr,
        warmup_steps=round(config.warmup * config.max_steps),
        weight_decay=config.weight_decay,
        adam_beta2=0.98,
        adam_epsilon=1e-6,
        seed=seed,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
    )
    collator = ways.Collator(AutoTokenizer.from_pretrained(folder / "tokenizer"))
    ways.CountingTrainer(model, arguments, data_collator=collator, train_dataset=rows).train()


def measure(folder: Path, way: str, seed: int, updates: int, batch: int, dropout: float) -> float:
    """Train in one way; the held-out loss in nats per masked piece."""
    import training_ways as ways
    from accelerate.state import AcceleratorState

    from hansard_bias.models.attention import PACKED
    from hansard_bias.models.batches import MaskedText
    from hansard_bias.models.network import build_model
    from hansard_bias.tokens.tokenizer import OWN_IDS
    from hansard_bias.training import device
    from hansard_bias.training.loop import RunSpec, Trainer
    from hansard_bias.training.state import Silent

    content = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    shape = ModelConfig(**content["model"])
    settings = replace(shape, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    corpus = read_encoded(folder / "text")
    training, held_out = split(corpus, settings.max_position_embeddings)
    config = replace(ways.CONFIG, lr=RATE, batch_size=batch, max_steps=updates, eval_every=updates)
    texts = [
        MaskedText([corpus], windows, seed, 0.15, content["vocabulary"], OWN_IDS) for windows in (training, held_out)
    ]
    texts[1] = replace(texts[1], seed=0)
    place = folder / f"{way}-{seed}"
    spec = RunSpec(config, seed, texts[0], texts[1], len(training) // batch, place, place.with_suffix(".csv"))
    model = build_model(settings, content["vocabulary"], seed)
    if way == "ours":
        trainer = Trainer(spec, model, device.choose_precision("auto"), Silent())
        trainer.run()
        model = trainer.accelerator.unwrap_model(trainer.model).model
    else:
        model.set_attn_implementation("eager")
        train_padded(folder, model, padded(corpus, training, settings.max_position_embeddings), config, seed)
        model.set_attn_implementation(PACKED)
    # Accelerate keeps one precision a process.
    AcceleratorState._reset_state(True)
    return Trainer(spec, model, "fp32", Silent()).validation_loss()


def padded(corpus: EncodedCorpus, windows: Windows, positions: int) -> list[list[int]]:
    """[CLS] pieces [SEP], each window padded to the model's positions."""
    from hansard_bias.tokens.tokenizer import CLS_ID, PAD_ID, SEP_ID

    rows = []
    for start, length in zip(windows.start.tolist(), windows.length.tolist(), strict=True):
        row = [CLS_ID, *corpus.tokens[start : start + length].tolist(), SEP_ID]
        rows.append(row + [PAD_ID] * (positions - len(row)))
    return rows


def interval(differences: list[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean and two-sided t interval of paired differences; needs two at least."""
    mean = float(np.mean(differences))
    error = float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
    reach = float(stats.t.ppf((1 + confidence) / 2, len(differences) - 1)) * error
    return mean, mean - reach, mean + reach


def in_own_process(folder: Path, way: str, seed: int, options: argparse.Namespace) -> float:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--folder", str(folder), "--way", way, "--seeds", str(seed)]
    command += ["--updates", str(options.updates), "--batch", str(options.batch), "--dropout", str(options.dropout)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{way}, seed {seed}, failed:\n{done.stdout}{done.stderr}")
    return float(done.stdout.splitlines()[-1])


def compare(options: argparse.Namespace) -> None:
    """Both trainers with every seed; a line a seed, and the interval."""
    from train import prepare

    differences = []
    with tempfile.TemporaryDirectory() as name:
        print(prepare(Path(name), **SMALL), flush=True)
        print("| seed | ours | padded fp32 | difference |\n|---|---|---|---|", flush=True)
        for seed in options.seeds:
            ours, peer = (in_own_process(Path(name), way, seed, options) for way in ("ours", "padded"))
            differences.append(ours - peer)
            print(f"| {seed} | {ours:.4f} | {peer:.4f} | {ours - peer:+.4f} |", flush=True)
    if len(differences) > 1:
        mean, low, high = interval(differences)
        print(f"difference {mean:+.4f} nats, 95 % t interval {low:+.4f} to {high:+.4f} (below 0: ours reads better)")


def main() -> None:
    """Compare, or, in a process of its own, measure one way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=400)
    parser.add_argument("--batch", type=int, default=16, help="windows per update")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--dropout", type=float, default=0.0, help="of both trainers")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way is None:
        compare(options)
        return
    values = (options.seeds[0], options.updates, options.batch, options.dropout)
    print(measure(options.folder, options.way, *values))


if __name__ == "__main__":
    main()
