"""Interval plots: bias ratio, excess, tilt and the prompts' directions as dots with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from hansard_bias.report.comparisons import comparisons
from hansard_bias.report.figures import figure
from hansard_bias.report.figures.style import GREY, HALO, INK, SERIES, Figure, series_colour
from hansard_bias.report.formats import decimal, estimate, significant, title
from hansard_bias.report.results import Results
from hansard_bias.statistics.intervals import Interval

LABEL_LIMIT = 150
LADDERS = ((1, 2, 5), (1, 3), (1,))
"""Ticks of a logarithmic axis within one power of ten, the densest first."""
MOST_TICKS = 6
CAPTION = (
    "Dots are estimates, bars their {confidence} intervals; the dashed line is where there would be no difference. An "
    "interval that crosses the line is no finding."
)

Form = Callable[[float], str]


@dataclass(frozen=True)
class Row:
    """One line of an interval plot; `|` in the label breaks it."""

    label: str
    interval: Interval
    colour: str


def ratio_figure(results: Results) -> list[Figure]:
    """Bias ratios with intervals."""
    rows = [
        Row(_row_label(results, model), ratio, series_colour(results, model))
        for model in results.config.models
        if (ratio := results.measures(model).bias_ratio) is not None
    ]
    return _intervals(rows, "Bias ratio", "highest over lowest perplexity", 1.0, significant)


def excess_figure(results: Results) -> list[Figure]:
    """Excess of the models from outside, as a factor."""
    rows = [
        Row(f"{_row_label(results, c.model)}|on {title(c.corpus)}", c.factor, series_colour(results, c.model))
        for c in comparisons(results)
    ]
    for model in results.config.models:
        if not results.config.models[model].is_single:
            rows += _mixture_rows(results, model)
    return _intervals(rows, "Excess", "times as many equally likely words", 1.0, significant)


def _mixture_rows(results: Results, model: str) -> list[Row]:
    label, colour = _row_label(results, model), series_colour(results, model)
    return [
        Row(f"{label}|on {title(corpus)}", excess.map(math.exp), colour)
        for corpus in results.config.corpora
        if (excess := results.excess(model, corpus)) is not None
    ]


def tilt_figure(results: Results) -> list[Figure]:
    """Tilt of the mixtures; the arrows say to whom it leans."""
    rows = []
    for model, spec in results.config.models.items():
        tilt = results.measures(model).tilt
        if tilt is not None:
            first, second = (title(corpus) for corpus in spec.mixture)
            label = f"{_row_label(results, model)}|\u2190 {first}|{second} \u2192"
            rows.append(Row(label, tilt, series_colour(results, model)))
    return _intervals(rows, "Tilt", "nats per token", 0.0)


@figure("effects", section="effects", title="Effects", caption=CAPTION, order=40, columns=1, scales=("y",))
def effect_figures(results: Results) -> list[Figure]:
    """Excess, bias ratio and tilt, as far as the run has them."""
    return [*excess_figure(results), *ratio_figure(results), *tilt_figure(results)]


@figure("rates", section="", title="Cultural bias rate", order=90)
def rate_figure(results: Results) -> list[Figure]:
    """Share of prompts with a preference, by model and direction."""
    rows = []
    groups = results.bias.probes.groups
    for model in results.config.models:
        rate = results.measures(model).cultural_bias_rate
        sides = [(groups.first, rate.first), (groups.second, rate.second)] if rate else []
        for (group, found), colour in zip(sides, SERIES, strict=False):
            label = f"{_row_label(results, model)}|{group.label}"
            rows.append(Row(label, found.rate.map(lambda share: 100 * share), colour))
    return _intervals(
        rows, "Prompts that show a preference", "per cent of the prompts", None, lambda share: decimal(share, 0)
    )


def _row_label(results: Results, model: str) -> str:
    return f"{results.config.models[model].label} {title(model)}"


def _intervals(
    rows: Sequence[Row], name: str, unit: str, reference: float | None, form: Form = decimal
) -> list[Figure]:
    """Dots with their intervals, one row each, the numbers above; a dashed line where there would be no effect."""
    if not rows:
        return []
    values = [_interval_record(row, form) for row in rows]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=_interval_axis(rows), color=alt.Color("colour:N", scale=None)
    )
    x = _value_axis([row.interval for row in rows], unit, reference)
    layers = [
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=3, opacity=0.6)
        .encode(x="low:Q", x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=x),
    ]
    if reference is not None:
        line = alt.Chart(alt.InlineData(values=[{"value": reference}]))
        layers.insert(0, line.mark_rule(strokeDash=[4, 3], color=GREY).encode(x=x))
    text = base.encode(x=alt.value(0), text="text:N")
    place: dict[str, Any] = {"dy": -14, "fontSize": 11, "align": "left"}
    layers.append(text.mark_text(stroke=HALO, strokeWidth=5, strokeJoin="round", **place).encode(color=alt.value(HALO)))
    layers.append(text.mark_text(**place).encode(color=alt.value(INK)))
    chart = alt.layer(*layers).properties(width=190, height=alt.Step(46), title=name)
    spoken = "; ".join(f"{row.label.replace('|', ', ')}: {_spoken(row.interval)}" for row in rows)
    return [Figure(chart, f"{name}, {unit}. {spoken}.")]


def _value_axis(intervals: Sequence[Interval], unit: str, reference: float | None) -> alt.X:
    """Ratios on a logarithmic axis where they spread over powers of ten, all else on a plain one."""
    bounds = [bound for each in intervals for bound in (each.value, each.low, each.high) if bound is not None]
    low, high = min(bounds), max(bounds)
    ticks = log_ticks(min(low, 1.0), max(high, 1.0)) if reference == 1.0 and low > 0 else []
    if len(ticks) < 3:
        plain = alt.Scale(zero=False, nice=True)
        return alt.X(
            "value:Q", title=unit, scale=plain, axis=alt.Axis(tickCount=4, labelFlush=False, labelOverlap=True)
        )
    scale = alt.Scale(type="log", domain=[min(low, 1.0) / 1.15, max(high, 1.0) * 1.15], nice=False)
    return alt.X("value:Q", title=unit, scale=scale, axis=alt.Axis(values=ticks, labelFlush=False, format="~g"))


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between the bounds, at most six."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for ladder in LADDERS:
        found = [step * 10.0**power for power in powers for step in ladder if low <= step * 10.0**power <= high]
        if len(found) <= MOST_TICKS:
            break
    return found


def _interval_axis(rows: Sequence[Row]) -> alt.Y:
    """Room for the longest line at the width of a broad font: the reader's browser chooses the font."""
    longest = max(len(line) for row in rows for line in row.label.split("|"))
    extent = min(7.4 * longest, LABEL_LIMIT) + 10
    axis = alt.Axis(
        labelExpr="split(datum.label, '|')",
        ticks=False,
        domain=False,
        labelLimit=LABEL_LIMIT - 14,
        labelPadding=8,
        minExtent=extent,
    )
    return alt.Y("label:N", sort=None, title=None, axis=axis)


def _interval_record(row: Row, form: Form) -> dict[str, object]:
    interval = row.interval
    return {
        "label": row.label,
        "value": interval.value,
        "low": interval.low,
        "high": interval.high,
        "text": estimate(interval, form),
        "colour": row.colour,
    }


def _spoken(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return f"{decimal(interval.value)}, no interval"
    return f"{decimal(interval.value)}, interval {decimal(interval.low)} to {decimal(interval.high)}"
