"""Benchmarks of sentences on the page: a table each, with files, and what was left out."""

from __future__ import annotations

import html
from collections.abc import Callable

from hansard_bias.report.formats import NO_BREAK
from hansard_bias.report.results import Results
from hansard_bias.report.tables import make_tables
from helpers.report_page import page_of


def test_a_table_for_each_benchmark(load: Callable[..., Results]) -> None:
    pairs, three = make_tables(load(asked=True))["pairs"]
    assert (pairs.name, three.name) == ("pairs-1", "pairs-2")
    assert pairs.fold == "Sentences of the benchmark \u201cOld pairs\u201d"
    assert pairs.columns == ("Model", "Score", "Of", "Items", "Stereotype higher", "Difference (nats)")
    assert three.columns == (*pairs.columns, "ss", "lms", "icat")
    assert [row[1:3] for row in pairs.rows[:4]] == [
        ("masked", "all"),
        ("masked", "stereo"),
        ("masked", "gender"),
        ("unmasked (AUL)", "all"),
    ]
    cells = [text.replace(NO_BREAK, " ") for text in three.rows[0][3:]]
    assert cells == [
        "30",
        "61 % (51 % to 71 %)",
        "\u22120.25 (\u22120.45 to \u22120.05)",
        "55.5 (50.5 to 60.5)",
        "80.2 (76.2 to 84.2)",
        "71.0 (63.0 to 79.0)",
    ]
    assert len(pairs.rows) == 3 * 2 * 3


def test_captions_say_what_is_scored_covered_and_left_out(load: Callable[..., Results]) -> None:
    pairs, three = make_tables(load(asked=True))["pairs"]
    assert "11.2 on average" in pairs.caption and "Left out: 1 item, listed below." in pairs.caption
    assert "other items only, since there is one training run" in pairs.caption
    assert "Left out" not in three.caption and "icat are the benchmark's own" in three.caption


def test_what_is_left_out_is_named(load: Callable[..., Results]) -> None:
    page = page_of(load(asked=True), figures=False)
    assert "Items of benchmarks that are left out" in page
    assert html.escape("old_pairs.csv:17: both sentences are <b>the same</b>") in page


def test_without_benchmarks_of_sentences_nothing_is_said(load: Callable[..., Results]) -> None:
    made = make_tables(load())
    assert made["pairs"] == [] and made["left_out"] == []
    page = page_of(load(), figures=False)
    assert "Sentences of the benchmark" not in page and "Items of benchmarks that are left out" not in page
