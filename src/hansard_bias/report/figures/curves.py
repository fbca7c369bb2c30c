"""Training curves: loss per model, its seeds as thin lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import altair as alt

from hansard_bias.analysis.stage_records import CurveRow
from hansard_bias.report.figures import GREY, Figure, figure, series_colour
from hansard_bias.report.formats import decimal, model_name
from hansard_bias.report.results import Results

# One point for every pixel and a half of the panel.
MOST_POINTS = 150
CAPTION = (
    "Loss during training, lower is better. Grey: on the text being learned. Coloured, with dots: on held-out days of "
    "the same mixture. One line a training run (seed). Long runs are drawn as means of neighbouring updates."
)

Pairs = Sequence[tuple[float, float]]


@figure("curves", section="training", title="Training curves", caption=CAPTION, order=60, columns=3)
def curve_figures(results: Results) -> list[Figure]:
    """One figure a model, all on the same axes."""
    records = [record for run in results.runs for record in _records(run.model, run.seed, run.curve)]
    if not records:
        return []
    losses, updates = ([record[key] for record in records] for key in ("loss", "update"))
    # Only on common axes can models be compared by eye.
    bounds = {"x": [0, max(updates)], "y": [min(losses), max(losses)]}
    of_models = {model: [each for each in records if each["model"] == model] for model in results.config.models}
    return [_model_curves(results, model, found, bounds) for model, found in of_models.items() if found]


def _model_curves(
    results: Results, model: str, records: list[dict[str, Any]], bounds: dict[str, list[float]]
) -> Figure:
    colour = series_colour(results, model)
    across, upwards = alt.Axis(tickCount=4, grid=False, labelFlush=False), alt.Axis(tickCount=5, titlePadding=12)
    x = alt.X("update:Q", title="update", scale=alt.Scale(domain=bounds["x"]), axis=across)
    y_scale = alt.Scale(domain=bounds["y"], nice=True)
    y = alt.Y("loss:Q", title="nats per masked token", scale=y_scale, axis=upwards)
    base = alt.Chart(alt.InlineData(values=records)).encode(x=x, y=y, detail="seed:N")
    # Grey, because the text being learned is not what the model is judged by.
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
    # Most updates are not validated, and the first may have no mean of the training loss yet.
    lines = {
        "train": [(row.update, row.train_loss) for row in curve if row.train_loss is not None],
        "validation": [(row.update, row.validation_loss) for row in curve if row.validation_loss is not None],
    }
    about = {"model": model, "seed": str(seed)}
    return [{**about, "kind": kind, "update": x, "loss": y} for kind, pairs in lines.items() for x, y in thin(pairs)]


def thin(pairs: Pairs, most: int = MOST_POINTS) -> Pairs:
    """At most `most` points: the means of equal runs of neighbours, so that no spike is picked by chance."""
    if len(pairs) <= most:
        return pairs
    edges = [round(index * len(pairs) / most) for index in range(most + 1)]
    groups = [pairs[start:end] for start, end in pairwise(edges)]
    return [(_mean([x for x, _ in group]), _mean([y for _, y in group])) for group in groups]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
