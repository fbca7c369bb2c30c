"""Encoded corpora on disk: one flat uint16 array of tokens, memory-mapped, and an index of speeches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.base.files import atomic_folder, table_writer
from hansard_bias.randomness import UInt64, stable_hashes

PIECES_FILE = "pieces.npy"
INDEX_FILE = "index.parquet"
_CHUNK = 20_000

Ids = npt.NDArray[np.int64]
Pieces = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class EncodedCorpus:
    """All speeches of one aligned corpus as tokens, without special ones.

    tokens: uint16, shape [total]. starts, lengths: int64, shape [speeches], into tokens.
    """

    tokens: Pieces
    starts: Ids
    lengths: Ids
    index: pa.Table
    """Columns speech_id, sitting, split, bytes, pieces: one row a speech."""

    def rows(self, speech_ids: pa.ChunkedArray) -> Ids:
        """Positions of these speeches in the index, in the index's order."""
        found = pc.is_in(self.index["speech_id"], value_set=speech_ids.combine_chunks())
        rows = np.flatnonzero(found.to_numpy(zero_copy_only=False))
        if missing := len(speech_ids) - len(rows):
            raise ValueError(f"{missing} aligned speeches are not encoded; run `dvc repro encode` again")
        return rows

    def without_index(self) -> EncodedCorpus:
        """The tokens alone, as windows need them: the ids of many speeches take more memory than a model."""
        return replace(self, index=self.index.slice(0, 0).select([]))

    def split_rows(self, split: str) -> Ids:
        """Positions of the speeches of one split."""
        return np.flatnonzero(pc.equal(self.index["split"], split).to_numpy(zero_copy_only=False))


def write_encoded_parts(folder: Path, schema: pa.Schema, parts: Iterable[tuple[pa.Table, Iterable[Pieces]]]) -> None:
    """Write one corpus part by part, none of which stays in memory; `schema` is that of every part's index."""
    total = 0
    lengths = pa.field("pieces", pa.int32())
    with (
        atomic_folder(folder) as new,
        table_writer(new / INDEX_FILE, schema.append(lengths)) as table,
        (new / PIECES_FILE).open("wb") as flat,
    ):
        _write_header(flat, 0)
        for index, tokens in parts:
            sizes = [flat.write(item.astype(np.uint16).tobytes()) // 2 for item in tokens]
            table.write_table(index.append_column(lengths, pa.array(sizes, pa.int32())))
            total += sum(sizes)
        # The total is known only now; the header was written as a placeholder of the same length.
        flat.seek(0)
        _write_header(flat, total)


def _write_header(file: BinaryIO, total: int) -> None:
    # NumPy leaves room in the header, so that it is as long for every total.
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.uint16)), "fortran_order": False, "shape": (total,)}
    np.lib.format.write_array_header_1_0(file, header)


def read_encoded(folder: Path) -> EncodedCorpus:
    """Open one corpus; the tokens stay on disk until they are touched."""
    if not (folder / INDEX_FILE).is_file():
        raise ValueError(f"{folder}: no encoded corpus here; run `dvc repro encode`")
    index = pq.read_table(folder / INDEX_FILE, read_dictionary=["split"])
    lengths = index["pieces"].to_numpy().astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    # Mapped, never unpickled: a corpus may be larger than the memory, and come from elsewhere.
    tokens = np.load(folder / PIECES_FILE, mmap_mode="r", allow_pickle=False)
    return EncodedCorpus(tokens, starts, lengths, index)


@dataclass(frozen=True)
class Windows:
    """Consecutive parts of speeches that fit the model's positions; all arrays have shape [windows].

    A speech longer than the room goes on in its next window: no text is cut off (method.md section 1).
    """

    corpus: npt.NDArray[np.int32]
    """Which of the corpora given, by position."""
    start: Ids
    """Where the window begins in the corpus's tokens."""
    length: Ids
    offset: Ids
    """Where the window begins in its speech, in tokens."""
    speech: UInt64
    """Hash of the speech's id."""

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: Ids) -> Windows:
        """The windows at these positions, in this order."""
        return Windows(*(column[rows] for column in vars(self).values()))


def cut_windows(corpora: list[EncodedCorpus], rows: list[Ids], positions: int) -> Windows:
    """Windows of at most `positions` - 2 tokens ([CLS] and [SEP] take two) over the chosen rows of every corpus."""
    room = positions - 2
    numbered = enumerate(zip(corpora, rows, strict=True))
    parts = [_cut(number, corpus, chosen, room) for number, (corpus, chosen) in numbered]
    return Windows(*map(np.concatenate, zip(*(vars(part).values() for part in parts), strict=True)))


def _cut(number: int, corpus: EncodedCorpus, rows: Ids, room: int) -> Windows:
    lengths = corpus.lengths[rows]
    counts = -(-lengths // room)
    speech = np.repeat(np.arange(len(rows)), counts)
    offset = room * (np.arange(len(speech)) - np.repeat(np.cumsum(counts) - counts, counts))
    # In chunks: a column of Python strings takes ten times its room.
    ids = corpus.index["speech_id"].take(pa.array(rows))
    hashes = stable_hashes(text for at in range(0, len(ids), _CHUNK) for text in ids.slice(at, _CHUNK).to_pylist())
    start, length = corpus.starts[rows][speech] + offset, np.minimum(room, lengths[speech] - offset)
    return Windows(np.full(len(speech), number, dtype=np.int32), start, length, offset, hashes[speech])
