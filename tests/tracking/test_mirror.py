"""Finished results: perplexities and bias ratio beside the parameters, the comparison with page and figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.tracking import Store, record_comparison, training_run
from hansard_bias.tracking.mirror import comparison_measures
from helpers.project import Project


@pytest.fixture
def runs(inside: Project, store_root: Path) -> list[Any]:
    """The runs after the comparison was recorded twice."""
    for _ in range(2):
        record_comparison(inside.config)
    store = Store(inside.config.tracking.experiment)
    return list(store.client.search_runs([store.experiment]))


def of_stage(runs: list[Any], stage: str) -> list[Any]:
    return [run for run in runs if run.data.tags["stage"] == stage]


def test_every_training_has_its_perplexities_and_bias_ratio(inside: Project, runs: list[Any]) -> None:
    trainings = of_stage(runs, "train")
    assert len(trainings) == 6
    bias = json.loads((inside.root / "metrics" / "bias.json").read_text())
    store = Store(inside.config.tracking.experiment)
    for run in trainings:
        expected = bias["runs"][inside.config.row_key(run.data.tags["model"])][run.data.tags["seed"]]
        assert {key: run.data.metrics[f"perplexity.{key}"] for key in expected} == pytest.approx(expected)
        on_corpora = [expected["on_nunavut"], expected["on_canada"]]
        assert run.data.metrics["bias_ratio"] == pytest.approx(max(on_corpora) / min(on_corpora))
        assert run.data.params["train.lr"] == "0.003"
        assert len(store.client.get_metric_history(run.info.run_id, "bias_ratio")) == 1
        assert len(store.client.get_metric_history(run.info.run_id, "train_loss")) == 6


def test_the_comparison_is_one_run_with_measures_page_and_figures(inside: Project, runs: list[Any]) -> None:
    (comparison,) = of_stage(runs, "comparison")
    numbers = comparison.data.metrics
    matrix = json.loads((inside.root / "metrics" / "bias_matrix.json").read_text())
    assert numbers["perplexity.A_nunavut.on_canada"] == pytest.approx(matrix["A_nunavut"]["on_canada"], abs=6e-4)
    assert {"bias_ratio.A_nunavut", "tilt.C_mixed", "excess_nats.B_canada.on_nunavut"} <= set(numbers)
    told = json.loads((inside.root / "metrics" / "bias.json").read_text())["models"]["C_mixed"].get(
        "cultural_bias_rate"
    )
    assert ("cultural_bias_rate.C_mixed.any" in numbers) == (told is not None)
    assert comparison.data.params["train.lr"] == "0.003"
    assert {item.dataset.name for item in comparison.inputs.dataset_inputs} == {"nunavut", "canada", "mixtures"}
    store = Store(inside.config.tracking.experiment)
    artifacts = {item.path for item in store.client.list_artifacts(comparison.info.run_id, "report")}
    assert artifacts == {f"report/{path.name}" for path in (inside.root / "metrics" / "report").iterdir()}
    assert {"report/index.html", "report/matrix.svg", "report/matrix.png"} <= artifacts


def test_the_companion_stands_beside_the_masked_models(inside: Project, runs: list[Any]) -> None:
    (comparison,) = of_stage(runs, "comparison")
    numbers = comparison.data.metrics
    companions = json.loads((inside.root / "metrics" / "bias.json").read_text())["companion"]["models"]
    for measure in ("perplexity", "excess_nats", "bits_per_byte"):
        for row, measures in companions.items():
            for column, cell in measures[measure].items():
                assert numbers[f"companion_{measure}.{row}.{column}"] == pytest.approx(cell["value"])
    assert numbers["companion_tilt.C_mixed"] == pytest.approx(companions["C_mixed"]["tilt"]["value"])
    masked = {name for name in numbers if not name.startswith("companion_")}
    assert {name.removeprefix("companion_") for name in {*numbers} - masked} <= masked


def test_results_without_a_companion_are_mirrored_all_the_same(inside: Project) -> None:
    bias = json.loads((inside.root / "metrics" / "bias.json").read_text())
    with_companion = comparison_measures(bias)
    del bias["companion"]
    assert comparison_measures(bias) == {
        name: value for name, value in with_companion.items() if not name.startswith("companion_")
    }


def test_an_experiment_with_known_results_has_a_comparison_and_no_new_trainings(
    inside: Project, runs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "quiet-otter")
    for _ in range(2):
        record_comparison(inside.config)
    store = Store(inside.config.tracking.experiment)
    now = store.client.search_runs([store.experiment])
    assert len(now) == len(runs) + 1
    assert {run.info.run_name for run in of_stage(now, "comparison")} == {"comparison", "comparison · quiet-otter"}


def test_a_comparison_that_was_cut_off_is_made_anew(inside: Project, store_root: Path) -> None:
    record_comparison(inside.config)
    store = Store(inside.config.tracking.experiment)
    (first,) = of_stage(store.client.search_runs([store.experiment]), "comparison")
    store.client.update_run(first.info.run_id, status="KILLED")
    record_comparison(inside.config)
    (second,) = of_stage(store.client.search_runs([store.experiment]), "comparison")
    assert second.info.run_id != first.info.run_id
    assert second.info.status == "FINISHED"


def test_a_training_whose_end_was_not_logged_is_completed_in_its_own_run(inside: Project, store_root: Path) -> None:
    summary = json.loads((inside.root / "metrics" / "training" / "mixed-1.json").read_text())
    with pytest.raises(KeyboardInterrupt), training_run(inside.config, "mixed", 1, summary["run"]) as run:
        raise KeyboardInterrupt
    record_comparison(inside.config)
    store = Store(inside.config.tracking.experiment)
    completed = store.client.get_run(run.run_id)
    assert completed.info.status == "FINISHED"
    assert completed.data.tags["weights"] == summary["fingerprint"]
    assert completed.data.metrics["bias_ratio"] >= 1
    assert len(of_stage(store.client.search_runs([store.experiment]), "train")) == 6


def test_a_store_that_cannot_be_used_is_a_warning(
    inside: Project, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "mlflow.db").write_text("no database " * 50)
    record_comparison(inside.config)
    (warning,) = capsys.readouterr().err.splitlines()
    assert "cannot be used" in warning and "`hansard-bias backfill` logs them later" in warning
