"""Random numbers as pure functions of what they are for: (seed, speech, position), never of the order of calls."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

UInt64 = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def stable_hash(*parts: object) -> int:
    """A 64-bit hash of the parts' texts, the same in every process and on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def stable_hashes(texts: Iterable[str]) -> UInt64:
    """`stable_hash` of every text, shape [n]."""
    return np.fromiter((stable_hash(text) for text in texts), dtype=np.uint64)


def mix(*keys: npt.ArrayLike) -> UInt64:
    """Hash broadcastable arrays of integers into one array of uniform 64-bit integers.

    Every key passes through the finaliser of splitmix64 (Steele, Lea & Flood 2014, OOPSLA), so that
    neighbouring keys give unrelated results.
    """
    state: UInt64 | np.uint64 = np.uint64(0)
    with np.errstate(over="ignore"):
        for key in keys:
            state = _splitmix(state ^ (np.asarray(key).astype(np.uint64) + _GOLDEN))
    return np.asarray(state, dtype=np.uint64)


def uniform(*keys: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Uniform numbers in [0, 1) from the keys, with 53 random bits."""
    return (mix(*keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _splitmix(state: UInt64 | np.uint64) -> UInt64 | np.uint64:
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return state ^ (state >> np.uint64(31))
