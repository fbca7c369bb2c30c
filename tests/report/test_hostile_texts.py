"""Every text on the page that comes from an archive, a probe or a title, written by somebody who wants to break it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from hansard_bias.params import load_config
from hansard_bias.report.page import tables_and_rows
from hansard_bias.report.results import Results, load_results
from hansard_bias.report.tables.comparison import Table
from hansard_bias.report.tables.files import table_csv, table_latex
from helpers.project import ROOT
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


def results_of(changed: bool) -> Results:
    """The shipped results, with every text as it is or made hostile."""
    config = load_config(ROOT / "params.yaml")
    if changed:
        named = {name: replace(each, licence=HOSTILE) for name, each in config.corpora.items()}
        config = replace(config, report=replace(config.report, title=HOSTILE), corpora=named)
    results = load_results(ROOT / "metrics", config, {"commit": HOSTILE if changed else "abc"})
    if not changed:
        return results
    lines = tuple({**line, "value": line["value"] + HOSTILE} for line in results.slices)
    words = tuple({**line, "word": line["word"] + HOSTILE} for line in results.words)
    return replace(results, bias=hostile(results.bias), slices=lines, words=words)


def test_the_page_escapes_everything() -> None:
    before, after = (page_of(results_of(changed), figures=False) for changed in (False, True))
    plain, changed = Tags(before), Tags(after)
    assert changed.tags == plain.tags and changed.attributes == plain.attributes
    shown = html.escape("<script>alert(1)</script>")
    assert after.count(shown) > 300
    assert "{{ 7 * 7 }}" in after, "a text is no template"


def test_the_tables_as_files_hold_the_texts_and_no_command() -> None:
    parts = tables_and_rows(results_of(True)).values()
    tables = [
        each for part in parts for each in (part if isinstance(part, list) else [part]) if isinstance(each, Table)
    ]
    written = "".join(table_latex(table) for table in tables)
    assert len(tables) > 15 and "input" in written
    assert not re.search(r"\\input|\\write|(?<!\\)\$\{", written)
    assert HOSTILE[:8] in "".join(table_csv(table) for table in tables).replace('""', '"')
