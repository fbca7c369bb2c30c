"""Files that hold a table, compressed or not, row by row: CSV, TSV, JSON, JSON Lines and Parquet; memory is bounded."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import json
import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from hansard_bias.base.messages import joined, one_line
from hansard_bias.corpora.archives import MAX_RATIO, RATIO_FROM, cells_told, damage_told, decode, text_lines, told

MAX_CELL = 10_000_000  # characters in a cell; a long speech has 150,000
MAX_LINE = 4 * MAX_CELL  # bytes in a line
# Bytes, unpacked, of a file that must be held in memory: JSON, and Parquet that was compressed once more.
MAX_DOCUMENT = 500_000_000
BATCH_ROWS = 256
# Line (in Parquet: row), and the cells by column; or the bare text of a row that cannot be taken apart.
Row = tuple[int, Mapping[str, object] | str]

_SPACE = re.compile(r"[ \t\r\n]*")


class TableFile:
    """An open file (Readable), which stops where it has unpacked to more than an honest one of its size would."""

    def __init__(self, stream: io.BufferedIOBase, name: str, path: Path) -> None:
        # The stream itself is for formats that seek in it.
        self.stream, self.name = stream, name
        self.is_packed = path.suffix.lower() in COMPRESSED
        self._left = max(MAX_RATIO * path.stat().st_size, RATIO_FROM)

    def read(self, size: int = -1, /) -> bytes:
        return self._counted(self.stream.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        return self._counted(self.stream.readline(size))

    def _counted(self, raw: bytes) -> bytes:
        self._left -= len(raw)
        if self._left < 0:
            advice = f"a compression bomb; expected at most {MAX_RATIO} times as many"
            raise ValueError(f"{self.name}: unpacks to over {MAX_RATIO} times its bytes, {advice}")
        return raw

    def whole(self) -> bytes:
        """All bytes, of a file that is small enough."""
        raw = self.read(MAX_DOCUMENT + 1)
        if len(raw) > MAX_DOCUMENT:
            raise ValueError(f"{self.name}: more than {MAX_DOCUMENT} bytes in one piece; convert it to JSON Lines")
        return raw


_UNPACKERS: Mapping[str, Callable[[Path], Any]] = {
    **{".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile},
    ".zst": lambda path: io.BufferedReader(pa.input_stream(path, "zstd")),
}
COMPRESSED = tuple(_UNPACKERS)


def table_format(path: Path) -> str:
    """The suffix that tells a file's format, without that of its compression; empty where it is no table."""
    suffixes = ["", *(suffix.lower() for suffix in path.suffixes)]
    last = suffixes[-2 if suffixes[-1] in COMPRESSED else -1]
    return last if last in FORMATS else ""


def table_rows(path: Path, name: str, wanted: Sequence[str]) -> Iterator[Row]:
    """Every row of a file in its order; `name` is how errors call it, `wanted` are the columns that it must have.

    Raises ValueError where the file is damaged, empty or not what its name says, or a column is missing.
    """
    row, unpack = None, _UNPACKERS.get(path.suffix.lower(), partial(open, mode="rb"))
    # Around the loop, too: most damage shows only when the file is read on.
    with damage_told(name, "damaged compressed data", "damaged data", "get the file again"), unpack(path) as stream:
        for row in FORMATS[table_format(path)](TableFile(stream, name, path), wanted):
            yield row
    if row is None:
        raise ValueError(f"{name}: holds no row, expected a table of speeches; remove it or get it again")


def _require_columns(name: str, wanted: Iterable[str], known: Iterable[str]) -> None:
    columns = dict.fromkeys(known)
    if absent := [column for column in wanted if column not in columns]:
        there = joined(columns) or "none"
        raise ValueError(f"{name}: no column {joined(absent)}; there are {there}; correct `columns` in params.yaml")


def _csv(file: TableFile, wanted: Sequence[str]) -> Iterator[Row]:
    """Comma, semicolon or tab: the first that cuts the header into the columns wanted."""
    lines = text_lines(file, file.name, MAX_LINE)
    first = next(lines, "")
    # Spreadsheets of half of Europe write semicolons and call it CSV.
    found = (sign for sign in ",;\t" if set(wanted) <= {name.strip(' \r\n"') for name in first.split(sign)})
    return _separated(file, itertools.chain([first] if first else [], lines), next(found, ","), wanted)


def _separated(file: TableFile, lines: Iterable[str], sign: str, wanted: Sequence[str]) -> Iterator[Row]:
    # Strict about quotes: one that stays open would swallow the rows behind it.
    rows = csv.reader(lines, delimiter=sign, strict=True)
    with cells_told(file.name, rows, MAX_CELL, f"expected quoted cells of at most {MAX_CELL} characters"):
        header = [column.strip() for column in next(rows, [])]
        # An empty file is told of as such.
        if rows.line_num:
            _require_columns(file.name, wanted, header)
        if twice := [column for column in wanted if header.count(column) > 1]:
            raise ValueError(f"{file.name}:1: column {twice[0]!r} is there twice, expected each once; rename one")
        line = rows.line_num + 1
        for cells in rows:
            if cells:
                whole = len(cells) == len(header)
                yield line, dict(zip(header, cells, strict=True)) if whole else sign.join(cells)
            line = rows.line_num + 1


def _json_lines(file: TableFile, wanted: Sequence[str]) -> Iterator[Row]:
    """An object a line; a line that is none is a broken row."""
    lines = enumerate(text_lines(file, file.name, MAX_LINE), start=1)
    return _objects(file, ((number, _object(line)) for number, line in lines if line.strip()), wanted)


def _object(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line.strip()


def _json(file: TableFile, wanted: Sequence[str]) -> Iterator[Row]:
    return _objects(file, _elements(file.name, decode(file.whole(), file.name)), wanted)


def _elements(name: str, text: str) -> Iterator[tuple[int, Any]]:
    """The elements of a JSON list, one by one, with the lines on which they begin."""
    place, line, before = _skip(text, 0), 1, 0
    if text[place : place + 1] not in ("[", ""):
        raise ValueError(f"{name}: no list, expected [{{...}}, ...]; a file with an object a line is called .jsonl")
    sign = "["
    while text.startswith(sign, place):
        start = _skip(text, place + 1)
        line += text.count("\n", before, start)
        if sign == "[" and text.startswith("]", start):
            return
        try:
            value, end = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            reason = f"the value that begins here is not JSON ({str(error).partition(': ')[0]})"
            raise ValueError(f"{name}:{line}: {reason}; get it again") from None
        yield line, value
        place, before, sign = _skip(text, end), start, ","
    line += text.count("\n", before, place)
    if text[place:].strip() != "]" and text.strip():
        raise ValueError(f"{name}:{line}: expected a comma, or ] and nothing behind it; get the file again")


def _skip(text: str, place: int) -> int:
    blank = _SPACE.match(text, place)
    assert blank is not None
    return blank.end()


def _objects(file: TableFile, values: Iterable[tuple[int, Any]], wanted: Sequence[str]) -> Iterator[Row]:
    """Objects as rows; a key may be left out of one of them, but not of all."""
    known, line = dict[str, None](), 0
    for line, value in values:
        known |= dict.fromkeys(value if isinstance(value, dict) else ())
        yield line, value if isinstance(value, dict | str) else json.dumps(value, ensure_ascii=False)
    if line:
        _require_columns(file.name, wanted, known)


def _parquet(file: TableFile, wanted: Sequence[str]) -> Iterator[Row]:
    """Rows in batches, only the columns wanted; `line` is the number of the row."""
    row, damaged, remedy = 0, "not readable as Parquet", "get the file again"
    with told((pa.ArrowException, OSError), f"{file.name}:{row}: {damaged}", remedy):
        table = parquet.ParquetFile(io.BytesIO(file.whole()) if file.is_packed else file.stream)
    _require_columns(file.name, wanted, table.schema_arrow.names)
    try:
        for batch in table.iter_batches(BATCH_ROWS, columns=list(dict.fromkeys(wanted))):
            for cells in batch.to_pylist():
                row += 1
                yield row, cells
    # A date beyond the years that Python knows is an OverflowError or a ValueError.
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise ValueError(f"{file.name}:{row + 1}: {damaged} ({one_line(str(error))}); {remedy}") from None


FORMATS: Mapping[str, Callable[[TableFile, Sequence[str]], Iterator[Row]]] = {
    ".csv": _csv,
    ".tsv": lambda file, wanted: _separated(file, text_lines(file, file.name, MAX_LINE), "\t", wanted),
    **{".json": _json, ".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet},
}
