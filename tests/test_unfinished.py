"""Work in progress: beside the repository's data, and held by one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansard_bias.unfinished import checkpoint_root, locked, remove


def test_it_lies_in_the_parent_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", "/parent")
    assert checkpoint_root() == Path("/parent/.checkpoints")
    monkeypatch.delenv("DVC_ROOT")
    assert checkpoint_root() == Path(".checkpoints")


def test_one_process_holds_it(tmp_path: Path) -> None:
    folder = tmp_path / "score-1"
    refused = pytest.raises(ValueError, match="another process is scoring this very run; wait for it or stop it")
    with locked(folder, "scoring"), refused, locked(folder, "scoring"):
        pass
    with locked(folder, "scoring"):
        remove(folder)
    assert not folder.exists()
