"""Wall time and peak memory of a command with all its processes."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """What one command took."""

    seconds: float
    peak_bytes: int
    """Of all its processes together, shared pages counted once; seen twenty times a second."""


def measure(command: Sequence[str], folder: Path) -> Measured:
    """Run a command in a folder; its output is shown where it fails."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        peak, done = [0], threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, done))
        watcher.start()
        output, _ = process.communicate()
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{output}")
    return Measured(seconds, peak[0])


def _watch(session: int, peak: list[int], done: threading.Event) -> None:
    """Keep the largest sum of proportional set sizes over the processes of a session."""
    while not done.wait(0.05):
        peak[0] = max(peak[0], sum(map(_proportional_bytes, _members(session))))


def _members(session: int) -> list[Path]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "stat").read_text().rpartition(")")[2].split()[3] == str(session):
                found.append(folder)
    return found


def _proportional_bytes(folder: Path) -> int:
    with contextlib.suppress(OSError):
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
