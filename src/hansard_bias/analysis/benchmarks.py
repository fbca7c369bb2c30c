"""Binary benchmarks from probe tables: log-odds and shares by model, benchmark and theme (method.md section 4)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from hansard_bias.analysis.inputs import ProbeRuns, over_seeds
from hansard_bias.params import Config
from hansard_bias.probing.tables import ASKED
from hansard_bias.statistics.benchmarks import benchmark_directions, benchmark_summary, item_intervals
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.resampling import generator

# What the model says, and the same without what it would say whatever the prompt's content words are.
MEASURES = {"plain": "log_odds", "corrected": "preference"}
NAMED = ("benchmark", "prompt", "favorable", "unfavorable")
"""The columns that tell one prompt of a benchmark from all others, wherever it stands in its file."""


def benchmark_findings(runs: ProbeRuns, config: Config) -> list[dict[str, Any]]:
    """One record a benchmark: name, unlike_pieces (prompts whose answers differ in pieces), models, items.

    models: by row, measure -> `all` and `themes`.
    """
    asked = next(iter(runs.values()))[0].benchmarks
    names = list(dict.fromkeys(asked["benchmark"]))
    # By name, so that what is drawn does not depend on the order of the file.
    ordered = asked.sort_values(list(NAMED))
    return [_benchmark(name, ordered[ordered["benchmark"] == name], runs, config) for name in names]


def _benchmark(name: str, asked: pd.DataFrame, runs: ProbeRuns, config: Config) -> dict[str, Any]:
    values = {
        row: {
            measure: over_seeds((run.benchmarks.loc[asked.index] for run in probed), column)
            for measure, column in MEASURES.items()
        }
        for row, probed in runs.items()
    }
    models = {
        row: {measure: _summaries(array, asked, name, config) for measure, array in measured.items()}
        for row, measured in values.items()
    }
    # An answer of more pieces is less probable for that alone: said beside the result (method.md section 4, audit).
    unlike = int((asked["favorable_pieces"] != asked["unfavorable_pieces"]).sum())
    return {"name": name, "unlike_pieces": unlike, "models": models, "items": _items(asked, values, config)}


def _summaries(array: FloatArray, asked: pd.DataFrame, name: str, config: Config) -> dict[str, Any]:
    """All prompts together, and theme by theme."""
    themes = asked["theme"].to_numpy()

    def summary(members: FloatArray, part: str) -> dict[str, Any]:
        rng = generator(config.bias.seed, "benchmark", name, part)
        return benchmark_summary(members, config.probe.draws, rng, config.bias.confidence)

    by_theme = {
        theme: summary(array[themes == theme], theme) for theme in dict.fromkeys(asked.sort_values("line")["theme"])
    }
    return {"all": summary(array, ""), "themes": by_theme}


def _items(asked: pd.DataFrame, values: dict[str, dict[str, FloatArray]], config: Config) -> list[dict[str, Any]]:
    """One record a prompt, with every model's log-odds, plain and corrected, and its plain direction."""
    records = [
        {
            **{column: line[column] for column in ASKED["benchmarks"][1:]},
            "models": {
                row: _answer({measure: array[[number]] for measure, array in measured.items()}, line, row, config)
                for row, measured in values.items()
            },
        }
        for number, line in enumerate(asked.to_dict("records"))
    ]
    return sorted(records, key=lambda record: int(record["line"]))


def _answer(measured: dict[str, FloatArray], line: Mapping[Hashable, Any], row: str, config: Config) -> dict[str, Any]:
    """What one model says to one prompt, with draws that no other prompt changes; arrays are [1, seeds]."""
    told: dict[str, Any] = {}
    for measure, array in measured.items():
        rng = generator(config.bias.seed, "benchmark item", *(line[name] for name in NAMED), row)
        (interval,) = item_intervals(array, config.probe.draws, rng, config.bias.confidence)
        told[measure] = interval.as_dict()
    return told | {"direction": benchmark_directions(measured["plain"])[0]}
