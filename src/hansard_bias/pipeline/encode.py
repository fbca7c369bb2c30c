"""One aligned corpus as word pieces on disk: `dvc repro encode@nunavut`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.base.files import ALIGNED, ENCODED, TOKENIZER, require_path
from hansard_bias.tokens.encoded import write_encoded_parts
from hansard_bias.tokens.tokenizer import encode_texts, load_tokenizer

COLUMNS = ["speech_id", "sitting", "split", "bytes"]
# Speeches encoded together: enough for all cores.
BATCH = 5000


def run(corpus: str, aligned: Path = ALIGNED, tokenizer: Path = TOKENIZER, output: Path = ENCODED) -> None:
    """Encode every speech of the corpus, all splits; of the text, a batch at a time is in memory."""
    table = pq.ParquetFile(require_path(aligned / f"{corpus}.parquet", "align"))
    trained = load_tokenizer(tokenizer)

    def parts() -> Iterator[tuple[pa.Table, Iterator[npt.NDArray[np.uint16]]]]:
        for batch in table.iter_batches(BATCH, columns=[*COLUMNS, "text"]):
            yield pa.table(batch.select(COLUMNS)), encode_texts(trained, batch["text"].to_pylist())

    schema = pa.schema([table.schema_arrow.field(name) for name in COLUMNS])
    write_encoded_parts(output / corpus, schema, parts())
