"""Checkpoints: whole or not there, pruned, and held by one process."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hansard_bias.training.checkpoints import Checkpoint, load_newest, locked, save_checkpoint


def checkpoint(update: int) -> Checkpoint:
    return Checkpoint({"update": update, "best_loss": float("inf")}, {"weights.a": torch.full((3,), float(update))})


def test_round_trip_and_pruning(tmp_path: Path) -> None:
    for update in (10, 20, 30, 40):
        save_checkpoint(tmp_path, checkpoint(update), keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["update-00000030", "update-00000040"]
    loaded = load_newest(tmp_path)
    assert loaded is not None
    assert loaded.state == {"update": 40, "best_loss": float("inf")}
    assert torch.equal(loaded.tensors["weights.a"], torch.full((3,), 40.0))


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "manifest.json"])
def test_a_truncated_checkpoint_is_passed_over(tmp_path: Path, name: str) -> None:
    save_checkpoint(tmp_path, checkpoint(10), keep=3)
    save_checkpoint(tmp_path, checkpoint(20), keep=3)
    broken = tmp_path / "update-00000020" / name
    broken.write_bytes(broken.read_bytes()[:-5])
    loaded = load_newest(tmp_path)
    assert loaded is not None
    assert loaded.state["update"] == 10


def test_nothing_to_load(tmp_path: Path) -> None:
    assert load_newest(tmp_path) is None
    (tmp_path / "partial-00000010").mkdir()
    assert load_newest(tmp_path) is None


def test_two_trainers_never_share_a_folder(tmp_path: Path) -> None:
    refused = pytest.raises(ValueError, match="another process is training this very run")
    with locked(tmp_path / "run"), refused, locked(tmp_path / "run"):
        pass
    with locked(tmp_path / "run"):
        pass
