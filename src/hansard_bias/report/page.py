"""The page, one self-contained file, and the folder metrics/report around it: figures, tables and all numbers."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from importlib.resources import files
from itertools import chain
from operator import attrgetter
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from hansard_bias.analysis.record_files import columns
from hansard_bias.analysis.records import Cell, Interval
from hansard_bias.base.files import atomic_folder, atomic_write, harmless
from hansard_bias.report import formats as fmt
from hansard_bias.report.figures import Drawn, dark_rules, draw, figure_files
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, in_sections, make_tables, make_texts, portable
from hansard_bias.report.verdict import answer, headlines

Value = str | float | None
BOUNDS = ("value", "low", "high")
# Ends of the names of columns, by how many numbers a cell holds.
SUFFIXES = {1: ("",), 2: (" low", " high"), 3: ("", " low", " high")}
# Rows beyond which a LaTeX table may break over pages: more do not fit one.
LONG_TABLE = 40
# Characters beyond which a column of a LaTeX table breaks its lines, as the table would leave the page.
WIDE_TEXT = 32
MANY_COLUMNS = 5
# What LaTeX would take for a command or not know.
COMMANDS = ("backslash", "asciitilde", "asciicircum", "less", "greater", "bar", "quotedbl")
LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    **{character: rf"\text{name}{{}}" for character, name in zip('\\~^<>|"', COMMANDS, strict=True)},
    # In braces, because `\\[` is a command.
    **{"[": "{[}", "]": "{]}", "\u201c": "``", "\u201d": "''", "\u2019": "'", "\u2190": r"$\leftarrow$"},
    **{fmt.MINUS: "$-$", fmt.DASH: "--", fmt.NOTHING: "---", fmt.TIMES: r"$\times$", "\u2192": r"$\rightarrow$"},
    fmt.NO_BREAK: "~",
}


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
    return template.render(results=results, config=results.config, fmt=fmt, **parts, **shown, **said)


def _source(name: str) -> str:
    return files("hansard_bias.report").joinpath(name).read_text(encoding="utf-8")


def write_report(results: Results, metrics: Path) -> None:
    """Write metrics/report, the page and its files, and beside it what git keeps: the matrix, and the tables."""
    drawn, made = draw(results), make_tables(results)
    page: dict[str, str | bytes] = {"index.html": build_page(results, drawn, made)}
    page |= figure_files(drawn) | long_tables(results)
    page |= {f"tables/{name}": content for name, content in _table_files(chain(*made.values())).items()}
    # DVC links what it keeps into the workspace, and a figure of a model that is gone must go: all folders are new.
    _write(metrics / "report", page)
    # Without what depends on the machine, so that a study made anew differs only in its numbers.
    _write(metrics / "tables", _table_files(portable(made)))
    with atomic_write(metrics / "matrix.svg") as partial:
        # Where no model is trained, the matrix is that of the models that are there already.
        partial.write_text((drawn.get("matrix") or drawn["given"]).file, encoding="utf-8")


def _table_files(tables: Iterable[Table]) -> dict[str, str | bytes]:
    makers = {"csv": table_csv, "tex": table_latex}
    return {f"{table.name}.{kind}": make(table) for table in tables for kind, make in makers.items()}


def _write(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    with atomic_folder(folder) as partial:
        for name, content in contents.items():
            (partial / name).parent.mkdir(exist_ok=True)
            (partial / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def long_tables(results: Results) -> dict[str, str]:
    """One line a number, for further computing, by file name."""
    makers = {"matrix": matrix_csv, "effects": effects_csv, "tests": tests_csv, "probes": probes_csv}
    # Asked only of who has the lists: an empty file would say that nothing was found.
    makers |= {"benchmarks": benchmarks_csv} if results.bias.benchmarks else {}
    makers |= {"associations": associations_csv} if results.bias.associations.tests else {}
    return {f"{name}.csv": make(results) for name, make in makers.items()}


def matrix_csv(results: Results) -> str:
    """One line a cell: perplexity, bits per byte and excess, with bounds."""
    model, *names = columns(Cell)
    lines = ((fmt.training_text(results.config, model), astuple(cell)) for (model, _), cell in results.cells.items())
    return to_csv([model, "trained_on", *names], ([row, text, *numbers] for text, (row, *numbers) in lines))


def effects_csv(results: Results) -> str:
    """One line an effect: bias ratio, excess (in nats, and as a factor), tilt."""
    found: list[tuple[str, str, str, Interval | None, str]] = []
    for model in results.config.models:
        key, measures = results.config.row_key(model), results.measures(model)
        found.append((key, "bias_ratio", "", measures.bias_ratio, "ratio"))
        for column in results.config.columns():
            excess = results.excess(model, column)
            found.append((key, "excess", column, excess, "nats_per_token"))
            found.append((key, "excess_factor", column, excess and excess.map(math.exp), "ratio"))
        found.append((key, "tilt", "", measures.tilt, "nats_per_token"))
    rows = ([*names, *_bounds(effect), unit] for *names, effect, unit in found if effect is not None)
    return to_csv(["model", "quantity", "corpus", *BOUNDS, "unit"], rows)


def tests_csv(results: Results) -> str:
    """One line a test."""
    names = ["family", "what", "model", "corpus", "effect", "low", "high", "p", "p_holm", "p_covers"]
    names.append("unit")
    return to_csv(names, map(attrgetter(*names), results.bias.tests))


def probes_csv(results: Results) -> str:
    """One line a prompt and model."""
    rows = []
    for prompt in results.bias.probes.prompts:
        for model, reply in prompt.models.items():
            tokens = " | ".join(candidate.token.strip() for candidate in reply.top)
            found = [*_bounds(reply.log_odds), reply.direction, *_bounds(reply.habit), *_bounds(reply.content)]
            asked = [prompt.prompt, prompt.theme, prompt.text, model]
            rows.append([*asked, *found, reply.mass, reply.stability.agreement, tokens])
    parts = [f"{part}_{bound}" for part in ("habit", "content") for bound in BOUNDS]
    header = ["prompt", "theme", "text", "model", *BOUNDS, "direction", *parts, "mass", "agreement", "top_fillings"]
    return to_csv(header, rows)


def benchmarks_csv(results: Results) -> str:
    """One line a benchmark's prompt and model: log-odds as they are and prior-corrected."""
    names = ["line", "theme", "prompt", "favorable", "unfavorable", "favorable_pieces", "unfavorable_pieces"]
    rows = []
    for benchmark in results.bias.benchmarks:
        for item in benchmark.items:
            asked = [benchmark.name, *attrgetter(*names)(item)]
            for model, reply in item.models.items():
                rows.append([*asked, model, *_bounds(reply.plain), *_bounds(reply.corrected), reply.direction])
    odds_names = [f"{kind}_{bound}" for kind in ("plain", "corrected") for bound in BOUNDS]
    return to_csv(["benchmark", *names, "model", *odds_names, "direction"], rows)


def associations_csv(results: Results) -> str:
    """One line an association test and model."""
    names = ["p", "p_greater", "p_holm", "partitions", "exact", "ddof"]
    rows = (
        [test.test, test.space, model, *_bounds(effect.effect_size), *attrgetter(*names)(effect)]
        for test in results.bias.associations.tests
        for model, effect in test.models.items()
    )
    return to_csv(["test", "space", "model", *BOUNDS, *names], rows)


def to_csv(header: Sequence[str], rows: Iterable[Iterable[Value]]) -> str:
    """CSV text; a missing number is an empty cell."""
    buffer = io.StringIO()
    # The same bytes on every system.
    csv.writer(buffer, lineterminator="\n").writerows(map(harmless, row) for row in (header, *rows))
    return buffer.getvalue()


def _bounds(interval: Interval | None) -> list[float | None]:
    return [None] * 3 if interval is None else [*interval.as_dict().values()]


# Every table of the page as CSV, with the exact numbers, and as LaTeX, as it stands on the page.
def table_csv(table: Table) -> str:
    """The table with one column a number: an estimate becomes three, with its bounds; shares are from 0 to 1."""
    rows = [[_values(cell) for cell in row] for row in table.rows]
    # A dash or word in a column of numbers leaves the others empty.
    widths = [max((len(row[place]) for row in rows), default=1) for place in range(len(table.columns))]
    header = [f"{column}{end}" for column, width in zip(table.columns, widths, strict=True) for end in SUFFIXES[width]]
    padded = ([found + [None] * (width - len(found)) for found, width in zip(row, widths, strict=True)] for row in rows)
    return to_csv(header, map(chain.from_iterable, padded))


def _values(cell: str) -> list[Value]:
    return list(cell.numbers) if isinstance(cell, fmt.Shown) else [None if cell == fmt.NOTHING else str(cell)]


def table_latex(table: Table) -> str:
    """A LaTeX table; one of many rows breaks over pages."""
    kind = "longtable" if len(table.rows) > LONG_TABLE else "tabular"
    head = [f"\\caption{{{latex(table.caption)}}}", f"\\label{{tab:{table.name}}}"]
    names = " & ".join(latex(column) for column in table.columns)
    body = [r"\toprule", f"{names} \\\\", r"\midrule"]
    rows = [" & ".join(latex(cell) for cell in row) + r" \\" for row in table.rows]
    # Wide tables in small type, so that they fit a page of A4.
    size = [r"\footnotesize"] if len(table.columns) > MANY_COLUMNS else []
    # Whoever pastes the table is told which packages it needs.
    needs = "% \\usepackage{booktabs" + (",longtable}" if kind == "longtable" else "}")
    longest = [max((len(row[place]) for row in table.rows), default=0) for place in range(len(table.columns))]
    texts = ["p{5cm}" if length > WIDE_TEXT else "l" for length in longest]
    # One letter a column: numbers to the right, long texts in lines of their own.
    layout = "".join("r" if name in table.numeric else text for name, text in zip(table.columns, texts, strict=True))
    begin, end = f"\\begin{{{kind}}}{{{layout}}}", f"\\end{{{kind}}}"
    if kind == "longtable":
        first = [f"{head[0]}{head[1]} \\\\", *body, r"\endfirsthead", *body, r"\endhead"]
        lines = [needs, "{", *size, begin, *first, *rows, r"\bottomrule", end, "}"]
    else:
        lines = [needs, r"\begin{table}", r"\centering", *size, *head, begin, *body, *rows, r"\bottomrule", end]
        lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"


def latex(text: str) -> str:
    """Text that LaTeX sets as it is: special characters escaped, line breaks and control characters as blanks."""
    # A line break in a cell would end the row.
    plain = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    return "".join(LATEX.get(character, character) for character in plain)
