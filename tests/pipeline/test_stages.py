"""What the stages print: every count that they write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hansard_bias.pipeline import align, corpus, report
from helpers.project import Project


def test_a_corpus_says_what_was_dropped(inside: Project, capsys: pytest.CaptureFixture[str]) -> None:
    corpus.run(inside.config, "canada")
    printed = capsys.readouterr().out
    counts = json.loads((inside.root / "metrics" / "corpora" / "canada.json").read_text(encoding="utf-8"))
    assert f"canada: {counts['read']:,} records read, {counts['kept']:,} speeches kept" in printed
    assert all(f"{reason} {count:,}" in printed for reason, count in counts["dropped"].items())


def test_the_alignment_prints_its_table_and_audits(inside: Project) -> None:
    written = json.loads((inside.root / "metrics" / "alignment.json").read_text(encoding="utf-8"))
    lines = align.audit_lines(written, inside.config)
    assert len(lines) == 9 + 2
    assert lines[-2].startswith("leakage: 0 test speeches in training text; 13-grams")
    assert f"{written['format_audit']['auc_after']:.2f} after" in lines[-1]
    written["format_audit"]["auc_after"] = None
    assert "and - after" in align.audit_lines(written, inside.config)[-1]
    written["different_periods"] = {"moor": {"first_day": "1901-02-03", "last_day": "1902-01-01"}}
    assert "different periods, as align.period is none: moor 1901-02-03 to 1902-01-01" in align.audit_lines(
        written, inside.config
    )


def test_the_report_names_curves_of_earlier_runs(inside: Project, tmp_path: Path) -> None:
    for name in ("mixed-1.csv", "moor-1.csv", "mixed-9.csv"):
        (tmp_path / name).touch()
    assert report.earlier_curves(inside.config, Path("metrics/curves")) == []
    [line] = report.earlier_curves(inside.config, tmp_path)
    assert "also holds mixed-9.csv, moor-1.csv, which" in line
