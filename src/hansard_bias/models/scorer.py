"""A trained model that only reads: the forward pass of BERT and RoBERTa, computed where a piece is scored.

`transformers` computes every position of every layer and takes seconds to load. Here a model is its config.json and
its weights. The same numbers come of less work: copies of a speech that differ in what is masked share what the first
layer makes of each piece, and the last layer and the head run at scored positions only. Tests hold it to the logits
of `transformers`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from hansard_bias.models.architectures import architecture_of, first_position, usable_positions

Ids = npt.NDArray[np.int64]
Linear = tuple[Tensor, Tensor]
_NOT_READ = ("position_ids", "token_type_ids", "pooler.dense.weight", "pooler.dense.bias")
"""Ends of names in a model's file that no masked piece depends on."""


@dataclass(frozen=True)
class Question:
    """Rows of pieces with some masked, and what stood there; whatever is asked of a model comes in this form."""

    inputs: Ids
    """Pieces with both ends and padding, shape [rows, width]."""
    lengths: Ids
    """Pieces of each row that are no padding, shape [rows]."""
    rows: Ids
    columns: Ids
    """Where a piece is scored, shape [scored] each; rows ascending."""
    labels: Ids
    """The pieces to be scored, shape [scored]."""


@dataclass(frozen=True)
class _Layer:
    query: Linear
    key: Linear
    value: Linear
    mixed: Linear
    mixed_norm: Linear
    inner: Linear
    outer: Linear
    outer_norm: Linear


@dataclass(frozen=True)
class _Head:
    dense: Linear
    norm: Linear
    decoder: Linear


class Reader:
    """A masked language model with weights in float32 on a device."""

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, Tensor], device: str | torch.device) -> None:
        """Take the weights by the names of `transformers`; ValueError for one that is missing or unknown."""
        self._architecture = architecture_of(config["model_type"])
        self._shelf = _Shelf(weights, torch.device(device))
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._activation = str(config["hidden_act"])
        _activate(self._activation, torch.zeros(1))
        self._first_position = first_position(config)
        self.device = torch.device(device)
        # A likely piece's surprisal is a small difference of large numbers; few GPUs are quick at float64.
        self._exact = torch.float64 if self.device.type == "cpu" else torch.float32
        self.positions = usable_positions(config)
        """The longest row that can be read, ends included."""
        body = f"{self._architecture.body}.embeddings"
        self._pieces = self._shelf.take(f"{body}.word_embeddings.weight")
        self._places = self._shelf.take(f"{body}.position_embeddings.weight")
        self._kind = self._shelf.take(f"{body}.token_type_embeddings.weight")[0]
        self._norm = self._shelf.linear(f"{body}.LayerNorm")
        self._layers = [self._layer(number) for number in range(int(config["num_hidden_layers"]))]
        self._head = self._take_head()
        self._shelf.require_empty()

    @classmethod
    def load(cls, folder: Path, device: str | torch.device) -> Reader:
        """The model of a Hugging Face folder with safetensors."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return cls(config, load_file(folder / "model.safetensors"), device)

    @property
    def vocabulary(self) -> int:
        """Number of pieces that the model knows."""
        return len(self._pieces)

    @torch.inference_mode()
    def surprisals(self, question: Question) -> npt.NDArray[np.float32]:
        """-log P(label) in nats of every scored piece, shape [scored]."""
        unique, back = np.unique(
            question.inputs * self.positions + np.arange(question.inputs.shape[1]), return_inverse=True
        )
        pieces, places = (torch.from_numpy(part).to(self.device) for part in np.divmod(unique, self.positions))
        states = self._pieces[pieces] + self._places[places + self._first_position] + self._kind
        states = self._normal(states, self._norm)
        where = torch.from_numpy(back.reshape(question.inputs.shape)).to(self.device)
        padding = _padding(question, self.device)
        slots = _Slots(question, self.device)
        for number, layer in enumerate(self._layers):
            keys, values = functional.linear(states, *layer.key), functional.linear(states, *layer.value)
            if number == 0:
                # One key and value for each (piece, place), however many rows hold it.
                keys, values = keys[where], values[where]
            if number + 1 < len(self._layers):
                queries = functional.linear(states, *layer.query)
                if number == 0:
                    queries, states = queries[where], states[where]
                states = self._finish(layer, states, self._attend(queries, keys, values, padding))
            else:
                own = states[torch.gather(where, 1, slots.columns)] if number == 0 else slots.of(states)
                mixed = self._attend(functional.linear(own, *layer.query), keys, values, padding)
                states = self._finish(layer, slots.flat(own), slots.flat(mixed))
        return self._score(states, torch.from_numpy(question.labels).to(self.device))

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, padding: Tensor | None) -> Tensor:
        """Scaled dot-product attention within each row; all [rows, pieces, size]."""
        rows, asked, size = queries.shape
        query, key, value = (
            part.view(rows, -1, self._heads, size // self._heads).transpose(1, 2) for part in (queries, keys, values)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=padding)
        return mixed.transpose(1, 2).reshape(rows, asked, size)

    def _finish(self, layer: _Layer, states: Tensor, mixed: Tensor) -> Tensor:
        """What follows attention in a layer; both [..., size]."""
        states = self._normal(functional.linear(mixed, *layer.mixed) + states, layer.mixed_norm)
        inner = _activate(self._activation, functional.linear(states, *layer.inner))
        return self._normal(functional.linear(inner, *layer.outer) + states, layer.outer_norm)

    def _score(self, states: Tensor, labels: Tensor) -> npt.NDArray[np.float32]:
        """The head, and the surprisal of the labels; states: [scored, size]."""
        activation = self._architecture.head_activation or self._activation
        states = states.to(self._exact)
        states = self._normal(_activate(activation, functional.linear(states, *self._head.dense)), self._head.norm)
        nats = functional.cross_entropy(functional.linear(states, *self._head.decoder), labels, reduction="none")
        scores: npt.NDArray[np.float32] = nats.float().cpu().numpy()
        return scores

    def _normal(self, states: Tensor, norm: Linear) -> Tensor:
        return functional.layer_norm(states, states.shape[-1:], *norm, self._epsilon)

    def _layer(self, number: int) -> _Layer:
        name = f"{self._architecture.body}.encoder.layer.{number}"
        return _Layer(
            query=self._shelf.linear(f"{name}.attention.self.query"),
            key=self._shelf.linear(f"{name}.attention.self.key"),
            value=self._shelf.linear(f"{name}.attention.self.value"),
            mixed=self._shelf.linear(f"{name}.attention.output.dense"),
            mixed_norm=self._shelf.linear(f"{name}.attention.output.LayerNorm"),
            inner=self._shelf.linear(f"{name}.intermediate.dense"),
            outer=self._shelf.linear(f"{name}.output.dense"),
            outer_norm=self._shelf.linear(f"{name}.output.LayerNorm"),
        )

    def _take_head(self) -> _Head:
        dense, norm, decoder = self._architecture.head_parts
        # The decoder's weight is the table of pieces unless it was trained apart; files leave tied ones out.
        weight = self._shelf.take(f"{decoder}.decoder.weight", self._pieces)
        bias = self._shelf.take(f"{decoder}.bias", None)
        bias = self._shelf.take(f"{decoder}.decoder.bias", bias)
        linears = self._shelf.linear(dense), self._shelf.linear(norm), (weight, bias)
        return _Head(*((one.to(self._exact), other.to(self._exact)) for one, other in linears))


class _Shelf:
    """A model's weights by name; each is taken once, and in the end nothing may be left."""

    def __init__(self, weights: Mapping[str, Tensor], device: torch.device) -> None:
        self._weights, self._device = weights, device
        self._left = {name for name in weights if not name.endswith(_NOT_READ)}

    def take(self, name: str, default: Tensor | None = None) -> Tensor:
        self._left.discard(name)
        if name not in self._weights and default is not None:
            return default
        if name not in self._weights:
            raise ValueError(f"the model has no weight {name}, expected a whole masked language model; train it again")
        return self._weights[name].detach().to(self._device, torch.float32)

    def linear(self, name: str) -> Linear:
        return self.take(f"{name}.weight"), self.take(f"{name}.bias")

    def require_empty(self) -> None:
        """Raise ValueError for a weight that this forward pass would leave out."""
        if self._left:
            raise ValueError(
                f"the model has a weight {min(self._left)} that is not known here, expected plain BERT or RoBERTa"
            )


class _Slots:
    """The scored positions of every row side by side, short rows filled up with their first position."""

    def __init__(self, question: Question, device: torch.device) -> None:
        count = np.bincount(question.rows, minlength=len(question.inputs))
        slot = np.arange(len(question.rows)) - np.repeat(np.cumsum(count) - count, count)
        columns = np.zeros((len(count), int(count.max())), dtype=np.int64)
        columns[question.rows, slot] = question.columns
        self.columns = torch.from_numpy(columns).to(device)
        self._flat = torch.from_numpy(question.rows * columns.shape[1] + slot).to(device)

    def of(self, states: Tensor) -> Tensor:
        """States at the scored positions: [rows, width, size] -> [rows, slots, size]."""
        return torch.gather(states, 1, self.columns[:, :, None].expand(-1, -1, states.shape[-1]))

    def flat(self, states: Tensor) -> Tensor:
        """Without what fills up: [rows, slots, size] -> [scored, size]."""
        return states.flatten(0, 1)[self._flat]


def _padding(question: Question, device: torch.device) -> Tensor | None:
    """True where a row may look, shape [rows, 1, 1, width]; None where there is no padding."""
    inside = np.arange(question.inputs.shape[1]) < question.lengths[:, None]
    return None if inside.all() else torch.from_numpy(inside).to(device)[:, None, None]


def _activate(name: str, states: Tensor) -> Tensor:
    """The activation of this name in config.json; ValueError for one that is not known here."""
    if name == "gelu":
        return functional.gelu(states)
    if name in ("gelu_new", "gelu_pytorch_tanh"):
        return functional.gelu(states, approximate="tanh")
    if name == "relu":
        return functional.relu(states)
    raise ValueError(f"config.json: hidden_act is {name!r}, expected gelu, gelu_new, gelu_pytorch_tanh or relu")
