"""Experiments by real DVC in a real clone, side by side in DVC and MLflow, on the tiny sample with one seed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from helpers.dvc_clone import Clone, stages_run
from helpers.mlflow_pages import Rounded, compare, mlflow_ui
from helpers.network_watch import cut_off
from helpers.offline_browser import Opener, headless_chromium


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
        # The companions are in the file, not in the figure.
        rows = [row for name, row in cells.items() if name != "companion"]
        assert {f"{value:.3f}" for row in rows for value in row.values()} <= shown
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


def queue(clone: Clone, name: str, value: str) -> None:
    """Queue an experiment beside others that are being queued; DVC refuses while another command holds its lock."""
    command = ["dvc", "exp", "run", "--queue", "-n", name, "-S", f"train.lr={value}", "train@nunavut-1"]
    for _ in range(30):
        done = clone.attempt(*command)
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
