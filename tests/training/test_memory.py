"""Micro-batches follow the free memory, and what runs out of it goes on smaller."""

from __future__ import annotations

import pytest
import torch

from hansard_bias.params import ModelConfig
from hansard_bias.training import device as memory
from hansard_bias.training.device import LEAST_TOKENS, MOST_TOKENS, bytes_per_token, is_exhausted, micro_batch_tokens

BASE = ModelConfig(768, 12, 12, 3072, 512, 0.0, 0.0, 0.02)
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("free", "expected"), [(1 << 50, MOST_TOKENS["cpu"]), (12 << 30, 1024), (24 << 30, 2048), (1 << 20, LEAST_TOKENS)]
)
def test_tokens_by_free_memory(monkeypatch: pytest.MonkeyPatch, free: int, expected: int) -> None:
    monkeypatch.setattr(memory, "memory_bytes", lambda device: free)
    assert micro_batch_tokens(BASE, 30_522, 0.15, CPU) == expected


def test_there_is_memory() -> None:
    assert memory.memory_bytes(CPU) > 1 << 20
    assert 1e6 < bytes_per_token(BASE, 30_522, 0.15) < 4e6


def test_running_out_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_exhausted(refused.value)
    assert is_exhausted(torch.OutOfMemoryError("CUDA out of memory"))
    assert not is_exhausted(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
