"""MLflow's pages, with one worker: its defaults start fifteen processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hansard_bias.tracking.database import check_database, kept_experiment, kept_running, repository_root, store_uri
from hansard_bias.tracking.process import is_gone
from hansard_bias.tracking.store import Store


def serve(experiment: str, port: int) -> None:
    """Become MLflow's web server on 127.0.0.1; where a tracking server is set, only name it.

    Raises StoreError when the store cannot be used.
    """
    uri = store_uri()
    check_database(uri)
    running = kept_running(uri)
    # Opening a store ends the runs of killed processes; it costs half as much as the server's start.
    if running is None or any(is_gone(process) for process in running):
        Store(experiment)
    if uri.startswith("http"):
        print(f"MLflow: {uri} (MLFLOW_TRACKING_URI)", flush=True)
        return
    os.environ |= {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    executable = Path(sys.executable).with_name("mlflow")
    artifacts = (repository_root() / "mlartifacts").as_uri()
    print(f"MLflow: http://127.0.0.1:{port}{_runs_page(uri, experiment)} (stop with Ctrl-C)", flush=True)
    command = ["mlflow", "ui", "--backend-store-uri", uri, "--default-artifact-root", artifacts]
    os.execv(executable, [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"])


def _runs_page(uri: str, experiment: str) -> str:
    """Where the project's runs are listed; from its start page, MLflow leads to traces of chats instead."""
    number = kept_experiment(uri, experiment)
    return "" if number is None else f"/#/experiments/{number}/runs?workflowType=machine_learning"
