"""Other people's text files: UTF-8, a line at a time; what is no text is an error that names its place."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from hansard_bias.base.messages import joined, one_line
from hansard_bias.corpora.packed import Readable

_CONVERT = "for example by `iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW`, or save it as `CSV UTF-8` in a spreadsheet"


def text_lines(content: Readable, name: str, limit: int) -> Iterator[str]:
    """UTF-8 lines with their ends; one of more than `limit` bytes is an error, so that memory stays bounded."""
    offset = 0
    for number, raw in enumerate(iter(lambda: content.readline(limit + 1), b""), start=1):
        if len(raw) > limit:
            raise ValueError(f"{name}:{number}: a line of more than {limit} bytes; expected a text file of debates")
        yield decode(raw, name, offset)
        offset += len(raw)


@contextmanager
def cell_limit(most: int) -> Iterator[None]:
    """Let the csv module read cells of so many characters."""
    # Its limit is one for the whole process, so put it back.
    before = csv.field_size_limit(most)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@contextmanager
def cells_told(name: str, rows: Any, most: int, advice: str) -> Iterator[None]:
    """The same; where the module gives up, the error names file and line."""
    with cell_limit(most):
        try:
            yield
        except csv.Error as error:
            raise ValueError(f"{name}:{rows.line_num}: {one_line(str(error))}; {advice}") from None


def decode(raw: bytes, name: str, offset: int = 0) -> str:
    """UTF-8 text; what is not UTF-8 is an error that names the byte. `offset` is where `raw` starts in its file."""
    try:
        # Only a file's first bytes can be a byte order mark.
        return raw.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        place = offset + error.start
        raise ValueError(f"{name}: byte {place} is not UTF-8; convert the file, {_CONVERT}") from None


def require_columns(name: str, wanted: Iterable[str], known: Iterable[str]) -> None:
    """Raise ValueError where a column is missing, with those that there are."""
    columns = dict.fromkeys(known)
    if absent := [column for column in wanted if column not in columns]:
        there = joined(columns) or "none"
        raise ValueError(f"{name}: no column {joined(absent)}; there are {there}; correct `columns` in params.yaml")
