"""Heads and positions of the known architectures, against Hugging Face's own forward."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from hansard_bias.models.architectures import first_position, head_of, usable_positions
from hansard_bias.models.attention import surprisals_at
from helpers.local_models import POSITIONS, model_of

PADDING = 1


@pytest.fixture(params=["bert", "roberta"])
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
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, POSITIONS + 1), 7))


@torch.inference_mode()
def test_explicit_positions_from_the_first_on_are_the_model_s_own(model: Any) -> None:
    inputs = torch.arange(5, 25)[None]
    start = first_position(model.config.to_dict())
    positions = torch.arange(start, start + 20)[None]
    torch.testing.assert_close(model(input_ids=inputs, position_ids=positions).logits, model(input_ids=inputs).logits)


def test_an_unknown_head_is_named() -> None:
    with pytest.raises(ValueError, match="model_type is 'gpt2', expected one whose head is known: bert, roberta"):
        head_of(SimpleNamespace(config=SimpleNamespace(model_type="gpt2")))
