"""Trainings killed at awkward moments end, after the next start, with the bits of one that was never disturbed."""

from __future__ import annotations

import json
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.training_host import Host, build

TIMES = ("wall_seconds", "tokens_per_second", "model_flop_utilisation", "peak_memory_bytes")
TRAIN = ("train", "mixed", "1")


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    running = Host()
    yield running
    running.close()


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, shipped: dict[str, Any]) -> Path:
    return build(tmp_path_factory.mktemp("ready"), shipped)


@pytest.fixture
def folder(ready: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ready, tmp_path / "project", symlinks=True))


@pytest.fixture(scope="module")
def undisturbed(host: Host, ready: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("undisturbed") / "project"
    shutil.copytree(ready, place, symlinks=True)
    assert host.train(place) == 0, (place / "err.txt").read_text()
    found = results(place)
    # The result is the best weights: the last ones here, so that nothing of the run goes uncompared.
    assert found["summary"]["best_update"] == found["summary"]["updates"] == 36
    return found


def results(place: Path) -> dict[str, Any]:
    """Weights, curve and summary of a finished training, times left out."""
    summary = json.loads((place / "metrics" / "training" / "mixed-1.json").read_text())
    return {
        "weights": (place / "models" / "mixed-1" / "model.safetensors").read_bytes(),
        "curve": (place / "metrics" / "curves" / "mixed-1.csv").read_text(),
        "summary": {key: value for key, value in summary.items() if key not in TIMES},
    }


def saved(place: Path) -> list[Path]:
    return sorted(place.glob(".checkpoints/*/update-*"))


def lines(place: Path, stream: str = "out.txt") -> list[str]:
    return (place / stream).read_text().splitlines()


@pytest.mark.parametrize(
    ("moment", "call", "resumed"),
    [("update", 13, 10), ("evaluation", 5, 15), ("curve", 5, 15), ("save", 4, 15), ("prune", 7, 15)],
)
def test_killed_in_the_middle(
    host: Host, folder: Path, undisturbed: dict[str, Any], moment: str, call: int, resumed: int
) -> None:
    assert host.train(folder, moment, call, signal.SIGKILL) == -signal.SIGKILL
    assert not (folder / "models" / "mixed-1").exists()
    assert bool(list(folder.glob(".checkpoints/*/partial-*"))) == (moment == "save")
    assert host.train(folder) == 0
    assert lines(folder)[0] == f"resumed at update {resumed} of 36"
    assert results(folder) == undisturbed
    assert not any((folder / ".checkpoints").iterdir())


def test_power_lost_while_the_newest_checkpoint_was_written(
    host: Host, folder: Path, undisturbed: dict[str, Any]
) -> None:
    host.train(folder, "update", 13, signal.SIGKILL)
    newest = saved(folder)[-1] / "tensors.safetensors"
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    assert host.train(folder) == 0
    assert lines(folder)[0] == "resumed at update 5 of 36"
    assert results(folder) == undisturbed


def test_signals_save_first(host: Host, folder: Path, undisturbed: dict[str, Any]) -> None:
    """SIGTERM before an evaluation that is due, Ctrl-C in an evaluation; then to the end."""
    store = folder / "mlflow.db"
    for hook, status, said in (
        (("update", 8, signal.SIGTERM), 143, "stopped by SIGTERM at update 8 of 36"),
        (("evaluation", 2, signal.SIGINT), 130, "stopped by Ctrl-C at update 13 of 36"),
    ):
        assert host.train(folder, *hook, arguments=TRAIN) == status
        told = [line for line in lines(folder, "err.txt") if "warning" not in line]
        update = saved(folder)[-1].name.removeprefix("update-").lstrip("0")
        assert told == [f"hansard-bias: {said}; the same command goes on from update {update}"]
        assert said.endswith(f"update {update} of 36")
        with sqlite3.connect(store) as database:
            assert database.execute("select status from runs").fetchall() == [("KILLED",)]
    assert host.train(folder, arguments=TRAIN) == 0
    assert lines(folder)[0] == "resumed at update 13 of 36"
    assert results(folder) == undisturbed
    with sqlite3.connect(store) as database:
        assert database.execute("select status from runs").fetchall() == [("FINISHED",)]


def test_a_second_trainer_is_refused_and_the_first_goes_on(
    host: Host, folder: Path, undisturbed: dict[str, Any]
) -> None:
    first = host.ask(folder=folder, hook=["update", 7, signal.SIGSTOP])
    assert first["status"] == signal.SIGSTOP
    assert host.train(folder, arguments=TRAIN) == 2
    refused = lines(folder, "err.txt")
    assert len(refused) == 1
    assert "another process is training this very run; wait for it or stop it" in refused[0]
    assert not (folder / "mlflow.db").exists()
    assert host.ask(**{"continue": first["pid"]}) == {"pid": first["pid"], "status": 0}
    assert results(folder) == undisturbed


def test_a_named_checkpoint(host: Host, folder: Path, undisturbed: dict[str, Any]) -> None:
    """An older one of the run itself changes nothing; one of another run is taken, and told."""
    assert host.train(folder, "update", 13, signal.SIGKILL) == -signal.SIGKILL
    older = saved(folder)[0]
    elsewhere = folder / "kept"
    shutil.copytree(older, elsewhere)
    assert host.train(folder, resume_from=older) == 0
    assert lines(folder)[0] == "resumed at update 5 of 36"
    assert results(folder) == undisturbed
    params = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(params.replace("lr: 0.003", "lr: 0.002"))
    other = {"seed": 2, "resume_from": elsewhere}
    assert host.train(folder, "update", 7, signal.SIGKILL, **other) == -signal.SIGKILL
    assert host.train(folder, **other) == 0
    said = "from a checkpoint of another run, mixed-1: other model or seed, parameters"
    assert lines(folder)[0] == f"resumed at update 10 of 36 ({said})"
    summary = json.loads((folder / "metrics" / "training" / "mixed-2.json").read_text())
    assert summary["started_from"] == said
    assert summary["best_update"] == 36


def test_an_unfinished_run_of_other_code_is_left_alone_and_told(
    host: Host, folder: Path, undisturbed: dict[str, Any]
) -> None:
    """The digest is that of an edited source: nothing is resumed, the result is that of a run from the beginning."""
    assert host.train(folder, "update", 13, signal.SIGKILL, digest="of another loop") == -signal.SIGKILL
    other = saved(folder)
    assert host.train(folder) == 0
    assert lines(folder)[0] == "mixed-1 starts anew: an unfinished run has other code"
    assert lines(folder)[1].startswith("update 4/36")
    assert results(folder) == undisturbed
    assert saved(folder) == other, "its own checkpoints are gone, the other run's are not"
    params = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(params.replace("lr: 0.003", "lr: 0.002"))
    assert host.train(folder, "update", 2, signal.SIGKILL) == -signal.SIGKILL
    assert lines(folder) == ["mixed-1 starts anew: an unfinished run has other parameters, code"]


def test_a_named_checkpoint_that_is_none(host: Host, folder: Path) -> None:
    assert host.train(folder, arguments=(*TRAIN, "--resume-from", "nowhere")) == 2
    assert len(lines(folder, "err.txt")) == 1
    assert "--resume-from nowhere: no such folder, expected a checkpoint such as" in lines(folder, "err.txt")[0]


def test_a_trainer_whose_dvc_was_killed_is_killed() -> None:
    """Seen from a pipe, because the orphan is nobody's child: its end closes the pipe."""
    child = "import hansard_bias.base.work as i, time; i.die_with_dvc(); print(1, flush=True); time.sleep(30)"
    parent = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); input()"
    with subprocess.Popen(
        [sys.executable, "-c", parent, child],
        env={"DVC_STAGE": "train@mixed-1", "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as dvc:
        assert dvc.stdout is not None
        assert dvc.stdout.readline() == b"1\n"
        dvc.kill()
        assert select.select([dvc.stdout], [], [], 20)[0], "the trainer outlived its dvc"
