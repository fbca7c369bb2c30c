"""MLflow mirrors what metrics/ records: curves, summaries, perplexities and the comparison."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.tracking import Store, flatten, record_comparison, run_params, training_run
from hansard_bias.training.progress import CurvePoint
from tiny_project import Project

SUMMARY = {
    "validation_loss": 2.5,
    "tokens": 1000,
    "device": "a machine",
    "precision": "fp32",
    "stopped_by": "updates",
    "fingerprint": "f" * 64,
}


@pytest.fixture
def store_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    return tmp_path


def point(update: int) -> CurvePoint:
    return CurvePoint(update, update / 10, 0.001, 3.0 - update / 100, 3.1)


def test_a_training_is_a_run_with_parameters_curve_and_summary(
    project: Project, store_root: Path, monkeypatch: pytest.MonkeyPatch
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
    history = store.client.get_metric_history(logged.info.run_id, "validation_loss")
    assert [item.step for item in history] == [10, 20]
    assert (store_root / "mlflow.db").is_file()


def test_a_broken_run_is_marked_and_goes_on_in_its_own(project: Project, store_root: Path) -> None:
    with pytest.raises(KeyboardInterrupt), training_run(project.config, "mixed", 2, "key-2") as run:
        run.log_point(point(10), 900.0)
        raise KeyboardInterrupt
    store = Store(project.config.tracking.experiment)
    first = store.find("run_key", "key-2")
    assert first is not None
    assert first.info.status == "FAILED"
    with training_run(project.config, "mixed", 2, "key-2") as run:
        run.log_point(point(10), 900.0)
        run.log_point(point(20), 900.0)
        run.finish(SUMMARY)
    assert run.run_id == first.info.run_id
    history = store.client.get_metric_history(run.run_id, "train_loss")
    assert [item.step for item in history] == [10, 20]


def test_the_comparison_reaches_every_run_and_is_recorded_once(inside: Project, store_root: Path) -> None:
    page = inside.root / "metrics" / "report" / "index.html"
    for _ in range(2):
        record_comparison(inside.config, page)
    store = Store(inside.config.tracking.experiment)
    runs = store.client.search_runs([store.experiment])
    trainings = [run for run in runs if run.data.tags["stage"] == "train"]
    comparisons = [run for run in runs if run.data.tags["stage"] == "comparison"]
    assert len(trainings) == 6
    assert len(comparisons) == 1
    bias = json.loads((inside.root / "metrics" / "bias.json").read_text())
    for run in trainings:
        row = inside.config.row_key(run.data.tags["model"])
        expected = bias["runs"][row][run.data.tags["seed"]]
        assert {key: run.data.metrics[f"perplexity.{key}"] for key in expected} == pytest.approx(expected)
        assert run.data.metrics["train_loss"] > 0
    cell = comparisons[0].data.metrics["perplexity.A_nunavut.on_canada"]
    matrix = json.loads((inside.root / "metrics" / "bias_matrix.json").read_text())
    assert cell == pytest.approx(matrix["A_nunavut"]["on_canada"], abs=6e-4)
    artifacts = store.client.list_artifacts(comparisons[0].info.run_id, "report")
    assert [item.path for item in artifacts] == ["report/index.html"]


def test_two_processes_may_create_the_store_at_once(project: Project, store_root: Path) -> None:
    code = "from hansard_bias.tracking import Store; print(Store('x').experiment)"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=store_root, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120)[0].splitlines()[-1] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert answers[0] == answers[1]


def test_parameters_are_flat_and_those_of_the_run(project: Project) -> None:
    params: dict[str, Any] = run_params(project.config, "nunavut", 2)
    assert params["seed"] == 2
    assert params["model.hidden_size"] == 32
    assert "train.seeds" not in params
    assert not any(isinstance(value, dict) for value in params.values())
    assert flatten({"a": {"b": {"c": 1}}, "d": 2}) == {"a.b.c": 1, "d": 2}
