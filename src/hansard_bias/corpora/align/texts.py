"""The texts of many speeches, left on disk: read part by part, in whichever process needs them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Part(Protocol):
    """Some of the texts; small enough to be held in memory, and picklable."""

    @property
    def rows(self) -> Rows:
        """(texts,): which ones they are."""

    def read(self, column: str = "text") -> list[str]:
        """The texts, in the order of `rows`."""


class Texts(Protocol):
    """Texts by number."""

    def __len__(self) -> int:
        """How many there are."""

    def parts(self, rows: Rows) -> Iterator[Part]:
        """These texts, each once, in parts."""


@dataclass(frozen=True)
class FilePart:
    """Rows of one row group of a Parquet file."""

    path: Path
    group: int
    places: Rows
    """(texts,): places within the row group."""
    rows: Rows

    def read(self, column: str = "text") -> list[str]:
        """The texts, in the order of `rows`."""
        with pq.ParquetFile(self.path) as file:
            texts = file.read_row_group(self.group, [column], use_threads=False)[column]
        return list(texts.take(pa.array(self.places)).to_pylist())


class TextFiles:
    """Texts that lie in Parquet files: text number k is row `place[k]` of file number `file[k]`."""

    def __init__(self, paths: Sequence[Path], file: Rows, place: Rows) -> None:
        self._paths, self._file, self._place = paths, file, place

    def __len__(self) -> int:
        return len(self._file)

    @cached_property
    def _starts(self) -> list[Rows]:
        """For each file, the first row of each row group."""
        return [_group_starts(path) for path in self._paths]

    def parts(self, rows: Rows) -> Iterator[FilePart]:
        """These texts, each once: one part for each row group that holds some, in the order of files and groups."""
        for file, path in enumerate(self._paths):
            own = rows[self._file[rows] == file]
            if not len(own):
                continue
            starts = self._starts[file]
            group = np.searchsorted(starts, self._place[own], side="right") - 1
            order = np.argsort(group, kind="stable")
            present, first = np.unique(group[order], return_index=True)
            for number, members in zip(present.tolist(), np.split(own[order], first[1:]), strict=True):
                yield FilePart(path, number, self._place[members] - starts[number], members)


def take(texts: Texts, rows: Rows, column: str = "text") -> list[str]:
    """Texts by number, in the order of `rows`; all of them in memory."""
    found = np.empty(len(rows), dtype=object)
    where = np.argsort(rows, kind="stable")
    for part in texts.parts(np.unique(rows)):
        first = np.searchsorted(rows[where], part.rows)
        assert (rows[where[first]] == part.rows).all()
        found[where[first]] = part.read(column)
    return found.tolist()


def _group_starts(path: Path) -> Rows:
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    return np.cumsum([0, *sizes[:-1]], dtype=np.int64)
