"""Heads and positions of the known architectures, against Hugging Face's own forward."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Data2VecTextConfig, Data2VecTextForMaskedLM

from hansard_bias.models.architectures import ARCHITECTURES, first_position, head_of, usable_positions
from hansard_bias.models.attention import surprisals_at
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.models.scorer import MaskedBatch, Scorer, TransformersScorer
from helpers.local_models import POSITIONS, model_of

PADDING = 1


@pytest.fixture(params=["bert", "roberta", "modernbert"])
def model(request: Any) -> Any:
    return model_of(request.param, 60, PADDING).eval()


@torch.inference_mode()
def test_body_and_head_are_the_model(model: Any) -> None:
    inputs = torch.randint(5, 60, (3, 12), generator=torch.Generator().manual_seed(0))
    attention = torch.arange(12) < torch.tensor([[12], [7], [4]])
    inputs[~attention] = PADDING
    logits = model(input_ids=inputs, attention_mask=attention.long()).logits
    positions = torch.tensor([3, 12 + 6, 24 + 1])
    labels = torch.tensor([7, 8, 9])
    expected = -logits.flatten(0, 1)[positions].log_softmax(-1)[torch.arange(3), labels]
    ours = surprisals_at(model, positions, labels, input_ids=inputs, attention_mask=attention)
    torch.testing.assert_close(ours, expected)


@torch.inference_mode()
def test_all_usable_positions_can_be_read_and_no_more(model: Any) -> None:
    config = model.config.to_dict()
    assert usable_positions(config) == POSITIONS
    assert model(input_ids=torch.full((1, POSITIONS), 7)).logits.shape[1] == POSITIONS
    if config["model_type"] == "modernbert":
        return  # rotations have no table that ends
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, POSITIONS + 1), 7))


@torch.inference_mode()
def test_explicit_positions_from_the_first_on_are_the_model_s_own(model: Any) -> None:
    inputs = torch.arange(5, 25)[None]
    start = first_position(model.config.to_dict())
    positions = torch.arange(start, start + 20)[None]
    torch.testing.assert_close(model(input_ids=inputs, position_ids=positions).logits, model(input_ids=inputs).logits)


@torch.inference_mode()
def test_a_new_family_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """data2vec's text model, which nothing here names: scored both ways, and trained on, once it has its entry."""
    entry = replace(ARCHITECTURES["roberta"], body="data2vec_text")
    monkeypatch.setitem(ARCHITECTURES, "data2vec-text", entry)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 48}
    config = Data2VecTextConfig(vocab_size=60, max_position_embeddings=40, pad_token_id=PADDING, **sizes)
    torch.manual_seed(0)
    model = Data2VecTextForMaskedLM(config).eval()
    batch = MaskedBatch.of([(5, 9, 7, 12), (8, 11)], [(1, 3), (0,)], PADDING)
    labels = np.array([7, 8, 9])
    attention = torch.from_numpy(batch.inside)
    logits = model(torch.from_numpy(batch.input_ids), attention_mask=attention.long()).logits[batch.asked]
    expected = -logits.log_softmax(-1)[torch.arange(3), torch.from_numpy(labels)]
    scorers: list[Scorer] = [ReadingScorer(config.to_dict(), model.state_dict(), "cpu"), TransformersScorer(model)]
    for scorer in scorers:
        assert scorer.positions == 38
        np.testing.assert_allclose(scorer.surprisals(batch, labels), expected, rtol=1e-5)
    flat = batch.asked[0] * 4 + batch.asked[1]
    inputs = {"input_ids": torch.from_numpy(batch.input_ids), "attention_mask": attention.long()}
    torch.testing.assert_close(surprisals_at(model, flat, torch.from_numpy(labels), **inputs), expected)


def test_an_unknown_head_is_named() -> None:
    with pytest.raises(ValueError, match="model_type is 'gpt2', expected one whose head is known: bert, roberta"):
        head_of(SimpleNamespace(config=SimpleNamespace(model_type="gpt2")))
