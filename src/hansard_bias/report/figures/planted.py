"""Measured against planted log-odds, drawn: one panel for L, one for L*; on the diagonal the truth is found."""

from __future__ import annotations

from typing import Any

import altair as alt

from hansard_bias.report.figures.registry import GREY, INK, Figure, series_colour
from hansard_bias.report.formats import count, decimal, model_name
from hansard_bias.report.results import Results
from hansard_bias.report.tables.planted import MEASURES, planted_records

SIZE = 250


def planted_figures(results: Results) -> list[Figure]:
    """One figure a measure, on the same axes; none without planted associations."""
    records = planted_records(results)
    if not records:
        return []
    reach = max(abs(each) for record in records for each in _numbers(record)) * 1.05
    return [_figure(results, measure, name, reach) for measure, name in MEASURES.items()]


def combined_planted(results: Results) -> Figure | None:
    """Both side by side, for a file."""
    figures = planted_figures(results)
    if not figures:
        return None
    return Figure(alt.hconcat(*(figure.chart for figure in figures)), " ".join(figure.label for figure in figures))


def _numbers(record: Any) -> list[float]:
    return [record["planted_log_odds"], *(record[measure]["value"] for measure in MEASURES)]


def _figure(results: Results, measure: str, name: str, reach: float) -> Figure:
    keys = {results.config.row_key(model): model for model in results.config.models}
    values = [
        {
            "planted": record["planted_log_odds"],
            "measured": record[measure]["value"],
            "model": model_name(results.config, keys[record["model"]]),
        }
        for record in planted_records(results)
    ]
    shown = {each["model"]: None for each in values}
    models = {model_name(results.config, model): series_colour(results, model) for model in results.config.models}
    colours = {model: colour for model, colour in models.items() if model in shown}
    summary = results.bias["planted"]["summary"][measure]["all"]
    slope = "unknown" if summary["slope"]["value"] is None else decimal(summary["slope"]["value"])
    label = (
        f"Measured {name} against planted log-odds of {count(len(values))} associations and models: "
        f"{count(summary['signs_right'])} of {count(summary['signs'])} signs right, slope {slope}."
    )
    return Figure(_points(values, name, colours, reach), label)


def _points(values: list[dict[str, Any]], name: str, colours: dict[str, str], reach: float) -> Any:
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    axis = alt.Axis(tickCount=5, format=".2~g")
    x = alt.X("planted:Q", title="planted log-odds", scale=scale, axis=axis)
    y = alt.Y("measured:Q", title=f"measured {name}", scale=scale, axis=axis)
    key = alt.Color(
        "model:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(title=None, orient="bottom", direction="vertical", labelColor=INK, labelFontSize=12),
    )
    ends = [{"planted": end, "measured": end} for end in (-reach, reach)]
    diagonal = alt.Chart(alt.InlineData(values=ends)).mark_line(color=GREY, strokeDash=[4, 3]).encode(x=x, y=y)
    dots = alt.Chart(alt.InlineData(values=values)).mark_point(filled=True, size=42, opacity=0.85)
    return alt.layer(diagonal, dots.encode(x=x, y=y, color=key)).properties(width=SIZE, height=SIZE, title=name)
