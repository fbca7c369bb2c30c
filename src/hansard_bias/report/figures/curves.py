"""Training curves: loss per model, its seeds as thin lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import altair as alt

from hansard_bias.analysis.stage_records import CurveRow
from hansard_bias.report.figures import figure
from hansard_bias.report.figures.style import GREY, Figure, series_colour
from hansard_bias.report.formats import decimal, model_name
from hansard_bias.report.results import Results

MOST_POINTS = 150
CAPTION = (
    "Loss during training, lower is better. Grey: on the text being learned. Coloured, with dots: on held-out days of "
    "the same mixture. One line a training run (seed). Long runs are drawn as means of neighbouring updates."
)

Pairs = list[tuple[float, float]]


@figure("curves", section="training", title="Training curves", caption=CAPTION, order=60, columns=3)
def curve_figures(results: Results) -> list[Figure]:
    """One figure a model, all on the same axes."""
    records = [record for run in results.runs for record in _records(run.model, run.seed, run.curve)]
    if not records:
        return []
    losses, updates = ([record[key] for record in records] for key in ("loss", "update"))
    bounds = {"x": [0, max(updates)], "y": [min(losses), max(losses)]}
    return [
        _model_curves(results, model, [record for record in records if record["model"] == model], bounds)
        for model in results.config.models
        if any(record["model"] == model for record in records)
    ]


def _model_curves(
    results: Results, model: str, records: list[dict[str, Any]], bounds: dict[str, list[float]]
) -> Figure:
    colour = series_colour(results, model)
    across = alt.Axis(tickCount=4, grid=False, labelFlush=False)
    base = alt.Chart(alt.InlineData(values=records)).encode(
        x=alt.X("update:Q", title="update", scale=alt.Scale(domain=bounds["x"]), axis=across),
        y=alt.Y(
            "loss:Q",
            title="nats per masked token",
            scale=alt.Scale(domain=bounds["y"], nice=True),
            axis=alt.Axis(tickCount=5, titlePadding=12),
        ),
        detail="seed:N",
    )
    train = base.transform_filter("datum.kind == 'train'").mark_line(strokeWidth=1, color=GREY, opacity=0.8)
    validation = base.transform_filter("datum.kind == 'validation'")
    lines = validation.mark_line(strokeWidth=1.6, color=colour)
    dots = validation.mark_point(filled=True, size=14, color=colour, opacity=1)
    name = f"Model {model_name(results.config, model)}"
    chart = alt.layer(train, lines, dots).properties(width=240, height=190, title=name)
    return Figure(chart, _label(name, records))


def _label(name: str, records: list[dict[str, Any]]) -> str:
    ends = [record for record in records if record["kind"] == "validation"]
    if not ends:
        return f"Training loss of {name}; nothing was validated."
    best = min(record["loss"] for record in ends)
    seeds = len({record["seed"] for record in records})
    return f"Training and validation loss of {name}, {seeds} seeds; best validation loss {decimal(best)}."


def _records(model: str, seed: int, curve: Sequence[CurveRow]) -> list[dict[str, Any]]:
    kinds: dict[str, Callable[[CurveRow], float | None]] = {
        "train": lambda point: point.train_loss,
        "validation": lambda point: point.validation_loss,
    }
    return [
        {"model": model, "seed": str(seed), "kind": kind, "update": update, "loss": loss}
        for kind, pick in kinds.items()
        for update, loss in thin(_pairs(curve, pick))
    ]


def _pairs(curve: Sequence[CurveRow], pick: Callable[[CurveRow], float | None]) -> Pairs:
    return [(point.update, value) for point in curve if (value := pick(point)) is not None]


def thin(pairs: Pairs, most: int = MOST_POINTS) -> Pairs:
    """At most `most` points: the means of equal runs of neighbours, so that no spike is picked by chance."""
    if len(pairs) <= most:
        return pairs
    edges = [round(index * len(pairs) / most) for index in range(most + 1)]
    groups = [pairs[start:end] for start, end in pairwise(edges)]
    return [(_mean([x for x, _ in group]), _mean([y for _, y in group])) for group in groups]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
