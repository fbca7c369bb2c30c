"""Every table of the page as CSV, with the exact numbers, and as LaTeX, as it stands on the page."""

from __future__ import annotations

import re

from hansard_bias.report.exports import Value, to_csv
from hansard_bias.report.formats import DASH, MINUS, NO_BREAK, NOTHING, TIMES, Shown
from hansard_bias.report.tables.comparison import Table

SUFFIXES = {0: ("",), 1: ("",), 2: (" low", " high"), 3: ("", " low", " high")}
LONG_TABLE = 40
"""Rows beyond which a LaTeX table may break over pages."""
WIDE_TEXT = 32
"""Characters beyond which a column of a LaTeX table breaks its lines."""
MANY_COLUMNS = 5

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",
    "]": "{]}",
    "\u201c": "``",
    "\u201d": "''",
    "\u2019": "'",
    "\u2190": r"$\leftarrow$",
    "\u2192": r"$\rightarrow$",
    MINUS: "$-$",
    DASH: "--",
    NOTHING: "---",
    TIMES: r"$\times$",
    NO_BREAK: "~",
}
"""What LaTeX would take for a command or not know; a bracket is in braces because `\\\\[` is a command."""


def table_csv(table: Table) -> str:
    """The table with one column a number: an estimate becomes three, with its bounds; shares are from 0 to 1."""
    widths = [max((_width(row[place]) for row in table.rows), default=0) for place in range(len(table.columns))]
    header = [f"{column}{end}" for column, width in zip(table.columns, widths, strict=True) for end in SUFFIXES[width]]
    rows = [
        [value for cell, width in zip(row, widths, strict=True) for value in _values(cell, width)] for row in table.rows
    ]
    return to_csv(header, rows)


def _width(cell: str) -> int:
    return len(cell.numbers) if isinstance(cell, Shown) else 0


def _values(cell: str, width: int) -> list[Value]:
    """The numbers of a cell, as many as its column has; words stay words."""
    found: list[Value] = list(cell.numbers) if isinstance(cell, Shown) else [None if cell == NOTHING else str(cell)]
    return found + [None] * (max(width, 1) - len(found))


def table_latex(table: Table) -> str:
    """A LaTeX table; one of many rows breaks over pages."""
    kind = "longtable" if len(table.rows) > LONG_TABLE else "tabular"
    head = [f"\\caption{{{latex(table.caption)}}}", f"\\label{{tab:{table.name}}}"]
    names = " & ".join(latex(column) for column in table.columns)
    body = [r"\toprule", f"{names} \\\\", r"\midrule"]
    rows = [" & ".join(latex(cell) for cell in row) + r" \\" for row in table.rows]
    size = [r"\footnotesize"] if len(table.columns) > MANY_COLUMNS else []
    needs = "% \\usepackage{booktabs" + (",longtable}" if kind == "longtable" else "}")
    begin, end = f"\\begin{{{kind}}}{{{_layout(table)}}}", f"\\end{{{kind}}}"
    if kind == "longtable":
        first = [f"{head[0]}{head[1]} \\\\", *body, r"\endfirsthead", *body, r"\endhead"]
        lines = [needs, "{", *size, begin, *first, *rows, r"\bottomrule", end, "}"]
    else:
        lines = [needs, r"\begin{table}", r"\centering", *size, *head, begin, *body, *rows, r"\bottomrule", end]
        lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"


def _layout(table: Table) -> str:
    """One letter a column: numbers to the right, long texts in lines of their own."""
    kinds = []
    for place, column in enumerate(table.columns):
        longest = max((len(row[place]) for row in table.rows), default=0)
        text = "p{5cm}" if longest > WIDE_TEXT else "l"
        kinds.append("r" if column in table.numeric else text)
    return "".join(kinds)


def latex(text: str) -> str:
    """Text that LaTeX sets as it is: special characters escaped, line breaks and control characters as blanks."""
    plain = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    return "".join(LATEX.get(character, character) for character in plain)
