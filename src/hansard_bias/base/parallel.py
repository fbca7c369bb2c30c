"""Work on several cores in order and with bounded memory, and the processes that train or score one model together."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

# Readers of archives work in parallel too, and must not wait for torch.
if TYPE_CHECKING:
    from accelerate import Accelerator

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items in work or waiting for it, for each process: what bounds the memory.
WAITING = 2
# What other processes take to start and import: they are started for more work than this.
START_SECONDS = 2.0
# How long one process that scores waits for the others: parts of a corpus may take hours.
LONGEST_WAIT = timedelta(days=30)


def in_order(task: Callable[[Item], Result], items: Iterable[Item], processes: int = 0) -> Iterator[Result]:
    """`task(item)`, both picklable, for each item; an error in a task is raised here, and what waits is given up.

    processes: 0 for one a core, once the work has lasted as long as their start; 1 for this one alone.
    """
    items = iter(items)
    if not processes:
        processes = cores()
        yield from _first_ones(task, items)
    first = list(itertools.islice(items, 2))
    if processes == 1 or len(first) < 2:
        yield from map(task, itertools.chain(first, items))
        return
    # A fork would copy threads of torch and Arrow that hold locks.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _serve)
    try:
        running: deque[Future[Result]] = deque()
        for item in itertools.chain(first, items):
            running.append(pool.submit(task, item))
            if len(running) > WAITING * processes:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _first_ones(task: Callable[[Item], Result], items: Iterator[Item]) -> Iterator[Result]:
    worked = 0.0
    for item in items:
        begun = time.perf_counter()
        result = task(item)
        # Not the time that the caller takes between two results.
        worked += time.perf_counter() - begun
        yield result
        if worked >= START_SECONDS:
            return


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _serve() -> None:
    # Ctrl-C is the parent's to handle; a worker ends with it, however it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


# The processes of one `accelerate launch`: which of them this is, on what all must agree, and how they end.


def process_group(longest_wait: timedelta | None = None) -> Any:
    """Accelerate's view of the processes that were launched together: index, number, device. They meet here."""
    import torch
    from accelerate import PartialState

    wait = {"timeout": longest_wait} if longest_wait else {}
    # Accelerate looks for others of a CPU process only when it is told that there is no GPU; without that, processes
    # that torchrun started would each train alone.
    return PartialState(cpu=not torch.cuda.is_available(), **wait)


def is_main_process() -> bool:
    """Whether this process locks, writes, prints and tracks: the first of those that were launched together."""
    return bool(process_group().is_main_process)


def destroy_group(group: Any) -> None:
    """Wait until all processes are done, then leave them."""
    if group.num_processes > 1:
        group.wait_for_everyone()
        # gloo's threads need the interpreter once more to drop what they sent; a group that is destroyed before
        # they had it waits for them, and keeps the interpreter: for ever (torch 2.13; LOG.md, 2026-11-23).
        time.sleep(0.2)
        group.destroy_process_group()


def agreed(accelerator: Accelerator, number: float) -> float:
    """The main process's number, for all: rounding must not let one stop while another goes on."""
    import torch
    from accelerate.utils import broadcast

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
    import torch

    here = torch.tensor([update], device=accelerator.device)
    found = sorted(set(accelerator.gather(here).tolist()))
    if len(found) > 1:
        raise ValueError(
            f"{folder}: processes found checkpoints of updates {found}, expected one; "
            "let all machines work in one shared project folder"
        )
