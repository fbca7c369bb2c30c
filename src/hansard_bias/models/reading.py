"""A scorer that only reads: the forward pass of the families known here, computed where a token is scored.

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

from hansard_bias.models.architectures import architecture_of, usable_positions
from hansard_bias.models.bert import BertNetwork
from hansard_bias.models.modernbert import ModernBertNetwork
from hansard_bias.models.scorer import Ids, MaskedBatch
from hansard_bias.models.weights import Layer, Network, WeightLoader

_NETWORKS: Mapping[str, type[Network]] = {"bert": BertNetwork, "modernbert": ModernBertNetwork}


class ReadingScorer:
    """A `Scorer` with weights in float32 on a device."""

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, Tensor], device: str | torch.device) -> None:
        """Take the weights by the names of `transformers`; ValueError for one that is missing or unknown."""
        self.device = torch.device(device)
        names = architecture_of(config["model_type"])
        self._heads = int(config["num_attention_heads"])
        self._positions = usable_positions(config)
        # A likely token's surprisal is a small difference of large numbers; few GPUs are quick at float64.
        exact = torch.float64 if self.device.type == "cpu" else torch.float32
        loader = WeightLoader(weights, self.device)
        self._network = _NETWORKS[names.network](config, names, loader, exact)
        loader.require_empty()

    @classmethod
    def load(cls, folder: Path, device: str | torch.device | None = None) -> ReadingScorer:
        """The model of a Hugging Face folder with safetensors; without a device on the GPU where there is one."""
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return cls(config, load_file(folder / "model.safetensors"), device)

    @property
    def positions(self) -> int:
        """See `Scorer`."""
        return self._positions

    def embeddings(self) -> Tensor:
        """See `Scorer`."""
        return self._network.tables[0]

    @torch.inference_mode()
    def states(self, batch: MaskedBatch) -> Tensor:
        """See `Scorer`."""
        network, width = self._network, batch.input_ids.shape[1]
        places = np.arange(width)
        # What the embedding of a token depends on: its position, too, or itself alone.
        stride = self._positions if network.has_position_table else 1
        unique, back = np.unique(batch.input_ids * stride + (places if stride > 1 else 0), return_inverse=True)
        tokens, position_ids = (torch.from_numpy(part).to(self.device) for part in np.divmod(unique, stride))
        states = network.embed(tokens, position_ids)
        where = torch.from_numpy(back.reshape(batch.input_ids.shape)).to(self.device)
        slots, everywhere = _Slots(batch, self.device), torch.from_numpy(places[None]).to(self.device)
        # First layer: computed for each different embedding, then dealt to the rows. Last: where asked only.
        for number, layer in enumerate(network.layers):
            ready = layer.normalised(states)
            keys, values = layer.project("key", ready), layer.project("value", ready)
            if number == 0:
                # One key and value for each embedding, however many rows hold it.
                keys, values = keys[where], values[where]
            if number + 1 < len(network.layers):
                queries = layer.project("query", ready)
                if number == 0:
                    queries, states = queries[where], states[where]
                states = layer.finish(states, self._attend(layer, queries, keys, values, everywhere, batch))
            else:
                own = states[torch.gather(where, 1, slots.columns)] if number == 0 else slots.of(states)
                queries = layer.project("query", layer.normalised(own))
                mixed = self._attend(layer, queries, keys, values, slots.columns, batch)
                states = layer.finish(slots.flat(own), slots.flat(mixed))
        return network.end(states)

    @torch.inference_mode()
    def log_probabilities(self, batch: MaskedBatch) -> Tensor:
        """See `Scorer`."""
        return self._network.logits(self.states(batch)).log_softmax(-1).float()

    @torch.inference_mode()
    def surprisals(self, batch: MaskedBatch, labels: Ids) -> npt.NDArray[np.float32]:
        """See `Scorer`."""
        asked = torch.from_numpy(labels).to(self.device)
        nats = functional.cross_entropy(self._network.logits(self.states(batch)), asked, reduction="none")
        scores: npt.NDArray[np.float32] = nats.float().cpu().numpy()
        return scores

    def _attend(
        self, layer: Layer, queries: Tensor, keys: Tensor, values: Tensor, columns: Tensor, batch: MaskedBatch
    ) -> Tensor:
        """Scaled dot-product attention within each row; all [rows, tokens, size]; columns: of the queries."""
        rows, asked, size = queries.shape
        query, key, value = (
            part.view(rows, -1, self._heads, size // self._heads).transpose(1, 2) for part in (queries, keys, values)
        )
        if layer.rotations is not None:
            cosines, sines = layer.rotations
            query = _rotate(query, cosines[columns], sines[columns])
            key = _rotate(key, cosines[: key.shape[2]], sines[: key.shape[2]])
        mask = _visible(batch, columns, layer.reach, self.device)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return mixed.transpose(1, 2).reshape(rows, asked, size)


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


def _visible(batch: MaskedBatch, columns: Tensor, reach: int | None, device: torch.device) -> Tensor | None:
    """True where a query at these columns may look, shape [rows or 1, 1, queries or 1, width]; None: everywhere."""
    width = batch.input_ids.shape[1]
    inside = None if batch.inside.all() else torch.from_numpy(batch.inside).to(device)[:, None, None]
    if reach is None or width <= reach + 1:
        return inside
    distance = (columns[:, :, None] - torch.arange(width, device=device)).abs()[:, None]
    near = distance <= reach
    # Padding sees itself: with nobody to look at it would become NaN, and so would whoever weighs it with 0.
    return near if inside is None else near & inside | (distance == 0)


def _rotate(states: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Rotary positions; states: [rows, heads, tokens, size]; cosines, sines: [..., tokens, size], of each token's."""
    if cosines.dim() == 3:
        cosines, sines = cosines[:, None], sines[:, None]
    first, second = states.chunk(2, dim=-1)
    return states * cosines + torch.cat((-second, first), dim=-1) * sines
