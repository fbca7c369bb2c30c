"""Reader of any other archive that is a table, a speech a row: params.yaml says what its columns are called."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

from hansard_bias.corpora.archives import archive_in, check_file_name, contents, name_below, names
from hansard_bias.corpora.cleaning import strip_markers
from hansard_bias.corpora.packed import MAX_MEMBER, is_archive
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
from hansard_bias.corpora.readers.separated import MAX_CELL, Wanted
from hansard_bias.corpora.schema import Record, plain_name, whole_characters
from hansard_bias.params import ColumnsConfig

_ROLE_WORDS = {
    "chair": "chair, chairman, chairwoman, chairperson, speaker, deputy speaker, president, presiding officer",
    "minister": "minister, prime minister, premier",
    "witness": "witness, guest, expert",
    "crowd": "crowd, audience",
}
_ROLES = {word: role for role, words in _ROLE_WORDS.items() for word in words.split(", ")}


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


def _tables(path: Path) -> Iterator[TableFile]:
    """The files of an archive one after the other, each open until the next is asked for."""
    found = sources(path)
    if is_archive(found[0]):
        members = names(found, tuple(FORMATS), MAX_MEMBER)
        if not members:
            raise ValueError(f"{found[0]}: holds no table; expected files that end in {', '.join(FORMATS)}")
        for member, (_, content) in zip(members, contents(found, members), strict=True):
            with member_table(content, member) as table:
                yield table
        return
    for file in found:
        with open_table(file, name_below(path, file)) as table:
            yield table


@reader("table", sources, takes_columns=True)
def read_table(path: Path, columns: ColumnsConfig | None = None) -> Iterator[Record]:
    """Every row in order of dates, rows of a day in order of files and lines; `path` is a file or a folder of files.

    Rows without a date come last. All rows are held until the last one is read: only then is their order known.
    """
    assert columns is not None, "find_reader sees to it"
    wanted = Wanted(columns.names(), columns.text, columns.date, columns.delimiter, columns.quoting)
    found = [
        _record(row, f"{table.name}:{line}", columns)
        for table in _tables(path)
        for line, row in table_rows(table, wanted)
    ]
    ordered = deque(sorted(found, key=lambda record: (record.sitting is None, record.sitting or date.min)))
    found.clear()
    # The memory of what was yielded is free.
    while ordered:
        yield ordered.popleft()


def _record(row: Mapping[str, object] | str, source: str, columns: ColumnsConfig) -> Record:
    if isinstance(row, str):
        return Record(None, whole_characters(row), source, reason="broken_row")
    speaker, role, topic, mark = (
        _cell(row, column, source, " / ") for column in (columns.speaker, columns.role, columns.topic, columns.id)
    )
    text = strip_markers(plain_text(_cell(row, columns.text, source, "\n"))).strip()
    sitting = _sitting(row.get(columns.date), columns.date_format)
    return Record(
        sitting,
        text,
        f"{source} ({mark})" if mark else source,
        plain_name(speaker),
        # Somebody with another word, or none, is a member.
        _ROLES.get(role.casefold(), "member"),
        topic,
        reason="bad_date" if sitting is None else "" if text else "empty",
    )


def _cell(row: Mapping[str, object], column: str, source: str, joint: str) -> str:
    value = row.get(column) if column else None
    parts = value if isinstance(value, list) else [value]
    for part in parts:
        if not isinstance(part, str | int | float | date | None):
            kind = type(part).__name__
            raise ValueError(f"{source}: column {column} holds a {kind}, expected text or a list of texts")
    # What is missing (null, not a number) is empty.
    texts = (whole_characters(str(part)).strip() for part in parts if part is not None and part == part)
    text = joint.join(filter(None, texts))
    if len(text) > MAX_CELL:
        raise ValueError(f"{source}: column {column} has {len(text)} characters, expected at most {MAX_CELL}")
    return text


def _sitting(value: object, date_format: str) -> date | None:
    """The day of a date, of a time (as written, in its own zone), or of text."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else _day(str(value).strip(), date_format)


@lru_cache(maxsize=4096)
def _day(text: str, date_format: str) -> date | None:
    try:
        return (datetime.strptime(text, date_format) if date_format else datetime.fromisoformat(text)).date()
    except ValueError:
        return None


# HTML in a cell of text becomes plain text, by the standard library's parser.

# A line ends at every tag but these, which stand inside a word or sentence.
_INLINE = re.compile(r"a|abbr|b|cite|em|font|i|mark|q|s|small|span|strong|sub|sup|u")
_UNREAD = frozenset(("script", "style"))
# Plain text has these signs, too ("5 < 6", "R&D"): a parser that took them for markup would swallow words.
_STRAY = re.compile(r"<(?!/?[A-Za-z][^<>]*>)|&(?!#?\w{1,32};)")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts, self.unread = list[str](), 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.unread += tag in _UNREAD
        self.parts.append("" if _INLINE.fullmatch(tag) else "\n")

    def handle_endtag(self, tag: str) -> None:
        self.unread -= tag in _UNREAD and self.unread > 0
        self.parts.append("" if _INLINE.fullmatch(tag) else "\n")

    def handle_data(self, data: str) -> None:
        self.parts.append("" if self.unread else data)


def _without_comments(text: str) -> str:
    # By hand: the parser, as any pattern, takes the square of the time for comments that stay open.
    kept, place = [], 0
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[place:start])
        place = end + len("-->")
    return "".join([*kept, text[place:]])


def plain_text(text: str) -> str:
    """Text without tags, comments and character references; text that has none comes back as it is."""
    if "<" not in text and "&" not in text:
        return text
    parser = _Text()
    parser.feed(_STRAY.sub(lambda sign: "&lt;" if sign[0] == "<" else "&amp;", _without_comments(text)))
    parser.close()
    return "".join(parser.parts)
