"""Provenance: the commit inside git, nothing invented outside."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from hansard_bias.provenance import provenance

ROOT = Path(__file__).parents[1]


def test_commit_parameters_and_versions() -> None:
    facts = provenance(ROOT)
    assert re.fullmatch(r"[0-9a-f]{40}", facts["commit"])
    assert facts["digest of the parameters"] == hashlib.sha256((ROOT / "params.yaml").read_bytes()).hexdigest()
    assert facts["torch"].startswith("2.")


def test_outside_git_no_commit_is_claimed(tmp_path: Path) -> None:
    assert "commit" not in provenance(tmp_path)
