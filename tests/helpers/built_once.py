"""Folders that take long to build: one of the test processes builds each, and whoever asks gets a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """A copy, with links and times, of the folder that `build` fills, and of files beside it that share its name."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    original, done = shared / f"original-{name}", shared / f"original-{name}.done"
    with FileLock(shared / f"original-{name}.lock"):
        if not done.exists():
            shutil.rmtree(original, ignore_errors=True)
            original.mkdir()
            build(original)
            done.touch()
    copy = factory.mktemp(name) / name
    subprocess.run(["cp", "-a", str(original), str(copy)], check=True)
    for beside in shared.glob(f"original-{name}-*"):
        shutil.copy(beside, copy.with_name(beside.name.removeprefix("original-")))
    return copy
