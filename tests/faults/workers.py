"""A queue worker that is killed at a random moment, alone or with the experiment that it runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from faults.outcomes import Outcome, Results, results
from faults.signals import GRACE, LONGEST, inside, left_running, mended
from helpers.dvc_clone import Clone

if TYPE_CHECKING:
    from faults.campaign import Campaign

PATIENCE = 900.0
"""Seconds for an experiment on a busy machine."""


def killed_workers(campaign: Campaign, expected: Results, count: int) -> Outcome:
    """SIGKILL of the worker; then, as the README says, the experiment is queued again and a worker started."""
    outcome = Outcome()
    while outcome.tries < count:
        clone, disturbed = campaign.copy(campaign.built, "disturbed"), 0
        while outcome.tries + disturbed < count:
            name = queued(clone, disturbed)
            if not _killed(clone, name, campaign):
                break
            disturbed += 1
            # Half of the time the next worker starts beside the orphan, which goes on with the experiment.
            if campaign.random.random() < 0.5:
                outcome.left += left_running(clone.root, outcome, PATIENCE)
            outcome.refused += mended(clone)
            if results(clone.root) != campaign.expected:
                outcome.lost += 1
                outcome.notes.append("the project's own results have changed")
            clone.attempt("dvc", "queue", "kill", name)
        outcome.tries += max(disturbed, 1)
        name = queued(clone, disturbed + 1)
        _start(clone)
        if not _ended(clone, name, PATIENCE):
            outcome.wrong += max(disturbed, 1)
            outcome.notes.append(f"the experiment queued again did not end: {clone.run('dvc', 'queue', 'status')}")
            _stop(clone)
            continue
        clone.run("dvc", "exp", "apply", name)
        outcome.judge(results(clone.root), expected, "a killed worker", max(disturbed, 1))
        outcome.left += left_running(clone.root, outcome, 60.0)
    outcome.recovered -= outcome.refused
    return outcome


def queued(clone: Clone, number: int) -> str:
    """Queue the experiment under a name of its own."""
    name = f"fault-{number}"
    clone.run("dvc", "exp", "run", "--queue", "--name", name, "-S", "train.lr=0.002")
    return name


def _killed(clone: Clone, name: str, campaign: Campaign) -> bool:
    """Start a worker and kill it at a random moment; False where the experiment had ended by then."""
    _start(clone)
    if _ended(clone, name, campaign.random.uniform(0.3, LONGEST)):
        return False
    number = json.loads((clone.root / ".dvc/tmp/exps/celery/dvc-exp-worker-1.json").read_text())["pid"]
    try:
        # Its group is the worker, the experiment that it runs and the experiment's stage.
        if campaign.random.random() < 0.5:
            os.killpg(os.getpgid(number), signal.SIGKILL)
        else:
            os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _start(clone: Clone) -> None:
    """Start a worker, which keeps the output that it was started with, and wait until it has said who it is."""
    told = clone.root / ".dvc/tmp/exps/celery/dvc-exp-worker-1.json"
    told.unlink(missing_ok=True)
    silent = subprocess.DEVNULL
    command = ("dvc", "queue", "start")
    subprocess.run(command, cwd=clone.root, env=clone.environment, stdout=silent, stderr=silent, check=True)
    until = time.monotonic() + GRACE
    while not told.is_file():
        assert time.monotonic() < until, "no worker has started"
        time.sleep(0.05)


def _ended(clone: Clone, name: str, seconds: float) -> bool:
    """Wait so long for the experiment's result."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if clone.run("git", "for-each-ref", f"refs/exps/**/{name}").strip():
            return True
        time.sleep(0.3)
    return False


def _stop(clone: Clone) -> None:
    """End what is left, so that the next try starts on a quiet machine."""
    clone.run("dvc", "queue", "stop", "--kill")
    left_running(clone.root, Outcome(), 60.0)
    assert not inside(clone.root)
