"""What the stages print: every count that they write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from hansard_bias.pipeline import align, check, corpus, probe, report
from hansard_bias.probing.prompts import Group
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


def test_a_check_names_the_items_of_benchmarks_that_are_left_out(
    inside: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("preferred,other,theme\na b,a c,d\ne,e,f\n", encoding="utf-8")
    config = replace(inside.config, probe=replace(inside.config.probe, benchmarks=(str(path),)))
    check.run(config, *(tmp_path / name for name in ("checked", "initial.json", "probes.json")))
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"hansard-bias: warning: benchmark own: 1 item is left out: {path}:3: both sentences are 'e'; "
        "expected two that differ"
    )


def test_a_group_that_no_prompt_gives_any_probability_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    groups = (Group("cold", "", "", ("icy",)), Group("warm", "", "", ("sunny",)))
    probe.warn_of_silent_groups(groups, pd.DataFrame({"p_first": [1e-9, 0.002], "p_second": [1e-9, 2.5e-4]}))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "hansard-bias: warning: probe.groups: group warm: its terms have at most 2.5e-04 of the prob"
    )
    assert line.endswith("choose terms that the training text uses in such places")
