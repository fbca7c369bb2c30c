"""Interval plots: bias ratio, excess, tilt and the prompts' directions as dots with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import altair as alt

from hansard_bias.analysis.records import Interval
from hansard_bias.report.comparisons import comparisons, tilts
from hansard_bias.report.figures import GREY, HALO, IN_PLACE, INK, SERIES, Figure, chart_of, figure, series_colour
from hansard_bias.report.formats import decimal, estimate, significant, span, title
from hansard_bias.report.results import Results

LABEL_LIMIT = 150
# Ticks of a logarithmic axis within one power of ten, the densest first.
LADDERS = ((1, 2, 5), (1, 3), (1,))
# More do not fit beside each other on a phone.
MOST_TICKS = 6
CAPTION = (
    "Dots are estimates, bars their {confidence} intervals; the dashed line is where there would be no difference. An "
    "interval that crosses the line is no finding."
)

# Label, in which `|` breaks the line, interval and colour.
Row = tuple[str, Interval, str]


def model_row(results: Results, model: str, interval: Interval, *lines: str, colour: str = "") -> Row:
    label = "|".join([f"{results.config.models[model].label} {title(model)}", *lines])
    return label, interval, colour or series_colour(results, model)


def ratio_figure(results: Results) -> list[Figure]:
    """Bias ratios with intervals."""
    rows = [model_row(results, model, ratio) for model, ratio in results.measured("bias_ratio").items()]
    return interval_panel(rows, "Bias ratio", "highest over lowest perplexity", 1.0, significant)


def excess_figure(results: Results) -> list[Figure]:
    """Excess of the models from outside, as a factor."""
    config = results.config
    rows = [model_row(results, c.model, c.factor, f"on {title(c.corpus)}") for c in comparisons(results)]
    # Mixtures have no part in the verdict, but the reader wants to see them beside it.
    mixtures = [(m, corpus) for m, spec in config.models.items() if not spec.is_single for corpus in config.corpora]
    found = [(model, corpus, results.excess(model, corpus)) for model, corpus in mixtures]
    rows += [model_row(results, m, size.map(math.exp), f"on {title(corpus)}") for m, corpus, size in found if size]
    return interval_panel(rows, "Excess", "times as many equally likely words", 1.0, significant)


def tilt_figure(results: Results) -> list[Figure]:
    """Tilt of the mixtures; the arrows say to whom it leans."""
    rows = []
    for model, tilt in tilts(results).items():
        first, second = map(title, results.config.models[model].mixture)
        rows.append(model_row(results, model, tilt, f"\u2190 {first}", f"{second} \u2192"))
    return interval_panel(rows, "Tilt, n-gram models", "nats per token", 0.0)


@figure("effects", section="effects", title="Effects", caption=CAPTION, order=40, columns=1, scales=("y",))
def effect_figures(results: Results) -> list[Figure]:
    """Excess, bias ratio and tilt, as far as the run has them."""
    return [*excess_figure(results), *ratio_figure(results), *tilt_figure(results)]


@figure("rates", section="", title="Cultural bias rate", order=90)
def rate_figure(results: Results) -> list[Figure]:
    """Share of prompts with a preference, by model and direction."""
    groups, rows = results.bias.probes.groups, []
    for model, rate in results.measured("cultural_bias_rate").items():
        # Here colour tells the groups apart, the same in every row; the label names the model.
        for group, found, colour in zip((groups.first, groups.second), (rate.first, rate.second), SERIES, strict=False):
            share = found.rate.map(lambda value: 100 * value)
            rows.append(model_row(results, model, share, group.label, colour=colour))
    whole = partial(decimal, digits=0)
    return interval_panel(rows, "Prompts that show a preference", "per cent of the prompts", None, whole)


def interval_panel(
    rows: Sequence[Row], name: str, unit: str, reference: float | None, form: Callable[[float], str] = decimal
) -> list[Figure]:
    """Dots with their intervals, one row each, the numbers above; a dashed line where there would be no effect."""
    if not rows:
        return []
    values = [
        {"place": place, "label": label, "text": estimate(interval, form), "colour": colour, **interval.as_dict()}
        for place, (label, interval, colour) in enumerate(rows)
    ]
    longest = max(len(line) for label, _, _ in rows for line in label.split("|"))
    # Room for pixels a letter at most at this size, in a broad font: the reader's browser chooses the font.
    style: dict[str, Any] = {"minExtent": min(7.4 * longest, LABEL_LIMIT) + 10, "labelLimit": LABEL_LIMIT - 14}
    axis = alt.Axis(labelExpr="split(datum.label, '|')", ticks=False, domain=False, labelPadding=8, **style)
    # In this order, whichever of them has no interval.
    y = alt.Y("label:N", sort=IN_PLACE, title=None, axis=axis)
    base = chart_of(values).encode(y=y, color=alt.Color("colour:N", scale=None))
    x = _value_axis([interval for _, interval, _ in rows], unit, reference)
    # A number without an interval is a dot alone.
    bar = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=3, opacity=0.6)
    layers = [bar.encode(x="low:Q", x2="high:Q"), base.mark_point(filled=True, size=80, opacity=1).encode(x=x)]
    if reference is not None:
        # Below everything else.
        layers.insert(0, chart_of([{"value": reference}]).mark_rule(strokeDash=[4, 3], color=GREY).encode(x=x))
    # The numbers stand above their row; a halo keeps them legible where the line of no effect crosses them.
    text = base.encode(x=alt.value(0), text="text:N")
    place: dict[str, Any] = {"dy": -14, "fontSize": 11, "align": "left"}
    layers.append(text.mark_text(stroke=HALO, strokeWidth=5, strokeJoin="round", **place).encode(color=alt.value(HALO)))
    layers.append(text.mark_text(**place).encode(color=alt.value(INK)))
    chart = alt.layer(*layers).properties(width=190, height=alt.Step(46), title=name)
    spoken = []
    for label, interval, _ in rows:
        bounds = f"{'interval ' if interval.known else ''}{span(interval, decimal)}"
        spoken.append(f"{label.replace('|', ', ')}: {decimal(interval.value)}, {bounds}")
    return [Figure(chart, f"{name}, {unit}. {'; '.join(spoken)}.")]


def _value_axis(intervals: Sequence[Interval], unit: str, reference: float | None) -> alt.X:
    """Ratios on a logarithmic axis where they spread over powers of ten, all else on a plain one."""
    bounds = [bound for each in intervals for bound in each.as_dict().values() if bound is not None]
    # The line of no effect belongs to the picture, even where all values lie on one side of it.
    low, high = min(*bounds, 1.0), max(*bounds, 1.0)
    ticks: list[float] = []
    if reference == 1.0 and low > 0:
        powers = [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
        rungs = ([step * power for power in powers for step in ladder] for ladder in LADDERS)
        found = [[tick for tick in rung if low <= tick <= high] for rung in rungs]
        ticks = next((each for each in found if len(each) <= MOST_TICKS), found[-1])
    # Two ticks do not show that an axis is logarithmic.
    if len(ticks) < 3:
        axis = alt.Axis(tickCount=4, labelFlush=False, labelOverlap=True)
        return alt.X("value:Q", title=unit, scale=alt.Scale(zero=False, nice=True), axis=axis)
    # A margin on either side, so that no dot sits on the frame.
    scale = alt.Scale(type="log", domain=[low / 1.15, high * 1.15], nice=False)
    return alt.X("value:Q", title=unit, scale=scale, axis=alt.Axis(values=ticks, labelFlush=False, format="~g"))
