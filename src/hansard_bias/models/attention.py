"""A forward pass for training: the head where a token is masked and nowhere else, and packed rows without padding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import AttentionInterface, AttentionMaskInterface

from hansard_bias.models import bert, modernbert
from hansard_bias.models.architectures import architecture_of, head_of
from hansard_bias.models.batches import NO_PADDING, Batch, Bucket, PaddingPolicy

IGNORED = -100
"""The label of a position that is not scored: its surprisal is 0."""
_CACHED = 1 << 18
"""Numbers that a processor's cache holds."""


def family_of(model_type: str) -> Any:
    """The module that knows how models of this `model_type` are built and computed."""
    return {"bert": bert, "modernbert": modernbert}[architecture_of(model_type).network]


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
    states: Tensor = family_of(model.config.model_type).states_at(model, positions, **inputs)
    return states.squeeze(0)


# Attention within each window of a packed sequence: a speech gets the numbers that it gets alone.

PACKED = "packed"
"""The name of this attention in a model's configuration."""
CPU_PADDING = PaddingPolicy(width=8, bucket=64, total=64)
"""By measurement: a matrix product of a new shape costs oneDNN a millisecond, a bucket as much as some 64 tokens."""
GPU_PADDING = PaddingPolicy(width=1, bucket=0, total=128)
BACKENDS = ("buckets", "varlen", "blocks")


@dataclass(frozen=True)
class Plan:
    """Where the windows of a packed sequence lie, on the device, for every layer's attention."""

    backend: str
    buckets: list[Bucket]
    padding: list[Tensor | None]
    """For each bucket, added to its scores: (1, windows, 1, width), 0 or very small; None where all are full."""
    hidden: dict[int, list[Tensor | None]] = field(default_factory=dict, init=False)
    """The same for layers that look to so many tokens on each side only, once one has asked."""
    bounds: Tensor
    """(windows + 1,): where each window begins, for varlen."""
    longest: int
    blocks: Tensor | None
    """(1, 1, tokens, tokens): who may look at whom, for blocks."""

    def hides(self, reach: int | None) -> list[Tensor | None]:
        """What is added to each bucket's scores where a token looks at most so far; None: to its whole window."""
        if reach is None:
            return self.padding
        # Layers share it: it is as large as a head's scores.
        if reach not in self.hidden:
            buckets = zip(self.buckets, self.padding, strict=True)
            self.hidden[reach] = [_far(bucket.width, reach, padding) for bucket, padding in buckets]
        return self.hidden[reach]


@dataclass(frozen=True)
class Packed:
    """A batch on the device."""

    input_ids: Tensor
    position_ids: Tensor
    masked_positions: Tensor
    labels: Tensor
    plan: Plan


def choose_backend(device: torch.device, precision: str) -> str:
    """The attention backend that is fastest on this device."""
    if device.type == "cpu":
        return "buckets"
    # Flash attention came with compute capability 8.0 and knows 16-bit numbers only.
    return "varlen" if precision != "fp32" and torch.cuda.get_device_capability(device) >= (8, 0) else "blocks"


def padding_policy(backend: str) -> PaddingPolicy:
    """The shapes that this attention backend likes."""
    return {"buckets": CPU_PADDING, "varlen": GPU_PADDING, "blocks": NO_PADDING}[backend]


def to_device(batch: Batch, device: torch.device, backend: str) -> Packed:
    """A batch as tensors, with the plan for its attention."""
    # Padding of labels too: a GPU's kernels like a total that is a multiple; ignored ones add nothing to the loss.
    fill = (0, -len(batch.labels) % padding_policy(backend).total)
    masked = np.pad(batch.masked_positions, fill), np.pad(batch.labels, fill, constant_values=IGNORED)
    arrays = (batch.input_ids, batch.position_ids, *masked)
    tokens, position_ids, masked_positions, labels = (torch.from_numpy(array).to(device) for array in arrays)
    return Packed(tokens, position_ids, masked_positions, labels, _plan(batch, device, backend))


def _plan(batch: Batch, device: torch.device, backend: str) -> Plan:
    padding, first = [], 0
    for bucket in batch.buckets:
        lengths = batch.lengths[first : first + bucket.windows]
        padding.append(_padding(lengths, bucket.width, device) if backend == "buckets" else None)
        first += bucket.windows
    widths = np.repeat([bucket.width for bucket in batch.buckets], [bucket.windows for bucket in batch.buckets])
    ends = np.cumsum(widths)
    # What fills the sequence up is a window of its own, so that every token has somebody to look at.
    if ends[-1] < len(batch.input_ids):
        ends = np.append(ends, len(batch.input_ids))
    assert backend == "buckets" or (widths == batch.lengths).all(), "only buckets know padding"
    bounds = torch.from_numpy(np.concatenate([[0], ends]).astype(np.int32)).to(device)
    longest = int(np.diff(ends, prepend=0).max())
    return Plan(backend, batch.buckets, padding, bounds, longest, _blocks(bounds) if backend == "blocks" else None)


def _padding(lengths: Any, width: int, device: torch.device) -> Tensor | None:
    beyond = torch.from_numpy(np.arange(width) >= lengths[:, None])
    if not beyond.any():
        return None
    return torch.zeros(1, len(lengths), 1, width).masked_fill_(beyond[None, :, None], -1e9).to(device)


def _far(width: int, reach: int, padding: Tensor | None) -> Tensor | None:
    """Padding, and what lies further than `reach`: (1, windows or 1, width, width)."""
    if width <= reach + 1:
        return padding
    places = torch.arange(width)
    far = torch.zeros(1, 1, width, width).masked_fill_(((places[:, None] - places).abs() > reach)[None, None], -1e9)
    return far if padding is None else far.to(padding.device) + padding


def _blocks(bounds: Tensor) -> Tensor:
    # On the device: a mask of tokens x tokens is large to carry there.
    sizes = (bounds[1:] - bounds[:-1]).long()
    owner = torch.repeat_interleave(torch.arange(len(sizes), device=bounds.device), sizes)
    return (owner[:, None] == owner)[None, None]


def register_packed_attention() -> None:
    """Make the name PACKED known to transformers; it needs no mask but the plan."""
    AttentionInterface.register(PACKED, packed_attention)
    AttentionMaskInterface.register(PACKED, _no_mask)


def _no_mask(*_: object, **__: object) -> None:
    return None


def packed_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float = 1.0,
    dropout: float = 0.0,
    plan: Plan | None = None,
    sliding_window: int | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Attention of each window to itself; query, key, value: (1, heads, tokens, size).

    sliding_window: as ModernBERT's layers give it, one more than the tokens that are seen on each side.
    Returns (1, tokens, heads, size), as every attention of transformers does, and no weights.
    """
    assert plan is not None, "this attention is for packed sequences"
    reach = None if sliding_window is None else sliding_window - 1
    if plan.backend == "buckets":
        return _by_buckets(query, key, value, scaling, dropout, plan, reach), None
    if plan.backend == "varlen":
        return _by_bounds(query, key, value, scaling, plan, reach)[None], None
    seen = plan.blocks
    if reach is not None and seen is not None:
        # Neighbours in a window are neighbours in the sequence.
        places = torch.arange(seen.shape[-1], device=seen.device)
        seen = seen & ((places[:, None] - places).abs() <= reach)
    mixed = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=seen, dropout_p=dropout, scale=scaling
    )
    return mixed.transpose(1, 2), None


def _by_buckets(
    query: Tensor, key: Tensor, value: Tensor, scaling: float, dropout: float, plan: Plan, reach: int | None
) -> Tensor:
    """Plain products over the windows of one width; query, key, value: (1, heads, tokens, size)."""
    heads, tokens, size = query.shape[1:]
    sizes = [bucket.windows * bucket.width for bucket in plan.buckets]
    # Split, not sliced: the gradient of a slice is as large as the whole.
    split = [torch.split(whole, [*sizes, tokens - sum(sizes)], dim=2) for whole in (query * scaling, key, value)]
    mixed = []
    for number, (bucket, padding) in enumerate(zip(plan.buckets, plan.hides(reach), strict=True)):
        shape = (heads, bucket.windows, bucket.width, size)
        own_query, own_key, own_value = (parts[number].view(shape) for parts in split)
        scores = torch.matmul(own_query, own_key.transpose(-1, -2))
        if padding is not None:
            scores = scores + padding.to(scores.dtype)
        shares = torch.nn.functional.dropout(torch.softmax(scores, dim=-1), dropout, training=dropout > 0)
        mixed.append(torch.matmul(shares, own_value).permute(1, 2, 0, 3).reshape(1, -1, heads, size))
    mixed.append(query.new_zeros(1, tokens - sum(sizes), heads, size))
    return torch.cat(mixed, dim=1)


def _by_bounds(query: Tensor, key: Tensor, value: Tensor, scaling: float, plan: Plan, reach: int | None) -> Tensor:
    """Flash attention with a window from each bound to the next; no dropout."""
    from torch.nn.attention.varlen import varlen_attn

    # varlen_attn wants (tokens, heads, size).
    own_query, own_key, own_value = (part[0].transpose(0, 1).contiguous() for part in (query, key, value))
    bounds, longest = plan.bounds, plan.longest
    seen = (-1, -1) if reach is None else (reach, reach)
    mixed = varlen_attn(
        own_query, own_key, own_value, bounds, bounds, longest, longest, scale=scaling, window_size=seen
    )
    assert isinstance(mixed, Tensor)
    return mixed
