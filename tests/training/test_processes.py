"""Several processes: the updates of one, and a run that outlives them whatever their number."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from hansard_bias import cli, tracking
from hansard_bias.pipeline import train
from hansard_bias.training.run_key import RunIdentity
from hansard_bias.training.state import RunLog, Silent
from helpers.launch import ARCHITECTURE, Stops, launch, run_training, training_configuration, write_training_inputs

UPDATES = 30


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run names its folder in the environment."""
    monkeypatch.setenv("DVC_ROOT", ".")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return write_training_inputs(tmp_path / "run")


@pytest.fixture(scope="module", params=["modernbert", "bert"])
def architecture(request: Any) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ARCHITECTURE, request.param)
        yield request.param


@pytest.fixture(scope="module")
def alone(architecture: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of one process that nothing disturbs."""
    root = write_training_inputs(tmp_path_factory.mktemp(architecture))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_ROOT", str(root))
        run_training(root)
    return root


def two_processes(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return launch("train", folder, *arguments, processes=2)


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics/training/nunavut-1.json").read_text())
    return found


def assert_same_run(folder: Path, alone: Path) -> None:
    """Losses and weights agree within rounding, counts exactly; the architecture is the one that was asked for."""
    kind = json.loads((alone / "models/nunavut-1/config.json").read_text(encoding="utf-8"))["model_type"]
    assert kind == os.environ[ARCHITECTURE]
    for key in ("updates", "tokens", "best_update", "stopped_by", "skipped_updates"):
        assert summary(folder)[key] == summary(alone)[key], key
    curves = [
        list(csv.DictReader((root / "metrics/curves/nunavut-1.csv").open(encoding="utf-8"))) for root in (folder, alone)
    ]
    for ours, theirs in zip(*curves, strict=True):
        assert {name: float(value) for name, value in ours.items()} == pytest.approx(
            {name: float(value) for name, value in theirs.items()}, rel=1e-5
        )
    ours, theirs = (load_file(root / "models/nunavut-1/model.safetensors") for root in (folder, alone))
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-3, atol=1e-4, msg=name)


def test_two_processes_go_on_from_one_and_end_as_one(folder: Path, alone: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_training(folder, Stops(6))
    done = two_processes(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"resumed at update 4 of {UPDATES}") == 1
    assert done.stdout.count(f"update {UPDATES}/{UPDATES}") == 1
    assert_same_run(folder, alone)
    assert not list((folder / ".checkpoints").iterdir())


def test_a_killed_process_ends_the_other_and_one_alone_goes_on(
    folder: Path, alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = two_processes(folder, "--die")
    assert ended.returncode != 0
    assert "SIGKILL" in ended.stderr
    assert not (folder / "models/nunavut-1").exists()
    run_training(folder)
    assert "resumed at update" in capsys.readouterr().out
    assert_same_run(folder, alone)


def test_too_many_processes_are_refused_before_they_wait_for_each_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accelerator, "num_processes", property(lambda self: 11))
    with pytest.raises(ValueError, match=r"11 processes share updates of \d speech windows.*train\.batch_size \(10\)"):
        run_training(folder)


def test_processes_that_found_different_checkpoints_do_not_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Accelerator, "gather", lambda self, mine: torch.cat([mine, mine + 4]))
    with pytest.raises(ValueError, match=r"updates \[0, 4\], expected one; .*one shared project folder"):
        run_training(folder)


@pytest.mark.parametrize("main", [True, False])
def test_the_main_process_alone_tracks(main: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    logs: list[RunLog] = []
    tracked = MagicMock()
    monkeypatch.setattr(cli, "run_config", lambda stage, model, seed: training_configuration())
    monkeypatch.setattr(tracking, "training_run", tracked)
    monkeypatch.setattr(train, "is_main_process", lambda: main)
    monkeypatch.setattr(train, "identify", lambda *arguments: RunIdentity("nunavut-1"))
    monkeypatch.setattr(train, "held", held := MagicMock())
    monkeypatch.setattr(train, "train", lambda config, model, seed, log, **options: logs.append(log) or {"tokens": 1})
    cli.train("nunavut", 1)
    assert tracked.called == held.called == main
    assert isinstance(logs[0], Silent) != main
    if main:
        assert tracked.call_args.args[1:] == ("nunavut", 1, RunIdentity("nunavut-1").key)
        tracked.return_value.__enter__.return_value.finish.assert_called_once_with({"tokens": 1})
