"""Reader of LiPaD: the debates of the Canadian House of Commons as daily CSV files, `year/month/day.csv`."""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path, PurePosixPath

from hansard_bias.corpora.archives import decode, is_archive, members, open_archive
from hansard_bias.corpora.cleaning import strip_markers
from hansard_bias.corpora.records import Ordinals, Record, plain_name

NEEDED = ("speechdate", "speechtext")
MAX_CELL = 10_000_000
"""Characters in a cell; the longest real speech has about 150,000."""
MAX_FILE = 200_000_000
"""Bytes in one day's file; real ones have 1 to 3 million."""

_MISSING = ("", "NA")
_SET_ASIDE = {"stagedirection": "stage_direction", "topic": "heading", "subtopic": "heading", "subsubtopic": "heading"}
_SEPARATOR = re.compile(r"(?m)^[ \t]*\*(?:[ \t]*\*)+[ \t]*$|\.?\[Text\]")
_EDITORIAL = re.compile(r"[(\[][^()\[\]]*[)\]]\.?")
_NUMBERS = re.compile(r"\d+")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CHAIR = re.compile(
    r"(?:the )?(?:acting |assistant |deputy )*(?:speaker|chair(?:man|person|woman)?|presiding officer|clerk)\b"
)
_CROWD = re.compile(r"(?:some|an|several) (?:hon\.?|honourable) members?\b")
_OFFICE = re.compile(r"\(.*")
_MINISTER = re.compile(
    r"\bministers?\b|\bsecretary of state\b|president of the (?:treasury board|queen's privy council)|solicitor general"
    r"|leader of the government in the house"
)


def read_lipad(path: Path) -> Iterator[Record]:
    """Every row, day by day; `path` is a folder of CSV files, an archive, or a folder that holds an archive."""
    ordinals = Ordinals()
    found = False
    for name, raw in _files(path):
        found = True
        for line, row in _rows(name, raw):
            yield _record(row, f"{name}:{line}", ordinals)
    if not found:
        raise ValueError(f"{path}: no .csv file found; expected LiPaD's year/month/day.csv")


def sources(path: Path) -> list[Path]:
    """The files that `read_lipad` reads, in order of their dates."""
    if is_archive(path):
        return [path]
    files = [file for file in path.rglob("*.csv") if not file.name.startswith(".")]
    files.sort(key=lambda file: _date_key(file.relative_to(path).as_posix()))
    archives = sorted(file for file in path.glob("*") if is_archive(file))
    if not files and len(archives) > 1:
        raise ValueError(f"{path}: holds {len(archives)} archives, expected one; give the path of the one to read")
    return files or archives


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each day's file, in order of the dates in their names, whatever the order of the listing."""
    for file in sources(path):
        if is_archive(file):
            yield from _archived(file)
        else:
            yield file.name, file.read_bytes()


def _archived(path: Path) -> Iterator[tuple[str, bytes]]:
    """The members in order of date in one pass: those that come too early wait, compressed, in memory."""
    with open_archive(path) as archive:
        listed = [member for member in members(archive, path) if member.name.endswith(".csv")]
    large = next((member for member in listed if member.size > MAX_FILE), None)
    if large is not None:
        raise ValueError(
            f"{path}: member {large.name!r} has {large.size} bytes, expected a day's debate (< {MAX_FILE})"
        )
    names = sorted({member.name for member in listed}, key=_date_key)
    if len(names) != len(listed):
        raise ValueError(f"{path}: holds a file twice; expected each day once")
    waiting: dict[str, bytes] = {}
    upcoming = iter(names)
    wanted = next(upcoming, None)
    with open_archive(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name in names else None
            if content is None:
                continue
            raw = content.read()
            if member.name != wanted:
                waiting[member.name] = zlib.compress(raw, 1)
                continue
            yield PurePosixPath(member.name).name, raw
            wanted = next(upcoming, None)
            while wanted in waiting:
                yield PurePosixPath(wanted).name, zlib.decompress(waiting.pop(wanted))
                wanted = next(upcoming, None)


def _date_key(name: str) -> tuple[tuple[int, ...], str]:
    """`1999/4/1999-4-12.csv` sorts by (1999, 4, 12)."""
    return tuple(int(number) for number in _NUMBERS.findall(PurePosixPath(name).stem)[:3]), name


def _rows(name: str, raw: bytes) -> Iterator[tuple[int, Mapping[str, str] | Sequence[str]]]:
    """Line and cells of each row: a mapping by column, or the bare cells where their number is wrong."""
    text = decode(raw, name)
    with _bounded_cells():
        rows = csv.reader(io.StringIO(text, newline=""))
        try:
            header = [column.strip().lower() for column in next(rows, [])]
            _check_header(header, name)
            line = rows.line_num + 1
            for cells in rows:
                if cells:
                    yield line, dict(zip(header, cells, strict=True)) if len(cells) == len(header) else cells
                line = rows.line_num + 1
        except csv.Error as error:
            raise ValueError(
                f"{name}:{rows.line_num}: {error}; expected cells of at most {MAX_CELL} characters"
            ) from None


def _check_header(header: Sequence[str], name: str) -> None:
    missing = [column for column in NEEDED if column not in header]
    if missing:
        raise ValueError(f"{name}: no column {', '.join(missing)}; there are {', '.join(header) or 'none'}")


@contextmanager
def _bounded_cells() -> Iterator[None]:
    """The csv module's limit is one for the whole process: raise it here, put it back after."""
    before = csv.field_size_limit(MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _record(row: Mapping[str, str] | Sequence[str], source: str, ordinals: Ordinals) -> Record:
    """One row as a record; a row that cannot be used keeps its text and gets a reason."""
    if not isinstance(row, Mapping):
        return Record(None, ordinals.take(None), "", "member", "", ",".join(row), source, "broken_row")
    cell = {column: "" if value.strip() in _MISSING else value.strip() for column, value in row.items()}
    sitting = _day(cell["speechdate"])
    position = cell.get("speakerposition", "").casefold()
    office = cell.get("speakeroldname", "")
    text = strip_markers(_SEPARATOR.sub(" ", cell["speechtext"])).strip()
    return Record(
        sitting=sitting,
        ordinal=ordinals.take(sitting),
        speaker=plain_name(_OFFICE.sub("", cell.get("speakername", "") or office)),
        role=_role(position, office or cell.get("speakername", "")),
        topic=" / ".join(filter(None, (cell.get("maintopic"), cell.get("subtopic")))),
        text=text,
        source=source,
        reason="bad_date" if sitting is None else _reason(position, text),
    )


def _reason(position: str, text: str) -> str:
    """Why a dated row is no speech: what LiPaD says of it, or what its text shows."""
    if not text:
        return "empty"
    return _SET_ASIDE.get(position) or ("editorial" if _EDITORIAL.fullmatch(text) else "")


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if _ISO_DAY.fullmatch(value) else None
    except ValueError:
        return None


def _role(position: str, office: str) -> str:
    """The role by the position and by the name as printed, with the office in parentheses."""
    low = office.lower()
    if position == "intervention" or _CROWD.match(low):
        return "crowd"
    if _CHAIR.match(low):
        return "chair"
    held = low.partition("(")[2]
    is_minister = "parliamentary secretary" not in held and not held.startswith("for ") and _MINISTER.search(held)
    return "minister" if is_minister else "member"
