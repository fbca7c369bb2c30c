"""Likelihood tables: exact pseudo-log-likelihoods of a fixed sample of test speeches under one model, as Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.encoded import EncodedCorpus
from hansard_bias.scores import score_table

SAMPLE_KEY = b"sample"
"""Evaluation seed and size of the sample, beside the keys of score tables."""
FORMS = ("pll", "pll_within_word")


def likelihood_table(
    name: str, corpus: EncodedCorpus, rows: npt.NDArray[np.int64], nats: npt.NDArray[np.float32]
) -> pa.Table:
    """One row a speech; nats: surprisal of every piece in both forms, shape [2, pieces in the order of `rows`].

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
