"""What all figures share: colours, and their way from a Vega-Lite chart to SVG and PNG, without browser or network.

On the page a figure has no background and its ink is `currentColor`, so that it follows the page into the dark;
its other colours have a counterpart for dark paper, which the page's style sheet puts in their place. As a file it
stands on white. Series colours keep a contrast of at least 3:1 on their paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import altair as alt

from hansard_bias.report.results import Results

INK = "#1b1f24"
GREY = "#767c85"
HALO = "#fefefe"
"""Around text that lines may cross: the colour of the card behind it."""
SERIES = ("#2f6fb3", "#b85f14", "#23806a", "#8d5bbd", "#b04765", "#73751f")
SERIES_IN_THE_DARK = ("#7db4ec", "#eda25c", "#63c7ad", "#c4a0ec", "#ec8fa9", "#c3c566")
DARK = dict(zip(SERIES, SERIES_IN_THE_DARK, strict=True)) | {GREY: "#8b939e", HALO: "var(--card)"}
"""Every colour of a figure by its counterpart on dark paper."""
# Digits of pixels that nobody sees, but that make half of a page.
LONG = re.compile(r"-?\d+\.\d{3,}")
# 240 dots an inch where the SVG has 96: sharp in print.
PNG_SCALE = 2.5


@dataclass(frozen=True)
class Figure:
    """A chart and what it shows in words."""

    chart: Any
    label: str
    dark: Mapping[str, str] = field(default_factory=lambda: DARK)
    """Colours that change in the dark, by their counterpart."""


def inline_svg(figure: Figure, file: str = "") -> str:
    """The figure for the page: ink follows the text colour, width follows the page, one accessible image, no ids.

    `file` is the figure as a file, where it is drawn already: drawing takes most of the page's time.
    """
    svg = (file or file_svg(figure.chart)).replace('fill="white"', 'fill="transparent"', 1)
    # Black ink on dark paper would be invisible.
    svg = svg.replace(f'"{INK}"', '"currentColor"')
    # What is inside one image is not announced on its own.
    svg = re.sub(r' (?:role|class|aria-[a-z]+)="[^"]*"', "", svg)
    # Two decimals of a pixel are enough; numbers in texts are left alone.
    svg = re.sub(r'"[^"<>]*"', lambda value: LONG.sub(lambda match: f"{float(match[0]):.2f}", value[0]), svg)
    width = re.search(r'width="([\d.]+)"', svg)
    style = f'style="--width: {round(float(width[1]))}px" ' if width else ""
    return svg.replace("<svg ", f'<svg role="img" {style}aria-label="{escape(figure.label, quote=True)}" ', 1)


def file_svg(chart: Any) -> str:
    """A chart as an SVG file on white."""
    buffer = io.StringIO()
    _themed(chart).save(buffer, format="svg")
    return buffer.getvalue()


def png(svg: str) -> bytes:
    """An SVG file's picture in few colours: as sharp as with all of them, and a fifth of the size."""
    # Only the PNG files need these two, and they take their time to load.
    import vl_convert
    from PIL import Image

    picture = Image.open(io.BytesIO(vl_convert.svg_to_png(svg, scale=PNG_SCALE))).convert("RGB")
    buffer = io.BytesIO()
    # Without dithering: flat areas stay flat, and compress.
    picture.quantize(128, dither=Image.Dither.NONE).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def dark_rules(figures: list[Figure]) -> str:
    """Style rules that put the colours for dark paper into all figures."""
    colours = {light: dark for figure in figures for light, dark in figure.dark.items()}
    rule = '.panel [{0}="{1}"] {{ {0}: {2}; }}'
    return "\n".join(rule.format(kind, *pair) for pair in colours.items() for kind in ("fill", "stroke"))


def _themed(chart: Any) -> Any:
    ink: dict[str, Any] = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
    lines: dict[str, Any] = {"domainColor": GREY, "tickColor": GREY, "gridColor": GREY, "gridOpacity": 0.25}
    # The last letters of the axes reach beyond the plot: room on the right.
    return chart.properties(background="white").configure(
        font="Helvetica, Arial, sans-serif",
        # The page names the whole image instead of every mark.
        aria=False,
        padding={"left": 6, "right": 18, "top": 4, "bottom": 4},
        axis=alt.AxisConfig(titleFontWeight="normal", **ink, **lines),
        view=alt.ViewConfig(stroke=None),
        title=alt.TitleConfig(color=INK, fontSize=13, anchor="start", fontWeight="bold"),
    )


def series_colour(results: Results, model: str) -> str:
    """The colour of a model, the same in every figure."""
    return SERIES[list(results.config.models).index(model) % len(SERIES)]


def luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
