"""What a result was made from: the commit, the parameters, the versions of what computed it, the machine."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from hansard_bias.analysis.stage_records import TrainingRecord
from hansard_bias.base.code import commit, git
from hansard_bias.base.files import sha256
from hansard_bias.base.parallel import cores
from hansard_bias.params import PARAMS_FILE
from hansard_bias.report.formats import decimal

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate", "numpy", "scipy", "scikit-learn", "dvc", "mlflow")
CODE = ("commit", "date of the commit", "changed since the commit", "digest of the parameters")
# What a result depends on; results themselves differ from the commit while they are being made.
SOURCES = ("src", "data/probes", "dvc.yaml", "params.yaml")


def provenance(root: Path = Path(".")) -> dict[str, str]:
    """Commit, what was changed since, digest of params.yaml, machine in words, and versions."""
    parameters = root / PARAMS_FILE
    facts = {"commit": commit(root)} if commit(root) else {}
    if facts:
        facts["date of the commit"] = git(root, "show", "--no-patch", "--format=%cs", "HEAD").decode().strip()
        changed = git(root, "status", "--porcelain", "--", *SOURCES).decode().strip().splitlines()
        facts["changed since the commit"] = ", ".join(line.split(maxsplit=1)[-1] for line in changed) or "nothing"
    if parameters.is_file():
        facts["digest of the parameters"] = sha256(parameters)
    # The processor's own name, which Python knows only on some systems.
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8", errors="replace").splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    facts["machine"] = f"{processor}, {cores()} cores, {memory:.0f} GB of memory, {platform.system()}"
    facts["python"] = platform.python_version()
    return facts | {name: version(name) for name in PACKAGES}


# Both as in Lannelongue et al. 2021, Green Algorithms, https://doi.org/10.1002/advs.202100707
WATTS_PER_THREAD, WATTS_PER_GIGABYTE = 12.0, 0.3725
# Looked up in this order: A100 before A10, L40 before L4, of which the names are parts.
WATTS_OF_GPUS = {"H200": 700.0, "H100": 700.0, "A100": 400.0, "V100": 300.0, "A10": 150.0, "L40": 300.0, "L4": 72.0}
WATTS_OF_GPUS |= {"T4": 70.0, "4090": 450.0, "3090": 350.0}
WATTS_OF_A_GPU = 300.0
JOULES_PER_WATT_HOUR = 3600.0


def training_energy(runs: Sequence[TrainingRecord]) -> tuple[float, str]:
    """The sum over all trainings in watt-hours, and the sentence that says what the estimate rests on."""
    watts = [_watts(run.device) + run.peak_memory_bytes / 1e9 * WATTS_PER_GIGABYTE for run in runs]
    devices = {f"{run.device} at {decimal(_watts(run.device), 0)} W" for run in runs}
    assumption = (
        f"estimated, not measured: training time multiplied by {', '.join(sorted(devices))} "
        f"({decimal(WATTS_PER_THREAD, 0)} W a CPU thread, a GPU at its rated board power) and 0.37 W per gigabyte of "
        "peak memory, one device a run; without scoring, cooling and idle time"
    )
    joules = sum(run.wall_seconds * power for run, power in zip(runs, watts, strict=True))
    return joules / JOULES_PER_WATT_HOUR, assumption


def _watts(device: str) -> float:
    # A CPU says its threads; what says nothing of the kind is taken for one thread, or for a GPU of middling power.
    if (threads := re.search(r"(\d+) threads?", device)) or "cpu" in device.lower():
        return WATTS_PER_THREAD * (int(threads[1]) if threads else 1)
    return next((watts for name, watts in WATTS_OF_GPUS.items() if name in device), WATTS_OF_A_GPU)


def watt_hours(value: float) -> str:
    """Energy in the unit that keeps the number short."""
    return f"{decimal(value / 1000, 1)} kWh" if value >= 1000 else f"{decimal(value, 1 if value < 10 else 0)} Wh"
