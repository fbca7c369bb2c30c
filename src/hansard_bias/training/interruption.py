"""SIGTERM and Ctrl-C: remembered while a training runs, so that it saves first; raised at once everywhere else."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

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
        self.number = 0
        """The signal that came while it was deferred, 0 before."""
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
    """Let the kernel kill this process when the DVC that started it is killed: no second trainer beside a lost one.

    Without DVC nothing happens: a training that a person put in the background outlives the shell.
    """
    if sys.platform == "linux" and "DVC_STAGE" in os.environ:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
