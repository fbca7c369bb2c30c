"""One aligned corpus as word pieces on disk: `dvc repro encode@nunavut`."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from hansard_bias.encoded import write_encoded
from hansard_bias.paths import ALIGNED, ENCODED, TOKENIZER, needed
from hansard_bias.tokenization import encode_texts, load_tokenizer

COLUMNS = ["speech_id", "sitting", "split", "bytes"]


def run(corpus: str, aligned: Path = ALIGNED, tokenizer: Path = TOKENIZER, output: Path = ENCODED) -> None:
    """Encode every speech of the corpus, all splits."""
    table = pq.read_table(needed(aligned / f"{corpus}.parquet", "align"), columns=[*COLUMNS, "text"])
    pieces = list(encode_texts(load_tokenizer(tokenizer), table["text"].to_pylist()))
    write_encoded(output / corpus, table.select(COLUMNS), pieces)
