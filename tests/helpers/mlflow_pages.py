"""MLflow's pages, served as `make ui` serves them and used as a person would."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from helpers.offline_browser import OpenedPage

PATIENCE_SECONDS = 120


class Rounded:
    """The numbers of a text, which MLflow shows to one decimal place."""

    def __init__(self, text: str) -> None:
        self._numbers = [float(word) for word in re.findall(r"(?m)^\d+(?:\.\d+)?$", text)]

    def __contains__(self, value: float) -> bool:
        return any(abs(number - value) <= 0.0501 for number in self._numbers)


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mlflow_ui(root: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The address that is printed, of MLflow's server over a project's store; the server ends with the block."""
    port = free_port()
    command = ["hansard-bias", "ui", "--port", str(port)]
    log = root.resolve().with_name(f"{root.resolve().name}-ui.txt")
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=root, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/health", server, log)
            printed = re.search(r"MLflow: (\S+)", log.read_text(encoding="utf-8"))
            assert printed, "the address is the first thing to say"
            assert listening(server.pid) == {"127.0.0.1"}, "nobody else in the network may read the runs"
            yield printed[1]
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(PATIENCE_SECONDS)


def listening(process: int) -> set[str]:
    """The addresses on which a process and its children take connections."""
    first = psutil.Process(process)
    family = (first, *first.children(recursive=True))
    found = (each for member in family for each in member.net_connections("inet"))
    return {each.laddr.ip for each in found if each.status == psutil.CONN_LISTEN}


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    for _ in range(PATIENCE_SECONDS * 10):
        assert server.poll() is None, log.read_text(encoding="utf-8")
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


def compare(opened: OpenedPage, name: str) -> str:
    """Choose the runs of this name in the list of the project's, press Compare; returns what is to be read then."""
    page = opened.page
    links = page.get_by_role("link", name=re.compile(name))
    links.first.wait_for()
    for link in links.all():
        row = link.locator("xpath=ancestor::*[@row-id]").get_attribute("row-id")
        page.locator(f"[row-id='{row}'] input[type=checkbox]").first.check()
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("Run details").wait_for()
    return page.inner_text("body")
