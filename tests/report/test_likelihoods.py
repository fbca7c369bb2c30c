"""Likelihoods on the page: there when they were computed, gone without a trace when they were not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hansard_bias.report.results import Results
from hansard_bias.report.tables.chance import likelihood_table
from helpers.report_page import page_of


@pytest.fixture
def asked(load: Callable[..., Results]) -> Results:
    results = load()

    def cell(value: float) -> dict[str, Any]:
        number = {"value": value, "low": value - 0.25, "high": None if value > -2 else value + 0.25}
        return {"speeches": 1200, "tokens": 9, "pll": number, "pll_within_word": number | {"value": value - 0.1}}

    rows = {results.config.row_key(model): {"on_nunavut": cell(-2.5)} for model in results.config.models}
    return replace(results, bias={**results.bias, "likelihoods": rows})


def test_both_forms_stand_beside_each_other(asked: Results) -> None:
    found = likelihood_table(asked)
    assert len(found.rows) == len(asked.config.models)
    assert found.rows[0][1:] == ("Nunavut", "−2.50 (−2.75 to −2.25)", "−2.60 (−2.75 to −2.25)", "1,200")
    page = page_of(asked, figures=False)
    assert "Asked in another way" in page
    assert "−2.60" in page


def test_without_likelihoods_the_page_does_not_mention_them(load: Callable[..., Results]) -> None:
    results = load()
    assert likelihood_table(results).rows == ()
    assert "Asked in another way" not in page_of(results, figures=False)
