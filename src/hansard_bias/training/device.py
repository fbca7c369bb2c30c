"""What the device at hand can do: precision, peak matrix rate, memory."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
import time

import psutil
import torch

from hansard_bias.models.network import Sizes, bytes_per_token

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_precision(asked: str) -> str:
    """fp32, bf16 or fp16 for `train.precision`; auto takes bf16 where the hardware computes it.

    Raises ValueError when fp16 is asked for without a GPU.
    """
    if asked == "fp16" and not torch.cuda.is_available():
        raise ValueError("params.yaml: train.precision is 'fp16', expected a GPU for it; use auto, bf16 or fp32")
    if asked != "auto":
        return asked
    return "bf16" if has_fast_bf16() else "fp32"


def has_fast_bf16() -> bool:
    """Whether the hardware multiplies bf16 matrices itself."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capability = torch.cpu.get_capabilities()
    return bool(capability.get("avx512_bf16") or capability.get("amx_bf16"))


def require_compiler() -> None:
    """Raise ValueError where `train.compile` asks for a compiler and none is installed."""
    names = [name for name in (os.environ.get("CXX"), "g++", "clang++", "c++") if name]
    if not any(map(shutil.which, names)):
        raise ValueError(
            "params.yaml: train.compile is true, expected a C++ compiler (g++ or clang++) on this machine; "
            "install one or set it to false"
        )


def has_gpu() -> bool:
    """Whether training runs on a GPU."""
    return torch.cuda.is_available()


def device_name() -> str:
    """The device in words."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{platform.processor() or platform.machine()} CPU, {torch.get_num_threads()} threads"


def peak_flops(precision: str, size: int | None = None, repeats: int = 8) -> float:
    """Floating-point operations per second of a square matrix product, best of several timings."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Small products leave a GPU waiting for the next one: its peak would look lower than it is.
    size = size or (8192 if device == "cuda" else 1024)
    # Random numbers: some devices multiply zeros and ones faster than anything that a model holds.
    left = torch.rand(size, size, generator=torch.Generator().manual_seed(0)).to(device, _DTYPES[precision])
    # The best of several: what else runs on the machine can only slow a product down.
    best = float("inf")
    for _ in range(repeats):
        _synchronise()
        started = time.perf_counter()
        torch.mm(left, left)
        _synchronise()
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def peak_memory_bytes() -> int:
    """The most memory that this process has used: on the GPU where there is one, else resident."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    # getrusage counts in bytes on macOS, in kilobytes on Linux.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


BUSY = 0.25
"""Share of the cores that others may use before that is told."""


class OtherWork:
    """How much of the processor others use, beside this training, from the moment that this is made."""

    def __init__(self, processes: int = 1) -> None:
        """processes: those of the training, which all work alike."""
        self._processes = processes
        self._start = self._now()

    def cores(self) -> float:
        """Cores that other processes used on average since the start."""
        wall, busy, own = (later - earlier for later, earlier in zip(self._now(), self._start, strict=True))
        return max(0.0, busy - own * self._processes) / max(wall, 1e-9)

    @staticmethod
    def _now() -> tuple[float, float, float]:
        """Seconds on the clock, of all cores at work, and of this process on them."""
        every, own = psutil.cpu_times(), psutil.Process().cpu_times()
        # Niced processes yield to others: they slow nothing down.
        return time.perf_counter(), every.user + every.system, own.user + own.system


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


# How many tokens a micro-batch may have: from the device's memory, and less after it ran out.


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


def memory_bytes(device: torch.device) -> int:
    """Free memory of a GPU; all of a machine's: what is free there changes, and with it the rounding of a run."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def is_exhausted(error: RuntimeError) -> bool:
    """Whether an error says that the device has no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error).lower() for sign in _EXHAUSTED)
