"""Asking a masked language model: what only serves the answer runs where a piece is masked and nowhere else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hansard_bias.architectures import head_of

IGNORED = -100
"""The label of a position that is not asked: its surprisal is 0."""
_CACHED = 1 << 18
"""Numbers that a processor's cache holds."""


def surprisals_at(model: Any, positions: Tensor, labels: Tensor, **inputs: Any) -> Tensor:
    """-log P(label) in nats, shape [masked], float32; `inputs` are those of the model's body.

    positions: [masked], into the flattened rows x columns of the inputs; labels: [masked], or IGNORED.
    """
    logits = head_of(model)(states_at(model, positions, **inputs))
    # A processor is twice as fast with rows that stay in its cache; a GPU wants them all.
    rows = max(1, _CACHED // logits.shape[1] if logits.device.type == "cpu" else len(logits))
    parts = zip(torch.split(logits, rows), torch.split(labels, rows), strict=True)
    return torch.cat([cross_entropy(part.float(), wanted, reduction="none") for part, wanted in parts])


def states_at(model: Any, positions: Tensor, **inputs: Any) -> Tensor:
    """The last layer's states at these positions of the flattened inputs, shape [masked, size].

    No token looks at another after the last layer's attention: what follows it in that layer is computed for
    these positions only, with the same result.
    """

    def keep(_: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(part.flatten(0, 1).index_select(0, positions)[None] for part in states)

    last = model.base_model.encoder.layer[-1].attention.output
    hook = last.register_forward_pre_hook(keep)
    try:
        states: Tensor = model.base_model(**inputs).last_hidden_state
    finally:
        hook.remove()
    return states.squeeze(0)
