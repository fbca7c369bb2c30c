"""Every dependency has one version and the hashes of its files, and set-up takes no other file."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import pins
from helpers.project import ROOT

FILES = [name for name in pins.parts() if name]


@pytest.mark.parametrize("file", FILES)
def test_the_hashes_are_those_of_the_pinned_versions(file: str) -> None:
    listed = pins.hashes(ROOT / file)
    versions = {name: version for name, (version, _) in listed.items()}
    assert versions == {pins.normalised(name): version for name, version in pins.parts()[file].items()}, "make pins"
    assert all(hashed for _, hashed in listed.values())
    assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for _, hashed in listed.values() for each in hashed)


def test_torch_alone_has_none() -> None:
    assert list(pins.parts()[""]) == ["torch"]
    assert sorted(FILES) == sorted(str(file.relative_to(ROOT)) for file in (ROOT / "requirements").iterdir())


def test_what_the_project_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    pinned = {pins.normalised(name): version for name, version in pins.pins().items()}
    assert {pins.normalised(name) for name in wanted} <= pinned.keys()
    assert project["build-system"]["requires"] == [f"setuptools=={pinned['setuptools']}"]


def test_no_version_is_given_twice() -> None:
    names = [pins.normalised(name) for part in pins.parts().values() for name in part]
    assert len(names) == len(set(names))


def wheel(folder: Path) -> str:
    """Write a package into a folder; returns its file's hash."""
    file = folder / "harmless-1.0-py3-none-any.whl"
    info = "harmless-1.0.dist-info"
    parts = {
        "harmless.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: harmless\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        digests = {name: hashlib.sha256(text.encode()).digest() for name, text in parts.items()}
        lines = [
            f"{name},sha256={base64.urlsafe_b64encode(each).rstrip(b'=').decode()}," for name, each in digests.items()
        ]
        archive.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,"]))
    return hashlib.sha256(file.read_bytes()).hexdigest()


def set_up_lines() -> list[str]:
    """What `make setup` does in a fresh clone."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "setup"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("true_hash", [True, False])
def test_set_up_refuses_a_file_with_another_hash(tmp_path: Path, true_hash: bool) -> None:
    digest = wheel(tmp_path)
    (tmp_path / "requirements").mkdir()
    listed = digest if true_hash else "0" * 64
    (tmp_path / "requirements" / "base.txt").write_text(f"harmless==1.0 --hash=sha256:{listed}\n", encoding="utf-8")
    (command,) = [line for line in set_up_lines() if line.endswith("--requirement requirements/base.txt")]
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_TARGET": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command.split()[1:]],
        cwd=tmp_path,
        env=os.environ | offline | {"PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
    )
    assert (tmp_path / "installed" / "harmless.py").exists() == true_hash, done.stderr
    assert (done.returncode == 0) == true_hash
    assert true_hash or "DO NOT MATCH THE HASHES" in done.stderr


def test_set_up_installs_nothing_without_a_hash_but_torch_and_the_project() -> None:
    commands = [line.split("pip install ")[1] for line in set_up_lines() if re.match(r"\S*pip install ", line)]
    assert all("--no-deps" in command and "--no-build-isolation" in command for command in commands)
    unhashed = [command.split()[-1] for command in commands if "--require-hashes" not in command]
    assert unhashed == ["torch", "."]
