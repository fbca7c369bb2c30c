"""Opening table files, compressed or not, without believing their sizes: memory stays bounded."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hansard_bias.base.messages import one_line
from hansard_bias.corpora.archives import MAX_RATIO, RATIO_FROM, Readable

MAX_CELL = 10_000_000
"""Characters in a cell; a long speech has 150,000."""
MAX_LINE = 4 * MAX_CELL
"""Bytes in a line."""
MAX_DOCUMENT = 500_000_000
"""Bytes, unpacked, of a file that must be held in memory: JSON, and Parquet that was compressed once more."""
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError)


class _Believable:
    """A file that stops where it has unpacked to more than an honest one of its size would."""

    def __init__(self, stream: io.BufferedIOBase, name: str, packed: int) -> None:
        self._stream, self._name = stream, name
        self._left = max(MAX_RATIO * packed, RATIO_FROM)

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes."""
        return self._counted(self._stream.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        """A line, or its first `size` bytes."""
        return self._counted(self._stream.readline(size))

    def _counted(self, raw: bytes) -> bytes:
        self._left -= len(raw)
        if self._left < 0:
            advice = f"a compression bomb; expected at most {MAX_RATIO} times as many"
            raise ValueError(f"{self._name}: unpacks to over {MAX_RATIO} times its bytes, {advice}")
        return raw


@dataclass(frozen=True)
class TableFile:
    """An open file: as a stream for formats that seek, as lines, or as a whole."""

    name: str
    stream: io.BufferedIOBase
    content: _Believable
    compressed: bool

    def lines(self) -> Iterator[str]:
        """Decoded lines with their ends."""
        return text_lines(self.content, self.name, MAX_LINE)

    def whole(self) -> bytes:
        """All bytes, of a file that is small enough."""
        raw = self.content.read(MAX_DOCUMENT + 1)
        if len(raw) > MAX_DOCUMENT:
            raise ValueError(f"{self.name}: more than {MAX_DOCUMENT} bytes in one piece; convert it to JSON Lines")
        return raw


@contextmanager
def open_table(path: Path, name: str) -> Iterator[TableFile]:
    """A file, unpacked; damage found at any point inside the block becomes a ValueError that calls it `name`."""
    try:
        with _unpacked(path) as stream:
            content = _Believable(stream, name, path.stat().st_size)
            yield TableFile(name, stream, content, path.suffix.lower() in COMPRESSED)
    except _DAMAGE as error:
        raise ValueError(f"{name}: damaged compressed data ({one_line(str(error))}); get the file again") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"{name}: damaged data ({one_line(str(error))}); get the file again") from None


def _unpacked(path: Path) -> io.BufferedIOBase:
    suffix = path.suffix.lower()
    if suffix == ".zst":
        import pyarrow as pa

        return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    if suffix == ".gz":
        return gzip.GzipFile(path)
    if suffix == ".bz2":
        return bz2.BZ2File(path)
    return lzma.LZMAFile(path) if suffix == ".xz" else path.open("rb")


@contextmanager
def long_cells(most: int) -> Iterator[None]:
    """Let the csv module read cells of so many characters; its limit is one for the whole process, so put it back."""
    before = csv.field_size_limit(most)
    try:
        yield
    finally:
        csv.field_size_limit(before)


# UTF-8 from other people's files, a line at a time: what is no text is an error that names its place.

_CONVERT = "for example by `iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW`, or save it as `CSV UTF-8` in a spreadsheet"


def text_lines(content: Readable, name: str, limit: int) -> Iterator[str]:
    """UTF-8 lines with their ends; one of more than `limit` bytes is an error, so that memory stays bounded."""
    offset = number = 0
    while raw := content.readline(limit + 1):
        number += 1
        if len(raw) > limit:
            raise ValueError(f"{name}:{number}: a line of more than {limit} bytes; expected a text file of debates")
        yield decode(raw, name, offset)
        offset += len(raw)


def decode(raw: bytes, name: str, offset: int = 0) -> str:
    """UTF-8 text; what is not UTF-8 is an error that names the byte. `offset` is where `raw` starts in its file."""
    try:
        return raw.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        place = offset + error.start
        raise ValueError(f"{name}: byte {place} is not UTF-8; convert the file, {_CONVERT}") from None
