"""Work in progress: beside the repository's data, and held by one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hansard_bias.base.work import checkpoint_root, locked, remove


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


def test_an_experiment_waits_for_the_same_run_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one deletes the folder when it has finished: the second must hold a lock that others see."""
    monkeypatch.setenv("DVC_EXP_NAME", "second")
    folder = tmp_path / "train-1"
    script = (
        "import sys; from pathlib import Path; from hansard_bias.base.work import locked\n"
        "with locked(Path(sys.argv[1]), 'training') as folder:\n"
        "    print('held', (folder / 'lock').exists(), flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", script, str(folder)]
    with locked(folder, "training"):
        second = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert second.stdin is not None and second.stdout is not None
        assert second.stdout.readline() == "another experiment is training this very run: waiting for it\n"
        remove(folder)
    assert second.stdout.readline() == "held True\n"
    monkeypatch.delenv("DVC_EXP_NAME")
    with pytest.raises(ValueError, match="another process is training"), locked(folder, "training"):
        pass
    second.communicate("go on\n")
    assert second.returncode == 0
