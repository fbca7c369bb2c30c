"""ModernBERT (Warner et al. 2024, arXiv 2412.13663): how one is built, trained on masked tokens only, and read.

Norms stand before attention and matrices, positions are rotations of queries and keys, and in most layers a token
looks at its neighbours only. That is what lets it learn from little text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from hansard_bias.models.architectures import SIZES, Architecture, layer_types
from hansard_bias.models.weights import Layer, Linear, Network, WeightLoader, activate, normalise
from hansard_bias.params import ModelConfig

INNER_MATRICES = 3
"""Matrices between the hidden and the inner size in a layer: one of them is the gate."""
DROPOUTS = ("embedding_dropout", "mlp_dropout", "attention_dropout")
_THETA = {"full_attention": 160_000.0, "sliding_attention": 10_000.0}
"""The published bases of the rotations, where config.json names none; and the older names of these settings."""
_OLD_THETA = {"full_attention": "global_rope_theta", "sliding_attention": "local_rope_theta"}


def build(settings: ModelConfig, vocab_size: int, attention: str, ends: Mapping[str, int]) -> Any:
    """A ModernBertForMaskedLM with random weights and this attention; ends: ids of `pad`, `cls`, `sep`."""
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    own = (*SIZES, *DROPOUTS, *_OLD_THETA.values(), "max_position_embeddings", "initializer_range", "local_attention")
    given = {name: value for name, value in dataclasses.asdict(settings).items() if name in own}
    marks = {"cls_token_id": ends["cls"], "bos_token_id": ends["cls"]}
    marks |= {"sep_token_id": ends["sep"], "eos_token_id": ends["sep"], "pad_token_id": ends["pad"]}
    fixed = {"layer_types": list(settings.all_layer_types), "attn_implementation": attention}
    return ModernBertForMaskedLM(ModernBertConfig(vocab_size=vocab_size, **marks, **fixed, **given))


def states_at(model: Any, positions: Tensor, **inputs: Any) -> Tensor:
    """The last layer's states at these positions of the flattened inputs, shape [1, masked, size]."""
    last = model.base_model.layers[-1]

    def keep(states: Tensor) -> Tensor:
        return states.flatten(0, 1).index_select(0, positions)[None]

    def forward(states: Tensor, **others: Any) -> Tensor:
        # The sum with what came in lies inside the layer: a hook behind its attention alone would not fit.
        mixed, _ = last.attn(last.attn_norm(states), **others)
        states = keep(states) + mixed
        summed: Tensor = states + last.mlp(last.mlp_norm(states))
        return summed

    def narrow(_: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(keep(part) for part in states)

    hook = last.attn.Wo.register_forward_pre_hook(narrow)
    last.forward = forward
    try:
        found: Tensor = model.base_model(**inputs).last_hidden_state
    finally:
        hook.remove()
        # The instance's own forward goes; the class's is there again.
        del last.forward
    return found


class ModernBertLayer(Layer):
    """Norm, attention, sum; norm, gated matrices, sum."""

    def normalised(self, states: Tensor) -> Tensor:
        """See `Layer`; the first layer has no norm: the embeddings' stands before it."""
        return normalise(states, self.parts["norm"], self.epsilon) if "norm" in self.parts else states

    def finish(self, states: Tensor, mixed: Tensor) -> Tensor:
        """See `Layer`."""
        states = states + functional.linear(mixed, *self.parts["mixed"])
        inner = functional.linear(normalise(states, self.parts["inner_norm"], self.epsilon), *self.parts["inner"])
        shown, gate = inner.chunk(2, dim=-1)
        return states + functional.linear(activate(self.activation, shown) * gate, *self.parts["outer"])


class ModernBertNetwork(Network):
    """Token embeddings alone; layers that look near or far; a norm; a head whose decoder is the table of tokens."""

    has_position_table = False

    def __init__(
        self, config: Mapping[str, Any], names: Architecture, loader: WeightLoader, exact: torch.dtype
    ) -> None:
        """Take the weights by the names of `transformers`; ValueError for one that is missing."""
        super().__init__(config, names, loader, exact)
        self._final_norm = loader.linear(f"{names.body}.final_norm", bias=False)
        rotations = {kind: _rotations(config, kind, self.tables[0].device) for kind in set(layer_types(config))}
        self.layers = []
        for number, kind in enumerate(layer_types(config)):
            at = f"{names.body}.{names.layers}.{number}"
            layer = ModernBertLayer(_parts(at, names, loader, number), self.activation, self.epsilon)
            layer.rotations = rotations[kind]
            # `local_attention` is the whole window: half of it lies on each side.
            layer.reach = int(config["local_attention"]) // 2 if kind == "sliding_attention" else None
            self.layers.append(layer)

    @staticmethod
    def settings(config: Mapping[str, Any]) -> tuple[float, str, str, bool]:
        """See `Network`."""
        activations = str(config["hidden_activation"]), str(config["classifier_activation"])
        return float(config["norm_eps"]), *activations, False

    def end(self, states: Tensor) -> Tensor:
        """See `Network`."""
        return normalise(states, self._final_norm, self.epsilon)


def _parts(at: str, names: Architecture, loader: WeightLoader, number: int) -> dict[str, Linear]:
    """The parts of a layer; queries, keys and values are three even parts of one matrix."""
    named = {part: f"{at}.{name}" for part, name in names.layer_parts.items() if number or part != "norm"}
    parts = {part: loader.linear(name, bias=False) for part, name in named.items()}
    weight, bias = parts.pop("query_key_value")
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return parts | dict(zip(("query", "key", "value"), zip(weight.chunk(3), biases, strict=True), strict=True))


def _rotations(config: Mapping[str, Any], kind: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of every position (Su et al. 2021, arXiv 2104.09864), shape [positions, size of a head]."""
    given = (config.get("rope_parameters") or {}).get(kind) or {}
    if given.get("rope_type", "default") != "default":
        raise ValueError(f"config.json: rope_type of {kind} is {given['rope_type']!r}, expected 'default'")
    theta = given.get("rope_theta") or config.get(_OLD_THETA[kind]) or _THETA[kind]
    size = int(config["hidden_size"]) // int(config["num_attention_heads"])
    frequencies = 1.0 / (theta ** (torch.arange(0, size, 2, dtype=torch.float) / size))
    angles = torch.arange(int(config["max_position_embeddings"]), dtype=torch.float)[:, None] * frequencies
    both = torch.cat((angles, angles), dim=-1)
    return both.cos().to(device), both.sin().to(device)
