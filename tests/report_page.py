"""The page of some results, as the report stage builds it."""

from __future__ import annotations

from hansard_bias.reporting.drawings import draw
from hansard_bias.reporting.page import build_page, tables_and_rows
from hansard_bias.reporting.results import Results


def page_of(results: Results) -> str:
    return build_page(results, draw(results), tables_and_rows(results))
