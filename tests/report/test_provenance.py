"""Provenance: the commit inside git and what was changed since, nothing invented outside."""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from hansard_bias.analysis.stage_records import TrainingRecord
from hansard_bias.report.provenance import provenance, training_energy, watt_hours

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


def run(device: str, seconds: float, memory: int = 0) -> TrainingRecord:
    """A training of which only time and hardware matter."""
    counts = {"wall_seconds": seconds, "device": device, "peak_memory_bytes": memory}
    rest = {field.name: None for field in fields(TrainingRecord)}
    return TrainingRecord(**rest | counts)  # type: ignore[arg-type]


def test_an_hour_on_two_threads_and_four_gigabytes() -> None:
    energy, assumption = training_energy([run("x86_64 CPU, 2 threads", 3600, 4_000_000_000)])
    assert energy == pytest.approx(2 * 12 + 4 * 0.3725)
    assert "estimated, not measured" in assumption and "x86_64 CPU, 2 threads at 24 W" in assumption


@pytest.mark.parametrize(
    ("device", "watts"), [("NVIDIA H100 80GB HBM3", 700), ("NVIDIA L4", 72), ("NVIDIA L40S", 300), ("Unknown X9", 300)]
)
def test_a_gpu_counts_at_its_board_power(device: str, watts: float) -> None:
    energy, _ = training_energy([run(device, 1800)] * 2)
    assert energy == pytest.approx(watts)


@pytest.mark.parametrize(("value", "text"), [(1.66, "1.7 Wh"), (49.7, "50 Wh"), (12_345.0, "12.3 kWh")])
def test_the_unit_follows_the_size(value: float, text: str) -> None:
    assert watt_hours(value) == text
