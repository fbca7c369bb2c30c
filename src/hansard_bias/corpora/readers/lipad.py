"""Reader of LiPaD: the debates of the Canadian House of Commons as daily CSV files, `year/month/day.csv`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from hansard_bias.base.messages import joined
from hansard_bias.corpora.archives import Findings, ForeignFileError, contents, find_files, name_below, names
from hansard_bias.corpora.cleaning import strip_markers
from hansard_bias.corpora.dates import read_day
from hansard_bias.corpora.packed import Readable
from hansard_bias.corpora.readers import reader
from hansard_bias.corpora.roles import role_by_name, role_of
from hansard_bias.corpora.schema import Record, iso_day, known, plain_name
from hansard_bias.corpora.texts import Broken, cells_told, plain_text, single_lines, text_lines
from hansard_bias.params import CorpusConfig

NEEDED = ("speechdate", "speechtext")
MAX_CELL = 5_000_000  # characters in a cell; the longest real speech has about 150,000
MAX_ROW = 10_000_000  # characters in a row, and bytes in a line

_SET_ASIDE = {"stagedirection": "stage_direction", "topic": "heading", "subtopic": "heading", "subsubtopic": "heading"}
_POSITIONS = ("", "intervention", "interjection", *_SET_ASIDE)  # an interjection is speech; a position is seldom a role
_SEPARATOR = re.compile(r"(?m)^[ \t]*\*(?:[ \t]*\*)+[ \t]*$|\.?\[Text\]")
_EDITORIAL = re.compile(r"[(\[][^()\[\]]*[)\]]\.?")
_NUMBERS = re.compile(r"\d+")
_OFFICE = re.compile(r"\(.*")


def sources(path: Path) -> list[Path]:
    """The files that `read_lipad` reads, in order of their dates."""
    return sorted(find_files(path, ".csv"), key=lambda file: _date_key(name_below(path, file)))


@reader("lipad", sources, takes=("encoding",))
def read_lipad(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]:
    """Every row, day by day; `path` is a folder of CSV files, an archive, or a folder that holds an archive."""
    files = sources(path)
    # By date, not by name: 1999-4-12 comes after 1999-10-1 as text.
    if not (days := sorted(names(files, ".csv"), key=_date_key)):
        raise ValueError(f"{path}: no .csv file found; expected LiPaD's year/month/day.csv")
    read = 0
    for name, content in contents(files, days, found):
        try:
            for line, row in _rows(name, content):
                yield _record(row, f"{name}:{line}")
            read += 1
        except ForeignFileError as error:
            found.left_out[name] = str(error)
    found.require(read)


def _date_key(name: str) -> tuple[tuple[int, ...], str]:
    """`1999/4/1999-4-12.csv` sorts by (1999, 4, 12)."""
    return tuple(int(number) for number in _NUMBERS.findall(PurePosixPath(name).stem)[:3]), name


class _Row:
    """The lines of the row that the csv module is reading: a quote that stays open must not swallow the file."""

    def __init__(self, name: str) -> None:
        self.name, self.lines, self.characters, self.is_complete = name, list[str](), 0, False
        self.header = list[str]()

    def passing(self, lines: Iterable[str]) -> Iterator[str]:
        """The same lines, remembered until the next row begins; a lone carriage return ends one, too."""
        for number, line in enumerate(single_lines(lines), start=1):
            if self.is_complete:
                self.lines, self.characters, self.is_complete = [], 0, False
            elif self.header and self._is_row(line):
                place, swallowed = f"{self.name}:{number - len(self.lines)}", f"line {number}, which looks like a row"
                raise ValueError(f"{place}: a quoted cell that begins here swallows {swallowed}; mend its quotes")
            self.lines.append(line)
            self.characters += len(line)
            if self.characters > MAX_ROW:
                place = f"{self.name}:{number - len(self.lines) + 1}"
                raise ValueError(f"{place}: a row of more than {MAX_ROW} characters; expected one speech")
            yield line

    def _is_row(self, line: str) -> bool:
        if line.count(",") < len(self.header) - 1:
            return False
        return iso_day(line.split(",")[self.header.index(NEEDED[0])].strip('"')) is not None


def _rows(name: str, content: Readable) -> Iterator[tuple[int, Mapping[str, str] | Broken]]:
    """Line and cells by column of each row; or its bare text, where it has too few or too many cells."""
    current = _Row(name)
    rows = csv.reader(current.passing(text_lines(content, name, MAX_ROW)))
    with cells_told(name, rows, MAX_CELL, f"expected cells of at most {MAX_CELL} characters"):
        header = [column.strip().lower() for column in next(rows, [])]
        if missing := [column for column in NEEDED if column not in header]:
            error = ForeignFileError if len(missing) == len(NEEDED) else ValueError
            raise error(f"{name}: no column {', '.join(missing)}; there are {joined(header) or 'none'}")
        current.is_complete, current.header, line = True, header, rows.line_num + 1
        for cells in rows:
            if cells:
                whole = len(cells) == len(header)
                fault = f"{len(cells)} cells, expected {len(header)}"
                yield line, dict(zip(header, cells, strict=True)) if whole else Broken(",".join(cells), fault)
            current.is_complete, line = True, rows.line_num + 1
        # Where the file ended inside quotes, one more line belongs to the same row.
        if len(list(csv.reader([*current.lines, "end"]))) == 1:
            place = f"{name}:{line - len(current.lines)}"
            raise ValueError(f"{place}: a quoted cell never ends; expected a whole file")


def _record(row: Mapping[str, str] | Broken, source: str) -> Record:
    if isinstance(row, Broken):
        return Record(None, row.text, source, reason="broken_row", fault=row.fault)
    cell = {column: known(plain_text(value)) for column, value in row.items()}
    sitting = read_day(cell["speechdate"])
    name, office = cell.get("speakername", ""), cell.get("speakeroldname", "")
    position = cell.get("speakerposition", "")
    text = strip_markers(_SEPARATOR.sub(" ", cell["speechtext"])).strip()
    # What LiPaD says of a row goes before what its text shows.
    said = _SET_ASIDE.get(position.casefold()) or ("editorial" if _EDITORIAL.fullmatch(text) else "")
    role = "crowd" if position.casefold() == "intervention" else role_of(position)
    return Record(
        sitting,
        text,
        source,
        speaker=plain_name(_OFFICE.sub("", name or office)),
        role=role or _role(office or name),
        topic=" / ".join(filter(None, (cell.get("maintopic"), cell.get("subtopic")))),
        reason="bad_date" if sitting is None else said if text else "empty",
        unknown_role="" if role or position.casefold() in _POSITIONS else position,
        fault="" if sitting else cell["speechdate"],
    )


def _role(office: str) -> str:
    """Of somebody printed as `The Deputy Speaker (Mr. Elm)`, or as `Hon. Bo Ash (Minister of Roads, Ind.)`."""
    name, _, held = office.partition("(")
    return role_by_name(name) or ("minister" if role_of(held) == "minister" else "member")
