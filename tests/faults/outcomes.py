"""What a fault led to, and how results are compared."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

PATTERNS = (
    "metrics/*.json",
    "metrics/*.csv",
    "metrics/corpora/*.json",
    "metrics/curves/*.csv",
    "models/*/model.safetensors",
    "models/tokenizer/tokenizer.json",
    "data/scores/*.parquet",
)
Results = dict[str, str]


@dataclass
class Outcome:
    """Counts of a fault's tries; `wrong`, `lost` and `left` must stay 0."""

    tries: int = 0
    recovered: int = 0
    refused: int = 0
    wrong: int = 0
    lost: int = 0
    left: int = 0
    notes: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        """One line of the table."""
        counts = (self.tries, self.recovered, self.refused, self.wrong, self.lost, self.left)
        return f"| {name} | " + " | ".join(map(str, counts)) + " |"

    def fail(self, note: str, tries: int = 1) -> None:
        """Count tries that went wrong."""
        self.wrong += tries
        self.notes.append(note)

    def keep(self, found: Results, expected: Results, what: str) -> None:
        """Results that the project has already must not change."""
        if found != expected:
            self.lost += 1
            self.notes.append(f"{what}: the project's own results have changed")

    def judge(self, found: Results, expected: Results, what: str, tries: int = 1) -> None:
        """Count tries whose results are there now."""
        different = sorted(name for name in expected if found.get(name) != expected[name])
        if different:
            self.fail(f"{what}: other results in {', '.join(different)}", tries)
        else:
            self.recovered += tries


def results(root: Path) -> Results:
    """Digests of all results that must not depend on what disturbed the run (times and machines are elsewhere)."""
    files = sorted(path for pattern in PATTERNS for path in root.glob(pattern))
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def is_clear(printed: str) -> bool:
    """Whether a failure was told in words: a line of this project or of DVC, and no traceback."""
    return "Traceback" not in printed and ("hansard-bias:" in printed or "ERROR:" in printed)


def said(done: subprocess.CompletedProcess[str]) -> str:
    """All that a command said."""
    return done.stdout + done.stderr
