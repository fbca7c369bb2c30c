"""Files that DVC trusts, damaged in place; folders that may not be written to; checkpoints found damaged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from faults.damage import flip, truncate
from faults.outcomes import Outcome, is_clear, results, said
from helpers.dvc_clone import Clone

if TYPE_CHECKING:
    from faults.campaign import Campaign

Damage = Callable[[bytes], bytes]

READ_BY = {
    "data/speeches/nunavut.parquet": "align",
    "data/aligned/canada.parquet": "encode",
    "data/encoded/canada/pieces.npy": "score",
    "models/tokenizer/tokenizer.json": "encode",
    "models/tokenizer/tokenizer_config.json": "encode",
    "models/canada-1/model.safetensors": "score",
    "models/canada-1/tokenizer.json": "probe",
    "data/scores/canada-1.parquet": "bias",
    "data/likelihoods/canada-1.parquet": "bias",
    "data/probed/nunavut-1.parquet": "bias",
}
"""Results, and a stage that reads each."""
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
TRAIN = ("dvc", "repro", "--single-item", "train@canada-1")
PATIENCE = 300.0


def damaged_store(campaign: Campaign) -> Outcome:
    """Every kind of file in DVC's cache is damaged in place, checked out, and read by a stage that has to run again."""
    outcome = Outcome()
    for name, stage in READ_BY.items():
        clone, damage = campaign.copy(campaign.built, "damaged"), campaign.random.choice((truncate, flip))
        damage_in_place(stored(clone, name), damage)
        touch(clone, stage)
        _as_told(clone, campaign, outcome, f"{damage.__name__} {name} in DVC's cache, read by {stage}")
    for what, files in (("a folder's list", lists), ("what DVC knows of runs", run_cache)):
        clone, damage = campaign.copy(campaign.built, "damaged"), campaign.random.choice((truncate, flip))
        for file in files(clone):
            damage_in_place(file, damage)
        shutil.rmtree(clone.root / "models")
        touch(clone, "score")
        _as_told(clone, campaign, outcome, f"{damage.__name__} {what} in DVC's cache")
    return outcome


def stored(clone: Clone, name: str) -> Path:
    """The file of DVC's cache that holds this result, and nothing of it in the workspace."""
    content = clone.root / name
    cached = in_cache(clone, _md5(clone, name))
    top = Path(*Path(name).parts[:2])
    target = clone.root / (top if content.is_file() and (clone.root / top).is_dir() else name)
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    return cached


def in_cache(clone: Clone, md5: str) -> Path:
    return clone.root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def lists(clone: Clone) -> Iterator[Path]:
    """The lists of the models' folders."""
    return (in_cache(clone, md5) for path, md5 in _outs(clone) if path.startswith("models/"))


def run_cache(clone: Clone) -> Iterator[Path]:
    return (path for path in (clone.root / ".dvc" / "cache" / "runs").rglob("*") if path.is_file())


def damage_in_place(path: Path, damage: Damage) -> None:
    """Damage what every link to the file shows, and leave it read-only, as DVC expects it."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    with path.open("r+b") as handle:
        content = damage(handle.read())
        handle.seek(0)
        handle.write(content)
        handle.truncate()
    path.chmod(mode)


def touch(clone: Clone, stage: str) -> None:
    """Let a stage run again, with the same results."""
    module = clone.root / "src" / "hansard_bias" / "pipeline" / f"{stage}.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n# Touched.\n", encoding="utf-8")


def _as_told(clone: Clone, campaign: Campaign, outcome: Outcome, what: str) -> None:
    """The next run ends well, or refuses; then what it says is done, and the one after that ends well."""
    outcome.tries += 1
    done = clone.attempt("dvc", "repro")
    printed = said(done)
    if done.returncode:
        told = (is_clear(printed) and "`hansard-bias verify --all --remove`" in printed) or _mended(clone)
        if not told:
            outcome.notes.append(f"{what}: not told what to do: {printed[-600:]}")
        outcome.refused += told
        outcome.wrong += not told
    # What `make repro` does after `dvc repro`.
    elif clone.attempt("hansard-bias", "verify").returncode:
        outcome.refused += 1
    else:
        outcome.judge(results(clone.root), campaign.expected, what)
        return
    clone.attempt("hansard-bias", "verify", "--all", "--remove")
    again = clone.attempt("dvc", "repro")
    if again.returncode or results(clone.root) != campaign.expected:
        outcome.fail(f"{what}: not mended by what was told: {said(again)[-600:]}")


def _mended(clone: Clone) -> bool:
    """Whether `hansard-bias check`, with which `make repro` begins, finds the damage that DVC has no clear word for."""
    return "which was damaged; dvc repro makes it anew" in clone.attempt("hansard-bias", "check").stdout


def _outs(clone: Clone) -> Iterator[tuple[str, str]]:
    lock = YAML(typ="safe", pure=True).load(clone.root / "dvc.lock")
    return ((out["path"], out["md5"]) for stage in lock["pipeline"].values() for out in stage["outs"])


def _md5(clone: Clone, name: str) -> str:
    """The MD5 of a result, or of a file in a folder that is one."""
    for path, md5 in _outs(clone):
        if path == name:
            return md5
        if name.startswith(f"{path}/"):
            entries = json.loads(in_cache(clone, md5).read_bytes())
            return next(str(entry["md5"]) for entry in entries if f"{path}/{entry['relpath']}" == name)
    raise AssertionError(f"{name} is no result")


# Folders that the user may not write to; root may write anywhere, and lays that down first.


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
            outcome.fail(f"read-only {name}, then writable: {said(again)[-600:]}")
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


# A training that is killed, and whose last checkpoint is then found damaged.


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
