"""Rows of tables as records of debates, by what params.yaml says of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from hansard_bias.corpora.cleaning import strip_markers
from hansard_bias.corpora.dates import read_day
from hansard_bias.corpora.readers.joining import Lookup, Selection
from hansard_bias.corpora.readers.nested import MISSING, cell_of
from hansard_bias.corpora.readers.separated import MAX_CELL
from hansard_bias.corpora.roles import folded, role_by_name, role_of
from hansard_bias.corpora.schema import Record, known, plain_name, whole_characters
from hansard_bias.corpora.texts import Broken, plain_text
from hansard_bias.params import ColumnsConfig


class RowRecords:
    """The records of an archive's rows, with what a second table says of them."""

    def __init__(self, columns: ColumnsConfig, lookup: Lookup | None, selection: Selection) -> None:
        self.columns, self.lookup, self.selection = columns, lookup, selection
        # Words for roles that params.yaml explains.
        self.own = {folded(word): role for word, role in columns.roles.items()}

    def record(self, row: Mapping[str, Any] | Broken, source: str, day: date | None = None) -> tuple[Record, str]:
        """A row as a record, and its id; `day` is that of its file, where none of its columns has one."""
        if isinstance(row, Broken):
            return Record(None, whole_characters(row.text), source, reason="broken_row", fault=row.fault), ""
        if self.lookup:
            row = self.lookup.beside(row, source)
        if self.selection.wanted and not self.selection.takes(row):
            text = _text(row, self.columns.text, source)
            # Nobody's day: what is not selected is no part of the sittings that are counted.
            return Record(None, text, source, reason="not_selected"), ""
        return self._selected(row, source, day)

    def _selected(self, row: Mapping[str, Any], source: str, day: date | None) -> tuple[Record, str]:
        columns = self.columns
        office, topic, key, *names = (
            " ".join(plain_text(_cell(row, column, source, " / ")).split())
            for column in (columns.role, columns.topic, columns.id, *columns.speakers)
        )
        speaker, text = " ".join(filter(None, names)), _text(row, columns.text, source)
        written = cell_of(row, columns.date) if columns.date else day
        sitting = _sitting(written, columns.date_format)
        role = self.own.get(folded(office)) or role_of(office)
        record = Record(
            sitting,
            text,
            f"{source} ({key})" if key else source,
            plain_name(speaker),
            role or self.own.get(folded(speaker)) or role_by_name(speaker) or "member",
            topic,
            reason="bad_date" if sitting is None else "" if text else "empty",
            unknown_role="" if role else office,
            fault="" if sitting or written in (None, MISSING) else whole_characters(known(str(written))),
        )
        return record, key


def _text(row: Mapping[str, Any], column: str, source: str) -> str:
    return strip_markers(plain_text(_cell(row, column, source, "\n"))).strip()


def _cell(row: Mapping[str, Any], column: str, source: str, joint: str) -> str:
    if not column:
        return ""
    value = row[column] if column in row else cell_of(row, column)
    parts = value if isinstance(value, list) else [None if value is MISSING else value]
    for part in parts:
        if isinstance(part, Mapping):
            inside = f"{column}.{next(iter(part), 'key')}"
            raise ValueError(f"{source}: column {column} holds an object, expected text; name what is inside: {inside}")
        if not isinstance(part, str | int | float | date | None):
            kind = type(part).__name__
            raise ValueError(f"{source}: column {column} holds a {kind}, expected text or a list of texts")
    # What is missing (null, not a number) is empty.
    texts = (whole_characters(known(str(part))) for part in parts if part is not None and part == part)
    text = joint.join(filter(None, texts))
    if len(text) > MAX_CELL:
        raise ValueError(f"{source}: column {column} has {len(text)} characters, expected at most {MAX_CELL}")
    return text


def _sitting(value: object, date_format: str) -> date | None:
    """The day of a date, of a time (as written, in its own zone), or of text."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else read_day(str(value).strip(), date_format)
