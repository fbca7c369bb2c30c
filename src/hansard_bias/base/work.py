"""Work in progress, kept outside DVC's outputs, so that a killed stage goes on where it was; locks and signals."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, Any

from hansard_bias.base.messages import say


def checkpoint_root() -> Path:
    """`.checkpoints` of the repository, shared by its experiment workspaces (DVC_ROOT is the parent repository)."""
    return Path(os.environ.get("DVC_ROOT", ".")) / ".checkpoints"


def try_lock(handle: IO[Any]) -> bool:
    """Whether this process holds the file's lock now, until it closes the file; never waits."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(folder: Path, doing: str) -> Iterator[Path]:
    """Hold a run's folder alone and clear what a killed save left there; doing: "training", "scoring".

    Raises ValueError when another process holds it; an experiment waits instead.
    """
    lock = folder / "lock"
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        # The folder's own name must outlive a crash, or its checkpoints could not be found again.
        for above in (folder.parent, folder.parent.parent):
            sync(above)
        with lock.open("w") as handle:
            if not try_lock(handle):
                # No worker of a sweep shall fail because another one needs the same run.
                if "DVC_EXP_NAME" not in os.environ:
                    busy = f"{folder}: another process is {doing} this very run"
                    raise ValueError(f"{busy}; wait for it or stop it, then run again")
                say(f"another experiment is {doing} this very run: waiting for it")
                fcntl.flock(handle, fcntl.LOCK_EX)
            # Who held it may have finished and deleted the folder: a lock on a deleted file keeps nobody out.
            if _is_at(handle, lock):
                for partial in folder.glob("partial-*"):
                    shutil.rmtree(partial)
                yield folder
                return


def _is_at(handle: IO[str], path: Path) -> bool:
    # By the inode: another process may have made a new file of the same name.
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def remove(folder: Path) -> None:
    """Delete what a finished run kept."""
    shutil.rmtree(folder, ignore_errors=True)


def sync(path: Path) -> None:
    """Make sure that a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# SIGTERM and Ctrl-C: remembered while a training runs, so that it saves first; raised at once everywhere else.

SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
_PR_SET_PDEATHSIG = 1


class Interrupted(Exception):  # noqa: N818 - what happened is no error
    """A signal ended the command; `status` is what a shell expects of it."""

    def __init__(self, number: int, where: str = "") -> None:
        super().__init__(f"stopped by {SIGNALS[signal.Signals(number)]}{where and ' '}{where}")
        self.status = 128 + number


class Interruption:
    """What the signals of this process mean at the moment."""

    def __init__(self) -> None:
        self.number = 0  # the signal that came while it was deferred
        self._deferring = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Turn SIGINT and SIGTERM into Interrupted inside this block; call it in the main thread."""
        before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Only remember a first signal inside this block; whoever asks for it acts. A second one is raised at once."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if not self._deferring or self.number:
            raise Interrupted(number)
        self.number = number


def die_with_dvc() -> None:
    """Let the kernel kill this process when the DVC that started it is killed: no second trainer beside a lost one."""
    # Without DVC nothing happens: a training that a person put in the background outlives the shell.
    if sys.platform == "linux" and "DVC_STAGE" in os.environ:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
