"""The watch must see what `test_dvc.py` says is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.network_watch import NetworkWatch, cut_off

PLANTED = {
    "a look-up": ("import socket; socket.getaddrinfo('planted.invalid', 80)", "socket.getaddrinfo planted.invalid"),
    "a look-up of old": ("import socket; socket.gethostbyname('planted.invalid')", "socket.gethostbyname"),
    "a page": ("import urllib.request; urllib.request.urlopen('http://planted.invalid')", "socket.getaddrinfo"),
    "a connection": (
        "import socket; s = socket.socket(); s.settimeout(0.01); s.connect(('192.0.2.1', 80))",
        "socket.connect ('192.0.2.1', 80)",
    ),
    "a message": (
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.sendto ('192.0.2.1', 53)",
    ),
    "a server open to others": ("import socket; socket.socket().bind(('', 0))", "socket.bind ('', 0)"),
    "a look-up by a child": (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import socket; socket.getaddrinfo(\"planted.invalid\", 80)'])",
        "socket.getaddrinfo planted.invalid",
    ),
    "a look-up by a child with an environment of its own": (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import socket; socket.getaddrinfo(\"planted.invalid\", 80)'], env={'PYTHONPATH': '/'})",
        "socket.getaddrinfo planted.invalid",
    ),
}
LOCAL = """
import os, socket
with socket.socket() as server:
    server.bind(("127.0.0.1", 0)); server.listen()
    socket.create_connection(("localhost", server.getsockname()[1])).close()
with socket.socket(socket.AF_UNIX) as server:
    server.bind("here.sock"); server.listen()
    socket.socket(socket.AF_UNIX).connect("here.sock")
"""


def run(watch: NetworkWatch, code: str, *before: str) -> subprocess.CompletedProcess[str]:
    environment = watch.environment(dict(os.environ))
    command = [*before, sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=watch.record.parent, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("what", PLANTED)
def test_what_leaves_the_machine_is_recorded(what: str, tmp_path: Path) -> None:
    code, expected = PLANTED[what]
    watch = NetworkWatch(tmp_path / "record.txt")
    run(watch, code, *cut_off())
    assert any(line.startswith(expected) for line in watch.asked())
    assert watch.processes()


def test_what_stays_on_the_machine_is_not(tmp_path: Path) -> None:
    watch = NetworkWatch(tmp_path / "record.txt")
    done = run(watch, LOCAL)
    assert (done.returncode, done.stderr, watch.asked()) == (0, "", [])
    assert len(watch.processes()) == 1


def test_a_machine_that_is_cut_off_reaches_nobody() -> None:
    if not cut_off():
        pytest.skip("this system lets nobody make a network namespace")
    code = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 53))"
    done = subprocess.run([*cut_off(), sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Network is unreachable" in done.stderr


def test_an_environment_that_would_silence_dvc_is_not_passed_on(tmp_path: Path) -> None:
    kept = NetworkWatch(tmp_path / "record.txt").environment({"CI": "true", "PYTHONPATH": "a", "HOME": "b"})
    assert "CI" not in kept
    assert kept["PYTHONPATH"].split(os.pathsep)[1:] == ["a"]
