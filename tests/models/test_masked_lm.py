"""What is computed for the masked positions only is what the whole model computes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from hansard_bias.models import attention as masked_lm
from hansard_bias.models.attention import IGNORED, states_at, surprisals_at
from helpers.local_models import model_of

INPUTS = torch.randint(5, 60, (3, 12), generator=torch.Generator().manual_seed(0))
POSITIONS = torch.tensor([3, 4, 12 + 6, 24 + 11])


@pytest.fixture(params=["bert", "roberta", "modernbert"])
def model(request: Any) -> Any:
    return model_of(request.param, 60, 1).eval()


def whole_states(model: Any) -> torch.Tensor:
    states: torch.Tensor = model.base_model(input_ids=INPUTS).last_hidden_state.flatten(0, 1)[POSITIONS]
    return states


def gradients(model: Any, states: Callable[[Any], torch.Tensor]) -> dict[str, torch.Tensor]:
    model.zero_grad()
    states(model).square().sum().backward()
    return {name: part.grad for name, part in model.base_model.named_parameters() if part.grad is not None}


def test_states_and_gradients_are_those_of_the_whole_model(model: Any) -> None:
    torch.testing.assert_close(states_at(model, POSITIONS, input_ids=INPUTS), whole_states(model))
    ours = gradients(model, lambda asked: states_at(asked, POSITIONS, input_ids=INPUTS))
    theirs = gradients(model, whole_states)
    assert ours.keys() == theirs.keys()
    for name, gradient in theirs.items():
        torch.testing.assert_close(ours[name], gradient, msg=name)


def test_the_model_is_left_as_it_was_even_after_an_error(model: Any) -> None:
    before = model(input_ids=INPUTS).logits
    with pytest.raises(IndexError):
        states_at(model, torch.tensor([36]), input_ids=INPUTS)
    assert torch.equal(model(input_ids=INPUTS).logits, before)


def test_an_ignored_position_has_no_surprisal_and_changes_no_other(model: Any) -> None:
    labels = torch.tensor([7, 8, 9, 10])
    full = surprisals_at(model, POSITIONS, labels, input_ids=INPUTS)
    part = surprisals_at(model, POSITIONS, torch.tensor([7, IGNORED, 9, 10]), input_ids=INPUTS)
    assert part[1] == 0
    torch.testing.assert_close(part[[0, 2, 3]], full[[0, 2, 3]])


def test_nothing_asked_nothing_answered(model: Any) -> None:
    none = torch.tensor([], dtype=torch.int64)
    assert surprisals_at(model, none, none, input_ids=INPUTS).shape == (0,)


def test_parts_of_the_logits_give_what_the_whole_gives(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = torch.tensor([7, 8, 9, 10])
    whole = surprisals_at(model, POSITIONS, labels, input_ids=INPUTS)
    monkeypatch.setattr(masked_lm, "_CACHED", 120)
    assert torch.equal(surprisals_at(model, POSITIONS, labels, input_ids=INPUTS), whole)
