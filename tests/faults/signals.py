"""Signals at random moments, to a command or a queue's worker, until the work is done in spite of them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from faults.outcomes import Outcome, Results, results, said
from helpers.dvc_clone import Clone

if TYPE_CHECKING:
    from faults.campaign import Campaign

LONGEST = 12.0
"""Seconds that a run is left alone at most before it is disturbed."""
GRACE = 30.0
"""Seconds in which everything that a disturbed run started must have ended."""
PATIENCE = 900.0
"""Seconds for an experiment on a busy machine."""


def storm(
    fresh: Callable[[], Clone],
    command: tuple[str, ...],
    expected: Results,
    signal_name: str,
    count: int,
    chance: random.Random,
    untouched: Results | None = None,
    finish: tuple[str, ...] = (),
) -> Outcome:
    """Disturb the command `count` times, in as many projects as it takes; after the last time it may end.

    untouched: results that the project has already and that no disturbance may change. finish: a command that brings
    the results to light.
    """
    outcome = Outcome()
    while outcome.tries < count:
        clone, disturbed = fresh(), 0
        while outcome.tries + disturbed < count and _disturbed(clone, command, signal_name, chance):
            disturbed += 1
            # Half of the time the next run starts at once, beside whatever of the killed one is still there.
            if chance.random() < 0.5:
                outcome.left += left_running(clone.root, outcome)
            outcome.refused += mended(clone)
            if untouched is not None:
                outcome.keep(results(clone.root), untouched, signal_name)
        done = clone.attempt(*command)
        if done.returncode and not (finish and "already exists" in done.stderr):
            outcome.fail(f"{signal_name}: the next run failed: {said(done)[-600:]}")
        elif finish:
            clone.run(*finish)
        outcome.tries += max(disturbed, 1)
        outcome.judge(results(clone.root), expected, signal_name, max(disturbed, 1))
    outcome.recovered -= outcome.refused
    return outcome


def mended(clone: Clone) -> int:
    """1 where the next dvc would refuse to start on what was broken off, and is told how to; else 0."""
    lock, runs = clone.root / "dvc.lock", clone.root / ".dvc" / "tmp"
    if not any(_broken(file) for file in (lock, runs / "rwlock", runs / "exps" / "rwlock")):
        return 0
    told = clone.attempt("hansard-bias", "check")
    if told.returncode:
        assert "git checkout -- dvc.lock" in told.stderr, told.stderr
        if subprocess.run(("git", "checkout", "--", "dvc.lock"), cwd=clone.root, capture_output=True).returncode:
            lock.unlink()
    return 1


def _broken(file: Path) -> bool:
    """Whether a file of DVC is there and cannot be read; JSON is YAML, too."""
    try:
        return file.is_file() and not isinstance(yaml.load(file.read_text(), Loader=yaml.CSafeLoader), dict)
    except yaml.YAMLError:
        return True


def _disturbed(clone: Clone, command: tuple[str, ...], signal_name: str, chance: random.Random) -> bool:
    """Start the command and signal it at a random moment; False where it had ended by then."""
    started = subprocess.Popen(
        command,
        cwd=clone.root,
        env=clone.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        started.wait(chance.uniform(0.3, LONGEST))
    except subprocess.TimeoutExpired:
        # A terminal's Ctrl-C reaches everything that runs in it; the other signals meet DVC alone.
        if signal_name == "SIGINT":
            os.killpg(started.pid, signal.SIGINT)
        else:
            started.send_signal(getattr(signal, signal_name))
        started.wait()
        return True
    return False


def left_running(root: Path, outcome: Outcome, grace: float = GRACE) -> int:
    """1 where something that was started in the project still runs after the grace, else 0."""
    until = time.monotonic() + grace
    while processes := inside(root):
        if time.monotonic() > until:
            outcome.notes.append(f"left running: {', '.join(processes)}")
            return 1
        time.sleep(0.2)
    return 0


def inside(root: Path) -> list[str]:
    """Command lines of the processes whose working folder lies in the project."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            where = Path(os.readlink(folder / "cwd"))
            if where.is_relative_to(root) and int(folder.name) != os.getpid():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120])
        except OSError:
            continue
    return found


# A queue worker that is killed at a random moment, alone or with the experiment that it runs.


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
            outcome.keep(results(clone.root), campaign.expected, "a killed worker")
            clone.attempt("dvc", "queue", "kill", name)
        outcome.tries += max(disturbed, 1)
        name = queued(clone, disturbed + 1)
        _start(clone)
        if not _ended(clone, name, PATIENCE):
            outcome.fail(
                f"the experiment queued again did not end: {clone.run('dvc', 'queue', 'status')}", max(disturbed, 1)
            )
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
