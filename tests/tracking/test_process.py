"""A run's process is told from later ones and from those of other hosts."""

from __future__ import annotations

import subprocess
import sys

import psutil

from hansard_bias.tracking.database import is_gone, this_process


def test_this_process_is_here() -> None:
    assert not is_gone(this_process())


def test_a_process_that_ended_is_gone() -> None:
    code = "from hansard_bias.tracking.database import this_process; print(this_process())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert is_gone(done.stdout.strip())


def test_another_process_of_the_same_number_is_not_the_one() -> None:
    host, number, started = this_process().rsplit(" ", 2)
    assert is_gone(f"{host} {number} {int(started) - 3600}")


def test_a_killed_process_that_nobody_has_waited_for_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = int(psutil.Process(child.pid).create_time())
        process = f"{this_process().rsplit(' ', 2)[0]} {child.pid} {started}"
        assert not is_gone(process)
        child.kill()
        psutil.wait_procs([psutil.Process(child.pid)], timeout=0)
        while psutil.pid_exists(child.pid) and psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            pass
        assert is_gone(process)


def test_nothing_is_known_of_other_hosts() -> None:
    assert not is_gone("another-host 999999 1")
