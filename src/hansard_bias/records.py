"""Long tables of metrics as CSV: written whole or not at all, read with numbers as numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hansard_bias.paths import appearing

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The signs themselves, their full-width forms, and what a spreadsheet skips before them."""

_AFTER_SEPARATOR = re.compile(r"(?!\A\t)([;\t]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def harmless(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers.

    Also behind a semicolon or tab, where a spreadsheet of another country begins a new cell, quotes or not.
    """
    if not isinstance(value, str):
        return value
    # The csv module of Python 3.11 leaves a carriage return without quotes, which would begin a line.
    safe = _AFTER_SEPARATOR.sub(r"\1'", value.replace("\r", " "))
    return f"'{safe}" if safe.lstrip(' "').startswith(FORMULA_STARTS) else safe


def write_records(path: Path, columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    """One line a record; numbers with six significant digits, nothing for None."""
    with appearing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(record[column]) for column in columns] for record in records)


def _cell(value: object) -> object:
    """Six digits are more than any of these numbers has to say, and keep the files small."""
    return f"{value:.6g}" if isinstance(value, float) else harmless(value)
