"""Where the numbers come from: code, data, hardware, time and energy, and every parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from hansard_bias.reporting.energy import training_energy, watt_hours
from hansard_bias.reporting.formats import NOTHING, count, facts, model_name, seconds, sentence_list, title
from hansard_bias.reporting.results import Results
from hansard_bias.reporting.tables import Table, table

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
