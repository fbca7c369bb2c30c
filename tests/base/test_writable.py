"""A folder that cannot be written to is told before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hansard_bias.base.files import require_writable, unwritable, with_folders_below


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the system calls read-only, whoever asks: root may write anywhere."""
    folder = tmp_path / "metrics" / "curves"
    folder.mkdir(parents=True)
    before = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder and before(path, mode))
    return folder


def test_the_first_one_is_told_with_a_remedy(read_only: Path) -> None:
    folders = with_folders_below(read_only.parent)
    assert folders == [read_only.parent, read_only]
    with pytest.raises(ValueError, match=r"curves: cannot be written to.*try `chmod u\+w") as refused:
        require_writable(folders)
    assert "\n" not in str(refused.value)


def test_what_is_not_there_yet_is_no_problem(tmp_path: Path) -> None:
    assert unwritable([tmp_path, tmp_path / "models"]) == []
