"""The promises of the DVC pipeline, kept by real DVC in a real clone, on the tiny sample with one seed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_models import save_local_model
from tiny_project import ROOT, TINY, merged, write_params

ONE_SEED = {"train": {"seeds": [1], "epochs": 1}, "sample": {"speeches": 240}, "tokenizer": {"vocab_size": 500}}


class Clone:
    """A git clone of the project as it stands, with tiny parameters."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        for name in ("DVC_ROOT", "DVC_EXP_NAME", "MLFLOW_TRACKING_URI"):
            self.environment.pop(name, None)

    def run(self, *command: str, code: int = 0) -> str:
        """Run a command in the clone; returns what it printed."""
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code or (code != 0 and done.returncode != 0), done.stdout + done.stderr
        return done.stdout + done.stderr

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "state")

    def metrics(self, name: str) -> Any:
        return json.loads((self.root / "metrics" / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, shipped: dict[str, Any]) -> Clone:
    """The clone after its first `dvc repro`, committed."""
    folder = tmp_path_factory.mktemp("clone")
    built = Clone(folder)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith("metrics/") and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    write_params(folder, merged(merged(shipped, TINY), ONE_SEED))
    built.run("git", "init", "-q")
    built.run("hansard-bias", "plots-page")
    built.run("dvc", "repro")
    built.commit()
    return built


def stages_run(printed: str) -> set[str]:
    return set(re.findall(r"Running stage '([^']+)'", printed))


def test_nothing_to_do(clone: Clone) -> None:
    assert "Data and pipelines are up to date" in clone.run("dvc", "repro")


def test_results_are_in_git_and_data_is_not(clone: Clone) -> None:
    tracked = clone.run("git", "ls-files").split()
    for name in ("metrics/bias_matrix.json", "metrics/report/index.html", "metrics/curves/mixed-1.csv", "dvc.lock"):
        assert name in tracked
    outside = [name for name in tracked if re.match(r"(data/(?!probes/)|models/|\.checkpoints/|mlflow)", name)]
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
    params = clone.root / "params.yaml"
    good = params.read_text(encoding="utf-8")
    params.write_text(re.sub(r"\blr: .*", 'lr: "1e-05"', good), encoding="utf-8")
    try:
        printed = clone.run("dvc", "repro", code=1)
    finally:
        params.write_text(good, encoding="utf-8")
    assert stages_run(printed) == {"check"}
    assert "train.lr is '1e-05', expected a number" in printed
    assert clone.metrics("bias_matrix.json")
    assert (clone.root / "models" / "mixed-1" / "model.safetensors").is_file()
    assert "check" in clone.run("dvc", "repro") or clone.run("git", "status", "--short") == ""


def test_a_vocabulary_that_the_text_cannot_fill_leaves_the_tokenizer(clone: Clone) -> None:
    params = clone.root / "params.yaml"
    good = params.read_text(encoding="utf-8")
    before = (clone.root / "models" / "tokenizer" / "tokenizer.json").read_bytes()
    params.write_text(good.replace("vocab_size: 500", "vocab_size: 60000"), encoding="utf-8")
    try:
        printed = clone.run("dvc", "repro", code=1)
    finally:
        params.write_text(good, encoding="utf-8")
    assert "tokenizer.vocab_size is 60000, expected at most" in printed
    assert (clone.root / "models" / "tokenizer" / "tokenizer.json").read_bytes() == before
    clone.run("dvc", "repro")
    assert clone.run("git", "status", "--short") == ""


def test_a_model_to_continue_from_and_its_files_are_dependencies(clone: Clone, tmp_path: Path) -> None:
    start = save_local_model("bert", tmp_path / "start", ["The member asks about roads and schools."])
    params = clone.root / "params.yaml"
    good = params.read_text(encoding="utf-8")
    params.write_text(re.sub(r"\binit: .*", f"init: {start}", good), encoding="utf-8")
    try:
        assert stages_run(clone.run("dvc", "repro", "--dry")) >= {"check", "tokenizer", "train@mixed-1"}
        clone.run("dvc", "repro", "check")
        before = (clone.root / "data" / "initial.json").read_bytes()
        (start / "config.json").write_text((start / "config.json").read_text() + "\n", encoding="utf-8")
        clone.run("dvc", "repro", "--force", "--single-item", "check")
        assert (clone.root / "data" / "initial.json").read_bytes() != before
    finally:
        params.write_text(good, encoding="utf-8")
    clone.run("dvc", "repro")
    assert clone.run("git", "status", "--short") == ""


def test_an_experiment_trains_and_metrics_diff_shows_nine_cells(clone: Clone) -> None:
    old = clone.metrics("bias_matrix.json")
    printed = clone.run("dvc", "exp", "run", "-S", "train.lr=1e-5")
    trained = {
        f"{stage}@{model}-1" for stage in ("train", "score", "probe") for model in ("nunavut", "canada", "mixed")
    }
    assert stages_run(printed) == trained | {"check", "bias", "report"}
    difference = json.loads(clone.run("dvc", "metrics", "diff", "--json"))
    assert list(difference) == ["metrics/bias_matrix.json"]
    assert len(difference["metrics/bias_matrix.json"]) == 9
    cell = difference["metrics/bias_matrix.json"]["A_nunavut.on_canada"]
    assert cell["old"] == old["A_nunavut"]["on_canada"] != cell["new"]
    assert cell["diff"] == pytest.approx(cell["new"] - cell["old"])


def test_plots_are_drawn_without_a_network(clone: Clone) -> None:
    clone.run("dvc", "plots", "show")
    page = (clone.root / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert "cells.json" in page
    assert page.count("vegaEmbed('#metrics_curves_") == 3
    assert not re.search(r'<script[^>]+src=|<link[^>]+href="http', page)
