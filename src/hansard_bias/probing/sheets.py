"""The content of a benchmark's file, whatever it is called: rows of a table (text or XLSX), or JSON."""

from __future__ import annotations

import codecs
import csv
import io
import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from hansard_bias.base.messages import one_line

# Of a text or JSON (StereoSet has 6 MB), of a workbook's parts unpacked, and of its cells.
MAX_TEXT = 50_000_000
MAX_BYTES = 5_000_000
MAX_CELLS = 1_000_000
SIGNS = ",;\t"
# Lines with broken quotes: looking for the end of each takes the whole rest of the file.
MAX_BROKEN = 100

# What openpyxl lets through where a workbook is damaged or made to do harm.
_BROKEN = (
    *(BadZipFile, zlib.error, EOFError, OSError, SyntaxError, RuntimeError, AssertionError),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError),
)

Row = tuple[int, Sequence[Any] | str]
"""A line, and its cells; or what is wrong with its quotes."""


def read_content(path: Path, columns: Collection[str]) -> list[Row] | Any:
    """The rows of a table with their lines (blank ones are left out), or what JSON holds: an object or a list.

    Of a workbook the first sheet is read. Cells of a text are parted by the sign that gives the header most of
    `columns`. Raises ValueError, naming the file and the line, for what is neither or too large.
    """
    with path.open("rb") as file:
        start = file.read(4)
    book = start[:2] == b"PK"
    _check_size(path, path.stat().st_size, MAX_BYTES if book else MAX_TEXT)
    if not book:
        text = _decoded(path)
        if text.lstrip()[:1] in ("{", "["):
            return _json(path, text)
    rows = _sheet_rows(path) if book else _text_rows(path, text, columns)
    return [(line, cells) for line, cells in rows if any(cell_text(cell) for cell in cells)]


def cell_text(cell: Any) -> str:
    """A cell, or a value of JSON, as text in one line."""
    return "" if cell is None else " ".join(str(cell).split())


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    # Without a mark, UTF-16 is known by the zero beside its first letter; spreadsheets mark their UTF-8.
    marked = raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    wide = "utf-16" if marked else "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be" if raw[:1] == b"\0" else ""
    for encoding in (wide,) if wide else ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    raise ValueError(f"{path}: not UTF-8, UTF-16 or Windows-1252, expected text; save it as UTF-8")


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno}: not valid JSON ({one_line(error.msg)}); mend it") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: JSON that cannot be read ({one_line(str(error))}); mend it") from None


def _text_rows(path: Path, text: str, columns: Collection[str]) -> Iterator[Row]:
    lines, sign = io.StringIO(text, newline="").readlines(), _sign(text, columns)
    done = broken = 0
    while done < len(lines) and broken < MAX_BROKEN:
        reader = csv.reader(lines[done:], delimiter=sign, strict=True)
        first = start = done
        try:
            for cells in reader:
                # A quoted cell may hold line breaks: a record is named by its first line.
                yield start + 1, cells
                start = first + reader.line_num
            return
        except csv.Error as error:
            yield start + 1, f"not valid CSV ({one_line(str(error))}); mend the quotes of this line"
        # The next line may be sound.
        done, broken = start + 1, broken + 1
    if broken == MAX_BROKEN:
        raise ValueError(f"{path}:{done}: the {broken}th line with broken quotes; expected CSV, save the file anew")


def _sign(text: str, columns: Collection[str]) -> str:
    """The one under which the header has most of these columns, or most of any."""
    line = text.lstrip().partition("\n")[0]

    def fit(sign: str) -> tuple[int, int]:
        names = [name.strip(' "\r\t').casefold() for name in line.split(sign)]
        return sum(name in columns for name in names), len(names)

    return max(SIGNS, key=fit)


def _sheet_rows(path: Path) -> Iterator[Row]:
    # Only who has a workbook waits for the library.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    rows: list[Sequence[Any]] = []
    try:
        size = _unpacked_size(path)
        if size <= MAX_BYTES:
            # From an open file: a path would have to end in .xlsx.
            with path.open("rb") as file:
                book = load_workbook(file, read_only=True, data_only=True)
                rows = list(_bounded(book.worksheets[0].iter_rows(values_only=True)))
                book.close()
    except (*_BROKEN, InvalidFileException) as error:
        problem = one_line(str(error)) or type(error).__name__
        raise ValueError(f"{path}: not a readable XLSX workbook ({problem}); save it anew, or as CSV") from None
    _check_size(path, size, MAX_BYTES)
    yield from enumerate(rows, 1)


def _check_size(path: Path, size: int, most: int) -> None:
    if size > most:
        raise ValueError(f"{path}: over {most} bytes, expected a benchmark; split it, or save the one sheet alone")


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
