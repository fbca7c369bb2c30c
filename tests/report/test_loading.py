from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hansard_bias.params import Config
from hansard_bias.report.results import Results, load_results
from hansard_bias.statistics.intervals import Interval


def test_everything_written_is_read_back(load: Callable[..., Results], config: Config) -> None:
    results = load()
    assert set(results.cells) == {(model, column) for model in config.models for column in config.columns()}
    assert results.perplexity("nunavut", "nunavut").value == pytest.approx(24.0)
    assert results.excess("nunavut", "nunavut") == Interval(0.0, 0.0, 0.0)
    assert results.excess("canada", "nunavut") == Interval(0.6, 0.5, 0.7)
    assert results.measures("mixed").tilt is not None
    assert results.measures("canada").tilt is None
    assert [(run.model, run.seed) for run in results.runs][:2] == [("nunavut", 1), ("nunavut", 2)]
    assert len(results.runs[0].curve) == 300
    assert sum(point.validation_loss is not None for point in results.runs[0].curve) == 12


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("bias.json", "bias"),
        ("bias_matrix.json", "bias"),
        ("cells.json", "bias"),
        ("alignment.json", "align"),
        ("corpora/canada.json", "corpus@canada"),
        ("training/mixed-2.json", "train@mixed-2"),
    ],
)
def test_a_missing_file_names_itself_and_its_stage(
    load: Callable[..., Results], config: Config, tmp_path: Path, name: str, stage: str
) -> None:
    load()
    (tmp_path / "metrics" / name).unlink()
    with pytest.raises(ValueError) as error:
        load_results(tmp_path / "metrics", config)
    message = str(error.value)
    assert name in message and f"dvc repro {stage}" in message and "\n" not in message


def test_a_missing_curve_costs_its_lines_and_no_more(
    load: Callable[..., Results], config: Config, tmp_path: Path
) -> None:
    assert load().missing == ()
    (tmp_path / "metrics" / "curves" / "mixed-2.csv").unlink()
    results = load_results(tmp_path / "metrics", config)
    (line,) = results.missing
    assert "mixed-2.csv: no such file" in line and "dvc repro train@mixed-2" in line and "\n" not in line
    assert [run.seed for run in results.runs if run.model == "mixed" and not run.curve] == [2]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("alignment.json", "{", "not valid JSON"),
        ("bias.json", "[]", "holds results of before they had a schema"),
        ("bias.json", '{"schema": 0}', "holds schema 0"),
        ("training/nunavut-1.json", '{"tokens": 1}', "updates is "),
        ("curves/nunavut-1.csv", "step,loss\n1,2\n", "columns are 'step, loss'"),
        (
            "curves/nunavut-1.csv",
            "update,epoch,learning_rate,train_loss,validation_loss\n1,0,0,high,\n",
            "nunavut-1.csv:2: ",
        ),
    ],
)
def test_a_broken_file_is_one_line(
    load: Callable[..., Results], config: Config, tmp_path: Path, name: str, content: str, expected: str
) -> None:
    load()
    (tmp_path / "metrics" / name).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError) as error:
        load_results(tmp_path / "metrics", config)
    assert expected in str(error.value) and name in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["bias.json", "bias_matrix.json", "cells.json"])
def test_metrics_of_another_configuration_are_refused(
    load: Callable[..., Results], configure: Callable[..., Config], tmp_path: Path, name: str
) -> None:
    few = {"nunavut": ("A", {"nunavut": 1.0}), "canada": ("B", {"canada": 1.0})}
    corpora = {"nunavut": "A", "canada": "B"}
    load(of=configure(corpora, few, (1,)))
    stale = (tmp_path / "metrics" / name).read_text(encoding="utf-8")
    wanted = configure(corpora, few | {"even": ("E", {"nunavut": 0.5, "canada": 0.5})}, (1,))
    load(of=wanted)
    (tmp_path / "metrics" / name).write_text(stale, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{name}: holds no .*even.*dvc repro bias"):
        load_results(tmp_path / "metrics", wanted)


def test_a_rounded_matrix_does_not_round_the_page(load: Callable[..., Results], config: Config, tmp_path: Path) -> None:
    exact = load().cells
    path = tmp_path / "metrics" / "bias_matrix.json"
    rounded = {
        row: {name: round(value) for name, value in cells.items()}
        for row, cells in json.loads(path.read_text()).items()
    }
    path.write_text(json.dumps(rounded), encoding="utf-8")
    assert load_results(tmp_path / "metrics", config).cells == exact


def test_a_missing_column_of_the_matrix_is_named(load: Callable[..., Results], config: Config, tmp_path: Path) -> None:
    load()
    path = tmp_path / "metrics" / "bias_matrix.json"
    matrix = json.loads(path.read_text(encoding="utf-8"))
    del matrix["B_canada"]["on_mixed"]
    path.write_text(json.dumps(matrix), encoding="utf-8")
    with pytest.raises(ValueError, match="on_mixed"):
        load_results(tmp_path / "metrics", config)
