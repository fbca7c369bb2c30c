"""Folders that the user may not write to; root may write anywhere, and lays that down first."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from faults.outcomes import Outcome, is_clear, results, said
from faults.stores import touch
from helpers.dvc_clone import Clone

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
    outcome, user = Outcome(), _as_ordinary_user()
    if user is None:
        outcome.notes.append("root may write anywhere here: not tried")
        return outcome
    for name, stage in READ_ONLY.items():
        clone = campaign.copy(campaign.built, "locked")
        touch(clone, stage)
        outcome.tries += 1
        folder = clone.root / name
        mode = folder.stat().st_mode
        folder.chmod(mode & ~0o222)
        first = clone.attempt(*user, "dvc", "repro")
        folder.chmod(mode)
        _judge_first(first, campaign, clone, outcome, name)
        again = clone.attempt(*user, "dvc", "repro")
        if again.returncode or results(clone.root) != campaign.expected:
            outcome.wrong += 1
            outcome.notes.append(f"read-only {name}, then writable: {said(again)[-600:]}")
    return outcome


def _judge_first(
    first: subprocess.CompletedProcess[str], campaign: Campaign, clone: Clone, outcome: Outcome, name: str
) -> None:
    printed = said(first)
    if first.returncode == 0:
        outcome.judge(results(clone.root), campaign.expected, f"read-only {name}")
        return
    told = is_clear(printed) and any(word in printed for word in ("cannot be written", "ermission denied", "ead-only"))
    outcome.refused += told
    outcome.wrong += not told
    if not told:
        outcome.notes.append(f"read-only {name}: not told clearly: {printed[-800:]}")
    outcome.notes.append(f"read-only {name}: {printed.strip().splitlines()[-1]}")


def _as_ordinary_user() -> tuple[str, ...] | None:
    """The words before a command without which root may write anywhere; None where they fail."""
    if os.geteuid() != 0:
        return ()
    words = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
    try:
        allowed = subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return None
    return words if allowed else None
