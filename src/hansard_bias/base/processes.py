"""Several processes that train one model together: who speaks for all, and on what all must agree."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import broadcast


def is_main_process() -> bool:
    """Whether this process locks, writes, prints and tracks: the first of those that were launched together.

    They meet here. Accelerate looks for companions of a CPU process only when it is told that there is no GPU; without
    that, processes that torchrun started would each train alone.
    """
    return bool(PartialState(cpu=not torch.cuda.is_available()).is_main_process)


def agreed(accelerator: Accelerator, number: float) -> float:
    """The main process's number, for all: rounding must not let one stop while another goes on."""
    return float(broadcast(torch.tensor(number, dtype=torch.float64, device=accelerator.device)))


def require_work_for_all(accelerator: Accelerator, windows: int, batch_size: int) -> None:
    """Raise ValueError where an update of so many windows would leave a process without one: the others would wait."""
    processes = accelerator.num_processes
    if windows < processes:
        raise ValueError(
            f"{processes} processes share updates of {windows} speech windows, expected at least one each; "
            f"start fewer processes or raise train.batch_size ({batch_size})"
        )


def require_same_start(accelerator: Accelerator, update: int, folder: Path) -> None:
    """Raise ValueError when the processes found different checkpoints; waits until all have looked."""
    here = torch.tensor([update], device=accelerator.device)
    found = sorted(set(accelerator.gather(here).tolist()))
    if len(found) > 1:
        raise ValueError(
            f"{folder}: processes found checkpoints of updates {found}, expected one; "
            "let all machines work in one shared project folder"
        )


def end_together(accelerator: Accelerator) -> None:
    """Wait until all processes are done, then part."""
    if accelerator.num_processes > 1:
        accelerator.wait_for_everyone()
        # gloo's threads need the interpreter once more to drop what they sent; a group that is destroyed before
        # they had it waits for them, and keeps the interpreter: for ever (torch 2.13).
        time.sleep(0.2)
        accelerator.end_training()


# Several processes that score together: which of them this is, on which device, and when all are done.

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
