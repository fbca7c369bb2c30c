"""An MLflow store: one experiment, its runs and its models, behind one kind of error."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hansard_bias.base.messages import say
from hansard_bias.tracking import database
from hansard_bias.tracking.database import StoreError, is_gone, repository_root, store_uri, this_process

LONGEST_REASON = 300
NO_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@dataclass(frozen=True)
class Entry:
    """Numbers of one step, with the time at which they were known."""

    numbers: Mapping[str, float]
    step: int = 0
    milliseconds: int = field(default_factory=lambda: time.time_ns() // 1_000_000)


class Client:
    """An MLflow client all of whose failures are StoreErrors."""

    def __init__(self, uri: str) -> None:
        _prepare()
        from mlflow import MlflowClient

        self._uri = uri
        with reaching(uri):
            self._client: Any = MlflowClient(tracking_uri=uri)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            with reaching(self._uri):
                return method(*arguments, **options)

        return call


class Store:
    """An MLflow store and the experiment of this project in it."""

    def __init__(self, experiment: str) -> None:
        """Open the store, or create it; raises StoreError where that cannot be done, at once or within seconds."""
        self.uri = store_uri()
        with database.alone():
            database.check_database(self.uri)
            self.client = Client(self.uri)
            self.experiment = self._experiment(experiment)
            for run in self.client.search_runs([self.experiment], "attributes.status = 'RUNNING'"):
                # A process that was killed could not say so itself.
                process = run.data.tags.get("process")
                if process and is_gone(process):
                    self.client.set_terminated(run.info.run_id, "KILLED")

    def find(self, tag: str, value: str) -> Any | None:
        """The newest run with this tag, or None."""
        return next(iter(self.find_all(tag, value)), None)

    def find_all(self, tag: str, value: str) -> list[Any]:
        """All runs with this tag, the newest first."""
        return list(self.client.search_runs([self.experiment], f"tags.{tag} = '{value}'"))

    def create(self, name: str, tags: Mapping[str, str], params: Mapping[str, object]) -> str:
        """A new run of this process with its parameters; returns its id."""
        # By its process, a later command sees that the run was killed.
        kept = dict(tags) | {"process": this_process()}
        run_id = str(self.client.create_run(self.experiment, run_name=name, tags=kept).info.run_id)
        self._log_batches(run_id, "params", [(key, str(value)) for key, value in params.items()])
        return run_id

    def take_over(self, run_id: str) -> None:
        """Let an ended run go on in this process."""
        self.client.set_tag(run_id, "process", this_process())
        self.client.update_run(run_id, status="RUNNING")

    def log(self, run_id: str, entries: Iterable[Entry]) -> None:
        """Log numbers."""
        numbers = ((entry, key, value) for entry in entries for key, value in entry.numbers.items())
        rows = [(key, float(value), entry.milliseconds, entry.step) for entry, key, value in numbers]
        self._log_batches(run_id, "metrics", rows)

    def _log_batches(self, run_id: str, kind: str, rows: Sequence[tuple[Any, ...]]) -> None:
        from mlflow.entities import Metric, Param, RunTag

        entity, size = {"params": (Param, 90), "tags": (RunTag, 90), "metrics": (Metric, 900)}[kind]
        # MLflow takes at most 100 parameters, 100 tags or 1,000 numbers in one request.
        for start in range(0, len(rows), size):
            self.client.log_batch(run_id, **{kind: [entity(*row) for row in rows[start : start + size]]})

    def log_changed(self, run_id: str, numbers: Mapping[str, float]) -> None:
        """Log those numbers that the run does not have yet: what is logged again appears twice."""
        known = self.client.get_run(run_id).data.metrics
        self.log(run_id, [Entry({key: value for key, value in numbers.items() if known.get(key) != value})])

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run."""
        self._log_batches(run_id, "tags", [*tags.items()])

    def _experiment(self, name: str) -> str:
        found = self.client.get_experiment_by_name(name)
        if found is None:
            # MLflow would take the creator's working directory, which may be an experiment's workspace.
            location = None if "MLFLOW_TRACKING_URI" in os.environ else (repository_root() / "mlartifacts").as_uri()
            return str(self.client.create_experiment(name, artifact_location=location))
        if found.lifecycle_stage != "active":
            raise StoreError(
                f"the experiment {name!r} was deleted in {self.uri}; restore it with `mlflow experiments restore "
                f"--experiment-id {found.experiment_id}` or set another name in tracking.experiment"
            )
        return str(found.experiment_id)


@contextmanager
def reaching(uri: str) -> Iterator[None]:
    """Turn whatever MLflow, its database or the network raise into a StoreError of one line."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        raise StoreError(f"{uri} {_what_failed(' '.join(str(error).split()))}") from error


def _what_failed(text: str) -> str:
    # What a person wants to know of a chain of network errors or a failed statement; all else as it is.
    if cause := re.search(r"Max retries exceeded.*Caused by \w+\([\"'](.*)[\"']\)\)", text):
        return f"does not answer ({cause[1].rsplit(': ', 1)[-1]})"
    if statement := re.search(r"\((?:\w+\.)+\w*Error\) (.*?) \[SQL: ", text):
        return f"cannot be used ({statement[1]})"
    return f"failed: {text[:LONGEST_REASON]}"


def _prepare() -> None:
    # MLflow looks at these when it is imported: no telemetry, and no minutes of waiting for a server that is down.
    os.environ |= NO_TELEMETRY
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    # Failures are told in one line by whoever catches the StoreError.
    for name in ("alembic", "mlflow.store.db.utils", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


# MLflow's pages, with one worker: its defaults start fifteen processes.


def serve(experiment: str, port: int) -> None:
    """Become MLflow's web server on 127.0.0.1; where a tracking server is set, only name it. Raises StoreError."""
    uri = store_uri()
    database.check_database(uri)
    running = database.kept_running(uri)
    # Opening a store ends the runs of killed processes; it costs half as much as the server's start.
    if running is None or any(is_gone(process) for process in running):
        Store(experiment)
    if uri.startswith("http"):
        say(f"MLflow: {uri} (MLFLOW_TRACKING_URI)")
        return
    os.environ |= NO_TELEMETRY | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    executable = Path(sys.executable).with_name("mlflow")
    artifacts = (repository_root() / "mlartifacts").as_uri()
    number = database.kept_experiment(uri, experiment)
    # The project's runs; MLflow's start page leads to traces of chats instead.
    page = "" if number is None else f"/#/experiments/{number}/runs?workflowType=machine_learning"
    say(f"MLflow: http://127.0.0.1:{port}{page} (stop with Ctrl-C)")
    command = ["mlflow", "ui", "--backend-store-uri", uri, "--default-artifact-root", artifacts]
    # In place of this process: Ctrl-C must reach the server, and nothing stays behind it.
    os.execv(executable, [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"])
