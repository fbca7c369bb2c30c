"""A scorer that only reads: the forward pass of BERT's and RoBERTa's families, computed where a token is scored.

`transformers` computes every position of every layer and takes seconds to load. Here a model is its config.json and
its weights. The same numbers come of less work: copies of a speech that differ in what is masked share what the first
layer makes of each token, and the last layer and the head run at scored positions only. Tests hold it to the logits
of `transformers`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from hansard_bias.models.architectures import architecture_of, first_position, usable_positions
from hansard_bias.models.scorer import Ids, MaskedBatch

Linear = tuple[Tensor, Tensor]
"""Weight and bias, of a matrix or of a norm."""
_NOT_READ = ("position_ids", "token_type_ids", "pooler.dense.weight", "pooler.dense.bias")
"""Ends of names in a model's file that no masked token depends on."""


class ReadingScorer:
    """A `Scorer` with weights in float32 on a device."""

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, Tensor], device: str | torch.device) -> None:
        """Take the weights by the names of `transformers`; ValueError for one that is missing or unknown."""
        self.device = torch.device(device)
        self._architecture = names = architecture_of(config["model_type"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._activation = str(config["hidden_act"])
        # An unknown activation is refused now, not after the first batch.
        _activate(self._activation, torch.zeros(1))
        self._first_position = first_position(config)
        self._positions = usable_positions(config)
        # A likely token's surprisal is a small difference of large numbers; few GPUs are quick at float64.
        self._exact = torch.float64 if self.device.type == "cpu" else torch.float32
        loader = _WeightLoader(weights, self.device)
        self._tokens, self._position_table, kinds = (loader.take(f"{name}.weight") for name in names.embeddings)
        # Every token of a speech is of the first kind; the second is for a second text.
        self._kind = kinds[0]
        self._norm = loader.linear(names.embedding_norm)
        self._layers = [
            {part: loader.linear(f"{names.layers}.{number}.{name}") for part, name in names.layer_parts.items()}
            for number in range(int(config["num_hidden_layers"]))
        ]
        # The decoder's weight is the table of tokens unless it was trained apart; files leave tied ones out.
        weight = loader.take(f"{names.head_decoder}.decoder.weight", self._tokens)
        bias = loader.take(f"{names.head_decoder}.bias", None)
        bias = loader.take(f"{names.head_decoder}.decoder.bias", bias)
        head = loader.linear(names.head_dense), loader.linear(names.head_norm), (weight, bias)
        self._head = [(one.to(self._exact), other.to(self._exact)) for one, other in head]
        loader.require_empty()

    @classmethod
    def load(cls, folder: Path, device: str | torch.device) -> ReadingScorer:
        """The model of a Hugging Face folder with safetensors."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return cls(config, load_file(folder / "model.safetensors"), device)

    @property
    def positions(self) -> int:
        """See `Scorer`."""
        return self._positions

    def embeddings(self) -> Tensor:
        """See `Scorer`."""
        return self._tokens

    @torch.inference_mode()
    def states(self, batch: MaskedBatch) -> Tensor:
        """See `Scorer`."""
        ids = batch.input_ids * self._positions + np.arange(batch.input_ids.shape[1])
        unique, back = np.unique(ids, return_inverse=True)
        tokens, position_ids = (torch.from_numpy(part).to(self.device) for part in np.divmod(unique, self._positions))
        states = self._tokens[tokens] + self._position_table[position_ids + self._first_position] + self._kind
        states = self._normal(states, self._norm)
        where = torch.from_numpy(back.reshape(batch.input_ids.shape)).to(self.device)
        padding, slots = _padding(batch, self.device), _Slots(batch, self.device)
        # First layer: computed for each different token and place, then dealt to the rows. Last: where asked only.
        for number, layer in enumerate(self._layers):
            keys, values = functional.linear(states, *layer["key"]), functional.linear(states, *layer["value"])
            if number == 0:
                # One key and value for each (token, position), however many rows hold it.
                keys, values = keys[where], values[where]
            if number + 1 < len(self._layers):
                queries = functional.linear(states, *layer["query"])
                if number == 0:
                    queries, states = queries[where], states[where]
                states = self._finish(layer, states, self._attend(queries, keys, values, padding))
            else:
                own = states[torch.gather(where, 1, slots.columns)] if number == 0 else slots.of(states)
                mixed = self._attend(functional.linear(own, *layer["query"]), keys, values, padding)
                states = self._finish(layer, slots.flat(own), slots.flat(mixed))
        return states

    @torch.inference_mode()
    def log_probabilities(self, batch: MaskedBatch) -> Tensor:
        """See `Scorer`."""
        return self._logits(batch).log_softmax(-1).float()

    @torch.inference_mode()
    def surprisals(self, batch: MaskedBatch, labels: Ids) -> npt.NDArray[np.float32]:
        """See `Scorer`."""
        asked = torch.from_numpy(labels).to(self.device)
        nats = functional.cross_entropy(self._logits(batch), asked, reduction="none")
        scores: npt.NDArray[np.float32] = nats.float().cpu().numpy()
        return scores

    def _logits(self, batch: MaskedBatch) -> Tensor:
        """The head at the positions asked for, in the exact type, shape [asked, vocabulary]."""
        dense, norm, decoder = self._head
        activation = self._architecture.head_activation or self._activation
        states = _activate(activation, functional.linear(self.states(batch).to(self._exact), *dense))
        return functional.linear(self._normal(states, norm), *decoder)

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, padding: Tensor | None) -> Tensor:
        """Scaled dot-product attention within each row; all [rows, tokens, size]."""
        rows, asked, size = queries.shape
        query, key, value = (
            part.view(rows, -1, self._heads, size // self._heads).transpose(1, 2) for part in (queries, keys, values)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=padding)
        return mixed.transpose(1, 2).reshape(rows, asked, size)

    def _finish(self, layer: Mapping[str, Linear], states: Tensor, mixed: Tensor) -> Tensor:
        """What follows attention in a layer; both [..., size]."""
        states = self._normal(functional.linear(mixed, *layer["mixed"]) + states, layer["mixed_norm"])
        inner = _activate(self._activation, functional.linear(states, *layer["inner"]))
        return self._normal(functional.linear(inner, *layer["outer"]) + states, layer["outer_norm"])

    def _normal(self, states: Tensor, norm: Linear) -> Tensor:
        return functional.layer_norm(states, states.shape[-1:], *norm, self._epsilon)


class _WeightLoader:
    """A model's weights by name; each is taken once, and in the end nothing may be left."""

    def __init__(self, weights: Mapping[str, Tensor], device: torch.device) -> None:
        # What stays in this set at the end is a part of the model that the forward pass would silently leave out.
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
    """The positions asked for in every row side by side, short rows filled up with their first position."""

    def __init__(self, batch: MaskedBatch, device: torch.device) -> None:
        count = np.bincount(batch.rows, minlength=len(batch.input_ids))
        slot = np.arange(len(batch.rows)) - np.repeat(np.cumsum(count) - count, count)
        columns = np.zeros((len(count), int(count.max())), dtype=np.int64)
        columns[batch.rows, slot] = batch.columns
        self.columns = torch.from_numpy(columns).to(device)
        self._flat = torch.from_numpy(batch.rows * columns.shape[1] + slot).to(device)

    def of(self, states: Tensor) -> Tensor:
        """States at these positions: [rows, width, size] -> [rows, slots, size]."""
        return torch.gather(states, 1, self.columns[:, :, None].expand(-1, -1, states.shape[-1]))

    def flat(self, states: Tensor) -> Tensor:
        """Without what fills up: [rows, slots, size] -> [asked, size]."""
        return states.flatten(0, 1)[self._flat]


def _padding(batch: MaskedBatch, device: torch.device) -> Tensor | None:
    """True where a row may look, shape [rows, 1, 1, width]; None where there is no padding."""
    return None if batch.inside.all() else torch.from_numpy(batch.inside).to(device)[:, None, None]


def _activate(name: str, states: Tensor) -> Tensor:
    """The activation of this name in config.json; ValueError for one that is not known here."""
    if name == "gelu":
        return functional.gelu(states)
    if name in ("gelu_new", "gelu_pytorch_tanh"):
        return functional.gelu(states, approximate="tanh")
    if name == "relu":
        return functional.relu(states)
    raise ValueError(f"config.json: hidden_act is {name!r}, expected gelu, gelu_new, gelu_pytorch_tanh or relu")
