"""Checkpoints: whole or not there, pruned, and held by one process."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hansard_bias.base.work import locked
from hansard_bias.training.checkpoints import (
    Checkpoint,
    discard_after,
    load_named,
    load_newest,
    named_manifest,
    save_checkpoint,
)

RUN = {"name": "mixed-1", "parameters": "p"}


def checkpoint(update: int, run: dict[str, str] = RUN) -> Checkpoint:
    state = {"update": update, "best_loss": float("inf")}
    return Checkpoint(state, {"weights.a": torch.full((3,), float(update))}, run)


def test_round_trip_and_pruning(tmp_path: Path) -> None:
    for update in (10, 20, 30, 40):
        save_checkpoint(tmp_path, checkpoint(update), keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["update-00000030", "update-00000040"]
    loaded = load_newest(tmp_path, RUN)
    assert loaded is not None
    assert loaded.state == {"update": 40, "best_loss": float("inf")}
    assert torch.equal(loaded.tensors["weights.a"], torch.full((3,), 40.0))


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "manifest.json"])
def test_a_truncated_checkpoint_is_passed_over(tmp_path: Path, name: str) -> None:
    save_checkpoint(tmp_path, checkpoint(10), keep=3)
    save_checkpoint(tmp_path, checkpoint(20), keep=3)
    broken = tmp_path / "update-00000020" / name
    broken.write_bytes(broken.read_bytes()[:-5])
    loaded = load_newest(tmp_path, RUN)
    assert loaded is not None
    assert loaded.state["update"] == 10


def test_nothing_to_load(tmp_path: Path) -> None:
    assert load_newest(tmp_path, RUN) is None
    (tmp_path / "partial-00000010").mkdir()
    assert load_newest(tmp_path, RUN) is None


def test_a_checkpoint_of_other_parameters_is_passed_over(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint(10), keep=3)
    save_checkpoint(tmp_path, checkpoint(20, RUN | {"parameters": "q"}), keep=3)
    loaded = load_newest(tmp_path, RUN)
    assert loaded is not None
    assert loaded.state["update"] == 10


def test_what_a_killed_save_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "run" / "partial-00000010").mkdir(parents=True)
    (tmp_path / "run" / "partial-00000010" / "state.json").write_text("{")
    with locked(tmp_path / "run", "training") as folder:
        assert [path.name for path in folder.iterdir()] == ["lock"]


def test_going_back_discards_what_came_after(tmp_path: Path) -> None:
    for update in (10, 20, 30):
        save_checkpoint(tmp_path, checkpoint(update), keep=3)
    discard_after(tmp_path, 20)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["update-00000010", "update-00000020"]


def test_a_named_checkpoint_must_be_whole(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "run", checkpoint(10), keep=3)
    named = tmp_path / "run" / "update-00000010"
    assert load_named(named).run == RUN
    with pytest.raises(ValueError, match=r"holds several checkpoints, expected one; name .*update-00000010"):
        named_manifest(tmp_path / "run")
    with pytest.raises(ValueError, match=r"no manifest\.json in it"):
        named_manifest(tmp_path)
    (named / "tensors.safetensors").unlink()
    with pytest.raises(ValueError, match=r"its files do not match its manifest\.json"):
        named_manifest(named)


def test_two_trainers_never_share_a_folder(tmp_path: Path) -> None:
    refused = pytest.raises(ValueError, match="another process is training this very run")
    with locked(tmp_path / "run", "training"), refused, locked(tmp_path / "run", "training"):
        pass
    with locked(tmp_path / "run", "training"):
        pass
