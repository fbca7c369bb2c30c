"""Draws in blocks, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator

# Elements of one block of weights or signs: 32 MB, whatever the number of draws.
BLOCK = 1 << 22


def blocks(draws: int, groups: int) -> Iterator[int]:
    """Sizes of the blocks of draws that are held in memory at once."""
    size = max(1, BLOCK // groups)
    for start in range(0, draws, size):
        yield min(size, draws - start)
