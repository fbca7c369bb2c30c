"""A training stage on made-up pieces, small enough for several processes: `torchrun ... small_run.py FOLDER`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from accelerate.state import AcceleratorState
from ruamel.yaml import YAML

from hansard_bias.params import Config, parse_config
from hansard_bias.pipeline import train
from hansard_bias.tokens.encoded import write_encoded
from hansard_bias.training.state import CurvePoint, RunLog, Silent
from tiny_project import ROOT, TINY, merged, write_tokenizer

VOCABULARY = 120
SPEECHES = {"train": 150, "validation": 30}
SETTINGS = {
    "model": {"hidden_size": 16, "intermediate_size": 32, "max_position_embeddings": 24},
    "train": {"lr": 0.01, "max_steps": 30, "batch_size": 10, "eval_every": 6, "save_every": 4, "precision": "fp32"},
}


def configuration() -> Config:
    """The shipped parameters with a model of a few thousand weights."""
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    return parse_config(merged(merged(shipped, TINY), SETTINGS))


def write_inputs(root: Path) -> Path:
    """What `train` reads: two encoded corpora of runs that count upwards, the mixtures, a tokenizer."""
    config, rows = configuration(), []
    for number, corpus in enumerate(config.corpora):
        rng = np.random.default_rng(number)
        splits = [split for split, count in SPEECHES.items() for _ in range(count)]
        ids = [f"{corpus}/{at}" for at in range(len(splits))]
        runs = [5 + (rng.integers(0, 100) + np.arange(rng.integers(4, 40))) % 100 for _ in ids]
        index = pa.table({"speech_id": ids, "sitting": splits, "split": splits, "bytes": [len(run) for run in runs]})
        write_encoded(root / "data/encoded" / corpus, index, [run.astype(np.uint16) for run in runs])
        models = [name for name, model in config.models.items() if model.mixture.get(corpus)]
        rows += [(model, corpus, *speech) for model in models for speech in zip(ids, splits, strict=True)]
    (root / "data/aligned").mkdir()
    names = ("model", "corpus", "speech_id", "split")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), root / "data/aligned/mixtures.parquet")
    write_tokenizer(root / "models/tokenizer", VOCABULARY)
    return root


class Stops(Silent):
    """A log that breaks the run at an update, as a kill would."""

    def __init__(self, update: int) -> None:
        self.update = update

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        if point.update == self.update:
            raise KeyboardInterrupt


def run(root: Path, log: RunLog | None = None) -> None:
    """Train `nunavut` with seed 1 in this folder, as the stage does."""
    os.environ["DVC_ROOT"] = str(root)
    AcceleratorState._reset_state(True)
    train.run(configuration(), "nunavut", 1, log=lambda key: nullcontext(log or Silent()), root=root)


def die_after_a_checkpoint(root: Path) -> None:
    """Kill this process as soon as the run has saved something."""
    while not list(root.glob(".checkpoints/*/update-*")):
        time.sleep(0.002)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if sys.argv[2:] == ["--die"] and os.environ["RANK"] == "1":
        threading.Thread(target=die_after_a_checkpoint, args=(folder,), daemon=True).start()
    run(folder)
