"""Reader of any other archive that is a table, a speech a row: params.yaml says what its columns are called."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from hansard_bias.corpora.archives import Findings, ForeignFileError, archive_in, check_file_name, name_below, names
from hansard_bias.corpora.packed import MAX_MEMBER, is_archive, unpacked
from hansard_bias.corpora.readers import reader
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
from hansard_bias.corpora.readers.table_records import RowRecords
from hansard_bias.corpora.schema import Record
from hansard_bias.corpora.texts import Wanted
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


def tables(path: Path, found: Findings, beside: Path | None = None) -> Iterator[TableFile]:
    """The files of an archive one after the other, each open until the next is asked for; not the one `beside`."""
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
        if beside is None or not file.samefile(beside):
            with open_table(file, name_below(path, file), found) as table:
                yield table


@reader("table", sources, takes=("columns", "encoding", "file_date", "join", "where"))
def read_table(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]:
    """Every row in order of dates, rows of a day in order of files and lines; `path` is a file or a folder of files.

    Rows without a date come last. All rows are held until the last one is read: only then is their order known.
    """
    assert corpus.columns is not None, "find_reader sees to it"
    rows = [row for rows in rows_by_file(path, corpus, found) for row in rows]
    records = _joined(rows, corpus.columns.repeated_ids)
    rows.clear()
    ordered = deque(sorted(records, key=lambda record: (record.sitting is None, record.sitting or date.min)))
    records.clear()
    # The memory of what was yielded is free.
    while ordered:
        yield ordered.popleft()


def rows_by_file(
    path: Path, corpus: CorpusConfig, found: Findings, most: int | None = None
) -> Iterator[list[tuple[Record, str]]]:
    """The records and ids of the rows of one file after the other, as they stand there; at most so many, if told."""
    columns = corpus.columns or ColumnsConfig("")
    needed = [*dict.fromkeys([*columns.names(), *corpus.where])]
    lookup, selection = None, Selection(corpus)
    if corpus.join:
        lookup = Lookup(corpus.join, needed, lambda beside: tables(beside, found))
    wanted = Wanted(
        names=lookup.needed(needed) if lookup else needed,
        optional=needed,
        essential=[*filter(None, (columns.text, columns.date))],
        text=columns.text,
        date=columns.date,
        delimiter=columns.delimiter,
        quoting=columns.quoting,
    )
    as_records, read = RowRecords(columns, lookup, selection), 0
    for table in tables(path, found, Path(corpus.join.path) if corpus.join else None):
        day = day_in_name(table.name, corpus.file_date) if corpus.file_date else None
        # A file that has a day in its name is one of the archive's.
        rows = table_rows(table, replace(wanted, essential=()) if day else wanted)
        try:
            some = itertools.islice(rows, most)
            of_file = [as_records.record(row, f"{table.name}:{line}", day) for line, row in some]
            read += 1
        except ForeignFileError as error:
            found.left_out[table.name] = str(error)
            continue
        if corpus.file_date and not day:
            advice = "correct the pattern, or rename the file"
            raise ValueError(f"{table.name}: no day in its name as `file_date` {corpus.file_date!r} has it; {advice}")
        yield of_file
        if most is not None and (most := most - len(of_file)) <= 0:
            return
    found.require(read)
    selection.account()
    if lookup:
        lookup.account(found)


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
