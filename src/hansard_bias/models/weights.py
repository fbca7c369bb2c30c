"""A model's weights for reading: what all families share; `bert` and `modernbert` say what a layer computes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from hansard_bias.models.architectures import Architecture

Linear = tuple[Tensor, Tensor | None]
"""Weight and bias, of a matrix or of a norm; None: it has no bias."""
_NOT_READ = ("position_ids", "token_type_ids", "pooler.dense.weight", "pooler.dense.bias")
"""Ends of names in a model's file that no masked token depends on."""


class WeightLoader:
    """A model's weights by name, in float32; each is taken once, and in the end nothing may be left."""

    def __init__(self, weights: Mapping[str, Tensor], device: torch.device) -> None:
        # What stays in this set at the end is a part of the model that the forward pass would silently leave out.
        self._weights, self._device = weights, device
        self._left = {name for name in weights if not name.endswith(_NOT_READ)}

    def take(self, name: str) -> Tensor:
        """A weight; ValueError where it is missing."""
        found = self.find(name)
        if found is None:
            raise ValueError(f"the model has no weight {name}, expected a whole masked language model; train it again")
        return found

    def find(self, name: str) -> Tensor | None:
        """A weight that a family may leave out: a tied one, or a bias."""
        self._left.discard(name)
        found = self._weights.get(name)
        return None if found is None else found.detach().to(self._device, torch.float32)

    def linear(self, name: str, bias: bool = True) -> Linear:
        """Weight and bias of a matrix or norm; ValueError where the weight is missing, or a bias that must be there."""
        find = self.take if bias else self.find
        return self.take(f"{name}.weight"), find(f"{name}.bias")

    def require_empty(self) -> None:
        """Raise ValueError for a weight that this forward pass would leave out."""
        if self._left:
            known = "plain BERT, RoBERTa or ModernBERT"
            raise ValueError(f"the model has a weight {min(self._left)} that is not known here, expected {known}")


class Layer(ABC):
    """One layer of a network that reads; states have the shape [..., size]."""

    reach: int | None = None
    """To how many tokens on each side its attention looks; None: to all."""
    rotations: tuple[Tensor, Tensor] | None = None
    """Cosines and sines of rotary positions, shape [positions, size of a head] each; None: without."""

    def __init__(self, parts: Mapping[str, Linear], activation: str, epsilon: float) -> None:
        self.parts, self.activation, self.epsilon = parts, activation, epsilon

    def normalised(self, states: Tensor) -> Tensor:
        """What queries, keys and values are made of."""
        return states

    def project(self, part: str, states: Tensor) -> Tensor:
        """The `query`, `key` or `value` of normalised states."""
        return functional.linear(states, *self.parts[part])

    @abstractmethod
    def finish(self, states: Tensor, mixed: Tensor) -> Tensor:
        """The layer's result, from its input and what attention mixed."""


class Network(ABC):
    """The weights of one model, with its embeddings before the layers and its head behind them."""

    has_position_table: ClassVar[bool]
    """Whether the embedding of a token depends on its position."""
    layers: Sequence[Layer]

    def __init__(
        self, config: Mapping[str, Any], names: Architecture, loader: WeightLoader, exact: torch.dtype
    ) -> None:
        self.epsilon, self.activation, head_activation, biases = self.settings(config)
        self.head_activation = names.head_activation or head_activation
        # An unknown activation is refused now, not after the first batch.
        for activation in (self.activation, self.head_activation):
            activate(activation, torch.zeros(1))
        self.tables = [loader.take(f"{names.body}.{table}.weight") for table in names.embeddings]
        self.embedding_norm = loader.linear(f"{names.body}.{names.embedding_norm}", biases)
        # The decoder's weight is the table of tokens unless it was trained apart; files leave tied ones out.
        weight = loader.find(f"{names.head_decoder[-1]}.weight")
        found = [bias for name in names.head_decoder if (bias := loader.find(f"{name}.bias")) is not None]
        decoder = (self.tables[0] if weight is None else weight, found[-1] if found else None)
        head = loader.linear(names.head_dense, biases), loader.linear(names.head_norm, biases), decoder
        self._head = [(one.to(exact), None if other is None else other.to(exact)) for one, other in head]

    @staticmethod
    @abstractmethod
    def settings(config: Mapping[str, Any]) -> tuple[float, str, str, bool]:
        """Epsilon of the norms, activation of layers and of head, and whether all parts but the decoder have biases."""

    def embed(self, tokens: Tensor, position_ids: Tensor) -> Tensor:
        """The first layer's input, shape [n, size]; position_ids: [n], from 0."""
        return normalise(self.tables[0][tokens], self.embedding_norm, self.epsilon)

    def end(self, states: Tensor) -> Tensor:
        """What follows the last layer."""
        return states

    def logits(self, states: Tensor) -> Tensor:
        """The head in the exact type, from shape [asked, size] to [asked, vocabulary]."""
        dense, norm, decoder = self._head
        states = activate(self.head_activation, functional.linear(states.to(dense[0].dtype), *dense))
        return functional.linear(normalise(states, norm, self.epsilon), *decoder)


def normalise(states: Tensor, norm: Linear, epsilon: float) -> Tensor:
    """Layer norm over the last dimension."""
    return functional.layer_norm(states, states.shape[-1:], *norm, epsilon)


def activate(name: str, states: Tensor) -> Tensor:
    """The activation of this name in config.json; ValueError for one that is not known here."""
    if name == "gelu":
        return functional.gelu(states)
    if name in ("gelu_new", "gelu_pytorch_tanh"):
        return functional.gelu(states, approximate="tanh")
    if name == "relu":
        return functional.relu(states)
    raise ValueError(f"config.json: hidden_act is {name!r}, expected gelu, gelu_new, gelu_pytorch_tanh or relu")
