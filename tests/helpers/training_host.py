"""Loads torch once and forks a process for every training that a test wants to kill.

python -m helpers.training_host reads one JSON job a line and answers one line each:
{"folder": ..., "hook": [place, call, signal] or null} -> {"pid": ..., "status": ...}; with "arguments" it is the
command line that trains, else the stage alone, with "seed" and "resume_from"; "digest" is that of other code.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from hansard_bias.params import parse_config
from helpers.project import ROOT, merged, sizes, write_counting_corpora, write_params

CHANGES = {
    "align": {"budget": "full"},
    "model": sizes(16, 32, num_attention_heads=2, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1),
    "train": {"max_steps": 36, "batch_size": 8, "lr": 0.003, "eval_every": 4, "save_every": 5, "keep": 2}
    | {"seeds": [1, 2], "precision": "fp32"},
}


def build(folder: Path, shipped: dict[str, Any]) -> Path:
    """A project that is ready to train; few numbers to count through, so that the last weights are the best."""
    raw = merged(shipped, CHANGES)
    return write_counting_corpora(write_params(folder, raw), parse_config(raw), {"train": 45, "validation": 15}, 9)


class Host:
    """The running host, as a test talks to it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "helpers.training_host"]
        self.process = subprocess.Popen(
            command, cwd=ROOT / "tests", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **job: object) -> dict[str, int]:
        """Run a job until its process ends or stops."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(job, default=str) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def train(self, folder: Path, *hook: object, **job: object) -> int:
        """Exit status of a training in a folder; negative when a signal killed it. No arguments: without MLflow."""
        return self.ask(folder=folder, hook=hook or None, **job)["status"]

    def close(self) -> None:
        self.process.communicate()


def act_at(owner: Any, name: str, call: int, number: int) -> None:
    """Let this process send itself a signal at the end of the n-th call of a function."""
    original, calls = getattr(owner, name), 0

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        result = original(*arguments, **named)
        if calls == call:
            os.kill(os.getpid(), number)
        return result

    setattr(owner, name, counted)


def act(job: dict[str, Any]) -> int:
    """Inside the forked process: one training, through the command line or the stage alone."""
    import torch

    from hansard_bias import cli
    from hansard_bias.params import load_config
    from hansard_bias.pipeline import train
    from hansard_bias.training import checkpoints, loop, run_key

    places = {
        "update": (torch.optim.AdamW, "step"),
        "evaluation": (loop.Trainer, "validation_loss"),
        "curve": (loop, "write_curve"),
        "save": (checkpoints, "save_file"),
        "prune": (checkpoints.shutil, "rmtree"),
    }
    if job["hook"]:
        place, call, number = job["hook"]
        act_at(*places[place], call, number)
    if "digest" in job:
        run_key.code_digest = lambda module: job["digest"]
    if "arguments" not in job:
        config, seed, named = load_config(), job.get("seed", 1), job.get("resume_from")
        train.run(config, "mixed", seed, resume_from=named and Path(named))
        return 0
    sys.argv = ["hansard-bias", *job["arguments"]]
    try:
        cli.main()
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def start(job: dict[str, Any]) -> int:
    """Fork the process of a job; returns its id."""
    pid = os.fork()
    if pid:
        return pid
    folder = Path(job["folder"])
    os.chdir(folder)
    os.environ["DVC_ROOT"] = str(folder)
    for descriptor, name in ((1, "out.txt"), (2, "err.txt")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    status = 70
    try:
        status = act(job)
    finally:
        sys.stdout.flush()
        os._exit(status)


def main() -> None:
    """Answer jobs until standard input ends."""
    # Imports only: no computation may start threads before the fork.
    import hansard_bias.pipeline.train
    import hansard_bias.tracking  # noqa: F401

    for line in sys.stdin:
        job = json.loads(line)
        if "continue" in job:
            pid = job["continue"]
            os.kill(pid, signal.SIGCONT)
        else:
            pid = start(job)
        _, status = os.waitpid(pid, os.WUNTRACED)
        ended = os.waitstatus_to_exitcode(status) if not os.WIFSTOPPED(status) else os.WSTOPSIG(status)
        print(json.dumps({"pid": pid, "status": ended}), flush=True)


if __name__ == "__main__":
    main()
