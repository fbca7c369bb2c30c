"""What metrics/ says, in MLflow's terms."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.tracking import Results, Training, flatten
from helpers.project import Project


def test_parameters_are_flat_and_those_of_the_run(project: Project) -> None:
    params: dict[str, Any] = Training(Results(project.config), "nunavut", 2).params()
    assert params["seed"] == 2
    assert params["model.hidden_size"] == 32
    assert "train.seeds" not in params
    assert not any(isinstance(value, dict) for value in params.values())
    assert flatten({"a": {"b": {"c": 1}}, "d": 2}) == {"a.b.c": 1, "d": 2}


def test_a_run_is_named_after_the_experiment_where_there_is_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    assert Training(Results.here(project.config), "mixed", 2).title == "mixed · seed 2"
    monkeypatch.setenv("DVC_EXP_NAME", "quiet-otter")
    assert Training(Results.here(project.config), "mixed", 2).title == "mixed · seed 2 · quiet-otter"


def test_data_sets_have_the_digests_of_their_files(project: Project) -> None:
    found = {data.name: data for data in Results(project.config, project.root).datasets(["nunavut", "canada"])}
    assert set(found) == {"nunavut", "canada", "mixtures"}
    for data in found.values():
        content = (project.root / data.path).read_bytes()
        assert hashlib.sha256(content).hexdigest().startswith(data.digest)
        assert len(data.digest) == 32
    assert found["nunavut"].profile["speeches"] > 0


def test_the_card_of_the_weights_comes_without_the_header_for_programs(project: Project, tmp_path: Path) -> None:
    results = Results(project.config, project.root)
    training = Training(results, "mixed", 1)
    weights = training.summary()["fingerprint"]
    card = training.card(weights)
    assert card.startswith("# mixed · seed 1")
    assert "license:" not in card
    assert training.card("e" * 64) == "", "the folder holds other weights"
    assert replace(training, results=Results(project.config, tmp_path)).card(weights) == ""
    assert replace(training, results=Results(project.config, tmp_path, home=project.root)).card(weights) == card


LOCK = """schema: '2.0'
stages:
  train@mixed-1:
    cmd: hansard-bias train mixed 1
    deps:
    - path: data/encoded
      hash: md5
      md5: 11.dir
    outs:
    - path: models/mixed-1
      hash: md5
      md5: 22.dir
      size: 5
  score@mixed-1:
    cmd: hansard-bias score mixed 1
    deps:
    - path: models/mixed-1
      hash: md5
      md5: 33.dir
"""


def test_what_dvc_says_of_an_output(project: Project, tmp_path: Path) -> None:
    results = Results(project.config, tmp_path)
    assert results.locked("train@mixed-1", Path("models/mixed-1")) == ""
    (tmp_path / "dvc.lock").write_text(LOCK)
    assert results.locked("train@mixed-1", Path("models/mixed-1")) == "22.dir"
    assert results.locked("score@mixed-1", Path("models/mixed-1")) == "33.dir"
    assert results.locked("train@mixed-2", Path("models/mixed-2")) == ""
