"""`.ci/browser` installs a browser where none is, asks nobody, and never stops the tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from helpers.project import ROOT


def run(folder: Path, **programs: str) -> tuple[str, str]:
    """Run it where these programs are all there is; returns what was installed and what it said."""
    called = folder / "called.txt"
    for tool in ("bash", "env"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name, body in programs.items():
        file = folder / name.replace("_", "-")
        file.write_text(f'#!/bin/sh\necho "{file.name} $*" >> {called}\n{body}\n', encoding="utf-8")
        file.chmod(0o755)
    done = subprocess.run(
        [ROOT / ".ci" / "browser"], env={"PATH": str(folder)}, capture_output=True, text=True, check=True
    )
    return called.read_text(encoding="utf-8") if called.exists() else "", done.stderr


def test_a_browser_that_is_there_is_enough(tmp_path: Path) -> None:
    assert run(tmp_path, chromium_browser="", apt_get="", id="echo 0") == ("", "")


def test_root_installs_it(tmp_path: Path) -> None:
    called, said = run(tmp_path, apt_get="", id="echo 0")
    assert "apt-get install -y -qq --no-install-recommends chromium" in called
    assert "sudo" not in called and said == ""


@pytest.mark.parametrize(
    "programs",
    [
        {"apt_get": "", "id": "echo 1000", "sudo": "exit 1"},
        {"apt_get": "", "id": "echo 1000"},
        {"apt_get": "exit 100", "id": "echo 0"},
        {"id": "echo 0"},
    ],
    ids=["a user without rights", "a system without sudo", "no package source", "a system without apt-get"],
)
def test_where_it_cannot_a_line_says_so(tmp_path: Path, programs: dict[str, str]) -> None:
    _, said = run(tmp_path, **programs)
    assert "the tests in a browser are skipped. Install it: apt-get install chromium" in said.splitlines()[-1]
