"""Encoded corpora: written in parts they are what they are when written whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hansard_bias.tokens.encoded import cut_windows, read_encoded, write_encoded_parts
from helpers.project import write_encoded

LENGTHS = [5, 0, 300, 17, 1, 4096, 2]
PIECES = [np.arange(length, dtype=np.uint16) + number for number, length in enumerate(LENGTHS)]
INDEX = pa.table(
    {"speech_id": [f"x/{number}" for number in range(len(LENGTHS))], "split": ["train", "test"] * 3 + ["train"]}
)


def test_parts_are_the_whole(tmp_path: Path) -> None:
    write_encoded(tmp_path / "whole", INDEX, PIECES)
    parts = [(INDEX.slice(first, 3), iter(PIECES[first : first + 3])) for first in (0, 3, 6)]
    write_encoded_parts(tmp_path / "parts", INDEX.schema, parts)
    whole, built = read_encoded(tmp_path / "whole"), read_encoded(tmp_path / "parts")
    assert np.array_equal(whole.tokens, np.concatenate(PIECES))
    assert np.array_equal(built.tokens, whole.tokens)
    assert built.index.to_pydict() == whole.index.to_pydict()
    assert np.array_equal(built.lengths, LENGTHS)


@pytest.mark.parametrize("speeches", [0, 1, 7])
def test_the_file_is_a_plain_numpy_file(tmp_path: Path, speeches: int) -> None:
    write_encoded(tmp_path, INDEX.slice(0, speeches), PIECES[:speeches])
    loaded = np.load(tmp_path / "pieces.npy", allow_pickle=False)
    assert loaded.dtype == np.uint16
    assert loaded.shape == (sum(LENGTHS[:speeches]),)


def test_windows_cover_every_piece_once(tmp_path: Path) -> None:
    write_encoded(tmp_path, INDEX, PIECES)
    corpus = read_encoded(tmp_path)
    windows = cut_windows([corpus], [np.arange(len(LENGTHS))], 18)
    covered = np.concatenate([np.arange(s, s + n) for s, n in zip(windows.start, windows.length, strict=True)])
    assert np.array_equal(np.sort(covered), np.arange(sum(LENGTHS)))
    assert windows.length.max() == 16


def test_a_folder_without_a_corpus_names_the_stage(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no encoded corpus here; run `dvc repro encode`"):
        read_encoded(tmp_path)
