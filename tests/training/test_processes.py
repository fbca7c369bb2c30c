"""Several processes: the updates of one, and a run that outlives them whatever their number."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

import small_run
from hansard_bias import cli, tracking
from hansard_bias.base import parallel
from hansard_bias.pipeline import train
from hansard_bias.training.run_key import RunIdentity
from hansard_bias.training.state import RunLog, Silent

TESTS = Path(small_run.__file__).parent
UPDATES = 30


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run names its folder in the environment."""
    monkeypatch.setenv("DVC_ROOT", ".")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return small_run.write_inputs(tmp_path / "run")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of one process that nothing disturbs."""
    root = small_run.write_inputs(tmp_path_factory.mktemp("alone"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_ROOT", str(root))
        small_run.run(root)
    return root


def two_processes(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command += [str(TESTS / "small_run.py"), str(folder), *arguments]
    surroundings = {"CUDA_VISIBLE_DEVICES": "", "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    paths = [str(TESTS), str(TESTS.parent / "src")]
    surroundings |= {"PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(command, env=os.environ | surroundings, capture_output=True, text=True, timeout=60)


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics/training/nunavut-1.json").read_text())
    return found


def assert_same_run(folder: Path, alone: Path) -> None:
    """Losses and weights agree within rounding, counts exactly."""
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
        small_run.run(folder, small_run.Stops(6))
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
    small_run.run(folder)
    assert "resumed at update" in capsys.readouterr().out
    assert_same_run(folder, alone)


def test_too_many_processes_are_refused_before_they_wait_for_each_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accelerator, "num_processes", property(lambda self: 11))
    with pytest.raises(ValueError, match=r"11 processes share updates of \d speech windows.*train\.batch_size \(10\)"):
        small_run.run(folder)


def test_processes_that_found_different_checkpoints_do_not_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Accelerator, "gather", lambda self, mine: torch.cat([mine, mine + 4]))
    with pytest.raises(ValueError, match=r"updates \[0, 4\], expected one; .*one shared project folder"):
        small_run.run(folder)


@pytest.mark.parametrize("main", [True, False])
def test_the_main_process_alone_tracks(main: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    logs: list[RunLog] = []
    tracked = MagicMock()
    monkeypatch.setattr(cli, "load_config", small_run.configuration)
    monkeypatch.setattr(parallel, "is_main_process", lambda: main)
    monkeypatch.setattr(tracking, "training_run", tracked)
    monkeypatch.setattr(train, "run_identity", lambda *arguments, **options: RunIdentity("nunavut-1"))
    monkeypatch.setattr(train, "held", held := MagicMock())
    monkeypatch.setattr(train, "train", lambda config, model, seed, log, **options: logs.append(log) or {"tokens": 1})
    monkeypatch.setattr(cli, "die_with_dvc", lambda: None)
    cli.train("nunavut", 1)
    assert tracked.called == held.called == main
    assert isinstance(logs[0], Silent) != main
