from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

import pytest

from hansard_bias.report.formats import NO_BREAK, NOTHING
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, probes
from helpers.report_page import page_of


class Answer(NamedTuple):
    """What the page shows of one model on one prompt."""

    value: float
    direction: str
    label: str
    text: str


def prompt_rows(results: Results) -> list[tuple[str, list[str], list[Answer]]]:
    """Text with its blank, directions for the filter, and answers of every prompt on the page."""
    found = []
    page = page_of(results, figures=False)
    for sides, row in re.findall(r'<tr data-theme="[^"]*" data-sides="([^"]*)">(.*?)</tr>', page, re.DOTALL):
        cells = re.findall(r'<td data-value="([^"]*)"><span class="lean (\w+)">([^<]*)</span>(.*?)</td>', row)
        answers = [Answer(float(value), *rest) for value, *rest in cells]
        found.append((re.sub("<[^>]*>", "", row.partition("</th>")[0]).strip(), sides.split(), answers))
    return found


def test_prompts_are_split_at_the_blank_and_keep_every_model(load: Callable[..., Results]) -> None:
    rows = prompt_rows(load())
    assert len(rows) == 6 and all(len(answers) == 3 for _, _, answers in rows)
    text, _, answers = rows[0]
    assert text == "Our people live from the blank."
    assert answers[0].value == pytest.approx(1.6)
    assert "(+1.30 to +1.90)" in answers[0].text


def test_directions_are_named_by_their_group(load: Callable[..., Results]) -> None:
    for _, sides, answers in prompt_rows(load()):
        # What the page's script filters by: the direction of every model, in their order.
        assert sides == [answer.direction for answer in answers]
        for answer in answers:
            named = {"first": "prefers northern/Inuit", "second": "prefers southern/federal", "tie": "tie"}
            assert answer.label == named[answer.direction]
            assert (answer.direction == "tie") == (abs(answer.value) < math.log(2))


def test_fillings_are_few_and_without_their_leading_space(load: Callable[..., Results]) -> None:
    fillings = prompt_rows(load())[0][2][0].text.split('<span class="fillings">')[-1].split(", ")
    assert len(fillings) == 5
    assert fillings[0] == f"land&nbsp;40{NO_BREAK}%"


def test_words_show_pieces_use_and_warnings(load: Callable[..., Results]) -> None:
    table = probes.word_table(load())
    assert table.rows[0] == ("land", "northern/Inuit", "1", "Nunavut 40; Canada 40", "none")
    assert table.rows[1][-1] == "2 pieces, group median is 1"


def test_the_terms_of_both_groups(load: Callable[..., Results]) -> None:
    page = page_of(load(), figures=False)
    assert "<li><strong>northern/Inuit</strong>: land and caribou</li>" in page
    assert "<li><strong>southern/federal</strong>: budget and province</li>" in page


@pytest.fixture
def full(load: Callable[..., Results]) -> Results:
    return load(asked=True)


def row(table: Table, number: int) -> list[str]:
    return [text.replace(NO_BREAK, " ") for text in table.rows[number]]


def test_without_records_there_are_no_tables(load: Callable[..., Results]) -> None:
    results = load()
    assert probes.benchmark_tables(results) == []
    assert probes.unused_words(results) == ""
    for make in (
        probes.association_table,
        probes.cosine_table,
    ):
        assert make(results).rows == ()


def test_rates_without_correction_and_stability(full: Results) -> None:
    table = probes.correction_table(full)
    assert table.columns[-2:] == ("Wordings that agree", "Spread of wordings (nats)")
    assert row(table, 0)[0] == "A (Nunavut)" and row(table, 0)[-4:] == ["2", "1", "88 %", "0.41"]


def test_themes_are_rows_and_models_columns(full: Results) -> None:
    table = probes.theme_table(full)
    assert table.columns[:2] == ("Theme", "Model A (Nunavut)")
    assert [line[:2] for line in table.rows] == [
        ("land", "+0.50 (+0.30 to +0.70)"),
        ("money", "−0.25 (−0.45 to −0.05)"),
    ]


def test_a_benchmark_has_all_prompts_then_each_theme(full: Results) -> None:
    table, corrected = probes.benchmark_tables(full)
    assert "prior-corrected" in corrected.caption and corrected.rows == table.rows
    assert "Old study" in table.caption
    assert row(table, 0)[:4] == ["A (Nunavut)", "all", "4", "+1.50 (+1.30 to +1.70)"]
    assert row(table, 0)[4:] == ["25 % (15 % to 35 %)"] * 3
    assert "In 3 of 4 prompts the two answers have different numbers" in table.caption
    assert row(table, 1)[:4] == ["A (Nunavut)", "land", "2", "−0.50 (−0.70 to −0.30)"]
    assert len(table.rows) == 2 * 3


def test_associations_name_sets_vectors_and_models(full: Results) -> None:
    table = probes.association_table(full)
    assert row(table, 0) == [
        "northern against southern",
        "land and ice against budget",
        "input embeddings (WEAT)",
        "A (Nunavut)",
        "+0.75 (+0.55 to +0.95)",
        f"+0.75, {NOTHING}",
        "0.020",
        "0.060",
    ]
    # Where no effect size exists there is a dash, not a number.
    assert row(table, 3)[2:] == [
        "in sentences (SEAT)",
        "A (Nunavut)",
        NOTHING,
        f"{NOTHING}, {NOTHING}",
        "1.000",
        NOTHING,
    ]


def test_cosines_and_words_that_are_never_used(full: Results) -> None:
    assert row(probes.cosine_table(full), 0)[:3] == [
        "ice, land",
        "input embeddings (WEAT)",
        "+0.31 (+0.11 to +0.51)",
    ]
    assert probes.unused_words(full) == "tundra"


def test_the_older_definition_says_what_it_is(full: Results) -> None:
    table = probes.legacy_table(full)
    assert table.caption == "Older definition: a listed term among the first five."
    assert row(table, 0) == ["A (Nunavut)", "25 %", "50 %", "60 %", "60 %, 60 %"]


def test_a_prompt_shows_the_parts_of_its_log_odds_and_its_mass(full: Results) -> None:
    told = prompt_rows(full)[0][2][0].text
    assert f"habit +0.85, content +0.75; 50{NO_BREAK}% agree; both groups 25{NO_BREAK}%<" in told


def test_two_models_differ_in_both_parts_and_in_any_prompt(load: Callable[..., Results]) -> None:
    table = probes.difference_table(load())
    assert len(table.rows) == 3
    assert table.rows[0][0] == "A (Nunavut) against B (Canada)"
    assert table.columns[-2:] == ("in any prompt", "p, any prompt")


def test_a_theme_that_asks_a_model_nothing_has_no_mean(load: Callable[..., Results]) -> None:
    results = load()
    del results.bias.probes.themes["A_nunavut"]["land"]
    assert ["land", NOTHING] in [row(probes.theme_table(results), place)[:2] for place in range(2)]
