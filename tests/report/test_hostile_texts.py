"""Every text on the page that comes from an archive, a probe or a title, written by somebody who wants to break it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from hansard_bias.analysis.record_files import bias_from_json, from_json, to_json
from hansard_bias.analysis.stage_records import CalibrationRecord
from hansard_bias.report.page import table_csv, table_latex
from hansard_bias.report.results import Results
from hansard_bias.report.tables import make_tables
from helpers.probe_records import CALIBRATION, SLICE, WORD
from helpers.report_page import page_of

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}${7}</style></td>&lt;b&gt;\\input{x}"
FREE = {
    *("text", "label", "term", "terms", "theme", "token", "favorable", "unfavorable", "word", "other", "warnings"),
    *("prompt", "test", "what", "definition", "targets", "attributes", "note"),
}


def hostile(value: Any, key: str = "") -> Any:
    """The same records with HOSTILE at the end of every text that people write; alike texts stay alike."""
    if isinstance(value, Mapping):
        return {name: hostile(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [hostile(item, key) for item in value]
    free = key in FREE and isinstance(value, str) and not (key == "text" and " " not in value)
    return value + HOSTILE if free else value


class Tags(HTMLParser):
    """The tags of a page and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def hostile_results(results: Results) -> Results:
    """The same results with every text hostile."""
    named = {name: replace(each, licence=HOSTILE) for name, each in results.config.corpora.items()}
    config = replace(results.config, report=replace(results.config.report, title=HOSTILE), corpora=named)
    content = hostile(to_json(results.bias))
    bias = bias_from_json(content | content.pop("more", {}), "bias.json")
    words = tuple(replace(line, word=line.word + HOSTILE) for line in results.words)
    slices = tuple(replace(line, value=line.value + HOSTILE) for line in results.slices)
    return replace(
        results,
        config=config,
        bias=bias,
        words=words,
        slices=slices,
        provenance=dict.fromkeys(results.provenance, HOSTILE),
    )


@pytest.fixture
def full(load: Callable[..., Results]) -> Results:
    """A study with all that a page can show."""
    results = load(asked=True, planted={}, prompts=30)
    calibration = from_json(CalibrationRecord, CALIBRATION, "calibration.json", "verdict")
    return replace(results, words=(WORD,), slices=(SLICE,), calibration=calibration)


def test_the_page_escapes_everything(full: Results) -> None:
    before, after = (page_of(results, figures=False) for results in (full, hostile_results(full)))
    plain, changed = Tags(before), Tags(after)
    assert changed.tags == plain.tags and changed.attributes == plain.attributes
    shown = html.escape("<script>alert(1)</script>")
    assert after.count(shown) > 200
    assert "{{ 7 * 7 }}" in after, "a text is no template"


def test_the_tables_as_files_hold_the_texts_and_no_command(full: Results) -> None:
    tables = [table for group in make_tables(hostile_results(full)).values() for table in group]
    written = "".join(table_latex(table) for table in tables)
    assert len(tables) > 15 and "input" in written
    assert not re.search(r"\\input|\\write|(?<!\\)\$\{", written)
    assert HOSTILE[:8] in "".join(table_csv(table) for table in tables).replace('""', '"')
