"""What the machine has, and what is said when it lacks something."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import psutil
import pytest
import torch

from hansard_bias.operations import doctor_checks as machine
from hansard_bias.operations.doctor_checks import Verdict


def test_every_question_has_an_answer(tmp_path: Path) -> None:
    found = machine.machine_findings(tmp_path)
    assert [finding.about for finding in found] == ["Python", "git", "cores", "memory", "disk", "GPU", "precision"]
    assert all(finding.verdict is not Verdict.BAD for finding in found)
    assert "TFLOP/s" in found[-1].text and "auto takes" in found[-1].text


def test_an_old_python_is_bad() -> None:
    finding = machine.python((3, 10, 4))
    assert finding.verdict is Verdict.BAD
    assert finding.text.startswith("3.10.4, expected 3.11 or newer")


def test_memory_is_what_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < machine.available_bytes() <= psutil.virtual_memory().total
    monkeypatch.setattr(machine, "available_bytes", lambda: 2_048_000_000)
    assert machine.memory().verdict is Verdict.NOTE
    assert "2.0 GB of it free: enough for the sample" in machine.memory().text


def test_a_git_that_does_not_know_its_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC only says that something unexpected happened."""
    settings = tmp_path / "config"
    settings.write_text("[user]\n\tuseConfigOnly = true\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    assert "git config --global user.name NAME" in machine.git().text
    settings.write_text("[user]\n\tname = A\n\temail = a@example.org\n", encoding="utf-8")
    assert machine.git().verdict is Verdict.GOOD


def test_a_small_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**11, 98 * 10**9, 2 * 10**9))
    assert machine.disk(tmp_path).text.startswith("2.0 GB free: enough for the sample")


def test_a_gpu_that_torch_cannot_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "install its CUDA build" in machine.gpu().text
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert machine.gpu().text.startswith("none: models train on the CPU")
    assert "`dvc exp` does not" in machine.git().text
