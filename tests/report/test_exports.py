from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable

import pytest

from hansard_bias.report import exports
from hansard_bias.report.results import Results
from helpers.probe_records import add_probe_records


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1"])
def test_text_that_looks_like_a_formula_is_made_harmless(text: str) -> None:
    assert exports.harmless(text) == f"'{text}"


def test_a_carriage_return_begins_no_line() -> None:
    assert exports.to_csv(["a"], [["x\r=1"], ["\r=1"]]) == "a\nx =1\n' =1\n"


@pytest.mark.parametrize("value", [-1.5, 0, None, "Nunavut", "a=b", "1-2"])
def test_numbers_and_plain_text_stay(value: str | float | None) -> None:
    assert exports.harmless(value) == value


def test_the_matrix_keeps_full_precision(load: Callable[..., Results]) -> None:
    results = load()
    rows = {(row["model"], row["corpus"]): row for row in read(exports.matrix_csv(results))}
    assert len(rows) == 9
    assert float(rows["B_canada", "mixed"]["perplexity"]) == results.matrix["canada"]["mixed"]
    assert float(rows["B_canada", "nunavut"]["excess_low"]) == pytest.approx(0.5)


def test_missing_bounds_are_empty_cells(load: Callable[..., Results]) -> None:
    row = read(exports.matrix_csv(load(half=None)))[0]
    assert row["low"] == row["excess_high"] == "" and row["perplexity"] != ""


def test_effects_hold_every_quantity_and_the_factor_is_the_exponential(load: Callable[..., Results]) -> None:
    rows = {(row["model"], row["quantity"], row["corpus"]): row for row in read(exports.effects_csv(load()))}
    assert {key[1] for key in rows} == {"bias_ratio", "excess", "excess_factor", "tilt"}
    nats, factor = (rows["A_nunavut", name, "canada"] for name in ("excess", "excess_factor"))
    for column in ("value", "low", "high"):
        assert float(factor[column]) == pytest.approx(math.exp(float(nats[column])))
    assert float(rows["C_mixed", "tilt", ""]["value"]) < 0


def test_negative_numbers_are_numbers_and_prompts_are_escaped(load: Callable[..., Results]) -> None:
    rows = read(exports.probes_csv(load(prompt="=HYPERLINK([MASK])")))
    assert len(rows) == 18 and rows[0]["text"] == "'=HYPERLINK([MASK])"
    assert min(float(row["value"]) for row in rows) < 0
    assert rows[0]["top_fillings"].startswith("land | caribou")


def test_the_records_of_the_probes_are_listed(load: Callable[..., Results]) -> None:
    results = load()
    assert read(exports.benchmarks_csv(results)) == read(exports.associations_csv(results)) == []
    add_probe_records(results.bias)  # type: ignore[arg-type]
    prompts = read(exports.probes_csv(results))
    assert (prompts[0]["uncorrected_value"], prompts[0]["agreement"]) == ("0.75", "0.5")
    items = read(exports.benchmarks_csv(results))
    assert len(items) == 4 * 3
    assert [items[1][name] for name in ("benchmark", "line", "model")] == ["old_study", "2", "B_canada"]
    assert (items[0]["corrected_low"], items[0]["direction"]) == ("-0.7", "favourable")
    tests = read(exports.associations_csv(results))
    assert len(tests) == 2 * 3 and tests[0]["value"] == "0.75"
    assert (tests[3]["value"], tests[3]["p_holm"]) == ("", "")


def test_tests_are_listed(load: Callable[..., Results]) -> None:
    rows = read(exports.tests_csv(load()))
    assert len(rows) == 14 and rows[0]["p_holm"] == "0.0015"
