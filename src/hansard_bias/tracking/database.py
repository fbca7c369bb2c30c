"""Which process keeps a run, where the runs are kept, and whether that database can be used; without MLflow."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil

from hansard_bias.base.work import try_lock

# A process's start is told against the clock, which may be set.
TOLERANCE_SECONDS = 2
# How long another process may hold the database before it counts as locked.
PATIENCE_SECONDS = 20.0


class StoreError(ValueError):
    """The store of runs cannot be reached or used; the message says in one line why."""


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
        # A later process may bear its number.
        same = abs(found.create_time() - int(started)) <= TOLERANCE_SECONDS
        return not same or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def repository_root() -> Path:
    """The repository whose store is used: DVC_ROOT points at it from every experiment workspace."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def store_uri() -> str:
    """The tracking server of MLFLOW_TRACKING_URI, or the SQLite store at the repository's root."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{repository_root() / 'mlflow.db'}"


@contextmanager
def alone(patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the repository's lock on its store, or raise StoreError: processes that create the same entry race."""
    path = repository_root() / ".mlflow.lock"
    try:
        handle = path.open("w")
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror})") from None
    deadline = time.monotonic() + patience
    with handle:
        # Waiting inside flock could not be given up.
        while not try_lock(handle):
            if time.monotonic() > deadline:
                raise StoreError(f"another process has held {path} for {patience:.0f} seconds")
            time.sleep(0.05)
        yield


def check_database(uri: str, patience: float = PATIENCE_SECONDS) -> None:
    """Raise StoreError where MLflow would fail late, wait for minutes or change a database that it does not know."""
    path = _database_file(uri)
    if path is None:
        return
    try:
        with closing(_connect(path, patience)) as connection:
            strangers = _revisions(connection) - known_revisions()
            if strangers:
                raise StoreError(
                    f"{path} was written by a newer MLflow than {version('mlflow')} (schema "
                    f"{', '.join(sorted(strangers))}); install that one, move the file away, or set "
                    "MLFLOW_TRACKING_URI; nothing in it was changed"
                )
            # Asks for the right to write, which a read-only or locked file refuses.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be used ({error})") from None


def kept_running(uri: str) -> list[str] | None:
    """The processes that keep runs, as a store's file says; None where only MLflow can tell."""
    query = "SELECT value FROM tags JOIN runs USING (run_uuid) WHERE tags.key = 'process' AND runs.status = 'RUNNING'"
    return _read(uri, query)


def kept_experiment(uri: str, name: str) -> str | None:
    """The number of an experiment in a store's file; None where it has none, or only MLflow can tell."""
    found = _read(uri, "SELECT experiment_id FROM experiments WHERE name = ?", name)
    return found[0] if found else None


def _read(uri: str, query: str, *values: str) -> list[str] | None:
    # None, for "ask MLflow", where there is no such file or it is no such database.
    path = _database_file(uri)
    with suppress(sqlite3.Error):
        if path is not None:
            with closing(_connect(path, PATIENCE_SECONDS)) as connection:
                return [str(first) for first, *_ in connection.execute(query, values)]
    return None


def _database_file(uri: str) -> Path | None:
    path = Path(uri.removeprefix("sqlite:///").split("?")[0])
    # An empty file is one that MLflow has yet to fill.
    return path if uri.startswith("sqlite:///") and path.is_file() and path.stat().st_size else None


def _connect(path: Path, patience: float) -> sqlite3.Connection:
    # Mode rw: a file that is gone meanwhile is not created. No level: the connection begins no transaction by itself.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)


def _revisions(connection: sqlite3.Connection) -> set[str]:
    # None where it is no store of MLflow's yet.
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    if connection.execute(query).fetchone() is None:
        return set()
    return {revision for (revision,) in connection.execute("SELECT version_num FROM alembic_version")}


def known_revisions() -> set[str]:
    """The schemas of the installed MLflow: its migrations are files named after them."""
    spec = find_spec("mlflow")
    assert spec is not None and spec.origin is not None
    migrations = Path(spec.origin).parent / "store" / "db_migrations" / "versions"
    return {file.name.partition("_")[0] for file in migrations.glob("*.py")}
