"""The page of some results, as the report stage builds it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hansard_bias.report.figures import draw
from hansard_bias.report.page import build_page
from hansard_bias.report.results import Results
from hansard_bias.report.tables import make_tables


def page_of(results: Results, figures: bool = True) -> str:
    """The page; without its figures where a test asks only for texts, because drawing takes seconds."""
    return build_page(results, draw(results) if figures else {}, make_tables(results))


def with_bias(results: Results, **parts: Any) -> Results:
    """The same results with other parts of bias.json."""
    return replace(results, bias=replace(results.bias, **parts))
