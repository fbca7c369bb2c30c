"""BERT and RoBERTa: how one is built, what training computes of it, and what reading does."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from hansard_bias.models.architectures import SIZES, Architecture, after_attention, first_position
from hansard_bias.models.weights import Layer, Network, WeightLoader, activate, normalise
from hansard_bias.params import ModelConfig

INNER_MATRICES = 2
"""Matrices between the hidden and the inner size in a layer."""
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob")


def build(settings: ModelConfig, vocab_size: int, attention: str, ends: Mapping[str, int]) -> Any:
    """A BertForMaskedLM with random weights and this implementation of attention; ends: ids of `pad`, `cls`, `sep`."""
    from transformers import BertConfig, BertForMaskedLM

    own = (*SIZES, *DROPOUTS, "max_position_embeddings", "initializer_range")
    given = {name: value for name, value in dataclasses.asdict(settings).items() if name in own}
    # One kind of text: there are no pairs of sentences here.
    fixed = {"pad_token_id": ends["pad"], "type_vocab_size": 1, "attn_implementation": attention}
    return BertForMaskedLM(BertConfig(vocab_size=vocab_size, **fixed, **given))


def states_at(model: Any, positions: Tensor, **inputs: Any) -> Tensor:
    """The last layer's states at these positions of the flattened inputs, shape [1, masked, size]."""

    def keep(_: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(part.flatten(0, 1).index_select(0, positions)[None] for part in states)

    # A hook, not a copy of the layer's code: whatever the layer does behind its attention, it does to fewer rows.
    hook = after_attention(model)[-1][0].register_forward_pre_hook(keep)
    try:
        states: Tensor = model.base_model(**inputs).last_hidden_state
    finally:
        hook.remove()
    return states


class BertLayer(Layer):
    """Attention, sum and norm, two matrices, sum and norm."""

    def finish(self, states: Tensor, mixed: Tensor) -> Tensor:
        """See `Layer`."""
        parts = self.parts
        states = normalise(functional.linear(mixed, *parts["mixed"]) + states, parts["mixed_norm"], self.epsilon)
        inner = activate(self.activation, functional.linear(states, *parts["inner"]))
        return normalise(functional.linear(inner, *parts["outer"]) + states, parts["outer_norm"], self.epsilon)


class BertNetwork(Network):
    """Tokens, positions and the kind of text added up; layers; a head of its own."""

    has_position_table = True

    def __init__(
        self, config: Mapping[str, Any], names: Architecture, loader: WeightLoader, exact: torch.dtype
    ) -> None:
        """Take the weights by the names of `transformers`; ValueError for one that is missing."""
        super().__init__(config, names, loader, exact)
        self._first_position = first_position(config)
        places = [f"{names.body}.{names.layers}.{number}" for number in range(int(config["num_hidden_layers"]))]
        found = [{part: loader.linear(f"{at}.{name}") for part, name in names.layer_parts.items()} for at in places]
        self.layers = [BertLayer(parts, self.activation, self.epsilon) for parts in found]

    @staticmethod
    def settings(config: Mapping[str, Any]) -> tuple[float, str, str, bool]:
        """See `Network`."""
        activation = str(config["hidden_act"])
        return float(config["layer_norm_eps"]), activation, activation, True

    def embed(self, tokens: Tensor, position_ids: Tensor) -> Tensor:
        """See `Network`."""
        table, positions, kinds = self.tables
        # Every token of a speech is of the first kind; the second is for a second text.
        states = table[tokens] + positions[position_ids + self._first_position] + kinds[0]
        return normalise(states, self.embedding_norm, self.epsilon)
