"""Where the pipeline keeps what, relative to the project's root; and writing without half-written files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAMPLE = Path("data/raw/sample")
SPEECHES = Path("data/speeches")
ALIGNED = Path("data/aligned")
ENCODED = Path("data/encoded")
SCORES = Path("data/scores")
LIKELIHOODS = Path("data/likelihoods")
PROBED = Path("data/probed")
TOKENIZER = Path("models/tokenizer")
MODELS = Path("models")
METRICS = Path("metrics")
CALIBRATION = Path("data/calibration")
MIXTURES = ALIGNED / "mixtures.parquet"
CHECKED = Path("data/params.checked")
INITIAL = Path("data/initial.json")
"""Digests of the files of `model.init`: DVC sees through it that the folder changed."""

PROBE_FILES = Path("data/probe_files.json")
"""Digests of the files that params.yaml names under `probe`: DVC sees through it that one of them changed."""


def run_name(model: str, seed: int) -> str:
    """The name of one training run in files and stages: `mixed-2`."""
    return f"{model}-{seed}"


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A path to write to; on success it becomes `path`, otherwise it is gone and what was at `path` stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def appearing_folder(folder: Path) -> Iterator[Path]:
    """A new folder to write to, which replaces `folder` on success; what was at `folder` is never written into.

    DVC links the files of its cache into the workspace: whoever writes into such a file is refused, and root damages
    the cache.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(path: Path, content: object) -> None:
    """Write JSON that a person can read and git can compare; the file appears whole or not at all."""
    with appearing(path) as partial:
        partial.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def needed(path: Path, stage: str) -> Path:
    """The path itself, or a ValueError that names the stage that makes it."""
    if not path.exists():
        raise ValueError(f"{path}: no such file; run `dvc repro {stage}` first")
    return path
