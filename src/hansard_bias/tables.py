"""Writing Parquet tables, whole or in batches; they appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.paths import appearing

if TYPE_CHECKING:
    import pandas as pd

COMPRESSION: Final = "zstd"


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet file."""
    with appearing(path) as partial:
        table.to_parquet(partial, index=False, compression=COMPRESSION)


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A Parquet file to be written in batches, each a row group."""
    with appearing(path) as partial, pq.ParquetWriter(partial, schema, compression=COMPRESSION) as writer:
        yield writer
