"""Score tables: the surprisal of every token of every test speech under one model and seed, as Parquet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.base.files import table_writer
from hansard_bias.tokens.encoded import EncodedCorpus

FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, TEXTS_KEY = b"folds", b"tokenizer", b"weights", b"texts"
"""What scores were made from: evaluation seed and number of folds; SHA-256 of the tokenizer's file and of the weights;
a digest of the ids and tokens of all speeches scored. All but the weights are the same for models that are compared."""
GROUP_TOKENS = 1 << 20
"""About so many tokens are in memory at a time when scores are written."""


def score_tables(
    name: str, corpus: EncodedCorpus, rows: npt.NDArray[np.int64], surprisals: npt.NDArray[np.float32]
) -> Iterator[pa.Table]:
    """The speeches at `rows` as tables of about GROUP_TOKENS tokens, one at a time; columns as in `score_table`."""
    ends = np.cumsum(corpus.lengths[rows])
    for some in _spans_of_rows(corpus.lengths[rows]):
        chosen = rows[some]
        last = int(ends[some][-1]) if len(chosen) else 0
        size = int(corpus.lengths[chosen].sum())
        yield score_table(name, corpus, chosen, surprisals[last - size : last])


def score_table(
    name: str, corpus: EncodedCorpus, rows: npt.NDArray[np.int64], surprisals: npt.NDArray[np.float32]
) -> pa.Table:
    """One row a speech: speech_id, corpus, sitting, bytes, token_ids (uint16), surprisals (float32, nats).

    surprisals: of all tokens of these speeches, one after the other in the order of `rows`.
    """
    index = corpus.index.take(pa.array(rows))
    offsets = pa.array(np.concatenate([[0], np.cumsum(corpus.lengths[rows])]), pa.int32())
    return pa.table(
        {
            "speech_id": index["speech_id"],
            "corpus": pa.array([name] * len(rows)),
            "sitting": index["sitting"],
            "bytes": index["bytes"],
            "token_ids": pa.ListArray.from_arrays(offsets, pa.array(_tokens(corpus, rows))),
            "surprisals": pa.ListArray.from_arrays(offsets, pa.array(surprisals.astype(np.float32))),
        }
    )


def _tokens(corpus: EncodedCorpus, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
    """The tokens of these speeches, one after the other."""
    spans = zip(corpus.starts[rows], corpus.lengths[rows], strict=True)
    return np.concatenate([np.zeros(0, np.uint16), *(corpus.tokens[start : start + size] for start, size in spans)])


def _spans_of_rows(lengths: npt.NDArray[np.int64]) -> Iterator[slice]:
    """Consecutive speeches that hold about GROUP_TOKENS tokens together; of no speeches, one of none."""
    number = (np.cumsum(lengths) - lengths) // GROUP_TOKENS
    bounds = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(lengths)]
    yield from map(slice, bounds, bounds[1:])


def write_scores(path: Path, tables: Iterable[pa.Table], fingerprint: Mapping[bytes, str]) -> None:
    """Write one model's scores on all corpora, with what they were made from.

    Tables are taken one at a time and written in row groups of about GROUP_TOKENS tokens: that bounds the memory.
    """
    # The first table tells the schema, which the file wants before any row.
    coming = iter(tables)
    group = [next(coming)]
    with table_writer(path, group[0].schema.with_metadata(dict(fingerprint))) as writer:
        for table in coming:
            if sum(map(_size, (*group, table))) > GROUP_TOKENS:
                writer.write_table(pa.concat_tables(group))
                group = []
            group.append(table)
        writer.write_table(pa.concat_tables(group))


def _size(table: pa.Table) -> int:
    """Pieces of a table."""
    return sum(len(chunk.flatten()) for chunk in table["surprisals"].chunks)


def texts_digest(texts: Iterable[tuple[EncodedCorpus, npt.NDArray[np.int64]]]) -> str:
    """One hash of which speeches were scored, of every corpus in turn, and of all their tokens."""
    digest = hashlib.sha256()
    for corpus, rows in texts:
        lengths = corpus.lengths[rows]
        spans_of_rows = [rows[some] for some in _spans_of_rows(lengths)]
        for at, chosen in enumerate(spans_of_rows):
            ids = corpus.index["speech_id"].take(pa.array(chosen)).to_pylist()
            digest.update(("\n" * (at > 0) + "\n".join(ids)).encode())
        digest.update(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64).tobytes())
        for chosen in spans_of_rows:
            digest.update(_tokens(corpus, chosen).tobytes())
    return digest.hexdigest()


def read_sums(path: Path) -> tuple[pa.Table, dict[bytes, bytes]]:
    """Sums of every speech: columns speech_id, corpus, sitting (text), bytes, tokens, nats; and the fingerprint."""
    columns = ["speech_id", "corpus", "sitting", "bytes", "surprisals"]
    with pq.ParquetFile(path) as file:
        groups = [_sums(file.read_row_group(group, columns=columns)) for group in range(file.num_row_groups)]
        return pa.concat_tables(groups), file.schema_arrow.metadata or {}


def _sums(table: pa.Table) -> pa.Table:
    """The columns of `read_sums` for some speeches."""
    offsets, flat = _flat(table["surprisals"])
    # In float64: a sum of a hundred float32 surprisals has lost its last digits.
    cumulative = np.concatenate([[0.0], np.cumsum(flat, dtype=np.float64)])
    sums = {
        "speech_id": table["speech_id"],
        "corpus": table["corpus"],
        "sitting": pc.cast(table["sitting"], pa.string()),
        "bytes": pc.cast(table["bytes"], pa.int64()),
        "tokens": np.diff(offsets).astype(np.int64),
        "nats": cumulative[offsets[1:]] - cumulative[offsets[:-1]],
    }
    return pa.table(sums)


def read_tokens(path: Path, corpus: str, column: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Of one corpus, where each speech begins and ends, shape [speeches + 1], and one flat column of its tokens.

    column: "token_ids" or "surprisals" (nats).
    """
    table = pq.read_table(path, columns=["corpus", column], filters=pc.field("corpus") == corpus)
    return _flat(table[column])


def _flat(lists: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Offsets and values of a column of lists."""
    # A part of a column still holds the values of all its rows: the offsets say which are its own.
    array = lists.combine_chunks()
    offsets = array.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], array.values.to_numpy()[offsets[0] : offsets[-1]]


# Likelihood tables: exact pseudo-log-likelihoods of a fixed sample of test speeches under one model, as Parquet.

SAMPLE_KEY = b"sample"
"""Evaluation seed and size of the sample, beside the keys of score tables."""
FORMS = ("pll", "pll_within_word")


def likelihood_table(
    name: str, corpus: EncodedCorpus, rows: npt.NDArray[np.int64], nats: npt.NDArray[np.float32]
) -> pa.Table:
    """One row a speech; nats: surprisal of every token in both forms, shape [2, tokens in the order of `rows`].

    Columns speech_id, corpus, sitting, bytes, token_ids, tokens; pll and pll_within_word, in nats, 0 or less
    (float64 sums); surprisals and surprisals_within_word, in nats, one number a token.
    """
    ends = np.cumsum(corpus.lengths[rows])
    alone, within = (score_table(name, corpus, rows, form) for form in nats)
    totals = np.concatenate([np.zeros((2, 1)), np.cumsum(nats, axis=1, dtype=np.float64)], axis=1)
    sums = totals[:, ends - corpus.lengths[rows]] - totals[:, ends]
    table = alone.append_column("surprisals_within_word", within["surprisals"])
    table = table.append_column("tokens", pa.array(corpus.lengths[rows]))
    for column, values in zip(FORMS, sums, strict=True):
        table = table.append_column(column, pa.array(values))
    return table


def read_likelihood_sums(path: Path) -> tuple[pa.Table, dict[bytes, bytes]]:
    """Sums per corpus and sitting: corpus, sitting, speeches, tokens, pll, pll_within_word; and the fingerprint."""
    table = pq.read_table(path, columns=["corpus", "sitting", "tokens", *FORMS])
    table = table.set_column(1, "sitting", pc.cast(table["sitting"], pa.string()))
    wanted = [("tokens", "count"), *((name, "sum") for name in ("tokens", *FORMS))]
    sums = table.group_by(["corpus", "sitting"]).aggregate(wanted)
    names = {"tokens_count": "speeches"} | {f"{name}_sum": name for name in ("tokens", *FORMS)}
    sums = sums.rename_columns([names.get(name, name) for name in sums.column_names])
    return sums.sort_by([("corpus", "ascending"), ("sitting", "ascending")]), table.schema.metadata or {}
