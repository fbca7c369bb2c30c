"""What the machine has: Python, cores, memory, disk, GPU, precision."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from hansard_bias.doctor.findings import Finding, bad, good, note

GB = 1e9
LEAST_PYTHON = (3, 11)
LEAST_MEMORY, LEAST_DISK = 4 * GB, 5 * GB
"""What `small` needs on real archives: 2.8 GB resident (benchmarks/RESULTS.md); archives, tables, models and cache."""
MEMINFO = Path("/proc/meminfo")


def machine_findings(root: Path) -> list[Finding]:
    """Everything about the machine; imports torch."""
    return [python(), git(), cores(), memory(), disk(root), gpu(), precision()]


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """The interpreter's version."""
    text = ".".join(map(str, version))
    if version < LEAST_PYTHON:
        return bad("Python", f"{text}, expected 3.11 or newer; make the environment anew with `make setup PYTHON=…`")
    return good("Python", text)


def git() -> Finding:
    """DVC's experiments are git's, commits by somebody with a name."""
    if not shutil.which("git"):
        return note("git", "not installed: `dvc repro` works (`dvc config core.no_scm true`), `dvc exp` does not")
    if subprocess.run(["git", "var", "GIT_COMMITTER_IDENT"], capture_output=True, check=False).returncode:
        ask = "git config --global user.name NAME; git config --global user.email ADDRESS"
        return note("git", f"installed, but does not know you: `{ask}`, or `dvc exp` and `git commit` refuse")
    return good("git", "installed")


def cores() -> Finding:
    """Cores that this process may use, and the threads that torch takes."""
    import torch

    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = f"{count}, torch uses {torch.get_num_threads()} threads ({platform.processor() or platform.machine()})"
    if torch.get_num_threads() < count // 2:
        return note("cores", f"{text}; unset OMP_NUM_THREADS to use more")
    return good("cores", text)


def memory() -> Finding:
    """The machine's memory."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = available_bytes()
    text = f"{total / GB:.1f} GB, {free / GB:.1f} GB of it free"
    if free < LEAST_MEMORY:
        return note("memory", f"{text}: enough for the sample; real archives want {LEAST_MEMORY / GB:.0f} GB")
    return good("memory", text)


def available_bytes(meminfo: Path = MEMINFO) -> int:
    """Memory that can be had without swapping; all of it where the system does not say."""
    if meminfo.is_file():
        for line in meminfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def disk(root: Path) -> Finding:
    """Room beside the project."""
    free = shutil.disk_usage(root).free
    text = f"{free / GB:.1f} GB free"
    if free < LEAST_DISK:
        return note("disk", f"{text}: enough for the sample; real archives want {LEAST_DISK / GB:.0f} GB and more")
    return good("disk", text)


def gpu() -> Finding:
    """The GPU that training would use, or why it would not use one."""
    import torch

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return good("GPU", f"{torch.cuda.get_device_name()}, {total / GB:.0f} GB, {free / GB:.0f} GB of it free")
    if shutil.which("nvidia-smi"):
        return note("GPU", f"there may be one, but torch {torch.__version__} cannot use it: install its CUDA build")
    return note("GPU", "none: models train on the CPU, which `sample` and `small` are made for")


def precision() -> Finding:
    """What `train.precision: auto` takes, and how fast matrices are multiplied."""
    from hansard_bias.training import device

    chosen = device.choose_precision("auto")
    rates = {name: device.peak_flops(name, repeats=4) / 1e12 for name in dict.fromkeys(("fp32", chosen))}
    text = ", ".join(f"{name} {rate:.2f} TFLOP/s" for name, rate in rates.items())
    return good("precision", f"auto takes {chosen}; matrix products: {text}")
