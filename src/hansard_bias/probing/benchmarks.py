"""Binary benchmarks: which of two answers a model expects in a prompt; read from CSV and XLSX (method.md section 4)."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from hansard_bias.base.messages import joined, one_line, shown, unseen
from hansard_bias.probing.prompts import Candidate, check_mask, mask_of, repeated

COLUMNS = ("prompt", "favorable_answer", "unfavorable_answer", "theme")
FORMATS = (".csv", ".xlsx")
# Of a file, and of a workbook's parts unpacked; a thousand prompts need some 200,000.
MAX_BYTES = 5_000_000
MAX_CELLS = 1_000_000

# What openpyxl lets through where a workbook is damaged or made to do harm.
_BROKEN = (
    *(BadZipFile, zlib.error, EOFError, OSError, SyntaxError, RuntimeError, AssertionError),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError),
)

Row = tuple[int, Sequence[Any]]


@dataclass(frozen=True)
class Item:
    """One line of a benchmark: a prompt with one [MASK] and the two answers that compete for it."""

    line: int
    """Where it stands in its file; the header is line 1."""
    prompt: str
    favorable: str
    unfavorable: str
    theme: str

    def candidates(self, path: str) -> list[Candidate]:
        """The two answers with their line of the file for messages."""
        return [Candidate(f"{path}:{self.line}: answer", answer) for answer in (self.favorable, self.unfavorable)]


@dataclass(frozen=True)
class Benchmark:
    """All items of one file, in its order."""

    name: str
    """The file's name without its ending."""
    path: str
    items: tuple[Item, ...]


def load_benchmarks(paths: Iterable[Path]) -> list[Benchmark]:
    """Read several benchmarks; ValueError when two have one name, or for what `load_benchmark` refuses."""
    benchmarks = [load_benchmark(path) for path in paths]
    if twice := repeated(benchmark.name for benchmark in benchmarks):
        raise ValueError(f"probe.benchmarks: two files are named {twice!r}; results go by name, rename one")
    return benchmarks


def load_benchmark(path: Path) -> Benchmark:
    """Read a benchmark with the columns of COLUMNS, in any order; other columns and blank lines are left out.

    `<mask>` is read as `[MASK]`. Only the first sheet of a workbook is read.
    Raises ValueError, naming the file and the line, for a missing column, an empty cell, a prompt without exactly one
    [MASK], two equal answers, a line that occurs twice, or a file that is neither CSV in UTF-8 nor XLSX.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file; check probe.benchmarks in params.yaml")
    rows = _rows(path)
    first, header = next(rows, (1, ()))
    places = _places(f"{path}:{first}", header)
    items = tuple(_item(f"{path}:{line}", line, cells, places) for line, cells in rows)
    if not items:
        raise ValueError(f"{path}: holds no prompts under its header; add lines with {', '.join(COLUMNS)}")
    lines: dict[tuple[str, str, str], int] = {}
    for item in items:
        first_line = lines.setdefault((item.prompt, item.favorable, item.unfavorable), item.line)
        if first_line != item.line:
            raise ValueError(f"{path}:{item.line}: repeats line {first_line}; keep one of them")
    return Benchmark(path.stem, path.as_posix(), items)


def _rows(path: Path) -> Iterator[Row]:
    # Lines that are all blank stand in many a file made by a spreadsheet.
    if path.suffix.casefold() not in FORMATS:
        raise ValueError(f"{path}: ends in {path.suffix!r}, expected one of {', '.join(FORMATS)}")
    _check_size(path, path.stat().st_size)
    rows = _sheet_rows(path) if path.suffix.casefold() == ".xlsx" else _csv_rows(path)
    return ((line, cells) for line, cells in rows if any(_text(cell) for cell in cells))


def _csv_rows(path: Path) -> Iterator[Row]:
    try:
        # Spreadsheets begin their CSV files with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 ({error.reason} at byte {error.start}); save it as CSV UTF-8") from None
    header = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if header.count(";") > header.count(",") else ",", strict=True)
    try:
        start = 1
        for cells in reader:
            yield start, cells
            # A quoted cell may hold line breaks: a record is named by its first line.
            start = reader.line_num + 1
    except csv.Error as error:
        problem = f"not valid CSV ({one_line(str(error))}); mend the quotes of this line"
        raise ValueError(f"{path}:{reader.line_num}: {problem}") from None


def _sheet_rows(path: Path) -> Iterator[Row]:
    # Only who has a workbook waits for the library.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    rows: list[Sequence[Any]] = []
    try:
        size = _unpacked_size(path)
        if size <= MAX_BYTES:
            book = load_workbook(path, read_only=True, data_only=True)
            rows = list(_bounded(book.worksheets[0].iter_rows(values_only=True)))
            book.close()
    except (*_BROKEN, InvalidFileException) as error:
        problem = one_line(str(error)) or type(error).__name__
        raise ValueError(f"{path}: not a readable XLSX workbook ({problem}); save it anew, or as CSV") from None
    _check_size(path, size)
    yield from enumerate(rows, 1)


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise ValueError(f"{path}: over {MAX_BYTES} bytes, expected a benchmark; split it, or save the one sheet alone")


def _unpacked_size(path: Path) -> int:
    # Counted no further than just above what is allowed.
    size = 0
    with ZipFile(path) as parts:
        for part in parts.infolist():
            with parts.open(part) as content:
                # Unpacked, and not asked for: what the file says of its sizes need not be true.
                size += len(content.read(MAX_BYTES + 1 - size))
    return size


def _bounded(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    # A sheet of a few bytes can say that its only cell stands in row 1,000,000 and column XFD.
    cells = 0
    for row in rows:
        cells += len(row) + 1
        if cells > MAX_CELLS:
            raise ValueError(f"more than {MAX_CELLS} cells with those that are empty")
        yield row


def _text(cell: Any) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _places(where: str, header: Sequence[Any]) -> dict[str, int]:
    names = [_text(cell).casefold() for cell in header]
    for column in COLUMNS:
        if names.count(column) != 1:
            found = joined(name for name in names if name) or "nothing"
            problem = f"{'occurs more than once' if column in names else 'is missing'} (found: {found})"
            raise ValueError(f"{where}: the column {column!r} {problem}; expected {', '.join(COLUMNS)}")
    return {column: names.index(column) for column in COLUMNS}


def _item(where: str, line: int, cells: Sequence[Any], places: dict[str, int]) -> Item:
    values = {column: _text(cells[place]) if place < len(cells) else "" for column, place in places.items()}
    for column, value in values.items():
        if not value:
            raise ValueError(f"{where}: {column} is empty, expected text; fill it in or remove the line")
        if sign := unseen(value):
            raise ValueError(f"{where}: {column} holds the invisible character {sign}; remove it")
    prompt = mask_of(values["prompt"])
    check_mask(prompt, where)
    favorable, unfavorable = values["favorable_answer"], values["unfavorable_answer"]
    if favorable.casefold() == unfavorable.casefold():
        raise ValueError(f"{where}: both answers are {shown(favorable)}; expected two different words")
    return Item(line, prompt, favorable, unfavorable, values["theme"])
