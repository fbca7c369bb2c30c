"""Other people's texts, a line at a time; what is no text is an error that names its place; HTML is decoded."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html.entities import html5
from typing import Any

from hansard_bias.base.messages import joined, one_line
from hansard_bias.corpora.archives import ForeignFileError
from hansard_bias.corpora.packed import Readable

_AFTER_RETURN = re.compile(r"(?<=\r)(?!\n|\Z)")


def text_lines(content: Readable, name: str, limit: int) -> Iterator[str]:
    """UTF-8 lines with their ends; one of more than `limit` bytes is an error, so that memory stays bounded."""
    offset = 0
    for number, raw in enumerate(iter(lambda: content.readline(limit + 1), b""), start=1):
        if len(raw) > limit:
            raise ValueError(f"{name}:{number}: a line of more than {limit} bytes; expected a text file of debates")
        yield decode(raw, name, offset)
        offset += len(raw)


def single_lines(lines: Iterable[str]) -> Iterator[str]:
    """The same lines; a lone carriage return ends one, too, as the csv module would give up the file there."""
    for line in lines:
        # Nearly every line of a file from Windows has one at its end: looking for others must be cheap.
        if "\r" in line.rstrip("\r\n"):
            yield from _AFTER_RETURN.split(line)
        else:
            yield line


@dataclass(frozen=True)
class Broken:
    """A row of a table that cannot be taken apart."""

    text: str
    fault: str  # for example the number of its cells


# The line (in Parquet: the row), and which of the rows in it.
Place = int | str
# The cells by column, or a row that cannot be taken apart.
Row = tuple[Place, Mapping[str, object] | Broken]


@dataclass(frozen=True)
class Wanted:
    """What is looked for in a table, and what params.yaml says of its form."""

    names: Sequence[str] = ()  # the columns that it must have
    optional: Sequence[str] = ()  # those that are read where they are there
    essential: Sequence[str] = ()  # of these, those without which a file is none of the archive's
    text: str = ""  # the one with the text
    date: str = ""  # the one with the day, if one has it
    delimiter: str = ""
    quoting: str = ""


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
    """UTF-8 text; what is damaged is an error that names the byte. `offset` is where `raw` starts in its file."""
    try:
        # Only a file's first bytes can be a byte order mark.
        return raw.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        place = offset + error.start
        mend = "mend it, or drop such bytes by `iconv -c -f UTF-8 -t UTF-8 OLD > NEW`"
        raise ValueError(f"{name}: byte {place} is not UTF-8, as the text before it; {mend}") from None


def require_columns(name: str, wanted: Wanted, known: Iterable[str]) -> None:
    """Raise ValueError where a column is missing, with those that there are; ForeignFileError if all essential are."""
    columns = dict.fromkeys(known)
    if absent := [column for column in wanted.names if column not in columns]:
        there = joined(columns) or "none"
        # A table without any column of what makes a speech is one of something else.
        is_foreign = wanted.essential and {*wanted.essential} <= {*absent}
        error = ForeignFileError if is_foreign else ValueError
        raise error(f"{name}: no column {joined(absent)}; there are {there}; correct `columns` in params.yaml")


# HTML in a cell becomes plain text. Plain text has its signs, too (`5 < 6`, `R&D`, `<two metres and rising>`): what is
# no element or character of HTML stays as it is.

# A line ends at every tag but these, which stand inside a word or sentence.
_INLINE = re.compile(
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|q|s|small|span|strike|strong|sub|sup"
    "|time|tt|u|var|wbr"
)
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|br|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset"
    "|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|iframe|img|input|label|legend|li"
    "|link|main|menu|meta|nav|noscript|object|ol|optgroup|option|p|param|picture|pre|script|section|select|source|style"
    "|summary|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|track|ul|video"
)
_ATTRIBUTE = r"""\s++[\w:@.-]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>=`]++))"""
_BARE = r"\s++(?:checked|compact|disabled|hidden|nowrap|noshade|selected|reversed|async|defer)(?![\w=])"
_TAG = re.compile(rf"</?([A-Za-z][A-Za-z0-9]*+)(:[\w.-]++)?(?:{_ATTRIBUTE}|{_BARE})*+\s*+/?>|<!doctype[^<>]*+>", re.I)
_UNREAD = tuple(
    (re.compile(start, re.I), re.compile(end, re.I), between)
    for start, end, between in (
        ("<!--", "-->", ""),
        (r"<script\b", r"</script\s*>", "\n"),
        (r"<style\b", r"</style\s*>", "\n"),
    )
)
_REFERENCE = re.compile(r"&(?:#\d{1,9}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});")


def plain_text(text: str) -> str:
    """Text without HTML's tags, comments, scripts and character references; what has none comes back as it is."""
    if "<" in text:
        for start, end, between in _UNREAD:
            text = _without(text, start, end, between)
        text = _TAG.sub(_untagged, text)
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _without(text: str, start: re.Pattern[str], end: re.Pattern[str], between: str) -> str:
    # One after the other: a single pattern would take the square of the time for what stays open.
    kept, place = list[str](), 0
    while (begin := start.search(text, place)) and (close := end.search(text, begin.end())):
        kept.append(text[place : begin.start()])
        place = close.end()
    return between.join([*kept, text[place:]])


def _untagged(tag: re.Match[str]) -> str:
    name = (tag[1] or "br").lower()
    # A name with a prefix is what word processors leave behind: <o:p>.
    if tag[2] or _INLINE.fullmatch(name):
        return ""
    return "\n" if _BLOCK.fullmatch(name) else tag[0]


def _character(reference: re.Match[str]) -> str:
    name = reference[0][1:]
    return html.unescape(reference[0]) if name.startswith("#") or name in html5 else reference[0]
