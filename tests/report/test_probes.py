from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hansard_bias.report.formats import NO_BREAK
from hansard_bias.report.results import Results
from hansard_bias.report.tables import probes
from helpers.report_page import page_of


def test_prompts_are_split_at_the_blank_and_keep_every_model(load: Callable[..., Results]) -> None:
    rows = probes.prompt_rows(load())
    assert len(rows) == 6 and all(len(row.answers) == 3 for row in rows)
    assert rows[0].parts == ("Our people live from the ", ".")
    assert rows[0].answers[0].value == pytest.approx(1.6)
    assert rows[0].answers[0].bounds == "+1.30 to +1.90"


def test_directions_are_named_by_their_group(load: Callable[..., Results]) -> None:
    page = page_of(load(), figures=False)
    for row in probes.prompt_rows(load()):
        # What the page's script filters by: the direction of every model, in their order.
        assert f'data-sides="{" ".join(answer.direction for answer in row.answers)}"' in page
        for answer in row.answers:
            named = {"first": "prefers northern/Inuit", "second": "prefers southern/federal", "tie": "tie"}
            assert answer.direction_label == named[answer.direction]
            assert (answer.direction == "tie") == (abs(answer.value) < math.log(2))


def test_fillings_are_few_and_without_their_leading_space(load: Callable[..., Results]) -> None:
    fillings = probes.prompt_rows(load())[0].answers[0].fillings
    assert len(fillings) == probes.FILLINGS_SHOWN
    assert fillings[0] == ("land", f"40{NO_BREAK}%")


def test_words_show_pieces_use_and_warnings(load: Callable[..., Results]) -> None:
    table = probes.word_table(load())
    assert table.rows[0] == ("land", "northern/Inuit", "1", "Nunavut 40; Canada 40", "none")
    assert table.rows[1][-1] == "2 pieces, group median is 1"


def test_the_terms_of_both_groups(load: Callable[..., Results]) -> None:
    assert probes.group_lists(load()) == [
        ("northern/Inuit", "land and caribou"),
        ("southern/federal", "budget and province"),
    ]
