"""Disks, files and machines that are not as they should be."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from faults.outcomes import Outcome, is_clear, results, said
from helpers.dvc_clone import Clone

if TYPE_CHECKING:
    from faults.campaign import Campaign

DAMAGED = (
    "data/speeches/nunavut.parquet",
    "data/aligned/canada.parquet",
    "data/aligned/mixtures.parquet",
    "models/tokenizer/tokenizer.json",
    "models/tokenizer/tokenizer_config.json",
    "models/canada-1/tokenizer.json",
    "data/encoded/canada/pieces.npy",
    "models/canada-1/model.safetensors",
    "data/scores/canada-1.parquet",
    "data/probed/canada-1.parquet",
    "metrics/bias.json",
    "metrics/curves/canada-1.csv",
)
DISKS = (0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)
"""Room on a disk beside the fresh project, as shares of what the pipeline adds to it."""
YEAR = 365 * 86400


def full_disk(campaign: Campaign) -> Outcome:
    """A disk that is full before the pipeline is done; then one with room."""
    outcome = Outcome()
    place = campaign.folder / "disk"
    place.mkdir(exist_ok=True)
    before, after = (blocks(clone.root) for clone in (campaign.untouched, campaign.built))
    for share in DISKS:
        size = int(before + share * (after - before))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)])
        if mounted.returncode:
            outcome.notes.append("a small file system cannot be mounted here: not tried")
            return outcome
        try:
            _fill_disk(campaign, place / "project", share, outcome)
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
    return outcome


def blocks(root: Path) -> int:
    """Bytes that a folder takes on the disk."""
    return 1024 * int(subprocess.check_output(["du", "-sk", str(root)], text=True).split()[0])


def _fill_disk(campaign: Campaign, root: Path, share: float, outcome: Outcome) -> None:
    try:
        shutil.copytree(campaign.untouched.root, root, symlinks=True)
    except (OSError, shutil.Error):
        outcome.notes.append(f"disk of {share:.0%}: does not hold the project itself, not tried")
        return
    outcome.tries += 1
    clone = Clone(root)
    first = clone.attempt("dvc", "repro")
    if first.returncode == 0:
        outcome.judge(results(root), campaign.expected, f"disk of {share:.0%}")
        return
    if not is_clear(said(first)):
        outcome.notes.append(f"disk of {share:.0%}: not told clearly: {said(first)[-1500:]}")
    subprocess.run(["mount", "-o", "remount,size=4g", str(root.parent)], check=True)
    second = clone.attempt("dvc", "repro")
    if second.returncode:
        outcome.notes.append(f"disk of {share:.0%}, then room: {said(second)[-600:]}")
    outcome.judge(results(root), campaign.expected, f"disk of {share:.0%}, then room")


def corruption(campaign: Campaign) -> Outcome:
    """Results that were cut off or have one bit flipped."""
    outcome = Outcome()
    for name in DAMAGED:
        for damage in (truncate, flip):
            clone = campaign.copy(campaign.built, "damaged")
            _damage(clone.root / name, damage)
            _after(clone, campaign, outcome, f"{damage.__name__} {name}")
    return outcome


def _damage(path: Path, damage: object) -> None:
    content = path.read_bytes()
    mode = path.stat().st_mode
    path.unlink()
    path.write_bytes(damage(content))  # type: ignore[operator]
    path.chmod(mode)


def truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :]


def _after(clone: Clone, campaign: Campaign, outcome: Outcome, what: str) -> None:
    """The next run brings the right results or says clearly why not."""
    outcome.tries += 1
    done = clone.attempt("dvc", "repro")
    printed = said(done)
    if done.returncode and is_clear(printed):
        outcome.refused += 1
        outcome.notes.append(f"{what}: refused: {printed[-300:]}")
    else:
        outcome.judge(results(clone.root), campaign.expected, what)


def at_once(campaign: Campaign, tries: int = 3) -> Outcome:
    """Two pipelines started in one checkout."""
    outcome = Outcome()
    for number in range(tries):
        outcome.tries += 1
        clone = campaign.copy(campaign.untouched, "disturbed")
        options = {"cwd": clone.root, "env": clone.environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        first = subprocess.Popen(["dvc", "repro"], text=True, **options)  # type: ignore[call-overload]
        time.sleep(1 + 5 * number)
        second = clone.attempt("dvc", "repro")
        error = first.communicate()[1]
        if second.returncode and first.returncode:
            outcome.notes.append(f"both failed: {error[-300:]} {second.stderr[-300:]}")
        elif (second.returncode and not is_clear(second.stderr)) or (first.returncode and not is_clear(error)):
            outcome.notes.append(f"not told clearly: {second.stderr[-300:]}")
        outcome.judge(results(clone.root), campaign.expected, "two at once")
    return outcome


def clock_back(campaign: Campaign) -> Outcome:
    """The clock is set back by a year: everything on the disk seems to come from the future."""
    outcome = Outcome()
    clone = campaign.copy(campaign.built, "disturbed")
    for path in clone.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".git" not in path.parts:
            os.utime(path, (time.time() + YEAR, time.time() + YEAR))
    _after(clone, campaign, outcome, "clock set back")
    params = clone.root / "params.yaml"
    params.write_text(
        params.read_text(encoding="utf-8").replace("confidence: 0.95", "confidence: 0.9"), encoding="utf-8"
    )
    changed = clone.attempt("dvc", "repro")
    outcome.tries += 1
    if changed.returncode == 0 and "Running stage 'bias'" in changed.stdout:
        outcome.recovered += 1
    else:
        outcome.fail(f"a changed parameter after the clock was set back: {changed.stdout[-300:]}")
    return outcome


def no_shared_memory(campaign: Campaign) -> Outcome:
    """A machine without /dev/shm."""
    outcome = Outcome()
    clone = campaign.copy(campaign.untouched, "disturbed")
    hidden = "umount /dev/shm && rmdir /dev/shm 2>/dev/null; test ! -w /dev/shm || mount -t tmpfs -o ro tmpfs /dev/shm"
    done = clone.attempt("unshare", "--mount", "sh", "-c", f"({hidden}) && dvc repro")
    outcome.tries += 1
    if done.returncode and "unshare" in done.stderr:
        outcome.notes.append("/dev/shm cannot be hidden here: not tried")
        return Outcome(notes=outcome.notes)
    outcome.judge(results(clone.root), campaign.expected, "without /dev/shm")
    return outcome
