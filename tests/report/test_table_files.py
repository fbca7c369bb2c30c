"""Tables as files: exact numbers in CSV, harmless text in both."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.report.formats import NOTHING, decimal, estimate, percent, span
from hansard_bias.report.results import Interval
from hansard_bias.report.tables.comparison import table
from hansard_bias.report.tables.files import latex, table_csv, table_latex

NUMBER = Interval(1.23456789, 1.0, 2.5)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_an_estimate_becomes_three_exact_numbers_and_a_span_two() -> None:
    rows = [["A", estimate(NUMBER, decimal), span(NUMBER, decimal), percent(1 / 3)], ["B", NOTHING, NOTHING, NOTHING]]
    first, second = read(table_csv(table("t", "Caption.", ["Model", "Excess", "Interval", "Share"], rows)))
    assert first == {
        **{"Model": "A", "Excess": "1.23456789", "Excess low": "1.0", "Excess high": "2.5"},
        **{"Interval low": "1.0", "Interval high": "2.5", "Share": repr(1 / 3)},
    }
    assert set(second.values()) == {"B", ""}


def test_words_and_formulas_in_csv() -> None:
    rows = [["=1+1", estimate(Interval(-1.0), decimal)], ["\n@x", "a, b"]]
    first, second = read(table_csv(table("t", "Caption.", ["-Word", "Number"], rows)))
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
    short = table_latex(table("some", "50 % of it.", ["Name & more", "Number"], rows[:2]))
    assert [line for line in short.splitlines() if line.startswith(r"\begin")] == [
        r"\begin{table}",
        r"\begin{tabular}{lr}",
    ]
    assert r"\caption{50 \% of it.}" in short and r"\label{tab:some}" in short and r"Name \& more & Number \\" in short
    assert short.count("\\\\\n") == 3
    long = table_latex(table("some", "Caption.", ["Name", "Number"], rows))
    assert r"\begin{longtable}{lr}" in long and r"\endhead" in long and r"\begin{table}" not in long
