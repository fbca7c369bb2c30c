"""Writing Parquet tables, whole or in batches; they appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import pandas as pd

COMPRESSION: Final = "zstd"


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet file."""
    with _appearing(path) as partial:
        table.to_parquet(partial, index=False, compression=COMPRESSION)


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A Parquet file to be written in batches, each a row group."""
    with _appearing(path) as partial, pq.ParquetWriter(partial, schema, compression=COMPRESSION) as writer:
        yield writer


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """A path to write to; on success it becomes `path`, otherwise it is gone and what was at `path` stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
