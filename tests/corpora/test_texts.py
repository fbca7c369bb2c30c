"""Texts in files come by number, in any order, from any row group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansard_bias.corpora.align.duplicates import Texts, take


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    """Texts 0 to 9 in one file, 10 to 24 in another whose first row is nobody's."""
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, numbers in zip(paths, (range(10), range(9, 25)), strict=True):
        columns = {"text": [f"t{number}" for number in numbers], "raw": [f"r{number}" for number in numbers]}
        pd.DataFrame(columns).to_parquet(path, row_group_size=4)
    return Texts(paths, np.repeat([0, 1], [10, 15]), np.concatenate([np.arange(10), np.arange(1, 16)]))


@pytest.mark.parametrize("rows", [[0, 1, 2], [24, 0, 12, 11, 3], [*range(25)], [], [7]])
def test_texts_come_in_the_order_asked_for(texts: Texts, rows: list[int]) -> None:
    assert take(texts, np.array(rows, dtype=np.int64)) == [f"t{row}" for row in rows]
    assert take(texts, np.array(rows, dtype=np.int64), "raw") == [f"r{row}" for row in rows]


def test_parts_hold_each_text_once_and_read_one_row_group(texts: Texts) -> None:
    parts = [*texts.parts(np.arange(len(texts)))]
    assert sorted(row for part in parts for row in part.rows.tolist()) == [*range(25)]
    assert [len(part.rows) for part in parts] == [4, 4, 2, 3, 4, 4, 4]
    assert [text for part in parts for text in part.read()] == [f"t{row}" for row in range(25)]
