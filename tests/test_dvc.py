"""The promises of the DVC pipeline, kept by real DVC in a real clone, on the tiny sample with one seed."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dvc_clone import ONE_SEED, Clone, copy_sources, stages_run, tiny_clone
from local_models import save_local_model
from mlflow_pages import Rounded, compare, mlflow_ui
from network_watch import cut_off
from offline_browser import Opener, headless_chromium
from tiny_project import TINY, merged, write_params


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, shipped: dict[str, Any]) -> Clone:
    """The clone after its first `dvc repro`, committed."""
    built = tiny_clone(tmp_path_factory.mktemp("clone"), shipped)
    built.run(*cut_off(), "dvc", "repro")
    built.commit()
    return built


class Experiment(NamedTuple):
    """What was measured before, what DVC printed, what was measured in the experiment."""

    before: Any
    printed: str
    after: Any


@pytest.fixture(scope="module")
def experiment(clone: Clone) -> Experiment:
    """The clone's workspace after `dvc exp run` with another rate, without a network."""
    before = clone.metrics("bias_matrix.json")
    printed = clone.run(*cut_off(), "dvc", "exp", "run", "-S", "train.lr=1e-5")
    return Experiment(before, printed, clone.metrics("bias_matrix.json"))


@pytest.fixture
def opener() -> Iterator[Opener]:
    """A browser that reaches no network."""
    with headless_chromium() as browser:
        opens = Opener(browser)
        yield opens
        opens.close()


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


def test_an_experiment_trains_and_metrics_diff_shows_nine_cells(clone: Clone, experiment: Experiment) -> None:
    trained = {
        f"{stage}@{model}-1" for stage in ("train", "score", "probe") for model in ("nunavut", "canada", "mixed")
    }
    assert stages_run(experiment.printed) == trained | {"check", "bias", "report"}
    difference = json.loads(clone.run("dvc", "metrics", "diff", "--json"))
    assert list(difference) == ["metrics/bias_matrix.json"]
    assert len(difference["metrics/bias_matrix.json"]) == 9
    cell = difference["metrics/bias_matrix.json"]["A_nunavut.on_canada"]
    assert cell["old"] == experiment.before["A_nunavut"]["on_canada"] != cell["new"]
    assert cell["diff"] == pytest.approx(cell["new"] - cell["old"])


def test_a_difference_and_an_experiment_read_well(clone: Clone) -> None:
    """After the experiment: nine cells by name, three decimals, the change; in the table, what was varied."""
    lines = clone.run("dvc", "metrics", "diff").splitlines()
    assert lines[0].split() == ["Path", "Metric", "HEAD", "workspace", "Change"]
    cells = [line.split()[1:] for line in lines[1:] if line]
    assert [name for name, *_ in cells] == sorted(
        f"{row}.on_{column}"
        for row in ("A_nunavut", "B_canada", "C_mixed")
        for column in ("nunavut", "canada", "mixed")
    )
    assert all(re.fullmatch(r"-?\d+(\.\d{1,3})?", number) for _, *numbers in cells for number in numbers)
    header = clone.run("dvc", "exp", "show", "--only-changed", "--drop", ".*/", "--md").splitlines()[0]
    columns = [column.strip() for column in header.strip("|").split("|")]
    assert [column for column in columns if "_" in column] == [
        f"{row}.on_{column}"
        for row in ("A_nunavut", "B_canada", "C_mixed")
        for column in ("nunavut", "canada", "mixed")
    ]
    assert columns[-1] == "train.lr"


def test_plots_of_experiments_are_side_by_side_and_overlaid(clone: Clone) -> None:
    clone.run("dvc", "plots", "diff", "HEAD", "workspace")
    page = (clone.root / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    heatmaps = [line for line in page.splitlines() if '"perplexity": ' in line]
    curves = [line for line in page.splitlines() if '"validation_loss": ' in line]
    assert (len(heatmaps), len(curves)) == (1, 3)
    assert all('"rev": "HEAD"' in drawn and '"rev": "workspace"' in drawn for drawn in [*heatmaps, *curves])


def test_plots_are_drawn_without_a_network(clone: Clone) -> None:
    clone.run("dvc", "plots", "show")
    page = (clone.root / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert "cells.json" in page
    assert page.count("vegaEmbed('#metrics_curves_") == 3
    assert not re.search(r'<script[^>]+src=|<link[^>]+href="http', page)


def test_plots_diff_is_drawn_in_a_browser_without_a_network(
    clone: Clone, experiment: Experiment, opener: Opener
) -> None:
    clone.run("dvc", "plots", "diff", "HEAD")
    opened = opener.file(clone.root / "dvc_plots" / "index.html")
    figures = opened.page.locator(".vega-embed svg.marks")
    opened.page.wait_for_function("document.querySelectorAll('.vega-embed svg.marks').length >= 4")
    assert figures.count() == 4
    matrix, *curves = figures.all()
    shown = set(matrix.locator("text").all_text_contents())
    for cells in (experiment.before, experiment.after):
        assert {f"{value:.3f}" for row in cells.values() for value in row.values()} <= shown
    assert {"HEAD", "workspace"} <= shown
    for curve in curves:
        drawn = [path for path in curve.locator(".mark-line path").all() if path.get_attribute("d")]
        assert len(drawn) >= 2, "one line an experiment"
    assert (opened.requests, opened.errors) == ([], [])


def test_mlflow_shows_two_rates_side_by_side(clone: Clone, experiment: Experiment, opener: Opener) -> None:
    with mlflow_ui(clone.root, clone.environment) as url:
        opened = opener.served(url)
        text = compare(opened, r"^mixed · seed 1( · [a-z]+-[a-z]+)?$")
    assert "Comparing 2 Runs from 1 Experiment" in text
    assert re.search(r"^train\.lr\t(0\.003\t1e-05|1e-05\t0\.003)$", text, re.MULTILINE)
    assert re.search(r"^bias_ratio$", text, re.MULTILINE)
    shown = Rounded(text)
    for cells in (experiment.before["C_mixed"], experiment.after["C_mixed"]):
        for column, value in cells.items():
            assert f"perplexity.{column}" in text
            assert value in shown, column
    assert opened.requests == []


def test_one_training_is_asked_for_and_one_is_run(clone: Clone) -> None:
    clone.restore()
    printed = clone.run("dvc", "repro", "--dry", "--force", "--single-item", "train@nunavut-1")
    assert stages_run(printed) == {"train@nunavut-1"}
    behind = clone.run("dvc", "repro", "--dry", "--force", "--downstream", "train@nunavut-1")
    assert stages_run(behind) == {"train@nunavut-1", "score@nunavut-1", "probe@nunavut-1", "bias", "report"}
    params = clone.root / "params.yaml"
    params.write_text(re.sub(r"\blr: .*", "lr: 0.001", params.read_text(encoding="utf-8")), encoding="utf-8")
    assert stages_run(clone.run("dvc", "repro", "--dry", "train@nunavut-1")) == {"check", "train@nunavut-1"}
    clone.restore()


def queue(clone: Clone, name: str, value: str) -> None:
    """Queue an experiment beside others that are being queued; DVC refuses while another command holds its lock."""
    command = ["dvc", "exp", "run", "--queue", "-n", name, "-S", f"train.lr={value}", "train@nunavut-1"]
    for _ in range(30):
        done = subprocess.run(command, cwd=clone.root, env=clone.environment, capture_output=True, text=True)
        if done.returncode == 0:
            return
        assert "Unable to acquire lock" in done.stderr
        time.sleep(0.5)
    raise AssertionError(done.stderr)


def tip(clone: Clone, name: str) -> str:
    """The commit of an experiment."""
    return re.findall(rf"(\S+) refs/exps/\S+/{name}$", clone.run("git", "show-ref"), flags=re.MULTILINE)[0]


def test_two_workers_lose_nothing(clone: Clone) -> None:
    """Two sweeps queued at once, one with a fox in its name; two workers, and a store that is not there yet."""
    clone.restore()
    for name in ("mlflow.db", ".mlflow.lock"):
        (clone.root / name).unlink(missing_ok=True)
    with ThreadPoolExecutor() as together:
        list(together.map(lambda each: queue(clone, *each), [("fuchs-🦊", "1e-3,2e-3"), ("other", "3e-3")]))
    clone.run("dvc", "queue", "remove", "other")
    clone.run("dvc", "queue", "start", "-j", "2")
    try:
        while re.search("Queued|Running", status := clone.run("dvc", "queue", "status")):
            time.sleep(1)
    finally:
        clone.run("dvc", "queue", "stop", "--kill")
    for name, rate in (("fuchs-🦊-1", "0.001"), ("fuchs-🦊-2", "0.002")):
        assert re.search(rf"{name} .* Success", status), status
        assert f"lr: {rate}\n" in clone.run("git", "show", f"{tip(clone, name)}:params.yaml")
    assert clone.runs() == {f"nunavut · seed 1 · fuchs-🦊-{number}": "FINISHED" for number in (1, 2)}
    assert not list((clone.root / ".checkpoints").iterdir())
    assert clone.run("git", "status", "--short") == ""


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


def test_nothing_is_asked_of_a_network(clone: Clone, experiment: Experiment) -> None:
    """All of `make repro`, `dvc exp run` and whatever else ran in the clone (MLflow's server among it)."""
    for command in ("check", "summary"):
        clone.run("hansard-bias", command)
    seen = "\n".join(clone.watch.processes())
    stages = {stage.split("@")[0] for stage in stages_run(experiment.printed)}
    assert len(stages) == 6
    for stage in sorted(stages | {"sample", "corpus", "align", "tokenizer", "encode"}):
        assert f"hansard-bias {stage}" in seen
    assert "dvc repro" in seen and "dvc exp run" in seen
    assert clone.watch.asked() == []
