"""The memory of a training, with a tenth of the study's text and with all of it.

    python benchmarks/memory.py [--scales 0.1 1] [--updates 40]

Made-up pieces at the study's sizes (A 121,886 training speeches of 80 words on average, B 374,817 of 195), the model of
preset `small`, the train stage of model C in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer, models
from train import settings

from hansard_bias.params import Config
from hansard_bias.pipeline import train
from hansard_bias.tokens.encoded import write_encoded_parts
from hansard_bias.tokens.tokenizer import SPECIAL_TOKENS, save_tokenizer

SIZES = {
    "nunavut": {"train": 121_886, "validation": 26_119, "test": 26_119},
    "canada": {"train": 374_817, "validation": 80_318, "test": 80_318},
}
MEAN_PIECES = {"nunavut": 104, "canada": 254}
"""80 and 195 words of 1.3 pieces."""
PART = 20_000


def configuration(updates: int) -> Config:
    """Preset `small` without an end of its own."""
    changes = {"train__max_steps": updates, "train__eval_every": updates, "train__batch_size": 32}
    return settings("small", train__epochs=1000, **changes)


def speeches(corpus: str, scale: float) -> Iterator[tuple[str, str]]:
    """Id and split of every speech."""
    for split, count in SIZES[corpus].items():
        for number in range(round(count * scale)):
            yield f"{corpus}/2001-01-{1 + number % 28:02d}/{split}{number:07d}", split


def write_inputs(folder: Path, scale: float, vocabulary: int) -> int:
    """What the train stage reads; returns the number of pieces."""
    schema = pa.schema([("speech_id", pa.string()), ("split", pa.string())])
    total, mixtures = 0, []
    for seed, corpus in enumerate(SIZES):
        rng = np.random.default_rng(seed)
        table = pa.table(
            dict(zip(("speech_id", "split"), map(list, zip(*speeches(corpus, scale), strict=True)), strict=True))
        )
        lengths = rng.geometric(1 / MEAN_PIECES[corpus], len(table))
        total += int(lengths.sum())

        def made(
            first: int, lengths: npt.NDArray[np.int64] = lengths, rng: np.random.Generator = rng
        ) -> Iterator[npt.NDArray[np.uint16]]:
            for length in lengths[first : first + PART]:
                yield rng.integers(len(SPECIAL_TOKENS), vocabulary, length, dtype=np.uint16)

        parts = ((table.slice(first, PART), made(first)) for first in range(0, len(table), PART))
        write_encoded_parts(folder / "data/encoded" / corpus, schema, parts)
        for model in (corpus, "mixed"):
            part = table if model == corpus else table.take(np.arange(0, len(table), 2))
            names = {"model": pa.array([model] * len(part)), "corpus": pa.array([corpus] * len(part))}
            mixtures.append(pa.table({**names, "speech_id": part["speech_id"], "split": part["split"]}))
    (folder / "data/aligned").mkdir(parents=True)
    pq.write_table(pa.concat_tables(mixtures), folder / "data/aligned/mixtures.parquet")
    names = [*SPECIAL_TOKENS, *(f"piece{number}" for number in range(vocabulary - len(SPECIAL_TOKENS)))]
    known = models.WordLevel({name: number for number, name in enumerate(names)}, unk_token="[UNK]")
    (folder / "models/tokenizer").mkdir(parents=True)
    save_tokenizer(Tokenizer(known), folder / "models/tokenizer", 512)
    return total


def measure(folder: Path, updates: int) -> int:
    """Train, in this process; returns its peak of resident memory in bytes."""
    os.environ["DVC_ROOT"] = str(folder)
    train.run(configuration(updates), "mixed", 1, root=folder)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """All scales, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scales", type=float, nargs="+", default=[0.1, 1.0])
    parser.add_argument("--updates", type=int, default=40)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        print(json.dumps(measure(options.folder, options.updates)))
        return
    print("| scale | pieces | peak |\n|---|---|---|", flush=True)
    for scale in options.scales:
        with tempfile.TemporaryDirectory() as name:
            total = write_inputs(Path(name), scale, configuration(1).tokenizer.vocab_size)
            command = [sys.executable, __file__, "--folder", name, "--updates", str(options.updates)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"scale {scale} failed:\n{done.stdout}{done.stderr}")
            print(f"| {scale} | {total:,} | {int(done.stdout.splitlines()[-1]) / 1e9:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
