"""The texts of many speeches: left on disk, read part by part in whichever process needs them; and their form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MARKS = ",.;:?!"
_SHARES = {mark: mark for mark in '?!,;:(/-"\u2026'} | {"curly_double": "\u201c\u201d\u201e\u00ab\u00bb"}
"""Characters whose share of the stops, or of the other marks, is a feature."""
_WHITE = {"space": " ", "break": "\t\n\r\x0b\x0c\x85\u00a0\u2028\u2029", "end": "\x00"}
_OTHERS = {".": ".", "dash": "\u2013\u2014\u2212", "straight_single": "'`", "curly_single": "\u2018\u2019"}


@dataclass(frozen=True)
class Part:
    """Some texts: rows of one row group of a Parquet file. Small enough for the memory, and picklable."""

    path: Path
    group: int
    places: Rows  # (texts,): places within the row group
    rows: Rows  # (texts,): their numbers

    def read(self, column: str = "text") -> list[str]:
        """The texts, in the order of `rows`."""
        with pq.ParquetFile(self.path) as file:
            texts = file.read_row_group(self.group, [column], use_threads=False)[column]
        return list(texts.take(pa.array(self.places)).to_pylist())


class Texts:
    """Texts that lie in Parquet files: text number k is row `place[k]` of file number `file[k]`."""

    def __init__(self, paths: Sequence[Path], file: Rows, place: Rows) -> None:
        self._paths, self._file, self._place = paths, file, place

    def __len__(self) -> int:
        return len(self._file)

    @cached_property
    def _starts(self) -> list[Rows]:
        """For each file, the first row of each row group."""
        files = [pq.read_metadata(path) for path in self._paths]
        sizes = [[file.row_group(group).num_rows for group in range(file.num_row_groups)] for file in files]
        return [np.cumsum([0, *each[:-1]], dtype=np.int64) for each in sizes]

    def parts(self, rows: Rows) -> Iterator[Part]:
        """These texts, each once: one part for each row group that holds some, in the order of files and groups."""
        for file, path in enumerate(self._paths):
            own, starts = rows[self._file[rows] == file], self._starts[file]
            # A row group is what can be read alone.
            group = np.searchsorted(starts, self._place[own], side="right") - 1
            for number in np.unique(group).tolist():
                members = own[group == number]
                yield Part(path, number, self._place[members] - starts[number], members)


def take(texts: Texts, rows: Rows, column: str = "text") -> list[str]:
    """Texts by number, in the order of `rows`; all of them in memory."""
    found = np.empty(len(rows), dtype=object)
    where = np.argsort(rows, kind="stable")
    # Each row group is read once, whatever the order that is asked for.
    for part in texts.parts(np.unique(rows)):
        first = np.searchsorted(rows[where], part.rows)
        assert (rows[where[first]] == part.rows).all()
        found[where[first]] = part.read(column)
    return found.tolist()


# The form of a text as rates: case, spacing, quotes, dashes, punctuation and digit groups; no word, no length.


def form_rates(texts: list[str]) -> pd.DataFrame:
    """Rates that describe the form of each text, one row a text; NaN where there is nothing to take a rate of.

    Each is a share of marks, spaces, digits or word beginnings of a kind, so that none grows with the length.
    """
    plane = [chr(code) for code in range(0x10000)]
    tables = np.array([[*map(test, plane)] for test in (str.isupper, str.islower, str.isdigit)])
    # A number of texts that bounds the memory: some 60 bytes a character.
    parts = [_rates(texts[start : start + 512], tables) for start in range(0, len(texts), 512)]
    return pd.concat(parts, ignore_index=True)


def _rates(texts: list[str], tables: Flags) -> pd.DataFrame:
    # All texts as one array of characters: a loop over them would be far slower.
    codes = np.frombuffer(("\0".join(texts) + "\0").encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])
    rates = {}
    # What lies beyond the first plane counts as its last character, which has no case and is no digit.
    for name, (some, of_all) in _form_flags(np.minimum(codes, 0xFFFF), tables).items():
        hits, chances = (np.bincount(owner[flags], minlength=len(texts)) for flags in (some & of_all, of_all))
        rates[name] = np.divide(hits, chances, out=np.full(len(texts), np.nan), where=chances > 0)
    return pd.DataFrame(rates)


def _form_flags(codes: NDArray[np.uint32], tables: Flags) -> dict[str, tuple[Flags, Flags]]:
    """For each rate the characters that count, and those among which they are counted.

    `_before` and `_after`: the same flag of the character before and behind.
    """
    classes = _WHITE | _OTHERS | _SHARES
    kind = {name: np.isin(codes, [ord(character) for character in members]) for name, members in classes.items()}
    upper, lower, digit = tables[:, codes]
    letter = upper | lower
    white = kind["space"] | kind["break"]
    marks = np.logical_or.reduce([kind[mark] for mark in _MARKS])
    stops: Flags = kind["."] | kind["?"] | kind["!"]
    single = kind["straight_single"] | kind["curly_single"]
    # Stops apart: their share of all marks grows with the number of sentences.
    symbols = ~(letter | digit | white | kind["end"] | stops)
    start = _before(kind["end"])
    start[:1] = True
    after_stop = letter & _before(white) & _before(_before(stops))
    number_end = _before(digit) & ~digit
    separated = _after(digit) & _before(digit)
    flags = {
        "capital_at_start": (upper, start & letter),
        "capital_after_stop": (upper, after_stop),
        "capital_inside": (upper, letter & _before(white) & ~after_stop),
        "capital_after_capital": (upper, letter & _before(upper)),
        "space_before_mark": (_before(white), marks),
        "no_space_after_mark": (_after(letter), marks & ~_after(kind["end"])),
        "space_after_space": (_before(white), white),
        "line_break": (kind["break"], white),
        "space_after_open": (_after(white), kind["("]),
        "straight_double_quote": (kind['"'], kind['"'] | kind["curly_double"]),
        "straight_apostrophe": (kind["straight_single"], single),
        "space_before_apostrophe": (_before(white), single),
        "long_dash": (kind["dash"], kind["dash"] | kind["-"]),
        "space_around_hyphen": (_before(white) & _after(white), kind["-"]),
        "double_hyphen": (_before(kind["-"]), kind["-"]),
        "stop_at_end": (stops, _after(kind["end"]) & ~kind["end"]),
        "digit_after_digit": (_before(digit), digit),
        "comma_in_number": (kind[","] & separated, number_end),
        "space_in_number": (kind["space"] & separated, number_end),
    }
    return flags | {f"share_of_{name}": (kind[name], stops if name in "?!" else symbols) for name in _SHARES}


def _before(flags: Flags) -> Flags:
    return np.concatenate([[False], flags[:-1]])


def _after(flags: Flags) -> Flags:
    return np.concatenate([flags[1:], [False]])
