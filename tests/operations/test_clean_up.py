"""What may go and what must stay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hansard_bias.base.work import locked
from hansard_bias.cli import main
from hansard_bias.operations.clean_up import clean, experiment_storage, resumable
from helpers.project import Project


@pytest.fixture
def littered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an old checkpoint, an old workspace and an old broken-off file."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    for file in (".checkpoints/train-a/state", ".dvc/tmp/exps/standalone/tmpx/params.yaml", "data/scores/m.partial"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"x" * 1000)
    age(tmp_path, 10)
    return tmp_path


def age(folder: Path, days: float) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - days * 86400,) * 2)


def test_old_leftovers_go_and_are_counted(littered: Path) -> None:
    os.link(littered / "data/scores/m.partial", littered / "elsewhere")
    removed, kept = clean(7)
    assert [(each.kind, each.path.name, each.size) for each in removed] == [
        ("checkpoints", "train-a", 1000),
        ("workspace", "tmpx", 1000),
        ("broken-off file", "m.partial", 0),
    ]
    assert not kept
    assert not any(each.path.exists() for each in removed)
    assert (littered / "elsewhere").is_file()


def test_young_ones_and_those_of_the_next_run_stay(littered: Path) -> None:
    removed, kept = clean(11, keep=["train-a"])
    assert not removed
    assert "next run of params.yaml" in kept[0]
    assert "touched 10.0 days ago (--days 10 removes it)" in kept[1]


def test_what_a_process_works_with_stays(littered: Path) -> None:
    script = "import sys; handle = open('../../../../../data/scores/m.partial'); print(flush=True); sys.stdin.read()"
    workspace = littered / ".dvc/tmp/exps/standalone/tmpx"
    with locked(littered / ".checkpoints" / "train-a", "training"):
        worker = subprocess.Popen(
            [sys.executable, "-c", script], cwd=workspace, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert worker.stdout is not None
        worker.stdout.readline()
        removed, kept = clean(0)
        worker.communicate()
    assert not removed
    assert [line.rsplit(": ", 1)[1] for line in kept] == ["in use"] * 3


def test_a_training_of_params_yaml_keeps_its_checkpoints(
    inside: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    own = resumable(inside.config)
    assert len(set(own)) == 6
    for name in (own[0], "train-of-another"):
        (inside.root / ".checkpoints" / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "argv", ["hansard-bias", "clean", "--days", "0"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert f"kept .checkpoints/{own[0]}: the next run of params.yaml goes on from it" in printed
    assert "removed checkpoints .checkpoints/train-of-another" in printed
    shutil.rmtree(inside.root / ".checkpoints")


def test_a_project_without_leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert clean(0) == ([], [])


def test_what_only_its_owner_can_judge_is_named_and_stays(littered: Path) -> None:
    assert list(experiment_storage()) == []
    for name in (".dvc/cache/files/md5/ab/cd", "mlflow.db", "mlartifacts/run/page"):
        (littered / name).parent.mkdir(parents=True, exist_ok=True)
        (littered / name).write_bytes(b"x" * 1_500_000)
    age(littered, 10)
    clean(7)
    cache, runs = experiment_storage()
    assert cache.startswith(".dvc/cache: 1.5 MB") and "`dvc gc --all-commits --all-experiments`" in cache
    assert runs.startswith("mlflow.db and mlartifacts: 3.0 MB") and "mlflow gc --backend-store-uri" in runs
