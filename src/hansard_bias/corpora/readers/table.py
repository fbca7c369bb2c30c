"""Reader of any other archive that is a table, a speech a row: params.yaml says what its columns are called."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from hansard_bias.corpora.archives import Findings, ForeignFileError, archive_in, check_file_name, name_below, names
from hansard_bias.corpora.cleaning import strip_markers
from hansard_bias.corpora.dates import read_day
from hansard_bias.corpora.packed import MAX_MEMBER, is_archive, unpacked
from hansard_bias.corpora.readers import SETTINGS, reader
from hansard_bias.corpora.readers.formats import (
    COMPRESSED,
    FORMATS,
    TableFile,
    member_table,
    open_table,
    table_format,
    table_rows,
)
from hansard_bias.corpora.readers.joining import Lookup, Selection, day_in_name
from hansard_bias.corpora.readers.nested import MISSING, cell_of
from hansard_bias.corpora.readers.separated import MAX_CELL, Wanted
from hansard_bias.corpora.roles import folded, role_by_name, role_of
from hansard_bias.corpora.schema import Record, known, plain_name, whole_characters
from hansard_bias.corpora.texts import Broken, plain_text
from hansard_bias.params import ColumnsConfig, CorpusConfig

# Of ids that occur more than once, the share with several speakers or days from which on they are no speeches' ids.
_IDS_OF_OTHERS = 0.1


def sources(path: Path) -> list[Path]:
    """The files that `read_table` reads, in order of their paths below `path`."""
    packed = f"alone or compressed ({', '.join(COMPRESSED)}) or in an archive"
    expected = f"expected {', '.join(FORMATS)}, {packed}, or a folder of such files"
    if path.is_file():
        check_file_name(path.name, str(path.parent))
        if table_format(path) or is_archive(path):
            return [path]
        raise ValueError(f"{path}: not a table by its name; {expected}")
    found = {name_below(path, file): file for file in path.rglob("*") if table_format(file) and file.is_file()}
    # What lies in a hidden folder is a version control's or an editor's copy.
    files = {name: file for name, file in found.items() if "/." not in f"/{name}"}
    if not files:
        if archive := archive_in(path):
            return [archive]
        raise ValueError(f"{path}: holds no table; {expected}")
    for name in files:
        check_file_name(name, str(path))
    bare = Counter(name.removesuffix(file.suffix * (file.suffix in COMPRESSED)) for name, file in files.items())
    if twice := [name for name, times in bare.items() if times > 1]:
        raise ValueError(f"{path}: holds {min(twice)} twice, packed and unpacked; keep one of the files")
    return [files[name] for name in sorted(files)]


def tables(path: Path, found: Findings) -> Iterator[TableFile]:
    """The files of an archive one after the other, each open until the next is asked for."""
    files = sources(path)
    if is_archive(files[0]):
        members = names(files, tuple(FORMATS), MAX_MEMBER)
        if not members:
            raise ValueError(f"{files[0]}: holds no table; expected files that end in {', '.join(FORMATS)}")
        for member, (_, content) in zip(members, unpacked(files[0], members), strict=True):
            with member_table(content, member, found) as table:
                yield table
        return
    for file in files:
        with open_table(file, name_below(path, file), found) as table:
            yield table


@reader("table", sources, takes=SETTINGS)
def read_table(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]:
    """Every row in order of dates, rows of a day in order of files and lines; `path` is a file or a folder of files.

    Rows without a date come last. All rows are held until the last one is read: only then is their order known.
    """
    columns = corpus.columns
    assert columns is not None, "find_reader sees to it"
    selection, names = Selection(corpus), [*columns.names(), *corpus.where]
    lookup = Lookup(corpus.join, names, partial(tables, found=Findings())) if corpus.join else None
    names = lookup.needed(names) if lookup else names
    essential = [name for name in (columns.text, columns.date) if name in names]
    wanted = Wanted(names, essential, columns.text, columns.date, columns.delimiter, columns.quoting)
    own = {folded(word): role for word, role in columns.roles.items()}
    rows, read = list[tuple[Record, str]](), 0
    for table in tables(path, found):
        day = day_in_name(table.name, corpus.file_date) if corpus.file_date else None
        of_file: list[tuple[Record, str]] = []
        try:
            for line, row in table_rows(table, wanted):
                place = f"{table.name}:{line}"
                if lookup and not isinstance(row, Broken):
                    row = lookup.beside(row, place)
                record, key = _record(row, place, columns, own, day if corpus.file_date else _day_of(row, columns))
                kept = isinstance(row, Broken) or selection.takes(row)
                of_file.append((record if kept else replace(record, reason="not_selected"), key))
        except ForeignFileError as error:
            found.left_out[table.name] = str(error)
            continue
        rows += of_file
        read += 1
    found.require(read)
    selection.account()
    if lookup:
        lookup.account(found)
    records = _joined(rows, columns.repeated_ids)
    rows.clear()
    ordered = deque(sorted(records, key=lambda record: (record.sitting is None, record.sitting or date.min)))
    records.clear()
    # The memory of what was yielded is free.
    while ordered:
        yield ordered.popleft()


def _joined(found: Sequence[tuple[Record, str]], repeated_ids: str) -> list[Record]:
    """The records, rows that share an id (the second of each pair) as one speech where the first of them stands.

    The others stay, with their text and the reason `joined`, so that every row is accounted for.
    """
    parts: dict[str, list[int]] = {}
    for place, (record, key) in enumerate(found):
        if key and not record.reason:
            parts.setdefault(key, []).append(place)
    records = [record for record, _ in found]
    # A speech that a table has twice is left to the search for duplicates.
    repeated = [places for places in parts.values() if len({records[place].text for place in places}) > 1]
    speeches = [places for places in repeated if _is_one_speech([records[place] for place in places])]
    if repeated_ids == "apart" or (not repeated_ids and len(speeches) < (1 - _IDS_OF_OTHERS) * len(repeated)):
        return records
    for first, *others in speeches:
        text = "\n".join(records[place].text for place in (first, *others))
        speaker = next((records[place].speaker for place in (first, *others) if records[place].speaker), "")
        records[first] = replace(records[first], text=text, speaker=speaker)
        for place in others:
            records[place] = replace(records[place], reason="joined")
    return records


def _is_one_speech(records: Sequence[Record]) -> bool:
    speakers = {record.speaker for record in records} - {""}
    return len(speakers) < 2 and len({record.sitting for record in records}) == 1


def _record(
    row: Mapping[str, object] | Broken,
    source: str,
    columns: ColumnsConfig,
    own: Mapping[str, str],
    sitting: date | None,
) -> tuple[Record, str]:
    """A row as a record, and its id; `own` are words for roles that params.yaml explains."""
    if isinstance(row, Broken):
        return Record(None, whole_characters(row.text), source, reason="broken_row", fault=row.fault), ""
    office, topic, key, *names = (
        " ".join(plain_text(_cell(row, column, source, " / ")).split())
        for column in (columns.role, columns.topic, columns.id, *columns.speakers)
    )
    speaker = " ".join(filter(None, names))
    text = strip_markers(plain_text(_cell(row, columns.text, source, "\n"))).strip()
    written = cell_of(row, columns.date) if columns.date else source.rpartition(":")[0]
    role = own.get(folded(office)) or role_of(office)
    record = Record(
        sitting,
        text,
        f"{source} ({key})" if key else source,
        plain_name(speaker),
        role or own.get(folded(speaker)) or role_by_name(speaker) or "member",
        topic,
        reason="bad_date" if sitting is None else "" if text else "empty",
        unknown_role="" if role else office,
        fault="" if sitting or written in (None, MISSING) else whole_characters(known(str(written))),
    )
    return record, key


def _cell(row: Mapping[str, object], column: str, source: str, joint: str) -> str:
    value = cell_of(row, column) if column else None
    value = None if value is MISSING else value
    parts = value if isinstance(value, list) else [value]
    for part in parts:
        if not isinstance(part, str | int | float | date | None):
            kind = type(part).__name__
            raise ValueError(f"{source}: column {column} holds a {kind}, expected text or a list of texts")
    # What is missing (null, not a number) is empty.
    texts = (whole_characters(known(str(part))) for part in parts if part is not None and part == part)
    text = joint.join(filter(None, texts))
    if len(text) > MAX_CELL:
        raise ValueError(f"{source}: column {column} has {len(text)} characters, expected at most {MAX_CELL}")
    return text


def _day_of(row: Mapping[str, object] | Broken, columns: ColumnsConfig) -> date | None:
    """The day of a date, of a time (as written, in its own zone), or of text."""
    value = None if isinstance(row, Broken) else cell_of(row, columns.date)
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else read_day(str(value).strip(), columns.date_format)
