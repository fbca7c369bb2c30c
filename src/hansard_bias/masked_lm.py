"""Asking a masked language model: the head runs where a piece is masked and nowhere else."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from hansard_bias.architectures import head_of


def masked_surprisals(
    model: Any, inputs: Tensor, attention: Tensor | None, positions: Tensor, labels: Tensor
) -> Tensor:
    """-log P(label) in nats at every masked position, shape [masked], float32.

    inputs, attention: [rows, columns]; positions: [masked], into the flattened rows x columns; labels: [masked].
    """
    hidden = model.base_model(inputs, attention_mask=attention).last_hidden_state
    return surprisals_at(model, hidden.flatten(0, 1), positions, labels)


def surprisals_at(model: Any, hidden: Tensor, positions: Tensor, labels: Tensor) -> Tensor:
    """-log P(label) in nats, shape [masked], float32, from the last layer's states; hidden: [tokens, size]."""
    logits = head_of(model)(hidden[positions])
    return nn.functional.cross_entropy(logits.float(), labels, reduction="none")
