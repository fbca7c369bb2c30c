"""Work that tests leave to processes of their own: `python -m helpers.launch train|score FOLDER [--die AFTER]`.

`torchrun -m helpers.launch …` shares it among several; with --die a process kills itself on the way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.params import Config, parse_config
from hansard_bias.training.state import CurvePoint, RunLog, Silent
from helpers.project import ROOT, TINY, TRAINED, forget_accelerator, shipped_params, sizes, write_counting_corpora

TRAINING = {
    "model": sizes(16, 24) | {"num_hidden_layers": 2},
    "train": {"lr": 0.01, "max_steps": 30, "batch_size": 10, "eval_every": 6, "save_every": 4, "precision": "fp32"},
}


ARCHITECTURE = "HANSARD_BIAS_TEST_ARCHITECTURE"
"""In the environment, so that the processes of a test train the same model: bert or modernbert."""


def launch(work: str, folder: Path, *arguments: str, processes: int = 1) -> subprocess.CompletedProcess[str]:
    """Train or score in processes of their own, with as many threads as this one."""
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    command += ["-m", "helpers.launch", work, str(folder), *arguments]
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    surroundings = {"CUDA_VISIBLE_DEVICES": "", "GLOO_SOCKET_IFNAME": "lo", "PYTHONPATH": paths}
    return subprocess.run(command, env=os.environ | surroundings, capture_output=True, text=True, timeout=100)


def training_configuration() -> Config:
    """The tiny parameters with a model of a few thousand weights, whose lower layer sees six tokens to each side."""
    model = {"architecture": os.environ.get(ARCHITECTURE, "modernbert"), "local_attention": 12}
    return parse_config(shipped_params(TINY, TRAINING, {"model": model}))


def write_training_inputs(root: Path) -> Path:
    """What `run_training` reads."""
    return write_counting_corpora(root, training_configuration(), {"train": 150, "validation": 30})


class Stops(Silent):
    """A log that breaks the run at an update, as a kill would."""

    def __init__(self, update: int) -> None:
        self.update = update

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        if point.update == self.update:
            raise KeyboardInterrupt


def run_training(root: Path, log: RunLog | None = None) -> None:
    """Train `nunavut` with seed 1 in this folder, as the stage does."""
    from hansard_bias.pipeline import train

    os.environ["DVC_ROOT"] = str(root)
    forget_accelerator()
    train.run(training_configuration(), "nunavut", 1, log=lambda key: nullcontext(log or Silent()), root=root)


def die_after_a_checkpoint(root: Path) -> None:
    """Kill this process as soon as the run has saved something."""
    while not list(root.glob(".checkpoints/*/update-*")):
        time.sleep(0.002)
    os.kill(os.getpid(), signal.SIGKILL)


def run_scoring(root: Path, **changes: Any) -> None:
    """Score `mixed` with seed 1 in this folder, as the stage does; changes: of the section `score`."""
    from hansard_bias.pipeline import score
    from hansard_bias.scoring import run as scoring

    os.environ["DVC_ROOT"] = str(root)
    scoring.PART_TOKENS = 3000  # so that there are several parts
    score.run(parse_config(shipped_params(TRAINED, {"score": changes})), "mixed", 1, root)


def stop_after(parts: int, patch: pytest.MonkeyPatch, number: int = signal.SIGINT) -> None:
    """Let the scoring end in the middle of the part after so many, by a signal."""
    from hansard_bias.scoring.run import Inputs

    original, calls = Inputs.score, 0
    # What a shell starts in the background ignores it, and so would the tests there.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def counted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > parts:
            signal.raise_signal(number)
        return original(*arguments)

    patch.setattr(Inputs, "score", counted)


def main(work: str, root: Path, *die: str) -> None:
    """Train or score; of two trainers the second dies."""
    if work == "train":
        if die and os.environ["RANK"] == "1":
            threading.Thread(target=die_after_a_checkpoint, args=(root,), daemon=True).start()
        run_training(root)
    else:
        if die:
            stop_after(int(die[1]), pytest.MonkeyPatch(), signal.SIGKILL)
        run_scoring(root)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
