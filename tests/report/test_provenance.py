"""Provenance: the commit inside git and what was changed since, nothing invented outside."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

from hansard_bias.report.provenance import provenance

ROOT = Path(__file__).parents[2]


def test_commit_parameters_and_versions() -> None:
    facts = provenance(ROOT)
    assert re.fullmatch(r"[0-9a-f]{40}", facts["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", facts["date of the commit"])
    assert facts["digest of the parameters"] == hashlib.sha256((ROOT / "params.yaml").read_bytes()).hexdigest()
    assert facts["torch"].startswith("2.") and re.search(r"\d+ cores, \d+ GB", facts["machine"])


def test_outside_git_no_commit_is_claimed(tmp_path: Path) -> None:
    assert not {"commit", "date of the commit", "changed since the commit"} & set(provenance(tmp_path))


def test_what_was_changed_since_the_commit_is_named(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e", *arguments], cwd=tmp_path, check=True)

    (tmp_path / "params.yaml").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "metrics.json").write_text("{}", encoding="utf-8")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    (tmp_path / "metrics.json").write_text("[]", encoding="utf-8")
    assert provenance(tmp_path)["changed since the commit"] == "nothing"
    (tmp_path / "params.yaml").write_text("a: 2\n", encoding="utf-8")
    assert provenance(tmp_path)["changed since the commit"] == "params.yaml"
