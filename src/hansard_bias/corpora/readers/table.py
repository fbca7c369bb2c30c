"""Reader of any other archive that is a table, a speech a row: params.yaml says what its columns are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from hansard_bias.corpora.archives import check_file_name
from hansard_bias.corpora.cleaning import strip_markers
from hansard_bias.corpora.readers.table_files import COMPRESSED, MAX_CELL
from hansard_bias.corpora.readers.table_formats import FORMATS, plain_text, table_format, table_rows
from hansard_bias.corpora.schema import ROLES, Ordinals, Record, plain_name
from hansard_bias.params import ColumnsConfig

_ROLE_WORDS = {
    "chair": "chair, chairman, chairwoman, chairperson, speaker, deputy speaker, president, presiding officer",
    "minister": "minister, prime minister, premier",
    "witness": "witness, guest, expert",
    "crowd": "crowd, audience",
}
_ROLES = {word: role for role, words in _ROLE_WORDS.items() for word in words.split(", ")}


class _Entry(NamedTuple):
    """A record that has no number yet: its sitting's rows may be anywhere."""

    sitting: date | None
    speaker: str
    role: str
    topic: str
    text: str
    source: str
    reason: str


def read_table(path: Path, columns: ColumnsConfig) -> Iterator[Record]:
    """Every row in order of dates, rows of a day in order of files and lines; `path` is a file or a folder of files.

    Rows without a date come last. All rows are held until the last one is read: only then is their order known.
    """
    entries = [entry for file in sources(path) for entry in _entries(file, _name(file, path), columns)]
    entries.sort(key=lambda entry: (entry.sitting is None, entry.sitting or date.min))
    entries.reverse()
    ordinals = Ordinals()
    while entries:
        entry = entries.pop()
        yield Record(ordinal=ordinals.take(entry.sitting), **entry._asdict())


def sources(path: Path) -> list[Path]:
    """The files that `read_table` reads, in order of their paths below `path`."""
    expected = (
        f"expected {', '.join(FORMATS)}, alone or compressed ({', '.join(COMPRESSED)}), or a folder of such files"
    )
    if path.is_file():
        check_file_name(path.name, str(path.parent))
        if not table_format(path):
            raise ValueError(f"{path}: not a table by its name; {expected}")
        return [path]
    files = [file for file in path.rglob("*") if table_format(file) and file.is_file() and not _hidden(file, path)]
    if not files:
        raise ValueError(f"{path}: holds no table; {expected}")
    for file in files:
        check_file_name(_name(file, path), str(path))
    bare = Counter(_name(file, path).removesuffix(file.suffix * (file.suffix in COMPRESSED)) for file in files)
    twice = [name for name, times in bare.items() if times > 1]
    if twice:
        raise ValueError(f"{path}: holds {min(twice)} twice, packed and unpacked; keep one of the files")
    return sorted(files, key=lambda file: _name(file, path))


def _hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts)


def _name(file: Path, root: Path) -> str:
    return file.name if file == root else file.relative_to(root).as_posix()


def _entries(file: Path, name: str, columns: ColumnsConfig) -> Iterator[_Entry]:
    for line, row in table_rows(file, name, columns.names()):
        source = f"{name}:{line}"
        yield _broken(row, source) if isinstance(row, str) else _entry(row, source, columns)


def _broken(text: str, source: str) -> _Entry:
    return _Entry(None, "", "member", "", text.encode(errors="replace").decode(), source, "broken_row")


def _entry(row: Mapping[str, object], source: str, columns: ColumnsConfig) -> _Entry:
    """One row; where it cannot be used it keeps its text and gets a reason."""
    speaker, role, topic, mark = (
        _cell(row, column, source, " / ") for column in (columns.speaker, columns.role, columns.topic, columns.id)
    )
    text = strip_markers(plain_text(_cell(row, columns.text, source, "\n"))).strip()
    sitting = _sitting(row.get(columns.date), columns.date_format)
    return _Entry(
        sitting=sitting,
        speaker=plain_name(speaker),
        role=_role(role),
        topic=topic,
        text=text,
        source=f"{source} ({mark})" if mark else source,
        reason="bad_date" if sitting is None else "" if text else "empty",
    )


def _cell(row: Mapping[str, object], column: str, source: str, joint: str) -> str:
    """A cell as text; the parts of a list are joined."""
    value = row.get(column) if column else None
    parts = value if isinstance(value, list) else [value]
    for part in parts:
        if not isinstance(part, str | int | float | date | None):
            kind = type(part).__name__
            raise ValueError(f"{source}: column {column} holds a {kind}, expected text or a list of texts")
    text = joint.join(filter(None, (_text(part) for part in parts)))
    if len(text) > MAX_CELL:
        raise ValueError(f"{source}: column {column} has {len(text)} characters, expected at most {MAX_CELL}")
    return text


def _text(part: object) -> str:
    """A value as text; what is missing (null, not a number) is empty, and half a character a question mark."""
    missing = part is None or part != part
    return "" if missing else str(part).encode(errors="replace").decode().strip()


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


def _role(word: str) -> str:
    """The role by its word; somebody with another word, or none, is a member."""
    low = word.casefold()
    return low if low in ROLES else _ROLES.get(low, "member")
