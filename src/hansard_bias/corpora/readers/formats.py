"""Files that hold a table, compressed or not, row by row: CSV, TSV, JSON, JSON Lines and Parquet; memory is bounded."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from hansard_bias.base.messages import one_line
from hansard_bias.corpora.archives import Findings, ForeignFileError
from hansard_bias.corpora.encodings import as_utf8
from hansard_bias.corpora.packed import MAX_IN_MEMORY, MAX_RATIO, RATIO_FROM, Readable, damage_told, told
from hansard_bias.corpora.readers.nested import MISSING, cell_of, names_in, rows_along, rows_of_object
from hansard_bias.corpora.readers.separated import MAX_CELL, separated_rows
from hansard_bias.corpora.texts import Broken, Place, Row, Wanted, decode, require_columns, text_lines

MAX_LINE = 4 * MAX_CELL  # bytes in a line
# Bytes, unpacked, of a file that must be held in memory: JSON, and Parquet that was compressed once more.
MAX_DOCUMENT = 500_000_000
BATCH_ROWS = 256

_LISTED_OBJECTS = 20  # whose keys a message lists
_AGAIN = "get the file again"
_SPACE = re.compile(r"[ \t\r\n]*")

Numbered = tuple[Place, Any]


class TableFile:
    """An open file (Readable), which stops where it has unpacked to more than an honest one of its size would."""

    def __init__(
        self, name: str, opened: Callable[[], Any], size: int, found: Findings, is_packed: bool = False
    ) -> None:
        # The stream itself is for formats that seek in it.
        self.name, self.is_packed, self.stream = name, is_packed, opened()
        self._opened, self._most = opened, max(MAX_RATIO * size, RATIO_FROM)
        self._left, self.found = self._most, found

    def text(self) -> Readable:
        """The content from here on as UTF-8."""
        return as_utf8(self, self.name, self.found.encodings)

    def again(self) -> TableFile:
        """The same file from its beginning."""
        self.stream, self._left = self._opened(), self._most
        return self

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

    def whole(self, content: Readable | None = None) -> bytes:
        """All bytes, of a file that is small enough; of its `text`, where this is given."""
        raw = (content or self).read(MAX_DOCUMENT + 1)
        if len(raw) > MAX_DOCUMENT:
            raise ValueError(f"{self.name}: more than {MAX_DOCUMENT} bytes in one piece; convert it to JSON Lines")
        return raw


_UNPACKERS: Mapping[str, Callable[[Path], Any]] = {
    **{".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile},
    ".zst": lambda path: io.BufferedReader(pa.input_stream(path, "zstd")),
}
COMPRESSED = tuple(_UNPACKERS)


def table_format(path: PurePath) -> str:
    """The suffix that tells a file's format, without that of its compression; empty where it is no table."""
    suffixes = ["", *(suffix.lower() for suffix in path.suffixes)]
    last = suffixes[-2 if suffixes[-1] in COMPRESSED else -1]
    return last if last in FORMATS else ""


@contextmanager
def open_table(path: Path, name: str, found: Findings) -> Iterator[TableFile]:
    """A file that holds a table; `name` is how errors call it."""
    suffix = path.suffix.lower()
    with ExitStack() as opened:
        start = partial(_UNPACKERS.get(suffix, partial(open, mode="rb")), path)
        size = path.stat().st_size
        yield TableFile(name, lambda: opened.enter_context(start()), size, found, suffix in COMPRESSED)


@contextmanager
def member_table(content: Readable, name: str, found: Findings) -> Iterator[TableFile]:
    """The same for a member of an archive, whose content has one position only."""
    with tempfile.SpooledTemporaryFile(MAX_IN_MEMORY) as spool:
        shutil.copyfileobj(content, spool)
        size = spool.tell()

        def start() -> Any:
            spool.seek(0)
            return spool

        yield TableFile(name, start, size, found)


def table_rows(file: TableFile, wanted: Wanted) -> Iterator[Row]:
    """Every row of a table in its order.

    Raises ValueError where the file is damaged, empty or not what its name says, or a column is missing.
    """
    row = None
    # Around the loop: most damage shows only when the file is read on.
    with damage_told(file.name, "damaged compressed data", "damaged data", "get the file again"):
        for row in FORMATS[table_format(PurePath(file.name))](file, wanted):
            yield row
    if row is None:
        raise ForeignFileError(f"{file.name}: holds no row, expected a table of speeches; remove it or get it again")


def _separated(file: TableFile, wanted: Wanted) -> Iterator[Row]:
    return separated_rows(lambda: text_lines(file.again().text(), file.name, MAX_LINE), file.name, wanted, file.found)


def _json_lines(file: TableFile, wanted: Wanted) -> Iterator[Row]:
    """An object a line; a line that is none is a broken row."""
    lines = enumerate(text_lines(file.text(), file.name, MAX_LINE), start=1)
    return _objects(file, ((number, _object(line)) for number, line in lines if line.strip()), wanted)


def _object(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line.strip()


def _json(file: TableFile, wanted: Wanted) -> Iterator[Row]:
    text = decode(file.whole(file.text()), file.name)
    start = _skip(text, 0)
    elements = _elements(file.name, text, start) if text[start : start + 1] in ("[", "") else None
    return _objects(file, elements or _documents(file.name, text, start, wanted), wanted)


def _elements(name: str, text: str, place: int) -> Iterator[Numbered]:
    """The elements of a JSON list, one by one, with the lines on which they begin."""
    line, before = 1, 0
    sign = "["
    while text.startswith(sign, place):
        start = _skip(text, place + 1)
        line += text.count("\n", before, start)
        if sign == "[" and text.startswith("]", start):
            return
        value, end = _value(name, text, start, line)
        yield line, value
        place, before, sign = _skip(text, end), start, ","
    line += text.count("\n", before, place)
    if text[place:].strip() != "]" and text.strip():
        raise ValueError(f"{name}:{line}: expected a comma, or ] and nothing behind it; get the file again")


def _documents(name: str, text: str, place: int, wanted: Wanted) -> Iterator[Numbered]:
    """Objects one behind the other, or what a single one holds: a list of rows, or columns."""
    line = 1 + text.count("\n", 0, place)
    value, end = _value(name, text, place, line)
    following = _skip(text, end)
    if following == len(text):
        rows = rows_of_object(value, wanted.text, wanted.names) if isinstance(value, dict) else None
        if rows is None:
            expected = "expected [{...}, ...], an object a line, or one object with a list of rows in it"
            raise ForeignFileError(f"{name}: no list, {expected}")
        yield from ((f"{line}.{number}" if len(rows) > 1 else line, row) for number, row in enumerate(rows, start=1))
        return
    yield line, value
    while following < len(text):
        line += text.count("\n", place, following)
        place = following
        value, end = _value(name, text, place, line)
        yield line, value
        following = _skip(text, end)


def _value(name: str, text: str, start: int, line: int) -> tuple[Any, int]:
    try:
        return json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        reason = f"the value that begins here is not JSON ({str(error).partition(': ')[0]})"
        raise ValueError(f"{name}:{line}: {reason}; get it again") from None


def _skip(text: str, place: int) -> int:
    blank = _SPACE.match(text, place)
    assert blank is not None
    return blank.end()


def _objects(file: TableFile, values: Iterable[Numbered], wanted: Wanted) -> Iterator[Row]:
    """Objects as rows, and those inside of them; a key may be left out of one of them, but not of all."""
    known, absent = dict[str, None](), {*wanted.names}
    line: Place = 0
    for number, (line, value) in enumerate(values):
        if not isinstance(value, dict):
            yield line, _no_object(value)
            continue
        known |= dict.fromkeys(names_in(value) if number < _LISTED_OBJECTS else ())
        rows = [*rows_along(value, wanted.text)]
        for place, row in enumerate(rows, start=1):
            # Looked for until it is found once.
            absent -= {name for name in absent if cell_of(row, name) is not MISSING}
            yield (f"{line}.{place}" if len(rows) > 1 else line), row
    if line:
        there = [*known, *(name for name in wanted.names if name not in absent)]
        require_columns(file.name, wanted, there)


def _no_object(value: object) -> Broken:
    kind = "text" if isinstance(value, str) else type(value).__name__
    return Broken(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), f"no object but a {kind}")


def _parquet(file: TableFile, wanted: Wanted) -> Iterator[Row]:
    """Rows in batches, only the columns wanted; `line` is the number of the row."""
    damaged = "not readable as Parquet"
    with told((pa.ArrowException, OSError, UnicodeError), f"{file.name}:0: {damaged}", _AGAIN):
        table = parquet.ParquetFile(io.BytesIO(file.whole()) if file.is_packed else file.stream)
    # The whole column, where only a part of its objects is wanted.
    asked = {name.partition(".")[0] for name in (*wanted.names, *wanted.optional)}
    columns = [name for name in table.schema_arrow.names if name in asked or name in (*wanted.names, *wanted.optional)]
    columns = columns if asked else table.schema_arrow.names
    inside = [name for name in wanted.names if name.partition(".")[0] in columns]
    require_columns(file.name, wanted, [*table.schema_arrow.names, *inside])
    return _objects(file, _parquet_rows(table, columns, f"{file.name}:", damaged), wanted)


def _parquet_rows(table: parquet.ParquetFile, columns: list[str], place: str, damaged: str) -> Iterator[Numbered]:
    row = 0
    try:
        for batch in table.iter_batches(BATCH_ROWS, columns=columns):
            for cells in batch.to_pylist():
                row += 1
                yield row, cells
    # A date beyond the years that Python knows is an OverflowError or a ValueError.
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise ValueError(f"{place}{row + 1}: {damaged} ({one_line(str(error))}); {_AGAIN}") from None


FORMATS: Mapping[str, Callable[[TableFile, Wanted], Iterator[Row]]] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".psv", ".txt"), _separated),
    **{".json": _json, ".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet},
}
