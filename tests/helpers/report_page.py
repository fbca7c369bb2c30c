"""The page of some results, as the report stage builds it."""

from __future__ import annotations

from hansard_bias.report.figures.style import draw
from hansard_bias.report.page import build_page, tables_and_rows
from hansard_bias.report.results import Results


def page_of(results: Results, figures: bool = True) -> str:
    """The page; without its figures where a test asks only for texts, because drawing takes seconds."""
    return build_page(results, draw(results) if figures else {}, tables_and_rows(results))
