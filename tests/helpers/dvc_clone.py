"""A clone of the project in which real DVC commands run."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.network_watch import NetworkWatch, cut_off
from helpers.project import ROOT, TINY, built_once, merged, write_params

ONE_SEED = {"train": {"seeds": [1], "epochs": 1}, "sample": {"speeches": 240}, "tokenizer": {"vocab_size": 500}}


class Clone:
    """A git clone of the project as it stands, with tiny parameters."""

    def __init__(self, root: Path) -> None:
        self.root = root
        identity = {
            f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        self.environment = (
            identity | os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        )
        # Whoever commits: DVC's experiments are commits, too.
        for name in ("DVC_ROOT", "DVC_EXP_NAME", "MLFLOW_TRACKING_URI"):
            self.environment.pop(name, None)
        self.watch = NetworkWatch(root.with_name(f"{root.name}-network.txt"))
        self.environment = self.watch.environment(self.environment)

    def run(self, *command: str, code: int = 0) -> str:
        """Run a command in the clone; returns what it printed."""
        done = self.attempt(*command)
        assert done.returncode == code or (code != 0 and done.returncode != 0), done.stdout + done.stderr
        return done.stdout + done.stderr

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        return subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)

    @contextmanager
    def changed(self, pattern: str, words: str) -> Iterator[None]:
        """Other words in params.yaml, as long as the block lasts."""
        params = self.root / "params.yaml"
        good = params.read_text(encoding="utf-8")
        changed = re.sub(pattern, words, good)
        assert changed != good
        params.write_text(changed, encoding="utf-8")
        try:
            yield
        finally:
            params.write_text(good, encoding="utf-8")

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", "state")

    def restore(self) -> None:
        """Go back to what is committed, data and models included."""
        self.run("git", "checkout", "-q", "--", ".")
        self.run("dvc", "checkout", "-q", "dvc.yaml")

    def metrics(self, name: str) -> Any:
        return json.loads((self.root / "metrics" / name).read_text(encoding="utf-8"))

    def runs(self) -> dict[str, str]:
        """Every MLflow run by name, with its status."""
        with sqlite3.connect(self.root / "mlflow.db") as store:
            return dict(store.execute("select name, status from runs"))


def tiny_clone(folder: Path, shipped: dict[str, Any]) -> Clone:
    """The project with tiny parameters in a folder under git, nothing run and nothing committed yet."""
    copy_sources(folder)
    write_params(folder, merged(merged(shipped, TINY), ONE_SEED))
    built = Clone(folder)
    built.run("git", "init", "-q")
    built.run("hansard-bias", "plots-page")
    return built


def finished_clone(factory: pytest.TempPathFactory, shipped: dict[str, Any]) -> Clone:
    """A tiny clone after its first `dvc repro` (without a network), committed."""

    def build(folder: Path) -> None:
        built = tiny_clone(folder, shipped)
        built.run(*cut_off(), "dvc", "repro")
        built.commit()

    return Clone(built_once(factory, "clone", build))


def copy_sources(folder: Path) -> None:
    """The project as it stands in git and beside it, without results."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith("metrics/") and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def stages_run(printed: str) -> set[str]:
    """The stages that DVC says it ran."""
    return set(re.findall(r"Running stage '([^']+)'", printed))
