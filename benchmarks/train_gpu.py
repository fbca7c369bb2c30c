"""BERT-base on one CUDA GPU: tokens per second, utilisation, peak memory, and the time that the study would take.

    python benchmarks/train_gpu.py [--seconds 60] [--batch 256] [--peer-batch 64] [--speeches 20000]

The text is made-up word pieces with the study's lengths: log-normal, a mean of 80 and of 195 words, 1.3 pieces a word.
Next to it, Hugging Face's Trainer with every speech padded to 512, in the same precision; its batch is smaller,
because padding and the head at every position take several times the memory.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from tokenizers import Tokenizer, models
from train import measure, settings, table

from hansard_bias.tokens.encoded import write_encoded_parts
from hansard_bias.tokens.tokenizer import SPECIAL_TOKENS, save_tokenizer
from hansard_bias.training.device import device_name

VOCABULARY = 30_522
MEAN_WORDS = (80, 195)
PIECES_A_WORD = 1.3
SPREAD = 0.9
"""Standard deviation of the logarithm of a speech's length."""
STUDY_SPEECHES, STUDY_EPOCHS = 622_369, 3
TINY = {
    "model__hidden_size": 32,
    "model__num_hidden_layers": 1,
    "model__num_attention_heads": 2,
    "model__intermediate_size": 64,
    "model__max_position_embeddings": 64,
}


def lengths(speeches: int, mean_words: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Pieces of every speech, at least 4."""
    centre = math.log(mean_words * PIECES_A_WORD) - SPREAD**2 / 2
    drawn = np.random.default_rng(mean_words).lognormal(centre, SPREAD, speeches)
    return np.maximum(4, drawn.round()).astype(np.int64)


def prepare(folder: Path, speeches: int, mean_words: int, model: dict[str, Any]) -> None:
    """An encoded corpus of Zipf-distributed pieces, and a tokenizer that knows them."""
    rng = np.random.default_rng(mean_words)
    ordinary = VOCABULARY - len(SPECIAL_TOKENS)
    chances = 1 / np.arange(10, ordinary + 10)
    sizes = lengths(speeches, mean_words)
    flat = len(SPECIAL_TOKENS) + rng.choice(ordinary, int(sizes.sum()), p=chances / chances.sum())
    pieces = np.split(flat.astype(np.uint16), np.cumsum(sizes)[:-1])
    index = pa.table({"speech_id": [f"made/{number}" for number in range(speeches)]})
    write_encoded_parts(folder / "text", index.schema, [(index, pieces)])
    names = [*SPECIAL_TOKENS, *(f"piece{number}" for number in range(ordinary))]
    known = models.WordLevel({name: number for number, name in enumerate(names)}, unk_token="[UNK]")
    (folder / "tokenizer").mkdir()
    save_tokenizer(Tokenizer(known), folder / "tokenizer", model["max_position_embeddings"])
    content = json.dumps({"model": model, "vocabulary": VOCABULARY})
    (folder / "settings.json").write_text(content, encoding="utf-8")


def minutes(tokens_per_second: float, mean_words: int) -> float:
    """All epochs over the training speeches of all three models, if every one had this mean length."""
    return STUDY_SPEECHES * STUDY_EPOCHS * mean_words * PIECES_A_WORD / tokens_per_second / 60


def main() -> None:
    """Both ways at both lengths."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=256, help="speech windows per update")
    parser.add_argument("--peer-batch", type=int, default=64, help="padded speeches per update")
    parser.add_argument("--speeches", type=int, default=20_000)
    parser.add_argument("--dry-run-on-cpu", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not torch.cuda.is_available() and not options.dry_run_on_cpu:
        print("train_gpu.py: no CUDA GPU here, nothing is measured", file=sys.stderr)
        sys.exit(2)
    model = asdict(settings("production", **(TINY if options.dry_run_on_cpu else {})).model)
    print(f"{device_name()}, torch {torch.__version__}")
    for mean_words in MEAN_WORDS:
        with tempfile.TemporaryDirectory() as name:
            prepare(Path(name), options.speeches, mean_words, model)
            batches = {"padded": options.peer_batch, "ours": options.batch}
            rows = [measure(Path(name), way, options.seconds, batch) for way, batch in batches.items()]
        print(f"\nmean {mean_words} words a speech\n\n{table(rows)}\n")
        for row in rows:
            projected = minutes(row["tokens_per_second"], mean_words)
            print(f"{row['way']}: {projected:.1f} minutes for {STUDY_SPEECHES:,} speeches x {STUDY_EPOCHS} epochs")


if __name__ == "__main__":
    main()
