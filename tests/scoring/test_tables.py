"""Score tables are the same in one piece and in many, so that the memory to write them has a bound."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hansard_bias.scoring import tables as scores
from hansard_bias.scoring.run import cut_parts, in_order_of
from hansard_bias.scoring.tables import read_sums, read_tokens, score_tables, texts_digest, write_scores
from hansard_bias.tokens.encoded import EncodedCorpus

SPEECHES = 200
ROWS = np.flatnonzero(np.arange(SPEECHES) % 3)


def corpus(name: str) -> EncodedCorpus:
    """Speeches of no to 30 pieces."""
    lengths = np.random.default_rng(len(name)).integers(0, 31, SPEECHES)
    index = pa.table(
        {
            "speech_id": [f"{name}/2001-02-03/{at:05d}" for at in range(SPEECHES)],
            "sitting": [datetime.date(2001, 2, 3)] * SPEECHES,
            "bytes": (lengths * 5).astype(np.int64),
        }
    )
    return EncodedCorpus(np.arange(lengths.sum(), dtype=np.uint16), np.cumsum(lengths) - lengths, lengths, index)


CORPORA = {"nunavut": corpus("nunavut"), "canada": corpus("canada")}


def nats(name: str, rows: np.ndarray) -> np.ndarray:
    size = int(CORPORA[name].lengths[rows].sum())
    return np.random.default_rng(size).gamma(2, 1, size).astype(np.float32)


def written(path: Path, rows: np.ndarray = ROWS) -> Path:
    tables = (table for name in CORPORA for table in score_tables(name, CORPORA[name], rows, nats(name, rows)))
    write_scores(path, tables, {b"folds": "seed 17, 7 folds"})
    return path


@pytest.mark.parametrize("pieces", [1, 40, 700, 3_000])
def test_many_row_groups_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    whole = written(tmp_path / "whole.parquet")
    monkeypatch.setattr(scores, "GROUP_TOKENS", pieces)
    many = written(tmp_path / "many.parquet")
    assert pq.ParquetFile(whole).num_row_groups == 1
    assert pq.ParquetFile(many).num_row_groups > 1
    assert pq.read_table(many).equals(pq.read_table(whole), check_metadata=True)
    (sums, fingerprint), (expected, expected_fingerprint) = read_sums(many), read_sums(whole)
    assert fingerprint == expected_fingerprint
    assert fingerprint[b"folds"] == b"seed 17, 7 folds"
    assert sums.drop_columns("nats").equals(expected.drop_columns("nats"))
    assert sums["nats"].to_numpy() == pytest.approx(expected["nats"].to_numpy(), rel=1e-12)
    for name in CORPORA:
        assert (read_tokens(many, name, "surprisals")[1] == nats(name, ROWS)).all()
        assert (read_tokens(many, name, "token_ids")[0] == read_tokens(whole, name, "token_ids")[0]).all()


def test_a_row_group_holds_about_as_many_pieces_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "GROUP_TOKENS", 100)
    file = pq.ParquetFile(written(tmp_path / "many.parquet"))
    sizes = [
        len(file.read_row_group(group)["surprisals"].combine_chunks().flatten()) for group in range(file.num_row_groups)
    ]
    assert max(sizes) <= 100 + 30
    assert sum(sizes) == sum(CORPORA[name].lengths[ROWS].sum() for name in CORPORA)


def test_no_test_speech_is_an_empty_table(tmp_path: Path) -> None:
    sums, _ = read_sums(written(tmp_path / "none.parquet", np.zeros(0, np.int64)))
    assert len(sums) == 0
    assert sums.column_names == ["speech_id", "corpus", "sitting", "bytes", "tokens", "nats"]


@pytest.mark.parametrize("pieces", [1, 40, 1 << 20])
def test_the_digest_of_texts_is_that_of_ids_offsets_and_pieces(monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    expected = hashlib.sha256()
    for encoded in CORPORA.values():
        lengths, starts = encoded.lengths[ROWS], encoded.starts[ROWS]
        expected.update("\n".join(encoded.index["speech_id"].to_pylist()[row] for row in ROWS).encode())
        expected.update(np.array([0, *np.cumsum(lengths)], np.int64).tobytes())
        for start, length in zip(starts, lengths, strict=True):
            expected.update(encoded.tokens[start : start + length].tobytes())
    monkeypatch.setattr(scores, "GROUP_TOKENS", pieces)
    assert texts_digest((encoded, ROWS) for encoded in CORPORA.values()) == expected.hexdigest()


@pytest.mark.parametrize("forms", [(), (2,)])
def test_parts_are_put_together_in_the_order_of_the_speeches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forms: tuple[int, ...]
) -> None:
    monkeypatch.setattr("hansard_bias.scoring.run.PART_TOKENS", 500)
    encoded = CORPORA["canada"]
    # Every piece's score is its place in the corpus, which tells where it belongs.
    parts = cut_parts("folds", "canada", ROWS, encoded.lengths[ROWS], np.full(len(ROWS), 7), forms)
    assert len(parts) > 3
    for part in parts:
        places = [np.arange(start, start + size) for start, size in spans(encoded, part.rows)]
        np.save(tmp_path / part.file, np.broadcast_to(np.concatenate(places), part.shape).astype(np.float32))
    whole = in_order_of(ROWS, encoded.lengths, parts, tmp_path, forms)
    expected = np.concatenate([np.arange(start, start + size) for start, size in spans(encoded, ROWS)])
    assert whole.shape == (*forms, len(expected))
    assert (whole == expected).all()


def spans(encoded: EncodedCorpus, rows: np.ndarray) -> list[tuple[int, int]]:
    """Where speeches begin, and how long they are."""
    return list(zip(encoded.starts[rows].tolist(), encoded.lengths[rows].tolist(), strict=True))
