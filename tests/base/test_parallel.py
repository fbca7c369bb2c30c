"""Work on all cores keeps its order, passes errors on, and leaves nobody behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from hansard_bias.base.parallel import WAITING, in_order
from helpers.tasks import fail_at_three, slow_square


def test_results_come_in_the_order_of_the_items_from_other_processes() -> None:
    results = [*in_order(slow_square, range(20), processes=2)]
    assert [square for square, _ in results] == [number * number for number in range(20)]
    assert os.getpid() not in {process for _, process in results}


@pytest.mark.parametrize(("items", "processes"), [(range(5), 1), (range(1), 2), (range(0), 2)])
def test_little_work_starts_no_process(items: range, processes: int) -> None:
    results = [*in_order(slow_square, items, processes)]
    assert [square for square, _ in results] == [number * number for number in items]
    assert {process for _, process in results} <= {os.getpid()}


def test_other_processes_start_when_the_work_has_lasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansard_bias.base.parallel.cores", lambda: 2)
    assert {process for _, process in in_order(slow_square, range(20))} == {os.getpid()}
    monkeypatch.setattr("hansard_bias.base.parallel.START_SECONDS", 0.01)
    results = [*in_order(slow_square, range(20))]
    assert [square for square, _ in results] == [number * number for number in range(20)]
    assert (results[0][1] == os.getpid()) and os.getpid() not in {process for _, process in results[1:]}


def test_items_are_taken_only_as_they_are_needed() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = in_order(fail_at_three, (number + 10 for number in items()), processes=2)
    next(results)
    assert len(taken) <= 2 * WAITING + 2
    results.close()


def test_an_error_in_a_task_is_the_caller_s() -> None:
    with pytest.raises(ValueError, match="three"):
        [*in_order(fail_at_three, range(50), processes=2)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_processes_end_with_a_parent_that_is_killed() -> None:
    code = (
        "import time; from hansard_bias.base.parallel import in_order\n"
        "if __name__ == '__main__':\n"
        "    list(in_order(time.sleep, [0.01, 0.01, 600, 600], 2))"
    )
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as parent:
        wait_for(lambda: len(session_of(parent.pid)) >= 3)
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: not session_of(parent.pid))


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("waited for half a minute")


def session_of(session: int) -> list[str]:
    """Processes of a session, zombies left out."""
    listed = subprocess.run(["ps", "-eo", "sid=,stat=,pid="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [pid for sid, state, pid in rows if sid == str(session) and not state.startswith("Z")]
