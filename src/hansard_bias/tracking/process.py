"""Which process keeps a run, so that the run of a killed one can be told from one that goes on."""

from __future__ import annotations

import os
import platform

import psutil

TOLERANCE_SECONDS = 2
"""A process's start is told against the clock, which may be set."""


def this_process() -> str:
    """Host, process and its start: what no later process of the same number shares."""
    return f"{platform.node()} {os.getpid()} {int(psutil.Process().create_time())}"


def is_gone(process: str) -> bool:
    """Whether a process of this host has ended; of other hosts nothing is known."""
    host, number, started = process.rsplit(" ", 2)
    if host != platform.node():
        return False
    try:
        found = psutil.Process(int(number))
        same = abs(found.create_time() - int(started)) <= TOLERANCE_SECONDS
        return not same or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
