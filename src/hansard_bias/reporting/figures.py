"""The figures, as Vega-Lite charts rendered to SVG without a browser or a network.

On the page a figure has no background and its ink is `currentColor`, so that it follows the page into the dark;
as a file it stands on white. Series colours keep a contrast of at least 3:1 on both.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from html import escape
from typing import Any

import altair as alt

from hansard_bias.reporting.formats import DASH, model_name, significant, title
from hansard_bias.reporting.results import Interval, Results

INK = "#1b1f24"
GREY = "#767c85"
SERIES = ("#3a7bbf", "#c46a1b", "#2a8f72", "#9867c5", "#b8506f", "#7d7f2a")
PALE, DEEP = (222, 234, 246), (22, 62, 120)


@dataclass(frozen=True)
class Figure:
    """A chart and what it shows in words."""

    chart: Any
    label: str


def inline_svg(figure: Figure) -> str:
    """The figure for the page: ink follows the text colour, one accessible image, no ids."""
    svg = _svg(figure.chart, "transparent").replace(f'"{INK}"', '"currentColor"')
    svg = re.sub(r"-?\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(figure.label, quote=True)}" ', 1)


def file_svg(figure: Figure) -> str:
    """The figure as an SVG file on white."""
    return _svg(figure.chart, "white")


def file_png(figure: Figure) -> bytes:
    """The figure as a PNG file on white, twice its nominal size."""
    buffer = io.BytesIO()
    _themed(figure.chart, "white").save(buffer, format="png", scale_factor=2)
    return buffer.getvalue()


def _svg(chart: Any, background: str) -> str:
    buffer = io.StringIO()
    _themed(chart, background).save(buffer, format="svg")
    return buffer.getvalue()


def _themed(chart: Any, background: str) -> Any:
    ink: dict[str, Any] = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    lines: dict[str, Any] = {"domainColor": GREY, "tickColor": GREY, "gridColor": GREY, "gridOpacity": 0.25}
    return chart.properties(background=background).configure(
        font="Helvetica, Arial, sans-serif",
        aria=False,
        padding={"left": 6, "right": 18, "top": 4, "bottom": 4},
        axis=alt.AxisConfig(**ink, **lines),
        view=alt.ViewConfig(stroke=None),
        title=alt.TitleConfig(color=INK, fontSize=13, anchor="start", fontWeight="bold"),
    )


def matrix_figure(results: Results) -> Figure:
    """Heatmap of the perplexities on a logarithmic colour scale, value and interval in every cell."""
    values = [cell for row in results.matrix.values() for cell in row.values()]
    low, high = min(values), max(max(values), 1.5 * min(values))
    cells = [_heat_cell(results, m, c, low, high) for m in results.config.models for c in results.config.columns()]
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=alt.X("column:N", sort=None, title="reads the debates of", axis=_heat_axis(78, orient="top", titlePadding=8)),
        y=alt.Y("model:N", sort=None, title=None, axis=_heat_axis(96)),
    )
    colour = alt.Color("colour:N", scale=None)
    tiles = base.mark_rect(cornerRadius=4).encode(color=colour)
    ink = alt.Color("ink:N", scale=None)
    numbers = base.mark_text(fontSize=17, fontWeight="bold", dy=-14).encode(text="value:N", color=ink)
    bounds = base.mark_text(fontSize=11, dy=5).encode(text="bounds:N", color=ink)
    home = base.mark_text(fontSize=10.5, fontStyle="italic", dy=21).encode(text="home:N", color=ink)
    chart = (tiles + numbers + bounds + home).properties(width=alt.Step(84), height=alt.Step(70))
    return Figure(chart, _matrix_label(results))


def _heat_axis(limit: int, **options: Any) -> alt.Axis:
    lines = "split(datum.label, '|')"
    style: dict[str, Any] = {"domain": False, "ticks": False, "labelAngle": 0, "labelPadding": 6, "labelLimit": limit}
    return alt.Axis(labelExpr=lines, **style, **options)


def _heat_cell(results: Results, model: str, column: str, low: float, high: float) -> dict[str, object]:
    perplexity = results.perplexity(model, column)
    config = results.config
    share = math.log(perplexity.value / low) / math.log(high / low)
    colour, ink = heat_colours(share)
    return {
        "model": f"{config.models[model].label}|{title(model)}",
        "column": title(column),
        "value": significant(perplexity.value),
        "bounds": _short_span(perplexity),
        "colour": colour,
        "ink": ink,
        "home": "own debates" if config.own_model(column) == model else "",
    }


def heat_colours(share: float) -> tuple[str, str]:
    """Colour of a tile for a share of 0 to 1 between pale and deep, and the text colour that contrasts with it."""
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(PALE, DEEP, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}", "#000000" if luminance((red, green, blue)) > 0.179 else "#ffffff"


def luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _short_span(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return "no interval"
    return f"{significant(interval.low)}{DASH}{significant(interval.high)}"


def _matrix_label(results: Results) -> str:
    config = results.config
    rows = [
        f"model {model_name(config, m)}: "
        + ", ".join(f"{significant(results.matrix[m][c])} on {title(c)}" for c in config.columns())
        for m in config.models
    ]
    return f"Heatmap of perplexities. {'; '.join(rows)}."


def series_colour(results: Results, model: str) -> str:
    """The colour of a model, the same in every figure."""
    return SERIES[list(results.config.models).index(model) % len(SERIES)]
