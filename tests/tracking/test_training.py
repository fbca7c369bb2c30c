"""A training as an MLflow run: whole, interrupted, killed, and with a store that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hansard_bias.base.work import Interrupted
from hansard_bias.tracking import Store, TrainingRun, training, training_run
from hansard_bias.tracking.database import StoreError
from hansard_bias.training.state import CurvePoint
from helpers.project import Project

SUMMARY = {
    "validation_loss": 2.5,
    "tokens": 1000,
    "device": "a machine",
    "precision": "fp32",
    "stopped_by": "updates",
    "fingerprint": "f" * 64,
}


@pytest.fixture
def workplace(store_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store and without results."""
    monkeypatch.chdir(store_root)
    return store_root


def point(update: int) -> CurvePoint:
    return CurvePoint(update, update / 10, 0.001, 3.0 - update / 100, 3.1)


def steps(store: Store, run_id: str, metric: str = "train_loss") -> list[int]:
    return [item.step for item in store.client.get_metric_history(run_id, metric)]


def test_a_training_is_a_run_with_parameters_curve_and_summary(
    project: Project, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "quiet-otter")
    with training_run(project.config, "mixed", 2, "key-1") as run:
        run.log_point(point(10), 900.0)
        run.log_point(point(20), 950.0)
        run.finish(SUMMARY)
    store = Store(project.config.tracking.experiment)
    logged = store.find("run_key", "key-1")
    assert logged is not None
    assert logged.info.status == "FINISHED"
    assert logged.info.run_name == "mixed · seed 2 · quiet-otter"
    assert logged.data.params["train.lr"] == "0.003"
    assert logged.data.params["mixture.canada"] == "0.5"
    assert logged.data.metrics["summary.validation_loss"] == 2.5
    assert logged.data.metrics["system/cpu_utilization_percentage"] >= 0
    tags = {"stage": "train", "dvc_experiment": "quiet-otter", "weights": "f" * 64, "precision": "fp32"}
    assert logged.data.tags.items() >= tags.items()
    assert steps(store, logged.info.run_id, "validation_loss") == [10, 20]


def test_a_run_names_its_commit_and_its_data(inside: Project, store_root: Path) -> None:
    for command in (
        ["init", "-q"],
        ["-c", "user.name=t", "-c", "user.email=t@e.org", "commit", "-qm", "-", "--allow-empty"],
    ):
        subprocess.run(["git", *command], check=True)
    with training_run(inside.config, "nunavut", 1, "key") as run:
        run.finish(SUMMARY)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    logged = Store(inside.config.tracking.experiment).find("run_key", "key")
    assert logged is not None
    assert logged.data.tags["commit"] == logged.data.tags["mlflow.source.git.commit"] == head
    assert {item.dataset.name for item in logged.inputs.dataset_inputs} == {"nunavut", "mixtures"}


@pytest.mark.parametrize(("error", "status"), [(Interrupted(2), "KILLED"), (ValueError("diverged"), "FAILED")])
def test_a_broken_run_is_marked_and_goes_on_in_its_own(
    project: Project, workplace: Path, error: Exception, status: str
) -> None:
    with pytest.raises(type(error)), training_run(project.config, "mixed", 2, "key-2") as run:
        run.log_point(point(10), 900.0)
        raise error
    store = Store(project.config.tracking.experiment)
    first = store.find("run_key", "key-2")
    assert first is not None
    assert first.info.status == status
    with training_run(project.config, "mixed", 2, "key-2") as run:
        assert store.client.get_run(run.run_id).info.status == "RUNNING"
        run.log_point(point(10), 900.0)
        run.log_point(point(20), 900.0)
        run.finish(SUMMARY)
    assert run.run_id == first.info.run_id
    assert steps(store, run.run_id) == [10, 20]
    samples = steps(store, run.run_id, "system/cpu_utilization_percentage")
    assert samples == sorted(set(samples)) and len(samples) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from hansard_bias.params import load_config
from hansard_bias.tracking import training_run
from hansard_bias.training.state import CurvePoint
with training_run(load_config(), "mixed", 2, "key-3") as run:
    run.log_point(CurvePoint(10, 1.0, 0.001, 2.9, 3.1), 900.0)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_does_not_stay_running(inside: Project, store_root: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    store = Store(inside.config.tracking.experiment)
    logged = store.find("run_key", "key-3")
    assert logged is not None
    assert logged.info.status == "KILLED"
    with training_run(inside.config, "mixed", 2, "key-3") as run:
        Store(inside.config.tracking.experiment)
        assert store.client.get_run(run.run_id).info.status == "RUNNING", "a run that goes on is left alone"
        run.finish(SUMMARY)
    assert run.run_id == logged.info.run_id
    assert store.client.get_run(run.run_id).info.status == "FINISHED"


def test_a_store_that_fails_costs_a_warning_and_nothing_is_lost_when_it_is_back(
    project: Project, workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Store.log
    monkeypatch.setattr(training, "PAUSE_SECONDS", 0.0)
    with training_run(project.config, "mixed", 2, "key-4") as run:
        run.log_point(point(10), 900.0)
        monkeypatch.setattr(Store, "log", failing)
        for update in (20, 30):
            run._sampler._keep({"system/seen": float(update)})
            run.log_point(point(update), 900.0)
        monkeypatch.setattr(Store, "log", log)
        run.log_point(point(40), 900.0)
        store = Store(project.config.tracking.experiment)
        assert steps(store, run.run_id) == [10, 20, 30, 40]
        assert steps(store, run.run_id, "system/seen") == [0, 1]
        run.finish(SUMMARY)
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith("hansard-bias: warning: no disk; the training goes on")
    assert "hansard-bias backfill" in warning


def failing(*arguments: object) -> None:
    raise StoreError("no disk")


def test_a_failing_store_is_left_alone_for_a_while(
    project: Project, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []

    def counted(run: TrainingRun) -> Store:
        calls.append(run)
        raise StoreError("no answer")

    monkeypatch.setattr(TrainingRun, "_open", counted)
    with training_run(project.config, "mixed", 2, "key-5") as run:
        run.log_point(point(10), 900.0)
        run.log_point(point(20), 900.0)
        assert len(calls) == 1
        run.finish(SUMMARY)
    assert len(calls) == 2, "the end is worth another try"


def test_a_training_goes_on_beside_a_store_from_a_newer_mlflow(
    project: Project, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    (root / "mlflow.db").write_text("written by the future " * 50)
    before = (root / "mlflow.db").read_bytes()
    with training_run(project.config, "mixed", 2, "key-6") as run:
        run.log_point(point(10), 900.0)
        run.finish(SUMMARY)
    assert (root / "mlflow.db").read_bytes() == before
    assert len(capsys.readouterr().err.splitlines()) == 1
