"""Loaded by every Python process that has this folder on its path: notes, without a word, what it asks of a network."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

FOLDER = os.path.dirname(os.path.abspath(__file__))
# What an audit event of this name says about an address: the position of host or address in its arguments.
EVENTS = {
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
    "socket.getnameinfo": 0,
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.bind": 1,
}
# Where the events of a new process hold its environment.
CHILDREN = {"subprocess.Popen": 3, "os.exec": 2, "os.posix_spawn": 2}


def is_local(event: str, address: object) -> bool:
    """Is this within the machine: a Unix socket, a loopback address, an address that asks for nobody?"""
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(address, tuple) and event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
        return True
    if host in (None, ""):
        return event != "socket.bind"
    return str(host) in ("localhost", "::1") or str(host).startswith("127.")


def follow(environment: object, record: str) -> None:
    """Keep the watch over a child that gets an environment of its own, as DVC's daemons and queue workers do."""
    if not isinstance(environment, MutableMapping):
        return
    path = environment.get("PYTHONPATH", "").split(os.pathsep)
    if FOLDER not in path:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [FOLDER, *path]))
    environment["NETWORK_RECORD"] = record


def watch(record: str) -> None:
    """Append a line for this process to the record, and one for whatever it asks of a network."""

    def note(*words: object) -> None:
        line = " ".join(map(str, words)).replace("\n", " ")[:400] + "\n"
        handle = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.write(handle, line.encode(errors="replace"))
        os.close(handle)

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event in CHILDREN:
            follow(arguments[CHILDREN[event]], record)
        if event in EVENTS and not is_local(event, arguments[EVENTS[event]]):
            note("asked", event, arguments[EVENTS[event]], "by", *sys.orig_argv)

    note("process", *sys.orig_argv)
    sys.addaudithook(hear)


if os.environ.get("NETWORK_RECORD"):
    watch(os.environ["NETWORK_RECORD"])
