"""Faults in short: DVC itself on a pipeline of two lines, signals, quotas. All of them, for an hour: `make faults`."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from faults.campaign import faults
from faults.stores import damage_in_place
from hansard_bias.operations.integrity import damaged_outputs, dvc_digest, require_integrity, verify
from helpers.dvc_clone import Clone
from helpers.project import ROOT, write_params

PIPELINE = """
stages:
  make:
    cmd: mkdir -p data/made && printf 0123456789 > data/made/b && printf x > data/made/a
    deps: [source]
    outs: [data/made]
  use:
    cmd: cat data/made/a data/made/b > data/used
    deps: [data/made]
    outs: [data/used]
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A pipeline without this project's stages, after its first run."""
    clone = Clone(tmp_path_factory.mktemp("pipeline"))
    (clone.root / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (clone.root / "source").touch()
    clone.run("dvc", "init", "-q", "--no-scm")
    clone.run("dvc", "config", "cache.type", "hardlink,symlink")
    clone.run("dvc", "repro", "-q")
    return clone


def test_a_cached_file_that_is_damaged_in_place_is_found_and_made_anew(
    built: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verify(True, built.root) == []
    damage_in_place(built.root / "data/made/b", lambda content: content.replace(b"5", b"U"))
    shutil.rmtree(built.root / "data")
    assert "checking out outputs" in built.run("dvc", "repro"), "DVC sees it itself now: soundness.py can go"
    assert (built.root / "data/made/b").read_bytes() == b"01234U6789"
    assert [damage.path for damage in damaged_outputs(root=built.root)] == [Path("data/made")]
    monkeypatch.setenv("DVC_STAGE", "use")
    with pytest.raises(ValueError, match=r"data/made: does not hold what dvc.lock.*verify --all --remove") as refused:
        require_integrity("use", {}, built.root)
    assert "\n" not in str(refused.value)
    told = built.run("hansard-bias", "verify", code=2)
    assert "2 damaged" in told and "DVC's cache" in told
    assert "removed 2" in built.run("hansard-bias", "verify", "--all", "--remove")
    built.run("dvc", "repro")
    assert (built.root / "data/made/b").read_bytes() == b"0123456789"
    assert verify(True, built.root) == []


def test_without_dvc_other_inputs_are_only_warned_of(
    built: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    lock = (built.root / "dvc.lock").read_text(encoding="utf-8")
    promised = dvc_digest(built.root / "data/made")
    assert promised in lock
    (built.root / "dvc.lock").write_text(lock.replace(promised, f"{'0' * 32}.dir"), encoding="utf-8")
    try:
        require_integrity("use", {}, built.root)
    finally:
        (built.root / "dvc.lock").write_text(lock, encoding="utf-8")
    assert capsys.readouterr().err.startswith("hansard-bias: warning: data/made")


def test_a_lock_that_a_killed_dvc_broke_off_is_removed_and_dvc_goes_on(built: Clone, raw: dict[str, Any]) -> None:
    write_params(built.root, raw)
    (built.root / ".dvc/tmp/rwlock").write_bytes(b"")
    assert "RWLock-file" in built.run("dvc", "repro", code=1)
    assert "removed .dvc/tmp/rwlock" in built.run("hansard-bias", "check")
    built.run("dvc", "repro")


def test_a_stage_ends_with_its_dvc() -> None:
    """No second writer beside the next run, whatever the stage."""
    stage = "import hansard_bias.cli as cli, time; cli.app = lambda: (print(flush=True), time.sleep(60)); cli.main()"
    parent = (
        "import subprocess, sys; "
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=subprocess.PIPE); "
        "child.stdout.readline(); print(child.pid, flush=True); child.wait()"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", parent, stage],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DVC_STAGE": "encode@nunavut"},
    )
    assert started.stdout is not None
    child = int(started.stdout.readline())
    started.send_signal(signal.SIGKILL)
    started.wait()
    until = time.monotonic() + 20
    while _runs(child):
        assert time.monotonic() < until, "the stage outlived its DVC"
        time.sleep(0.05)


def _runs(number: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


def test_a_quota_is_told_in_one_line_and_leaves_what_was_there(tmp_path: Path, raw: dict[str, Any]) -> None:
    write_params(tmp_path, raw)
    kept = tmp_path / "data" / "initial.json"
    kept.write_text("kept", encoding="utf-8")
    command = [sys.executable, "-m", "hansard_bias.cli", "check"]
    options: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True}
    done = subprocess.run(command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1)), **options)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "File too large" in done.stderr
    assert kept.read_text(encoding="utf-8") == "kept"


def test_the_campaign_knows_every_fault_of_the_design() -> None:
    named = {"sigkill", "experiment", "worker", "sigterm", "ctrl-c", "disk", "read-only", "corruption", "cache"}
    assert set(faults(None, 1)) == named | {"checkpoint", "clock", "two", "shm"}  # type: ignore[arg-type]
    assert "tests/faults/campaign.py" in (ROOT / "Makefile").read_text(encoding="utf-8")
