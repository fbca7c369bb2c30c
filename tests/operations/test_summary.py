"""What `make repro` prints: every number of the matrix, and where the page and the runs are."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from hansard_bias.operations.summary import interval_text, print_summary
from hansard_bias.statistics.intervals import Interval
from helpers.project import Project


def test_the_summary_prints_matrix_measures_and_places(inside: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    out = io.StringIO()
    print_summary(inside.config, console=Console(file=out, width=140, highlight=False))
    printed = out.getvalue()
    models = json.loads((inside.root / "metrics" / "bias.json").read_text(encoding="utf-8"))["models"]
    for row, measures in models.items():
        assert row in printed
        assert all(f"{cell['value']:.2f} (" in printed for cell in measures["perplexity"].values())
    for said in (
        "Excess cross-entropy",
        "Answer: ",
        "bias ratio",
        "tilt",
        "index.html",
        "make ui",
        "sittings, speakers and seeds",
    ):
        assert said in printed
    assert "source .venv/bin/activate" in printed


def test_unequal_text_is_said_beside_the_answer(inside: Project) -> None:
    printed = {}
    for budget in ("balanced", "full"):
        out = io.StringIO()
        config = replace(inside.config, align=replace(inside.config.align, budget=budget))
        print_summary(config, console=Console(file=out, width=2000, highlight=False))
        printed[budget] = out.getvalue().splitlines()
    answer = next(place for place, line in enumerate(printed["full"]) if line.startswith("Answer: "))
    assert "different amounts of text" in printed["full"][answer + 1]
    assert not any("different amounts of text" in line for line in printed["balanced"])


def test_different_periods_are_said_beside_the_answer(inside: Project) -> None:
    path, out = inside.root / "metrics" / "alignment.json", io.StringIO()
    before = path.read_text(encoding="utf-8")
    periods = {"nunavut": {"first_day": "1999-04-06", "last_day": "2003-01-02"}}
    periods["canada"] = {"first_day": "1950-01-09", "last_day": "1951-10-01"}
    path.write_text(json.dumps(json.loads(before) | {"different_periods": periods}), encoding="utf-8")
    try:
        print_summary(inside.config, console=Console(file=out, width=2000, highlight=False))
    finally:
        path.write_text(before, encoding="utf-8")
    printed = out.getvalue().splitlines()
    answer = next(place for place, line in enumerate(printed) if line.startswith("Answer: "))
    assert printed[answer + 1].startswith("But: ") and "1950-01-09 to 1951-10-01" in printed[answer + 1]


def test_results_of_other_models_are_not_printed(inside: Project) -> None:
    names = {"moor": "nunavut"} | {name: name for name in ("canada", "mixed")}
    other = replace(inside.config, models={name: inside.config.models[old] for name, old in names.items()})
    with pytest.raises(ValueError, match=r"bias\.json: results of A_nunavut, .* run `dvc repro` first"):
        print_summary(other)


def test_no_interval_is_invented() -> None:
    assert interval_text(Interval(2.0, 1.0, 3.5), 1) == "2.0 (1.0 to 3.5)"
    assert interval_text(Interval(2.0, None, None), 1) == "2.0"
    assert interval_text(None, 1) == "-"
