"""The only module that knows MLflow: runs mirror what metrics/ records, in one SQLite store for all workspaces."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hansard_bias.config import Config
from hansard_bias.paths import METRICS, run_name
from hansard_bias.training.progress import CurvePoint

PARAMS_OF_A_RUN = ("clean", "align", "tokenizer", "model", "train", "score")
BATCH = 90


def repository_root() -> Path:
    """The repository whose store is used: DVC_ROOT points at it from every experiment workspace."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def store_uri() -> str:
    """The tracking server of MLFLOW_TRACKING_URI, or the SQLite store at the repository's root."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{repository_root() / 'mlflow.db'}"


def serve(port: int) -> None:
    """Become MLflow's web server on 127.0.0.1, with one worker and no job runner."""
    executable = Path(sys.executable).with_name("mlflow")
    artifacts = (repository_root() / "mlartifacts").as_uri()
    os.environ |= {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    print(f"MLflow: http://127.0.0.1:{port} (stop with Ctrl-C)", flush=True)
    command = ["mlflow", "ui", "--backend-store-uri", store_uri(), "--default-artifact-root", artifacts]
    os.execv(executable, [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"])


class Store:
    """An MLflow store and the experiment of this project in it."""

    def __init__(self, experiment: str) -> None:
        # Telemetry and tracing look at these once, at import.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ["DO_NOT_TRACK"] = "true"
        import logging

        from mlflow import MlflowClient

        for name in ("alembic", "mlflow.store.db.utils"):
            logging.getLogger(name).setLevel(logging.WARNING)
        root = repository_root()
        # Two processes that create a fresh database race and crash: one at a time.
        with (root / ".mlflow.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self.client: Any = MlflowClient(tracking_uri=store_uri())
            found = self.client.get_experiment_by_name(experiment)
            location = None if "MLFLOW_TRACKING_URI" in os.environ else (root / "mlartifacts").as_uri()
            self.experiment: str = (
                found.experiment_id if found else self.client.create_experiment(experiment, artifact_location=location)
            )

    def find(self, tag: str, value: str) -> Any | None:
        """The newest run with this tag, or None."""
        runs = self.client.search_runs([self.experiment], f"tags.{tag} = '{value}'", max_results=1)
        return runs[0] if runs else None

    def create(self, name: str, tags: Mapping[str, str], params: Mapping[str, object]) -> str:
        """A new run with its parameters; returns its id."""
        from mlflow.entities import Param

        run = self.client.create_run(self.experiment, run_name=name, tags=dict(tags))
        entries = [Param(key, str(value)) for key, value in params.items()]
        for start in range(0, len(entries), BATCH):
            self.client.log_batch(run.info.run_id, params=entries[start : start + BATCH])
        return str(run.info.run_id)

    def log(self, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log numbers at one step."""
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        entries = [Metric(key, float(value), now, step) for key, value in metrics.items()]
        for start in range(0, len(entries), BATCH):
            self.client.log_batch(run_id, metrics=entries[start : start + BATCH])


class TrainingRun:
    """One training as an MLflow run; a RunLog for the loop."""

    def __init__(self, store: Store, run_id: str, last_step: int) -> None:
        self.store, self.run_id, self.last_step = store, run_id, last_step

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Log one row of the curve; a row that a resumed run repeats is not logged twice."""
        if point.update <= self.last_step:
            return
        numbers = {key: value for key, value in asdict(point).items() if key != "update" and value is not None}
        self.store.log(self.run_id, numbers | {"tokens_per_second": tokens_per_second}, point.update)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Log the run's summary and tie the run to the weights that it made."""
        _log_summary(self.store, self.run_id, summary)
        self.store.client.set_terminated(self.run_id, "FINISHED")


@contextmanager
def training_run(config: Config, model: str, seed: int, key: str) -> Iterator[TrainingRun]:
    """A run for this training, the interrupted one where there is one; ends as FAILED when the training does."""
    store = Store(config.tracking.experiment)
    found = store.find("run_key", key)
    if found is not None and found.info.status != "FINISHED":
        history = store.client.get_metric_history(found.info.run_id, "train_loss")
        store.client.update_run(found.info.run_id, status="RUNNING")
        run = TrainingRun(store, found.info.run_id, max((point.step for point in history), default=-1))
    else:
        tags = _training_tags(config, model, seed) | {"run_key": key}
        run = TrainingRun(store, store.create(_title(model, seed), tags, run_params(config, model, seed)), -1)
    finished = False
    try:
        yield run
        finished = True
    finally:
        if not finished:
            store.client.set_terminated(run.run_id, "FAILED")


def record_comparison(config: Config, page: Path, metrics: Path = METRICS) -> None:
    """Mirror a finished comparison: perplexities to every training's run, and one run with matrix and page.

    A training that came from DVC's cache has no run yet: it gets one, from its files in metrics/.
    """
    store = Store(config.tracking.experiment)
    bias_file = metrics / "bias.json"
    bias = json.loads(bias_file.read_text(encoding="utf-8"))
    for model in config.models:
        for seed in config.train.seeds:
            run_id = _run_of_weights(store, config, model, seed, metrics)
            perplexities = bias["runs"][config.row_key(model)][str(seed)]
            store.log(run_id, {f"perplexity.{column}": value for column, value in perplexities.items()})
    digest = hashlib.sha256(bias_file.read_bytes()).hexdigest()
    if store.find("comparison", digest) is None:
        _create_comparison(store, config, bias, digest, page, metrics)


def run_params(config: Config, model: str, seed: int) -> dict[str, object]:
    """All parameters of one training, flattened with dots."""
    sections = {name: asdict(getattr(config, name)) for name in PARAMS_OF_A_RUN}
    sections["train"].pop("seeds")
    sections["mixture"] = config.models[model].mixture
    return {"model_name": model, "seed": seed} | flatten(sections)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def _run_of_weights(store: Store, config: Config, model: str, seed: int, metrics: Path) -> str:
    """The run that made these weights; made afresh from the curve and the summary where it is missing."""
    name = run_name(model, seed)
    summary = json.loads((metrics / "training" / f"{name}.json").read_text(encoding="utf-8"))
    found = store.find("weights", summary["fingerprint"])
    if found is not None:
        return str(found.info.run_id)
    run_id = store.create(_title(model, seed), _training_tags(config, model, seed), run_params(config, model, seed))
    with (metrics / "curves" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            step = int(row.pop("update"))
            store.log(run_id, {key: float(value) for key, value in row.items() if value}, step)
    _log_summary(store, run_id, summary)
    store.client.set_terminated(run_id, "FINISHED")
    return run_id


def _create_comparison(
    store: Store, config: Config, bias: dict[str, Any], digest: str, page: Path, metrics: Path
) -> None:
    """One run that holds the matrix and the page."""
    tags = {"stage": "comparison", "comparison": digest} | _experiment_tag()
    params = flatten({name: asdict(getattr(config, name)) for name in PARAMS_OF_A_RUN})
    run_id = store.create(_named("comparison"), tags, params)
    numbers: dict[str, float] = {}
    for row, measures in bias["models"].items():
        for measure in ("perplexity", "excess_nats"):
            numbers |= {f"{measure}.{row}.{column}": cell["value"] for column, cell in measures[measure].items()}
        for measure in ("bias_ratio", "tilt"):
            if measure in measures:
                numbers[f"{measure}.{row}"] = measures[measure]["value"]
    store.log(run_id, numbers)
    store.client.log_artifact(run_id, str(page), "report")
    store.client.log_artifact(run_id, str(metrics / "bias_matrix.json"))
    store.client.set_terminated(run_id, "FINISHED")


def _log_summary(store: Store, run_id: str, summary: Mapping[str, Any]) -> None:
    numbers = {key: value for key, value in summary.items() if isinstance(value, int | float)}
    store.log(run_id, {f"summary.{key}": value for key, value in numbers.items()})
    for key in ("device", "precision", "stopped_by"):
        store.client.set_tag(run_id, key, str(summary[key]))
    store.client.set_tag(run_id, "weights", summary["fingerprint"])


def _training_tags(config: Config, model: str, seed: int) -> dict[str, str]:
    label = config.models[model].label
    return {"stage": "train", "model": model, "label": label, "seed": str(seed)} | _experiment_tag()


def _experiment_tag() -> dict[str, str]:
    name = os.environ.get("DVC_EXP_NAME")
    return {"dvc_experiment": name} if name else {}


def _title(model: str, seed: int) -> str:
    return _named(f"{model} · seed {seed}")


def _named(what: str) -> str:
    name = os.environ.get("DVC_EXP_NAME")
    return f"{what} · {name}" if name else what
