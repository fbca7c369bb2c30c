"""Several processes that score together: which of them this is, on which device, and when all are done."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import torch
from accelerate import PartialState

_LONGEST = timedelta(days=30)
"""How long one process waits for the others: parts of a corpus may take hours."""


def companions() -> Any:
    """Accelerate's view of the processes that were launched together: index, number, device.

    Accelerate looks for companions of a CPU process only when it is told that there is no GPU.
    """
    return PartialState(cpu=not torch.cuda.is_available(), timeout=_LONGEST)


def wait_for_all(state: Any) -> None:
    """Return when every process has come here."""
    if state.num_processes > 1:
        state.wait_for_everyone()


def part_from(state: Any) -> None:
    """Leave the other processes, which are done too."""
    if state.num_processes > 1:
        # gloo's threads need the interpreter once more to drop what they sent (LOG.md, 2026-11-23).
        time.sleep(0.2)
        state.destroy_process_group()
