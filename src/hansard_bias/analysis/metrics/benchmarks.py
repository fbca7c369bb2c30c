"""Binary benchmarks from probe tables: log-odds and shares by model, benchmark and theme (method.md section 4)."""

from __future__ import annotations

import pandas as pd

from hansard_bias.analysis.inputs import StudyData, over_seeds
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.records import BenchmarkAnswer, BenchmarkItem, BenchmarkMeasure, BenchmarkRecord
from hansard_bias.probing.tables import ASKED
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.preferences import BenchmarkShares, benchmark_directions, benchmark_summary
from hansard_bias.statistics.variance import seed_means

# What the model says, and the same without what it would say whatever the prompt's content words are.
MEASURES = {"plain": "log_odds", "corrected": "preference"}
# The columns that tell one prompt of a benchmark from all others, wherever it stands in its file.
NAMED = ("benchmark", "prompt", "favorable", "unfavorable")


@metric("benchmarks", tuple[BenchmarkRecord, ...])
def benchmark_findings(data: StudyData) -> list[BenchmarkRecord]:
    """One record a benchmark; `unlike_pieces` counts its prompts whose answers differ in pieces."""
    asked = data.asked.benchmarks
    # By name, so that what is drawn does not depend on the order of the file.
    ordered = asked.sort_values(list(NAMED))
    return [_benchmark(name, ordered[ordered["benchmark"] == name], data) for name in dict.fromkeys(asked["benchmark"])]


def _benchmark(name: str, asked: pd.DataFrame, data: StudyData) -> BenchmarkRecord:
    values = {
        row: {
            measure: over_seeds((run.benchmarks.loc[asked.index] for run in probed), column)
            for measure, column in MEASURES.items()
        }
        for row, probed in data.probes.items()
    }
    models = {
        row: {measure: _measure(array, asked, data) for measure, array in measured.items()}
        for row, measured in values.items()
    }
    items = [
        BenchmarkItem(
            **{column: line[column] for column in ASKED["benchmarks"][1:]},
            models={
                row: _answer({measure: array[[number]] for measure, array in measured.items()}, data)
                for row, measured in values.items()
            },
        )
        for number, line in enumerate(asked.to_dict("records"))
    ]
    # An answer of more pieces is less probable for that alone: said beside the result (method.md section 4, audit).
    unlike = int((asked["favorable_pieces"] != asked["unfavorable_pieces"]).sum())
    return BenchmarkRecord(name, unlike, models, tuple(sorted(items, key=lambda item: item.line)))


def _measure(array: FloatArray, asked: pd.DataFrame, data: StudyData) -> BenchmarkMeasure:

    def summary(members: FloatArray) -> BenchmarkShares:
        return benchmark_summary(members, data.config.bias.confidence)

    themes = dict.fromkeys(asked.sort_values("line")["theme"])
    by_theme = {theme: summary(array[(asked["theme"] == theme).to_numpy()]) for theme in themes}
    return BenchmarkMeasure(summary(array), by_theme)


def _answer(measured: dict[str, FloatArray], data: StudyData) -> BenchmarkAnswer:
    """What one model says to one prompt; arrays are [1, seeds]."""
    told = {measure: seed_means(array, data.config.bias.confidence)[0] for measure, array in measured.items()}
    return BenchmarkAnswer(**told, direction=benchmark_directions(measured["plain"])[0])
