from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.report import page as exports
from hansard_bias.report.formats import NOTHING, decimal, estimate, percent, span
from hansard_bias.report.page import latex, table_csv, table_latex
from hansard_bias.report.results import Results
from hansard_bias.report.tables import make_table
from hansard_bias.statistics.intervals import Interval


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
    assert float(rows["B_canada", "mixed"]["perplexity"]) == results.perplexity("canada", "mixed").value
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
    assert not {"benchmarks.csv", "associations.csv"} & set(exports.long_tables(load()))
    results = load(asked=True)
    prompts = read(exports.probes_csv(results))
    assert [prompts[0][name] for name in ("content_value", "mass", "agreement")] == ["0.75", "0.25", "0.5"]
    parts = [float(prompts[0][name]) for name in ("value", "habit_value", "content_value")]
    assert parts[0] == pytest.approx(parts[1] + parts[2])
    items = read(exports.benchmarks_csv(results))
    assert len(items) == 4 * 3
    assert [items[1][name] for name in ("benchmark", "line", "model")] == ["old_study", "2", "B_canada"]
    assert (items[0]["corrected_low"], items[0]["direction"]) == ("-0.7", "favourable")
    tests = read(exports.associations_csv(results))
    assert len(tests) == 2 * 3 and tests[0]["value"] == "0.75"
    assert (tests[3]["value"], tests[3]["p_holm"]) == ("", "")


def test_tests_are_listed(load: Callable[..., Results]) -> None:
    rows = read(exports.tests_csv(load()))
    assert len(rows) == 24 and rows[0]["p_holm"] == "0.0015"


# Tables as files: exact numbers in CSV, harmless text in both.

NUMBER = Interval(1.23456789, 1.0, 2.5)


def test_an_estimate_becomes_three_exact_numbers_and_a_span_two() -> None:
    rows = [["A", estimate(NUMBER, decimal), span(NUMBER, decimal), percent(1 / 3)], ["B", NOTHING, NOTHING, NOTHING]]
    first, second = read(table_csv(make_table("Caption.", ["Model", "Excess", "Interval", "Share"], rows)))
    assert first == {
        **{"Model": "A", "Excess": "1.23456789", "Excess low": "1.0", "Excess high": "2.5"},
        **{"Interval low": "1.0", "Interval high": "2.5", "Share": repr(1 / 3)},
    }
    assert set(second.values()) == {"B", ""}


def test_words_and_formulas_in_csv() -> None:
    rows = [["=1+1", estimate(Interval(-1.0, None, None), decimal)], ["\n@x", "a, b"]]
    first, second = read(table_csv(make_table("Caption.", ["-Word", "Number"], rows)))
    assert list(first) == ["'-Word", "Number", "Number low", "Number high"]
    assert list(first.values()) == ["'=1+1", "-1.0", "", ""] and list(second.values())[:2] == ["'\n@x", "a, b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % & more_or_less #1 $2", r"50 \% \& more\_or\_less \#1 \$2"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("−0.5 (1–2) — ×3", r"$-$0.5 (1--2) --- $\times$3"),
        ("[MASK] ~^<>", r"{[}MASK{]} \textasciitilde{}\textasciicircum{}\textless{}\textgreater{}"),
        ("two\nlines\x00", "two lines "),
    ],
)
def test_latex_sets_every_text_as_it_is(text: str, expected: str) -> None:
    assert latex(text) == expected


@given(st.text())
def test_no_text_opens_a_command_a_comment_or_a_column(text: str) -> None:
    allowed = r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textquotedbl)\{\}"
    rest = re.sub(rf"{allowed}|\\[&%$#_{{}}]|\$(-|\\times|\\leftarrow|\\rightarrow)\$|{{\[}}|{{\]}}|~", "", latex(text))
    assert not re.search(r"[\\&%$#_{}^~\n]", rest)


def test_a_latex_table_is_complete_and_a_long_one_breaks() -> None:
    rows = [[f"row {number}", decimal(number)] for number in range(60)]
    short = table_latex(make_table("50 % of it.", ["Name & more", "Number"], rows[:2], name="some"))
    assert [line for line in short.splitlines() if line.startswith(r"\begin")] == [
        r"\begin{table}",
        r"\begin{tabular}{lr}",
    ]
    assert r"\caption{50 \% of it.}" in short and r"\label{tab:some}" in short and r"Name \& more & Number \\" in short
    assert short.count("\\\\\n") == 3
    long = table_latex(make_table("Caption.", ["Name", "Number"], rows))
    assert r"\begin{longtable}{lr}" in long and r"\endhead" in long and r"\begin{table}" not in long
