"""Folders that the user may not write to; root may write anywhere, so an ordinary user runs the pipeline."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from dvc_clone import Clone
from faults.damage import attempt
from faults.outcomes import Outcome, is_clear, results
from faults.stores import touch

if TYPE_CHECKING:
    from faults.campaign import Campaign

READ_ONLY = {
    ".": "train",
    "data": "encode",
    "data/scores": "score",
    "models": "train",
    "models/canada-1": "train",
    "metrics": "bias",
    "metrics/curves": "train",
    "metrics/report": "report",
    ".dvc": "report",
    ".dvc/tmp": "report",
    ".dvc/cache/files/md5": "score",
}
"""Folders, and a stage that has to run again and writes there."""
NOBODY = 65534


def read_only(campaign: Campaign) -> Outcome:
    """Each folder is read-only in one run and writable in the next."""
    outcome = Outcome()
    for name, stage in READ_ONLY.items():
        clone = campaign.copy(campaign.built, "locked")
        touch(clone, stage)
        user = _as_ordinary_user(clone)
        if user is None:
            outcome.notes.append("no ordinary user can be had here: not tried")
            return outcome
        outcome.tries += 1
        folder = clone.root / name
        mode = folder.stat().st_mode
        folder.chmod(mode & ~0o222)
        first = attempt(clone, *user, "dvc", "repro")
        folder.chmod(mode)
        _judge_first(first, campaign, clone, outcome, name)
        again = attempt(clone, *user, "dvc", "repro")
        if again.returncode or results(clone.root) != campaign.expected:
            outcome.wrong += 1
            outcome.notes.append(f"read-only {name}, then writable: {(again.stdout + again.stderr)[-600:]}")
    return outcome


def _judge_first(
    first: subprocess.CompletedProcess[str], campaign: Campaign, clone: Clone, outcome: Outcome, name: str
) -> None:
    printed = first.stdout + first.stderr
    if first.returncode == 0:
        outcome.judge(results(clone.root), campaign.expected, f"read-only {name}")
        return
    told = is_clear(printed) and any(word in printed for word in ("cannot be written", "ermission denied", "ead-only"))
    outcome.refused += told
    outcome.wrong += not told
    if not told:
        outcome.notes.append(f"read-only {name}: not told clearly: {printed[-800:]}")
    outcome.notes.append(f"read-only {name}: {printed.strip().splitlines()[-1]}")


def _as_ordinary_user(clone: Clone) -> tuple[str, ...] | None:
    """The words before a command that make it that of an ordinary user, who owns the project; None where they fail."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        return None
    for path in (clone.root, *clone.root.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    clone.root.parent.chmod(0o755)
    clone.environment["HOME"] = str(clone.root.parent / "home")
    (clone.root.parent / "home").mkdir(exist_ok=True)
    os.chown(clone.root.parent / "home", NOBODY, NOBODY)
    record = clone.watch.record
    record.touch()
    os.chown(record, NOBODY, NOBODY)
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
