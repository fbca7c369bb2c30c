"""Reading and writing Parquet tables whole."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    table.to_parquet(partial, index=False, compression="zstd")
    os.replace(partial, path)
