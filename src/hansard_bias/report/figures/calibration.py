"""What the calibration found, drawn: the metrics over the share of foreign text, with their intervals."""

from __future__ import annotations

from typing import Any

import altair as alt

from hansard_bias.report.figures.registry import GREY, SERIES, Figure
from hansard_bias.report.formats import decimal, percent
from hansard_bias.report.results import Json, Results
from hansard_bias.report.tables.calibration import CURVES, NAMES, dose_curves


def dose_figures(results: Results) -> list[Figure]:
    """One figure a curve."""
    return [_dose_figure(metric, curve) for metric, curve in dose_curves(results)]


def combined_doses(results: Results) -> Figure | None:
    """All of them side by side, for a file."""
    figures = dose_figures(results)
    if not figures:
        return None
    chart = alt.concat(*(figure.chart for figure in figures), columns=3).resolve_scale(y="independent")
    return Figure(chart, " ".join(figure.label for figure in figures))


def _dose_figure(metric: str, curve: Json) -> Figure:
    name = CURVES.get(curve["curve"], str(curve["curve"]))
    values = [{"dose": dose, **value} for dose, value in zip(curve["doses"], curve["values"], strict=True)]
    spoken = ", ".join(f"{decimal(each['value'])} at {percent(each['dose'])}" for each in values)
    return Figure(_curve(values, name, metric), f"Calibration, {name.lower()} by share of foreign text: {spoken}.")


def _curve(values: list[dict[str, Any]], name: str, metric: str) -> Any:
    colour = SERIES[list(NAMES).index(metric) % len(SERIES)] if metric in NAMES else GREY
    share = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1], grid=False, labelFlush=False)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("dose:Q", title="text of the second legislature", axis=share)
    )
    band = base.mark_area(color=colour, opacity=0.2).encode(
        y=alt.Y("low:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=4)), y2="high:Q"
    )
    line = base.mark_line(color=colour, strokeWidth=2).encode(y="value:Q")
    dots = base.mark_point(filled=True, size=36, color=colour, opacity=1).encode(y="value:Q")
    return alt.layer(band, line, dots).properties(width=210, height=130, title=name)
