"""What a result was made from: the commit, the parameters, the versions of what computed it, the machine."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hansard_bias.base.code import commit, git
from hansard_bias.base.files import sha256
from hansard_bias.base.parallel import cores
from hansard_bias.params import PARAMS_FILE
from hansard_bias.report.formats import NOTHING, count, decimal, facts, model_name, seconds, sentence_list, title
from hansard_bias.report.results import Results, Run
from hansard_bias.report.tables.comparison import Table, table

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate", "numpy", "scipy", "scikit-learn", "dvc", "mlflow")
SOURCES = ("src", "data/probes", "dvc.yaml", "params.yaml")
"""What a result depends on; results themselves differ from the commit while they are being made."""


def provenance(root: Path = Path(".")) -> dict[str, str]:
    """Commit, what was changed since, digest of params.yaml, machine, and versions."""
    parameters = root / PARAMS_FILE
    facts = {"commit": commit(root)} if commit(root) else {}
    if facts:
        facts["date of the commit"] = git(root, "show", "--no-patch", "--format=%cs", "HEAD").decode().strip()
        facts["changed since the commit"] = ", ".join(changed(root)) or "nothing"
    if parameters.is_file():
        facts["digest of the parameters"] = sha256(parameters)
    facts["machine"] = machine()
    facts["python"] = platform.python_version()
    return facts | {name: version(name) for name in PACKAGES}


def changed(root: Path) -> list[str]:
    """Files of code, parameters and probes that differ from the commit."""
    lines = git(root, "status", "--porcelain", "--", *SOURCES).decode().splitlines()
    return [line.split(maxsplit=1)[-1] for line in lines]


def machine() -> str:
    """This machine in words: processor, cores, memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{_processor()}, {cores()} cores, {memory:.0f} GB of memory, {platform.system()}"


def _processor() -> str:
    """The processor's own name, which Python knows only on some systems."""
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


# How much energy the trainings took: an estimate from their time and hardware, with what it assumes.

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


# Where the numbers come from: code, data, hardware, time and energy, and every parameter.

CODE = ("commit", "date of the commit", "changed since the commit", "digest of the parameters")


def origin_rows(results: Results) -> list[tuple[str, str]]:
    """What a reader asks first, as name and value."""
    return [(name, value) for name, value in _origins(results) if value]


def _origins(results: Results) -> Iterator[tuple[str, str]]:
    for name in CODE:
        yield name, str(results.provenance.get(name) or "")
    config, runs = results.config, results.runs
    window = results.alignment.get("window") or {}
    yield "sittings", f"{window.get('first_day')} to {window.get('last_day')}" if window.get("first_day") else ""
    for corpus, record in results.corpora.items():
        yield f"digest of the archive, {title(corpus)}", str(record.get("digest") or "")
    yield "training runs", f"{count(len(runs))}: {sentence_list(sorted(config.models))}, seeds {_seeds(results)}"
    yield "trained on", "; ".join(sorted({_device(run.summary) for run in runs if run.summary.get("device")}))
    yield "page built on", str(results.provenance.get("machine") or "")
    times = [float(run.summary.get("wall_seconds") or 0) for run in runs]
    if times and all(times):
        yield "wall time of all trainings", f"{seconds(sum(times))} (the longest {seconds(max(times))})"
    energy = training_energy(runs)
    if energy is not None:
        yield "energy of all trainings", f"about {watt_hours(energy.watt_hours)}: {energy.assumption}"


def _seeds(results: Results) -> str:
    return sentence_list([str(seed) for seed in results.config.train.seeds])


def _device(summary: Mapping[str, Any]) -> str:
    return f"{summary['device']}, {summary.get('precision') or NOTHING}"


def version_rows(results: Results) -> list[tuple[str, str]]:
    """Versions of what computed, and whatever else the caller knows."""
    shown = (*CODE, "machine")
    return list(facts({name: value for name, value in results.provenance.items() if name not in shown}))


def parameter_table(results: Results) -> Table:
    """Every parameter of params.yaml, under the name that `dvc exp run -S` takes."""
    rows = [(name, str(value) or NOTHING) for name, value in _leaves(asdict(results.config))]
    caption = "Every parameter, by the name that dvc exp run -S takes."
    return table("parameters", caption, ["Parameter", "Value"], rows, text=2)


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    """Nested parameters by their dotted name; what is not set is left out."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        yield ".".join(path), ", ".join(map(str, value)) or "none"
    elif value is not None:
        yield ".".join(path), value


def fingerprint_table(results: Results) -> Table:
    """What tells the weights of every training run apart."""
    rows = [
        (f"{model_name(results.config, run.model)}, seed {run.seed}", str(run.summary["fingerprint"]))
        for run in results.runs
        if run.summary.get("fingerprint")
    ]
    caption = "Fingerprints of the trained weights: the same fingerprint is the same model."
    return table("fingerprints", caption, ["Run", "Fingerprint"], rows, text=2)
