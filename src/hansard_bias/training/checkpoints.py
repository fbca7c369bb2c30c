"""Checkpoints outside DVC's outputs, so that a killed training goes on where it was: whole, hashed, never pickled."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

MANIFEST = "manifest.json"
STATE = "state.json"
TENSORS = "tensors.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """One whole checkpoint: the loop's plain state, and all tensors by name."""

    state: dict[str, Any]
    tensors: dict[str, torch.Tensor]


def checkpoint_root() -> Path:
    """`.checkpoints` of the repository, shared by its experiment workspaces (DVC_ROOT is the parent repository)."""
    return Path(os.environ.get("DVC_ROOT", ".")) / ".checkpoints"


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """Hold a run's checkpoint folder alone; raise ValueError when another trainer holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{folder}: another process is training this very run; wait for it or stop it, then run again"
            ) from None
        yield folder


def save_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int) -> None:
    """Write a checkpoint beside its place, sync it, rename it, and only then prune the oldest."""
    update = int(checkpoint.state["update"])
    final = folder / f"update-{update:08d}"
    partial = folder / f"partial-{update:08d}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / STATE).write_text(json.dumps(checkpoint.state), encoding="utf-8")
    save_file(checkpoint.tensors, partial / TENSORS)
    digests = {name: _sha256(partial / name) for name in (STATE, TENSORS)}
    (partial / MANIFEST).write_text(json.dumps(digests), encoding="utf-8")
    for name in (STATE, TENSORS, MANIFEST):
        _sync(partial / name)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    _sync(folder)
    for old in _saved(folder)[:-keep]:
        shutil.rmtree(old)


def load_newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint whose files match their manifest, or None."""
    for candidate in reversed(_saved(folder)):
        if _is_whole(candidate):
            state = json.loads((candidate / STATE).read_text(encoding="utf-8"))
            return Checkpoint(state, load_file(candidate / TENSORS))
    return None


def remove(folder: Path) -> None:
    """Delete a finished run's checkpoints."""
    shutil.rmtree(folder, ignore_errors=True)


def _saved(folder: Path) -> list[Path]:
    return sorted(folder.glob("update-*"))


def _is_whole(candidate: Path) -> bool:
    try:
        digests = json.loads((candidate / MANIFEST).read_text(encoding="utf-8"))
        return set(digests) == {STATE, TENSORS} and all(
            _sha256(candidate / name) == digest for name, digest in digests.items()
        )
    except (OSError, ValueError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
