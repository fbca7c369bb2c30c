"""One task for many items, on all cores, with bounded memory and results in the order of the items."""

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
from typing import TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")

WAITING = 2
"""Items in work or waiting for it, for each process: what bounds the memory."""
START_SECONDS = 2.0
"""What other processes take to start and import: they are started for more work than this."""

_END = object()


def in_order(task: Callable[[Item], Result], items: Iterable[Item], processes: int = 0) -> Iterator[Result]:
    """`task(item)` for each item. `processes`: 0 for one a core, once the work has lasted as long as their start.

    `task` and the items must be picklable. An error in a task is raised here, and what waits is given up. With one
    process or one item, no other is started.
    """
    items = iter(items)
    if not processes:
        processes = cores()
        yield from _first_ones(task, items)
    first = list(itertools.islice(items, 2))
    if processes == 1 or len(first) < 2:
        yield from map(task, itertools.chain(first, items))
        return
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
    """Results of this process, until it has worked for START_SECONDS."""
    worked = 0.0
    while worked < START_SECONDS:
        item = next(items, _END)
        if item is _END:
            return
        begun = time.perf_counter()
        result = task(cast(Item, item))
        worked += time.perf_counter() - begun
        yield result


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _serve() -> None:
    """Leave Ctrl-C to the parent, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
