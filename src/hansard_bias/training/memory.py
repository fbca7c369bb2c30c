"""How many tokens a micro-batch may have: from the device's memory, and less after it ran out."""

from __future__ import annotations

import os
from typing import Protocol

import torch


class Sizes(Protocol):
    """A BERT's measures, as its configuration names them."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    max_position_embeddings: int


LEAST_TOKENS = 256
MOST_TOKENS = {"cpu": 8192, "cuda": 131072}
"""More brings no speed."""
_SHARE = {"cpu": 0.2, "cuda": 0.4}
"""Of all memory of a machine, of the free memory of a GPU; the rest is for the optimizer and for others."""
_EXHAUSTED = ("can't allocate memory", "not enough memory", "out of memory")


def micro_batch_tokens(sizes: Sizes, vocab_size: int, mask_rate: float, device: torch.device) -> int:
    """A power of two, so that it does not follow every change of the memory."""
    fitting = _SHARE[device.type] * memory_bytes(device) / bytes_per_token(sizes, vocab_size, mask_rate)
    most = MOST_TOKENS[device.type]
    tokens = most
    while tokens > max(fitting, LEAST_TOKENS):
        tokens //= 2
    return tokens


def bytes_per_token(sizes: Sizes, vocab_size: int, mask_rate: float) -> float:
    """What the backward pass needs to remember of a token, in fp32: an estimate that errs upwards.

    A layer keeps about 12 vectors of the hidden size and 3 of the inner one, and the attention's shares of one row;
    the head keeps logits, their softmax and its gradient where a token is masked.
    """
    hidden, inner = sizes.hidden_size, sizes.intermediate_size
    shares = 2 * sizes.num_attention_heads * sizes.max_position_embeddings
    layer = 12 * hidden + 3 * inner + shares
    return 4 * (sizes.num_hidden_layers * layer + 3 * mask_rate * vocab_size)


def memory_bytes(device: torch.device) -> int:
    """Free memory of a GPU; all of a machine's: what is free there changes, and with it the rounding of a run."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def is_exhausted(error: RuntimeError) -> bool:
    """Whether an error says that the device has no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error).lower() for sign in _EXHAUSTED)
