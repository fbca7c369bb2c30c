"""Score tables: the surprisal of every piece of every test speech under one model and seed, as Parquet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.encoded import EncodedCorpus
from hansard_bias.tables import table_writer

FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, TEXTS_KEY = b"folds", b"tokenizer", b"weights", b"texts"
"""What scores were made from: evaluation seed and number of folds; SHA-256 of the tokenizer's file and of the weights;
a digest of the ids and pieces of all speeches scored. All but the weights are the same for models that are compared."""


def score_table(
    name: str,
    corpus: EncodedCorpus,
    rows: npt.NDArray[np.int64],
    surprisals: list[npt.NDArray[np.float32]],
) -> pa.Table:
    """One row a speech: speech_id, corpus, sitting, bytes, token_ids (uint16), surprisals (float32, nats)."""
    index = corpus.index.take(pa.array(rows))
    lengths = corpus.lengths[rows]
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    pieces = [corpus.pieces[start : start + size] for start, size in zip(corpus.starts[rows], lengths, strict=True)]
    return pa.table(
        {
            "speech_id": index["speech_id"],
            "corpus": pa.array([name] * len(rows)),
            "sitting": index["sitting"],
            "bytes": index["bytes"],
            "token_ids": pa.ListArray.from_arrays(offsets, pa.array(_joined(pieces, np.uint16))),
            "surprisals": pa.ListArray.from_arrays(offsets, pa.array(_joined(surprisals, np.float32))),
        }
    )


def _joined(parts: list[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
    """One flat array, empty where there is nothing."""
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind)


def write_scores(path: Path, tables: list[pa.Table], fingerprint: Mapping[bytes, str]) -> None:
    """Write one model's scores on all corpora, with what they were made from."""
    table = pa.concat_tables(tables).replace_schema_metadata(dict(fingerprint))
    with table_writer(path, table.schema) as writer:
        writer.write_table(table)


def texts_digest(tables: list[pa.Table]) -> str:
    """One hash of which speeches were scored and of all their pieces."""
    digest = hashlib.sha256()
    for table in tables:
        digest.update("\n".join(table["speech_id"].to_pylist()).encode())
        digest.update(table["token_ids"].combine_chunks().offsets.to_numpy().astype(np.int64).tobytes())
        digest.update(table["token_ids"].combine_chunks().values.to_numpy().tobytes())
    return digest.hexdigest()


def read_sums(path: Path) -> tuple[pa.Table, dict[bytes, bytes]]:
    """Sums of every speech: columns speech_id, corpus, sitting (text), bytes, tokens, nats; and the fingerprint."""
    table = pq.read_table(path, columns=["speech_id", "corpus", "sitting", "bytes", "surprisals"])
    offsets, flat = _flat(table["surprisals"])
    cumulative = np.concatenate([[0.0], np.cumsum(flat.astype(np.float64))])
    sums = {
        "speech_id": table["speech_id"],
        "corpus": table["corpus"],
        "sitting": pc.cast(table["sitting"], pa.string()),
        "bytes": pc.cast(table["bytes"], pa.int64()),
        "tokens": np.diff(offsets).astype(np.int64),
        "nats": cumulative[offsets[1:]] - cumulative[offsets[:-1]],
    }
    return pa.table(sums), table.schema.metadata or {}


def read_pieces(path: Path, corpus: str, column: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Of one corpus, where each speech begins and ends, shape [speeches + 1], and one flat column of its pieces.

    column: "token_ids" or "surprisals" (nats).
    """
    table = pq.read_table(path, columns=["corpus", column], filters=pc.field("corpus") == corpus)
    return _flat(table[column])


def _flat(lists: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Offsets and values of a column of lists."""
    array = lists.combine_chunks()
    offsets = array.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], array.values.to_numpy()[offsets[0] : offsets[-1]]
