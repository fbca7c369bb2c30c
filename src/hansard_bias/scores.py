"""Score tables: the surprisal of every piece of every test speech under one model and seed, as Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.encoded import EncodedCorpus

FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY = b"folds", b"tokenizer", b"weights"


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
            "token_ids": pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(pieces), pa.uint16())),
            "surprisals": pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(surprisals), pa.float32())),
        }
    )


def write_scores(path: Path, tables: list[pa.Table], fingerprint: Mapping[bytes, str]) -> None:
    """Write one model's scores on all corpora, with what they were made from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.concat_tables(tables).replace_schema_metadata(dict(fingerprint))
    pq.write_table(table, path, compression="zstd")


def read_sums(path: Path) -> tuple[pa.Table, dict[bytes, bytes]]:
    """Sums per corpus and sitting: columns corpus, sitting, nats, tokens, bytes; and the file's fingerprint."""
    table = pq.read_table(path, columns=["corpus", "sitting", "bytes", "surprisals"])
    offsets = table["surprisals"].combine_chunks().offsets.to_numpy()
    flat = table["surprisals"].combine_chunks().values.to_numpy().astype(np.float64)
    cumulative = np.concatenate([[0.0], np.cumsum(flat)])
    sums = pa.table(
        {
            "corpus": table["corpus"],
            "sitting": pc.cast(table["sitting"], pa.string()),
            "nats": cumulative[offsets[1:]] - cumulative[offsets[:-1]],
            "tokens": np.diff(offsets).astype(np.int64),
            "bytes": pc.cast(table["bytes"], pa.int64()),
        }
    )
    grouped = sums.group_by(["corpus", "sitting"]).aggregate([("nats", "sum"), ("tokens", "sum"), ("bytes", "sum")])
    names = {"nats_sum": "nats", "tokens_sum": "tokens", "bytes_sum": "bytes"}
    renamed = grouped.rename_columns([names.get(name, name) for name in grouped.column_names])
    return renamed.sort_by([("corpus", "ascending"), ("sitting", "ascending")]), table.schema.metadata or {}
