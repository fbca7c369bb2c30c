"""Long tables of metrics as CSV: written whole or not at all, read with numbers as numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hansard_bias.paths import appearing


def write_records(path: Path, columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    """One line a record; numbers with six significant digits, nothing for None."""
    with appearing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(record[column]) for column in columns] for record in records)


def _cell(value: object) -> object:
    """Six digits are more than any of these numbers has to say, and keep the files small."""
    return f"{value:.6g}" if isinstance(value, float) else value
