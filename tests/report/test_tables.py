from __future__ import annotations

from collections.abc import Callable

import pytest

from hansard_bias.analysis.probe_records import ANY_PROMPT, SPLIT
from hansard_bias.params import Config
from hansard_bias.report.formats import NO_BREAK
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table
from hansard_bias.report.tables import comparison as tables


def cell(table: Table, row: str, column: str, second: str = "") -> str:
    """The text in the row that starts with these words."""
    found = [r for r in table.rows if r[0] == row and (not second or r[1] == second)]
    assert len(found) == 1, table.rows
    return found[0][table.columns.index(column)]


def test_the_matrix_holds_value_and_interval(load: Callable[..., Results]) -> None:
    table = tables.matrix_table(load())
    assert cell(table, "A (Nunavut)", "Reading Nunavut") == "24.0 (22.8 to 25.2)"
    assert table.numeric == {"Reading Nunavut", "Reading Canada", "Reading Mixed"}


def test_excess_leaves_out_what_is_zero_by_definition(load: Callable[..., Results]) -> None:
    table = tables.excess_table(load())
    assert {row[:2] for row in table.rows} == {
        *(("A (Nunavut)", column) for column in ("Canada", "Mixed")),
        *(("B (Canada)", column) for column in ("Nunavut", "Mixed")),
        *(("C (Mixed)", column) for column in ("Nunavut", "Canada", "Mixed")),
    }
    assert cell(table, "B (Canada)", "Times as many words", "Nunavut") == "1.82 (1.65 to 2.01)"
    assert "Finding" not in table.numeric


@pytest.mark.parametrize(
    ("excess", "half", "finding"),
    [
        (0.6, 0.1, "predicts worse"),
        (-0.6, 0.1, "predicts better"),
        (0.05, 0.1, "no difference found"),
        (0.6, None, "no interval: not decided"),
    ],
)
def test_the_finding_follows_the_interval(
    load: Callable[..., Results], excess: float, half: float | None, finding: str
) -> None:
    table = tables.excess_table(load(excess=excess, half=half))
    assert cell(table, "B (Canada)", "Finding", "Nunavut") == finding


def test_no_own_model_means_no_excess(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    models = {"nunavut": ("A", {"nunavut": 1.0}), "even": ("E", {"nunavut": 0.5, "canada": 0.5})}
    results = load(of=configure({"nunavut": "A", "canada": "B"}, models, (1,)))
    assert [row[:2] for row in tables.excess_table(results).rows] == [("E (Even)", "Nunavut")]


def test_ratio_and_tilt(load: Callable[..., Results]) -> None:
    results = load()
    ratio = results.measures("canada").bias_ratio
    assert ratio is not None and cell(tables.ratio_table(results), "B (Canada)", "Ratio") == f"{ratio.value:.2f}"
    assert [row[0] for row in tables.tilt_table(results).rows] == ["C (Mixed)"]


def test_tests_come_by_family_with_both_probabilities(load: Callable[..., Results]) -> None:
    first, *others = tables.significance_tables(load())
    families = [table.caption.removeprefix("Tests of the family ") for table in (first, *others)]
    names = ("excess", "tilt", "tilt at its dose, n-gram models", "unigrams", *SPLIT, ANY_PROMPT)
    assert families == [f"\u201c{name}\u201d." for name in names]
    assert first.rows[0] == (
        "A (Nunavut) predicts Canada worse than B (Canada)",
        "+0.72",
        "no interval",
        "nats per token",
        "0.0005",
        "0.0015",
    )


def test_rates_by_direction(load: Callable[..., Results]) -> None:
    table = tables.rate_table(load())
    text = cell(table, "A (Nunavut)", "Prefers southern/federal").replace(NO_BREAK, " ")
    assert text == "0 % (0 % to 18 %)"
    assert [cell(table, "A (Nunavut)", name) for name in ("Ties", "Undecided", "Prompts")] == ["2", "1", "6"]


def test_a_row_of_the_wrong_length_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="odd"):
        make_table("odd", ["a", "b"], [["1"]])
