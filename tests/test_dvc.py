"""The promises of the DVC pipeline, kept by real DVC in a real clone, on the tiny sample with one seed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from helpers.dvc_clone import ONE_SEED, Clone, copy_sources, stages_run
from helpers.local_models import save_local_model
from helpers.project import TINY, merged, write_params


def test_nothing_to_do(clone: Clone) -> None:
    assert "Data and pipelines are up to date" in clone.run("dvc", "repro")


def test_results_are_in_git_and_data_and_the_page_are_not(clone: Clone) -> None:
    tracked = clone.run("git", "ls-files").split()
    for name in ("metrics/bias_matrix.json", "metrics/matrix.svg", "metrics/curves/mixed-1.csv", "dvc.lock"):
        assert name in tracked
    assert (clone.root / "metrics/report/index.html").is_file()
    pattern = r"(data/(?!probes/)|models/|metrics/report/|\.checkpoints/|mlflow)"
    outside = [name for name in tracked if re.match(pattern, name)]
    assert outside == []
    assert not list((clone.root / ".checkpoints").glob("*/update-*"))


def test_a_clone_without_data_knows_that_it_is_up_to_date(clone: Clone, tmp_path: Path) -> None:
    """Folder dependencies must not break --allow-missing."""
    clone.run("git", "clone", "-q", ".", str(tmp_path / "second"))
    second = Clone(tmp_path / "second")
    assert stages_run(second.run("dvc", "repro", "--allow-missing", "--dry")) == set()


def test_the_calibration_is_a_pipeline_of_its_own(clone: Clone) -> None:
    assert not (clone.root / "data" / "calibration").exists()
    assert "calibration" not in clone.run("dvc", "dag", "report") + clone.run("dvc", "metrics", "show")
    assert clone.run("dvc", "status", "dvc.yaml").strip() == "Data and pipelines are up to date."
    assert "hansard-bias calibrate base" in clone.run("dvc", "repro", "--dry", "calibration/dvc.yaml:base")


def test_a_mistake_stops_before_any_stage_and_harms_nothing(clone: Clone) -> None:
    with clone.changed(r"\blr: .*", 'lr: "1e-05"'):
        printed = clone.run("dvc", "repro", code=1)
    assert stages_run(printed) == {"check"}
    assert "train.lr is '1e-05', expected a number" in printed
    assert clone.metrics("bias_matrix.json")
    assert (clone.root / "models" / "mixed-1" / "model.safetensors").is_file()
    assert "check" in clone.run("dvc", "repro") or clone.run("git", "status", "--short") == ""


def test_a_vocabulary_that_the_text_cannot_fill_leaves_the_tokenizer(clone: Clone) -> None:
    before = (clone.root / "models" / "tokenizer" / "tokenizer.json").read_bytes()
    with clone.changed("vocab_size: 500", "vocab_size: 60000"):
        printed = clone.run("dvc", "repro", code=1)
    assert "tokenizer.vocab_size is 60000, expected at most" in printed
    assert (clone.root / "models" / "tokenizer" / "tokenizer.json").read_bytes() == before
    clone.run("dvc", "repro")
    assert clone.run("git", "status", "--short") == ""


def test_a_model_to_continue_from_and_its_files_are_dependencies(clone: Clone, tmp_path: Path) -> None:
    start = save_local_model("bert", tmp_path / "start", ["The member asks about roads and schools."])
    with clone.changed(r"\binit: .*", f"init: {start}"):
        assert stages_run(clone.run("dvc", "repro", "--dry")) >= {"check", "tokenizer"}
        clone.run("dvc", "repro", "check")
        # What trainings depend on of `model` is in a file of check's.
        assert stages_run(clone.run("dvc", "repro", "--dry")) >= {"tokenizer", "train@mixed-1"}
        before = (clone.root / "data" / "initial.json").read_bytes()
        (start / "config.json").write_text((start / "config.json").read_text() + "\n", encoding="utf-8")
        clone.run("dvc", "repro", "--force", "--single-item", "check")
        assert (clone.root / "data" / "initial.json").read_bytes() != before
    clone.run("dvc", "repro")
    assert clone.run("git", "status", "--short") == ""


def test_plots_are_drawn_without_a_network(clone: Clone) -> None:
    clone.run("dvc", "plots", "show")
    page = (clone.root / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert "cells.json" in page
    assert page.count("vegaEmbed('#metrics_curves_") == 3
    assert not re.search(r'<script[^>]+src=|<link[^>]+href="http', page)


def test_one_training_is_asked_for_and_one_is_run(clone: Clone) -> None:
    clone.restore()
    printed = clone.run("dvc", "repro", "--dry", "--force", "--single-item", "train@nunavut-1")
    assert stages_run(printed) == {"train@nunavut-1"}
    behind = clone.run("dvc", "repro", "--dry", "--force", "--downstream", "train@nunavut-1")
    assert stages_run(behind) == {"train@nunavut-1", "score@nunavut-1", "probe@nunavut-1", "bias", "report"}
    with clone.changed(r"\blr: .*", "lr: 0.001"):
        assert stages_run(clone.run("dvc", "repro", "--dry", "train@nunavut-1")) == {"check", "train@nunavut-1"}


@pytest.mark.parametrize("name", ["wide/sweep", "wide sweep", "../sweep"])
def test_a_name_that_git_cannot_take_changes_nothing(clone: Clone, name: str) -> None:
    clone.restore()
    assert f"Invalid exp name {name}" in clone.run("dvc", "exp", "run", "-n", name, "-S", "train.lr=1e-4", code=1)
    assert clone.run("git", "status", "--short") == ""


def test_a_remote_brings_a_clone_everything(clone: Clone, tmp_path: Path) -> None:
    clone.restore()
    clone.run("dvc", "remote", "add", "--local", "--default", "team", str(tmp_path / "remote"))
    clone.run("dvc", "push")
    clone.run("git", "clone", "-q", ".", str(tmp_path / "colleague"))
    colleague = Clone(tmp_path / "colleague")
    colleague.run("dvc", "remote", "add", "--local", "--default", "team", str(tmp_path / "remote"))
    colleague.run("dvc", "pull")
    assert "Data and pipelines are up to date" in colleague.run("dvc", "repro")
    assert (colleague.root / "models" / "mixed-1" / "model.safetensors").is_file()


def test_outside_git_dvc_works_without_it(tmp_path: Path, shipped: dict[str, Any]) -> None:
    copy_sources(tmp_path)
    write_params(tmp_path, merged(merged(shipped, TINY), ONE_SEED))
    outside = Clone(tmp_path)
    assert "is not a git repository" in outside.run("dvc", "status", code=1)
    outside.run("dvc", "config", "--local", "core.no_scm", "true")
    assert stages_run(outside.run("dvc", "repro", "check")) == {"check"}
