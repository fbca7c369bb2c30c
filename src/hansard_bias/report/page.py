"""The page, one self-contained file, and the folder metrics/report around it: figures, tables and all numbers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from itertools import chain
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from hansard_bias.base.files import atomic_folder, atomic_write
from hansard_bias.report import formats
from hansard_bias.report.comparisons import headlines
from hansard_bias.report.exports import long_tables, table_csv, table_latex
from hansard_bias.report.figures import Drawn, dark_rules, draw, figure_files
from hansard_bias.report.results import Results
from hansard_bias.report.sentences import answer
from hansard_bias.report.tables import Table, in_sections, make_tables, make_texts, portable


def build_page(results: Results, drawn: Mapping[str, Drawn], made: Mapping[str, list[Table]]) -> str:
    """The whole page as HTML: figures, styles and the little script are inside, nothing is loaded."""
    # Strict: a text that nobody registered stops the page instead of leaving a hole in it.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style, script = _source("page.css"), _source("page.js")
    # The page's policy allows this very script and no other.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {"style": Markup(style), "script": Markup(script), "script_digest": digest}
    rules = Markup(dark_rules(panel for each in drawn.values() for panel in each.panels))
    shown = {"figures": drawn, "dark_rules": rules, "tables": made, "listed": in_sections(made)}
    verdict, size = answer(results)
    said = {"verdict": verdict, "size": size, "headlines": headlines(results), **make_texts(results)}
    template = environment.from_string(_source("page.html.jinja"))
    return template.render(results=results, config=results.config, fmt=formats, **parts, **shown, **said)


def _source(name: str) -> str:
    return files("hansard_bias.report").joinpath(name).read_text(encoding="utf-8")


def write_report(results: Results, metrics: Path) -> None:
    """Write metrics/report, and beside it what git keeps: the matrix as a picture, and the tables.

    In report/ stand index.html, the figures, the long tables of all numbers, and under tables/ those of the page. The
    tables beside it are without what depends on the machine, so that a study made anew differs only in its numbers.
    """
    drawn, made = draw(results), make_tables(results)
    page: dict[str, str | bytes] = {"index.html": build_page(results, drawn, made)}
    page |= figure_files(drawn) | long_tables(results)
    page |= {f"tables/{name}": content for name, content in _table_files(chain(*made.values())).items()}
    # DVC links what it keeps into the workspace, and a figure of a model that is gone must go: all folders are new.
    _write(metrics / "report", page)
    _write(metrics / "tables", _table_files(portable(made)))
    with atomic_write(metrics / "matrix.svg") as partial:
        partial.write_text(drawn["matrix"].file, encoding="utf-8")


def _table_files(tables: Iterable[Table]) -> dict[str, str | bytes]:
    makers = {"csv": table_csv, "tex": table_latex}
    return {f"{table.name}.{kind}": make(table) for table in tables for kind, make in makers.items()}


def _write(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    with atomic_folder(folder) as partial:
        for name, content in contents.items():
            (partial / name).parent.mkdir(exist_ok=True)
            (partial / name).write_bytes(content if isinstance(content, bytes) else content.encode())
