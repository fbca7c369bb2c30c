"""Exact likelihoods against minicons, against one forward pass a piece, and against what defines them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import BertForMaskedLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from hansard_bias.models.reading import ReadingScorer
from hansard_bias.params import ScoreConfig
from hansard_bias.scoring.scoring import likelihood_rows, token_likelihoods
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import CLS_ID, MASK_ID, OWN_IDS, SEP_ID, load_tokenizer, tokens_and_words
from helpers.project import POSITIONS


@pytest.fixture(scope="module")
def reader(trained: Path) -> ReadingScorer:
    return ReadingScorer.load(trained / "models/mixed-1", "cpu")


@pytest.fixture(scope="module")
def network(trained: Path) -> Any:
    return BertForMaskedLM.from_pretrained(str(trained / "models/mixed-1")).eval()


@pytest.fixture(scope="module")
def corpus(trained: Path) -> EncodedCorpus:
    return read_encoded(trained / "data/encoded/nunavut")


@pytest.fixture(scope="module")
def texts(trained: Path) -> list[str]:
    return pq.read_table(trained / "data/aligned/nunavut.parquet")["text"].to_pylist()


@pytest.fixture(scope="module")
def words(trained: Path, texts: list[str]) -> list[np.ndarray]:
    return [numbers for _, numbers in tokens_and_words(load_tokenizer(trained / "models/tokenizer"), texts)]


def surprisals(
    reader: ReadingScorer, corpus: EncodedCorpus, rows: np.ndarray, words: list[np.ndarray], batch_tokens: int = 500
) -> list[np.ndarray]:
    """Both forms of each speech."""
    found = token_likelihoods(reader, corpus, rows, [words[row] for row in rows], batch_tokens, OWN_IDS)
    return np.split(found, np.cumsum(corpus.lengths[rows])[:-1], axis=1)


def test_minicons_finds_the_same_likelihoods(
    reader: ReadingScorer,
    network: Any,
    corpus: EncodedCorpus,
    texts: list[str],
    words: list[np.ndarray],
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # minicons 0.3.39 calls what transformers 5 has dropped.
    restored = lambda self, *arguments, **named: self(*arguments, **named)  # noqa: E731
    monkeypatch.setattr(PreTrainedTokenizerBase, "batch_encode_plus", restored, raising=False)
    from minicons.scorer import MaskedLMScorer

    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(trained / "models/tokenizer"))
    scorer = MaskedLMScorer(network, "cpu", tokenizer=tokenizer)
    rows = np.flatnonzero(corpus.lengths <= POSITIONS - 2)
    ours = surprisals(reader, corpus, rows, words)
    assert len(rows) >= 8
    for form, metric in enumerate(("original", "within_word_l2r")):
        total = lambda scores: scores.double().sum().item()  # noqa: E731
        theirs = [scorer.sequence_score([texts[row]], reduction=total, PLL_metric=metric)[0] for row in rows]
        np.testing.assert_allclose([-speech[form].sum(dtype=np.float64) for speech in ours], theirs, rtol=1e-5)
    assert max(abs(speech[0] - speech[1]).max() for speech in ours) > 0.1, "the two forms must differ somewhere"


@torch.inference_mode()
def test_a_long_speech_goes_on_in_its_next_window(
    reader: ReadingScorer, network: Any, corpus: EncodedCorpus, words: list[np.ndarray]
) -> None:
    """Against one forward pass of transformers for each piece and form."""
    row, room = int(corpus.lengths.argmax()), POSITIONS - 2
    length = int(corpus.lengths[row])
    assert length > room
    pieces = corpus.tokens[corpus.starts[row] : corpus.starts[row] + length].astype(np.int64)
    (found,) = surprisals(reader, corpus, np.array([row]), words)
    for place in range(length):
        begin = place // room * room
        part, own = pieces[begin : begin + room], words[row][begin : begin + room]
        at = place - begin
        rest = (own == own[at]) & (np.arange(len(own)) > at)
        for form, hidden in enumerate((np.arange(len(own)) == at, (np.arange(len(own)) == at) | rest)):
            inputs = torch.tensor([[CLS_ID, *np.where(hidden, MASK_ID, part), SEP_ID]])
            nats = -network(inputs).logits[0, at + 1].double().log_softmax(-1)[part[at]]
            assert found[form, place] == pytest.approx(float(nats), rel=1e-5)


def test_batches_and_order_change_nothing(
    reader: ReadingScorer, corpus: EncodedCorpus, words: list[np.ndarray]
) -> None:
    rows = np.arange(12)
    first = np.concatenate(surprisals(reader, corpus, rows, words), axis=1)
    for batch_tokens in (64, 20_000):
        again = np.concatenate(surprisals(reader, corpus, rows, words, batch_tokens), axis=1)
        np.testing.assert_allclose(again, first, rtol=1e-5, atol=0)
    backwards = surprisals(reader, corpus, rows[::-1], words)[::-1]
    np.testing.assert_allclose(np.concatenate(backwards, axis=1), first, rtol=1e-5, atol=0)


def sampled(ids: list[str], count: int, seed: int = 17) -> set[str]:
    empty = np.zeros(len(ids), dtype=np.int64)
    corpus = EncodedCorpus(np.zeros(0, dtype=np.uint16), empty, empty, pa.table({"speech_id": ids}))
    rows = likelihood_rows(corpus, np.arange(len(ids)), ScoreConfig(seed, 0.15, 600, count))
    assert (np.diff(rows) > 0).all()
    return {ids[row] for row in rows}


def test_the_sample_depends_on_seed_and_ids_alone() -> None:
    ids = [f"nunavut/2001-02-03/{number:05d}" for number in range(300)]
    chosen = sampled(ids, 40)
    assert len(chosen) == 40
    assert sampled(ids[::-1], 40) == chosen
    assert sampled(ids, 20) < chosen
    others = set(ids) - chosen
    assert sampled(sorted(chosen) + sorted(others)[:100], 40) == chosen
    assert sampled(ids, 40, seed=18) != chosen
    assert sampled(ids, 0) == set()
    assert sampled(ids, 1000) == set(ids)
