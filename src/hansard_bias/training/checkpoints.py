"""Checkpoints outside DVC's outputs, so that a killed training goes on where it was: whole, hashed, never pickled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from hansard_bias.base.files import sha256
from hansard_bias.base.work import sync

MANIFEST = "manifest.json"
STATE = "state.json"
TENSORS = "tensors.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """One whole checkpoint: the loop's plain state, all tensors by name, and the run that made it."""

    state: dict[str, Any]
    tensors: dict[str, torch.Tensor]
    run: Mapping[str, str]


def save_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int) -> None:
    """Write a checkpoint beside its place, sync it, rename it, and only then prune the oldest."""
    update = int(checkpoint.state["update"])
    final = folder / f"update-{update:08d}"
    partial = folder / f"partial-{update:08d}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / STATE).write_text(json.dumps(checkpoint.state), encoding="utf-8")
    save_file(checkpoint.tensors, partial / TENSORS)
    # The manifest is written last and names the others' content: without it nothing is a checkpoint.
    digests = {name: sha256(partial / name) for name in (STATE, TENSORS)}
    manifest = {"run": dict(checkpoint.run), "files": digests}
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    for name in (STATE, TENSORS, MANIFEST):
        sync(partial / name)
    # The names in a folder are synced apart from the files' contents.
    sync(partial)
    # Only a broken checkpoint can stand in the way: a whole one would have been resumed.
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    sync(folder)
    for old in _saved(folder)[:-keep]:
        shutil.rmtree(old)


def load_newest(folder: Path, run: Mapping[str, str]) -> Checkpoint | None:
    """The newest checkpoint of this run whose files match their manifest, or None."""
    for candidate in reversed(_saved(folder)):
        # A broken one is passed over: an older whole one loses less than a start from nothing.
        manifest = _whole_manifest(candidate)
        if manifest is not None and manifest["run"] == dict(run):
            return _load(candidate, manifest)
    return None


def load_named(path: Path) -> Checkpoint:
    """The checkpoint in this folder; raises ValueError when it is missing or broken."""
    return _load(path, named_manifest(path))


def named_manifest(path: Path) -> dict[str, Any]:
    """What a named checkpoint says of itself; raises ValueError when it is missing or broken."""
    example = ".checkpoints/train-<run>/update-00000500"
    if not path.is_dir():
        raise ValueError(f"--resume-from {path}: no such folder, expected a checkpoint such as {example}")
    inside = _saved(path)
    if inside:
        raise ValueError(f"--resume-from {path}: holds several checkpoints, expected one; name {inside[-1]}")
    if not (path / MANIFEST).is_file():
        raise ValueError(f"--resume-from {path}: no {MANIFEST} in it, expected a checkpoint such as {example}")
    manifest = _whole_manifest(path)
    if manifest is None:
        raise ValueError(f"--resume-from {path}: its files do not match its {MANIFEST}; name an older checkpoint")
    return manifest


def manifest_digest(path: Path) -> str:
    """One hash that names a checkpoint by its content."""
    return sha256(path / MANIFEST)


def unfinished_run(folder: Path, name: str) -> Mapping[str, str] | None:
    """The run of this name, other than the one of this folder, that was left unfinished last; None without one."""
    found: list[tuple[float, Mapping[str, str]]] = []
    for candidate in folder.parent.glob("train-*/update-*"):
        manifest = _read_manifest(candidate)
        if candidate.parent != folder and manifest is not None and manifest["run"].get("name") == name:
            # Experiments share the folder: another one may have pruned what was there a moment ago.
            with suppress(FileNotFoundError):
                found.append((candidate.stat().st_mtime, manifest["run"]))
    return max(found, key=itemgetter(0))[1] if found else None


def discard_after(folder: Path, update: int) -> None:
    """Delete checkpoints later than an update that a run goes back to."""
    for later in _saved(folder):
        if later.name > f"update-{update:08d}":
            shutil.rmtree(later)


def _saved(folder: Path) -> list[Path]:
    return sorted(folder.glob("update-*"))


def _load(candidate: Path, manifest: Mapping[str, Any]) -> Checkpoint:
    state = json.loads((candidate / STATE).read_text(encoding="utf-8"))
    return Checkpoint(state, load_file(candidate / TENSORS), manifest["run"])


def _whole_manifest(candidate: Path) -> dict[str, Any] | None:
    """The manifest of a checkpoint whose files are all as it says, else None."""
    manifest = _read_manifest(candidate)
    try:
        expected = {name: sha256(candidate / name) for name in (STATE, TENSORS)}
    except OSError:
        return None
    return manifest if manifest is not None and manifest.get("files") == expected else None


def _read_manifest(candidate: Path) -> dict[str, Any] | None:
    """A checkpoint's manifest where it names a run, else None."""
    try:
        manifest = json.loads((candidate / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("run"), dict) else None
