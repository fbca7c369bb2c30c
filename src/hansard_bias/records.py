"""Long tables of metrics as CSV: written whole or not at all, read with numbers as numbers."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def write_records(path: Path, columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    """One line a record; numbers with six significant digits, nothing for None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(record[column]) for column in columns] for record in records)
    os.replace(partial, path)


def _cell(value: object) -> object:
    """Six digits are more than any of these numbers has to say, and keep the files small."""
    return f"{value:.6g}" if isinstance(value, float) else value
