"""Scores: every piece once, by folds that no batch, model or neighbour changes; and a reference in ten lines."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.models.network import build_model
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.params import ModelConfig, ScoreConfig
from hansard_bias.randomness import stable_hash, stable_hashes
from hansard_bias.scoring.scoring import deal_folds, score_speeches
from hansard_bias.tokens.encoded import EncodedCorpus
from hansard_bias.tokens.tokenizer import CLS_ID, MASK_ID, OWN_IDS, SEP_ID

CONFIG = ScoreConfig(seed=17, mask_rate=0.15, batch_tokens=600, likelihood_speeches=0)
LENGTHS = [1, 3, 40, 7, 8, 90, 15]


def plain(model: Any) -> Any:
    """With the attention of a model that was loaded."""
    model.set_attn_implementation("eager")
    return model.eval()


def scored(model: Any, corpus: EncodedCorpus, rows: np.ndarray, config: ScoreConfig = CONFIG) -> list[np.ndarray]:
    """The surprisals of each speech."""
    reader = ReadingScorer(model.config.to_dict(), model.state_dict(), "cpu")
    flat = score_speeches(reader, corpus, rows, config, OWN_IDS)
    return np.split(flat, np.cumsum(corpus.lengths[rows])[:-1])


@pytest.fixture(scope="module")
def corpus() -> EncodedCorpus:
    rng = np.random.default_rng(0)
    sizes = np.array(LENGTHS, dtype=np.int64)
    index = pa.table({"speech_id": [f"speech/{number}" for number in range(len(LENGTHS))]})
    pieces = rng.integers(5, 60, sizes.sum()).astype(np.uint16)
    return EncodedCorpus(pieces, np.cumsum(sizes) - sizes, sizes, index)


@pytest.fixture(scope="module")
def model() -> Any:
    return plain(build_model(ModelConfig(16, 2, 2, 32, 32, 0.1, 0.1, 0.02), 60, 3))


@given(st.integers(0, 2**40), st.integers(2, 12), st.integers(1, 200))
def test_folds_share_a_speech_evenly(seed: int, folds: int, length: int) -> None:
    dealt = deal_folds(seed, stable_hashes(["a"]), np.arange(length)[None], folds)[0]
    counts = np.bincount(dealt, minlength=folds)
    assert counts.sum() == length
    assert counts.max() - counts.min() <= 1


def test_folds_depend_on_seed_speech_and_position_only() -> None:
    speeches = stable_hashes(["a", "b"])
    positions = np.broadcast_to(np.arange(70), (2, 70))
    both = deal_folds(17, speeches, positions, 7)
    assert (both[1] == deal_folds(17, speeches[1:], positions[:1], 7)[0]).all()
    assert (both[0] != both[1]).any()
    assert (both[0, 30:40] == deal_folds(17, speeches[:1], positions[:1, 30:40], 7)[0]).all()
    assert (both[0] != deal_folds(18, speeches[:1], positions[:1], 7)[0]).any()


def test_every_piece_is_scored_once_whatever_the_batches(corpus: EncodedCorpus, model: Any) -> None:
    rows = np.arange(len(LENGTHS))
    scores = scored(model, corpus, rows)
    assert [len(part) for part in scores] == LENGTHS
    for batch_tokens in (64, 5000):
        again = scored(model, corpus, rows, replace(CONFIG, batch_tokens=batch_tokens))
        np.testing.assert_allclose(np.concatenate(again), np.concatenate(scores), rtol=1e-5)
    backwards = scored(model, corpus, rows[::-1])[::-1]
    np.testing.assert_allclose(np.concatenate(backwards), np.concatenate(scores), rtol=1e-5)


def test_scores_are_those_of_an_unbatched_pass_per_fold(corpus: EncodedCorpus, model: Any) -> None:
    """Independent: full forward with Hugging Face's own logits, one window and fold at a time."""
    for row, score in enumerate(scored(model, corpus, np.arange(len(LENGTHS)))):
        pieces = corpus.tokens[corpus.starts[row] : corpus.starts[row] + LENGTHS[row]].astype(np.int64)
        speech = np.array([stable_hash(f"speech/{row}")], dtype=np.uint64)
        fold = deal_folds(17, speech, np.arange(len(pieces))[None], 7)[0]
        for start in range(0, len(pieces), 30):
            part, folds = pieces[start : start + 30], fold[start : start + 30]
            for k in range(7):
                inputs = torch.tensor([[CLS_ID, *np.where(folds == k, MASK_ID, part), SEP_ID]])
                logits = model(input_ids=inputs).logits[0, 1:-1].log_softmax(-1).detach().numpy()
                for place in np.flatnonzero(folds == k):
                    assert score[start + place] == pytest.approx(-logits[place, part[place]], rel=1e-5)


def test_a_model_that_knows_nothing_has_the_vocabulary_s_perplexity(corpus: EncodedCorpus, model: Any) -> None:
    blank = plain(build_model(ModelConfig(16, 1, 2, 32, 32, 0.0, 0.0, 0.02), 60, 3))
    with torch.no_grad():
        for parameter in blank.cls.parameters():
            parameter.zero_()
        blank.bert.embeddings.word_embeddings.weight.zero_()
    scores = np.concatenate(scored(blank, corpus, np.arange(len(LENGTHS))))
    assert math.exp(scores.mean()) == pytest.approx(60, rel=1e-5)
