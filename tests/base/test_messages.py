"""What is said while a command runs, and where."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hansard_bias.base import messages
from hansard_bias.base.code import commit, git


def test_warnings_go_to_standard_error_and_progress_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    messages.warn("little memory")
    messages.say("half done")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("half done\n", "hansard-bias: warning: little memory\n")


def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    progress = messages.Progress("scored", 4, "parts", lines.append)
    progress.reached(1)
    assert lines == [], "the last line is not long ago"
    monkeypatch.setattr(messages, "LINE_SECONDS", 0.0)
    progress.reached(1)
    progress.reached(4)
    assert lines == ["scored 1 of 4 parts, about 1 min left"], "at the end nothing is left to tell"


def test_git_says_nothing_where_there_is_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit(tmp_path) == "" and git(tmp_path, "no-such-command") == b""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    git(tmp_path, *identity, "commit", "-q", "--allow-empty", "-m", "first")
    assert len(commit(tmp_path)) == 40
    monkeypatch.setenv("PATH", "")
    assert commit(tmp_path) == "", "git is not installed"
