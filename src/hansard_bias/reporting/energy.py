"""How much energy the trainings took: an estimate from their time and hardware, with what it assumes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hansard_bias.reporting.formats import decimal
from hansard_bias.reporting.results import Run

WATTS_PER_THREAD = 12.0
WATTS_PER_GIGABYTE = 0.3725
"""Both as in Lannelongue et al. 2021, Green Algorithms, https://doi.org/10.1002/advs.202100707"""
WATTS_OF_GPUS = {"H200": 700.0, "H100": 700.0, "A100": 400.0, "V100": 300.0, "A10": 150.0, "L40": 300.0, "L4": 72.0}
WATTS_OF_GPUS |= {"T4": 70.0, "4090": 450.0, "3090": 350.0}
WATTS_OF_A_GPU = 300.0
JOULES_PER_WATT_HOUR = 3600.0


@dataclass(frozen=True)
class Energy:
    """An estimate and the sentence that says what it rests on."""

    watt_hours: float
    assumption: str


def training_energy(runs: Sequence[Run]) -> Energy | None:
    """The sum over all trainings; None where a run does not say how long it took, or on what."""
    joules = 0.0
    devices = set[str]()
    for run in runs:
        seconds, device = run.summary.get("wall_seconds"), str(run.summary.get("device") or "")
        if not seconds or not device:
            return None
        memory = float(run.summary.get("peak_memory_bytes") or 0) / 1e9
        joules += float(seconds) * (_watts(device) + memory * WATTS_PER_GIGABYTE)
        devices.add(f"{device} at {decimal(_watts(device), 0)} W")
    if not runs:
        return None
    assumption = (
        f"estimated, not measured: training time multiplied by {', '.join(sorted(devices))} "
        f"({decimal(WATTS_PER_THREAD, 0)} W a CPU thread, a GPU at its rated board power) and 0.37 W per gigabyte of "
        "peak memory, one device a run; without scoring, cooling and idle time"
    )
    return Energy(joules / JOULES_PER_WATT_HOUR, assumption)


def _watts(device: str) -> float:
    """The power of a device in the words of a training's summary."""
    threads = re.search(r"(\d+) threads?", device)
    if threads:
        return WATTS_PER_THREAD * int(threads[1])
    if "cpu" in device.lower():
        return WATTS_PER_THREAD
    return next((watts for name, watts in WATTS_OF_GPUS.items() if name in device), WATTS_OF_A_GPU)


def watt_hours(value: float) -> str:
    """Energy in the unit that keeps the number short."""
    if value >= 1000:
        return f"{decimal(value / 1000, 1)} kWh"
    return f"{decimal(value, 1 if value < 10 else 0)} Wh"
