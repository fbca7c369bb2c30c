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
from hansard_bias.tokens.encoded import EncodedCorpus, Ids

# What scores were made from: evaluation seed and number of folds; SHA-256 of the tokenizer's file and of the weights;
# a digest of the ids and tokens of all speeches scored. All but the weights are the same for models that are compared.
FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, TEXTS_KEY = b"folds", b"tokenizer", b"weights", b"texts"
# Of likelihood tables, too: evaluation seed and size of the sample.
SAMPLE_KEY = b"sample"
# About so many tokens are in memory at a time when scores are written.
GROUP_TOKENS = 1 << 20
Nats = npt.NDArray[np.float32]


def score_tables(name: str, corpus: EncodedCorpus, rows: Ids, surprisals: Nats) -> Iterator[pa.Table]:
    """The speeches at `rows` as tables of about GROUP_TOKENS tokens, one at a time; columns as in `score_table`."""
    offsets = np.concatenate([[0], np.cumsum(corpus.lengths[rows])])
    for some in _spans_of_rows(corpus.lengths[rows]):
        yield score_table(name, corpus, rows[some], surprisals[offsets[some.start] : offsets[some.stop]])


def score_table(name: str, corpus: EncodedCorpus, rows: Ids, surprisals: Nats) -> pa.Table:
    """One row a speech: speech_id, corpus, sitting, bytes, token_ids (uint16), surprisals (float32, nats).

    surprisals: of all tokens of these speeches, one after the other in the order of `rows`.
    """
    index = corpus.index.take(pa.array(rows))
    offsets = pa.array(np.concatenate([[0], np.cumsum(corpus.lengths[rows])]), pa.int32())
    columns = {
        "speech_id": index["speech_id"],
        "corpus": pa.array([name] * len(rows)),
        "sitting": index["sitting"],
        "bytes": index["bytes"],
        "token_ids": pa.ListArray.from_arrays(offsets, pa.array(_tokens(corpus, rows))),
        "surprisals": pa.ListArray.from_arrays(offsets, pa.array(surprisals.astype(np.float32))),
    }
    return pa.table(columns)


def _tokens(corpus: EncodedCorpus, rows: Ids) -> npt.NDArray[np.uint16]:
    spans = zip(corpus.starts[rows], corpus.lengths[rows], strict=True)
    return np.concatenate([np.zeros(0, np.uint16), *(corpus.tokens[start : start + size] for start, size in spans)])


def _spans_of_rows(lengths: Ids) -> Iterator[slice]:
    """Consecutive speeches that hold about GROUP_TOKENS tokens together; of no speeches, one of none."""
    number = (np.cumsum(lengths) - lengths) // GROUP_TOKENS
    # An empty table, too, must be written: it has the columns.
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
            if sum(len(each["surprisals"].combine_chunks().flatten()) for each in (*group, table)) > GROUP_TOKENS:
                writer.write_table(pa.concat_tables(group))
                group = []
            group.append(table)
        writer.write_table(pa.concat_tables(group))


def texts_digest(texts: Iterable[tuple[EncodedCorpus, Ids]]) -> str:
    """One hash of which speeches were scored, of every corpus in turn, and of all their tokens."""
    digest = hashlib.sha256()
    for corpus, rows in texts:
        lengths = corpus.lengths[rows]
        # A span at a time: the ids and tokens of a large corpus do not fit into memory.
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
    offsets, flat = _flat(table["surprisals"])
    # In float64: a sum of a hundred float32 surprisals has lost its last digits.
    cumulative = np.concatenate([[0.0], np.cumsum(flat, dtype=np.float64)])
    told = [table["speech_id"], table["corpus"], pc.cast(table["sitting"], "string"), pc.cast(table["bytes"], "int64")]
    sums = [pa.array(np.diff(offsets)), pa.array(cumulative[offsets[1:]] - cumulative[offsets[:-1]])]
    return pa.table([*told, *sums], names=["speech_id", "corpus", "sitting", "bytes", "tokens", "nats"])


def read_tokens(path: Path, corpus: str, column: str) -> tuple[Ids, npt.NDArray[Any]]:
    """Of one corpus, where each speech begins and ends, shape [speeches + 1], and one flat column of its tokens.

    column: "token_ids" or "surprisals" (nats).
    """
    table = pq.read_table(path, columns=["corpus", column], filters=pc.field("corpus") == corpus)
    return _flat(table[column])


def _flat(lists: pa.ChunkedArray) -> tuple[Ids, npt.NDArray[Any]]:
    # A part of a column still holds the values of all its rows: the offsets say which are its own.
    array = lists.combine_chunks()
    offsets = array.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], array.values.to_numpy()[offsets[0] : offsets[-1]]


# Likelihood tables: exact pseudo-log-likelihoods of a fixed sample of test speeches under one model, as Parquet.

FORMS = ("pll", "pll_within_word")


def likelihood_table(name: str, corpus: EncodedCorpus, rows: Ids, nats: Nats) -> pa.Table:
    """One row a speech; nats: surprisal of every token in both forms, shape [2, tokens in the order of `rows`].

    Columns speech_id, corpus, sitting, bytes, token_ids, tokens; pll and pll_within_word, in nats, 0 or less
    (float64 sums); surprisals and surprisals_within_word, in nats, one number a token.
    """
    ends = np.cumsum(corpus.lengths[rows])
    alone, within = (score_table(name, corpus, rows, form) for form in nats)
    totals = np.concatenate([np.zeros((2, 1)), np.cumsum(nats, axis=1, dtype=np.float64)], axis=1)
    sums = totals[:, ends - corpus.lengths[rows]] - totals[:, ends]
    table = alone.append_column("surprisals_within_word", within["surprisals"])
    for column, values in zip(("tokens", *FORMS), (corpus.lengths[rows], *sums), strict=True):
        table = table.append_column(column, pa.array(values))
    return table


def read_likelihood_sums(path: Path) -> tuple[pa.Table, dict[bytes, bytes]]:
    """Sums per corpus and sitting: corpus, sitting, speeches, tokens, pll, pll_within_word; and the fingerprint."""
    table = pq.read_table(path, columns=["corpus", "sitting", "tokens", *FORMS])
    table = table.set_column(1, "sitting", pc.cast(table["sitting"], pa.string()))
    columns = ("tokens", *FORMS)
    sums = table.group_by(["corpus", "sitting"]).aggregate([("tokens", "count"), *((name, "sum") for name in columns)])
    sums = sums.select(["corpus", "sitting", "tokens_count", *(f"{name}_sum" for name in columns)])
    sums = sums.rename_columns(["corpus", "sitting", "speeches", *columns])
    return sums.sort_by([("corpus", "ascending"), ("sitting", "ascending")]), table.schema.metadata or {}
