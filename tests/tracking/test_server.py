"""A tracking server of its own database: used where MLFLOW_TRACKING_URI names it, and missed without harm."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansard_bias.tracking import Store, StoreError, backfill, record_comparison, serve, training, training_run
from hansard_bias.training.state import CurvePoint
from helpers.project import Project


class Server:
    """`mlflow server` on a free port of this machine, with its own database and artifacts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [str(Path(sys.executable).with_name("mlflow")), "server", "--workers", "1", "--port", str(self.port)]
        command += ["--backend-store-uri", f"sqlite:///{self.folder}/server.db"]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=os.environ | quiet, stdout=log, stderr=log, start_new_session=True
            )
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Kill it with its workers."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that is not started yet, named in MLFLOW_TRACKING_URI."""
    built = Server(tmp_path_factory.mktemp("server"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", built.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    try:
        yield built
    finally:
        built.stop()


def point(update: int) -> CurvePoint:
    return CurvePoint(update, update / 10, 0.001, 3.0 - update / 100, 3.1)


def test_a_server_that_comes_and_goes_loses_nothing(
    inside: Project, server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "PAUSE_SECONDS", 0.0)
    summary = training.Training(training.Results(inside.config), "mixed", 1).summary()
    with training_run(inside.config, "mixed", 1, summary["run"]) as run:
        run.log_point(point(1), 900.0)
        server.start()
        run.log_point(point(2), 900.0)
        server.stop()
        run.log_point(point(3), 900.0)
        run.finish(summary)
    record_comparison(inside.config)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2, lines
    assert all(f"{server.uri} does not answer" in line and "`hansard-bias backfill`" in line for line in lines)
    server.start()
    titles = [*backfill(inside.config)]
    assert len(titles) == 7
    store = Store(inside.config.tracking.experiment)
    logged = store.find("run_key", summary["run"])
    assert logged is not None and logged.info.run_id == run.run_id and logged.info.status == "FINISHED"
    history = store.client.get_metric_history(run.run_id, "train_loss")
    assert [item.step for item in history] == [1, 2, 10, 20, 30, 40, 50, 54]
    comparison = store.find("stage", "comparison")
    assert comparison is not None
    assert "report/index.html" in {item.path for item in store.client.list_artifacts(comparison.info.run_id, "report")}
    assert len(store.client.search_model_versions("name = 'hansard-bias-mixed'")) == 2
    assert not (Path(os.environ["DVC_ROOT"]) / "mlflow.db").exists()
    assert [*backfill(inside.config)] == []


def test_the_pages_of_a_store_that_cannot_be_used_are_refused(
    root: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:\d+ does not answer \(.*Connection refused\)$"):
        serve("x", 5000)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (root / "mlflow.db").write_text("no database " * 50)
    with pytest.raises(StoreError, match="cannot be used"):
        serve("x", 5000)


def test_the_pages_end_the_runs_of_killed_processes(
    project: Project, store_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, command: started.append(command))
    store = Store("x")
    run_id = store.create("a run", {}, {})
    serve("x", 5000)
    assert store.client.get_run(run_id).info.status == "RUNNING", "its process lives"
    host, number, begun = store.client.get_run(run_id).data.tags["process"].rsplit(" ", 2)
    store.client.set_tag(run_id, "process", f"{host} {number} {int(begun) - 3600}")
    serve("x", 5000)
    assert store.client.get_run(run_id).info.status == "KILLED"
    assert started[0][:2] == ["mlflow", "ui"] and started[0][-2:] == ["--workers", "1"]
