"""What stands beside the rows of a table: a second table joined by a key, the day in a file's name, the rows wanted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from hansard_bias.base.messages import joined, shown
from hansard_bias.corpora.archives import Findings, ForeignFileError
from hansard_bias.corpora.dates import read_day
from hansard_bias.corpora.readers.formats import TableFile, table_rows
from hansard_bias.corpora.readers.nested import MISSING, cell_of
from hansard_bias.corpora.schema import known
from hansard_bias.corpora.texts import Broken, Wanted
from hansard_bias.params import CorpusConfig, JoinConfig

PREFIX = "join."
MOST_VALUES = 1000  # different values of a column that are counted, to show them where none is wanted
_SHOWN_VALUES = 8

Open = Callable[[Path], Iterator[TableFile]]


def words(value: object) -> list[str]:
    """A cell as texts: of a list all of them; of a whole number, however it is stored, its digits."""
    parts = value if isinstance(value, list) else [value]
    whole = (int(part) if isinstance(part, float) and part.is_integer() else part for part in parts)
    return [text for part in whole if part is not None and part is not MISSING and (text := known(str(part)))]


class Lookup:
    """The rows of a second table by their key: only the columns that are asked for."""

    def __init__(self, join: JoinConfig, names: Sequence[str], tables: Open) -> None:
        self.join, self.rows, self.columns = join, dict[str, Mapping[str, Any]](), set[str]()
        self.asked = self.unknown = 0
        self.first, self.place = "", dict[str, str]()
        self.key = join.their_key or join.key
        asked = {name.removeprefix(PREFIX) for name in names} - {self.key}
        try:
            for table in tables(Path(join.path)):
                for line, row in table_rows(table, Wanted([self.key], [*asked])):
                    if not isinstance(row, Broken):
                        self._add(row, asked, f"{table.name}:{line}")
        except ForeignFileError as error:
            raise ValueError(str(error)) from None

    def _add(self, row: Mapping[str, Any], asked: set[str], place: str) -> None:
        cells = {name: cell for name in asked if (cell := cell_of(row, name)) is not MISSING}
        self.columns |= {*cells, self.key}
        for key in words(cell_of(row, self.key))[:1]:
            before = self.rows.setdefault(key, cells)
            first = self.place.setdefault(key, place)
            if differ := [name for name in cells if words(before.get(name)) != words(cells[name])]:
                advice = "expected each once; keep the row that is meant"
                other = f"{self.key} {shown(key)} has another {joined(differ)} than in {first}"
                raise ValueError(f"{place}: {other}; {advice}")

    def needed(self, names: Sequence[str]) -> list[str]:
        """Of these names, those that the table of speeches must have."""
        ours = [name for name in names if not name.startswith(PREFIX) and name not in self.columns - {self.key}]
        return [*dict.fromkeys([*ours, self.join.key])]

    def beside(self, row: Mapping[str, Any], place: str) -> Mapping[str, Any]:
        """A row with the cells that the second table has for it; where both have a column, it is the row's own."""
        keys = words(cell_of(row, self.join.key))
        theirs = next((self.rows[key] for key in keys if key in self.rows), None)
        self.asked += 1
        if theirs is None:
            self.unknown += 1
            self.first = self.first or f"{place}: {shown(keys[0] if keys else '', 40)}"
            theirs = {}
        prefixed = {PREFIX + name: cell for name, cell in theirs.items()}
        return {**dict.fromkeys(self.columns), **theirs, **row, **prefixed}

    def account(self, found: Findings) -> None:
        """Tell of rows whose key is not in the second table; ValueError where that is all of them."""
        where = f"{self.join.key} among the {self.key} of {self.join.path}"
        if self.unknown == self.asked > 0:
            theirs = ", ".join(shown(key, 40) for key in [*self.rows][:2])
            some = f"ours such as {self.first}, theirs such as {theirs or 'none'}"
            raise ValueError(f"join: no row has its {where}: {some}; correct join.key or join.their_key")
        if self.unknown:
            found.remarks.append(f"{self.unknown} of {self.asked} rows do not have their {where} (first {self.first})")


class Selection:
    """The rows that `where` keeps; the values of its columns are counted, to show them where none is kept."""

    def __init__(self, corpus: CorpusConfig) -> None:
        self.wanted = {column: {value.casefold() for value in corpus.selected(column)} for column in corpus.where}
        self.values = {column: Counter[str]() for column in self.wanted}
        self.kept = self.asked = 0

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Whether a row has one of the values of each column."""
        all_fit = True
        for column, wanted in self.wanted.items():
            values = words(cell_of(row, column))
            self.count(column, values)
            all_fit &= any(value.casefold() in wanted for value in values)
        self.asked, self.kept = self.asked + 1, self.kept + all_fit
        return all_fit

    def count(self, column: str, values: Sequence[str]) -> None:
        """Count the values of a column."""
        known_values = self.values[column]
        known_values.update(value for value in values if value in known_values or len(known_values) < MOST_VALUES)

    def account(self) -> None:
        """Raise ValueError with the values that there are where nothing was kept."""
        if self.kept or not self.asked:
            return
        said = (f"{column} has {_most(values)}" for column, values in self.values.items())
        raise ValueError(f"`where` keeps none of {self.asked} rows; {'; '.join(said)}; correct it in params.yaml")


def _most(values: Counter[str]) -> str:
    most = [f"{shown(value, 40)} ({count})" for value, count in values.most_common(_SHOWN_VALUES)]
    more = len(values) - len(most)
    return ", ".join(most) + f" and {more} more" * (more > 0) or "no value"


_CODE = re.compile(r"%[a-zA-Z]|.")
_DIGITS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%j": 3, "%H": 2, "%M": 2, "%S": 2}


def day_in_name(name: str, pattern: str) -> date | None:
    """The day that a file's name or path tells in the codes of `strptime`; `*` stands for any letters."""
    codes = _CODE.findall(pattern)
    parts = [_part(code, index and codes[index - 1], codes[index + 1 : index + 2]) for index, code in enumerate(codes)]
    ends = [r"(?<!\d)" * (codes[0] in _DIGITS), r"(?!\d)" * (codes[-1] in _DIGITS)]
    found = re.search("".join(parts).join(ends), name, re.I)
    return read_day(" ".join(found.groups()), " ".join(code for code in codes if code[0] == "%")) if found else None


def _part(code: str, before: str | int, after: list[str]) -> str:
    if code in _DIGITS:
        # Beside another number it has all its digits: 20010203.
        least = _DIGITS[code] if code == "%Y" or before in _DIGITS or {*after} & {*_DIGITS} else 1
        return rf"(\d{{{least},{_DIGITS[code]}}})"
    if code in ("%b", "%B", "%a", "%A"):
        return r"([^\W\d_]+)"
    return r".*?" if code == "*" else re.escape(code)
