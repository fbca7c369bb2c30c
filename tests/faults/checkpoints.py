"""A training that is killed, and whose last checkpoint is then found damaged."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from faults.damage import flip, truncate
from faults.outcomes import Outcome, results, said
from faults.stores import touch
from helpers.dvc_clone import Clone

if TYPE_CHECKING:
    from faults.campaign import Campaign

TRAIN = ("dvc", "repro", "--single-item", "train@canada-1")
PATIENCE = 300.0


def damaged_checkpoints(campaign: Campaign) -> Outcome:
    """Every file of the newest checkpoint, cut off or with one bit flipped; the model must be the same."""
    outcome = Outcome()
    expected = {key: value for key, value in campaign.expected.items() if "canada-1" in key}
    start = campaign.copy(campaign.built, "interrupted")
    touch(start, "train")
    names = [path.name for path in sorted(_newest_when_killed(start).iterdir())]
    for name in names:
        for damage in (truncate, flip):
            clone = campaign.copy(start, "damaged")
            file = _newest(clone) / name
            file.write_bytes(damage(file.read_bytes()))
            outcome.tries += 1
            done = clone.attempt(*TRAIN)
            if done.returncode:
                outcome.notes.append(f"{damage.__name__} {name}: {said(done)[-600:]}")
            found = {key: value for key, value in results(clone.root).items() if key in expected}
            outcome.judge(found, expected, f"{damage.__name__} {name} of a checkpoint")
    return outcome


def _newest_when_killed(clone: Clone) -> Path:
    """Kill the training once it has saved; the newest checkpoint."""
    options = {"cwd": clone.root, "env": clone.environment, "stdout": subprocess.DEVNULL}
    started = subprocess.Popen(TRAIN, **options)  # type: ignore[call-overload]
    until = time.monotonic() + PATIENCE
    while not _saved(clone):
        assert time.monotonic() < until and started.poll() is None, "the training ended before it could be killed"
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.wait()
    time.sleep(1)
    return _newest(clone)


def _saved(clone: Clone) -> list[Path]:
    return sorted((clone.root / ".checkpoints").glob("train-*/update-*"))


def _newest(clone: Clone) -> Path:
    return _saved(clone)[-1]
