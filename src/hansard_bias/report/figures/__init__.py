"""The figures of the page: what is under `@figure` is drawn, filed and placed, without browser or network."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from hansard_bias.report import Registered
from hansard_bias.report.formats import percent
from hansard_bias.report.results import Results

# Ink, halo and grey of a figure as a file, which stands on white.
INK, HALO, GREY = "#1b1f24", "#fefefe", "#767c85"
# A contrast of at least 3:1 on either paper.
SERIES = ("#2f6fb3", "#b85f14", "#23806a", "#8d5bbd", "#b04765", "#73751f")
SERIES_IN_THE_DARK = ("#7db4ec", "#eda25c", "#63c7ad", "#c4a0ec", "#ec8fa9", "#c3c566")
# The style sheet of the page puts these in their place; ink follows the text and needs none.
DARK = dict(zip(SERIES, SERIES_IN_THE_DARK, strict=True)) | {GREY: "#8b939e", HALO: "var(--card)"}
# Digits of pixels that nobody sees, but that make half of a page.
LONG = re.compile(r"-?\d+\.\d{3,}")
# The order of a row's values by their field `place`. A list of words would do, but for "if", on which Vega-Lite stops.
IN_PLACE = alt.EncodingSortField(field="place", op="min")
# 240 dots an inch where the SVG has 96: sharp in print.
PNG_SCALE = 2.5


@dataclass(frozen=True)
class Figure:
    """A chart, what it shows in words, and its colours by their counterparts on dark paper."""

    chart: Any
    label: str
    dark: Mapping[str, str] = field(default_factory=lambda: DARK)


@dataclass(frozen=True)
class RegisteredFigure(Registered, kind="figures"):
    """A figure in one panel or several, none where there is nothing to draw; `{confidence}` may stand in captions."""

    title: str = ""
    caption: str = ""
    # Of the panels in the file; 0 where there is one panel only, which the page and the file share.
    columns: int = 0
    # Encodings whose scale every panel of the file has to itself.
    scales: tuple[str, ...] = ()


figure = RegisteredFigure


@dataclass(frozen=True)
class Drawn:
    """A figure as the page and its file need it: panels as markup, and all of them as one SVG file."""

    about: RegisteredFigure
    caption: str
    panels: Sequence[Figure]
    markup: tuple[Markup, ...]
    file: str


def draw(results: Results) -> dict[str, Drawn]:
    """Every figure that this run has, by name, in the order of the page's dark rules."""
    confidence = percent(results.bias.uncertainty.confidence)
    # The tests check every chart against the schema of Vega-Lite; here it would cost a second.
    with debug_mode(False):
        return {each.name: _draw(each, panels, confidence) for each, panels in figure.made(results) if panels}


def _draw(about: RegisteredFigure, panels: Sequence[Figure], confidence: str) -> Drawn:
    # What is the same in the page and in its file is drawn once, because drawing takes most of the page's time.
    file = "" if about.columns else file_svg(panels[0].chart)
    # Their texts were escaped when they were drawn.
    markup = tuple(Markup(inline_svg(panel, file)) for panel in panels)
    # Vega numbers its clips over all it draws, so the order stays: panels first.
    file = file or file_svg(_together(about, panels))
    return Drawn(about, about.caption.format(confidence=confidence), panels, markup, file)


def _together(about: RegisteredFigure, panels: Sequence[Figure]) -> Any:
    """All panels as one chart."""
    if not about.columns:
        return panels[0].chart
    together: Any = alt.concat(*(panel.chart for panel in panels), columns=about.columns)
    return together.resolve_scale(**dict.fromkeys(about.scales, "independent"))


def charts(results: Results) -> dict[str, Callable[[], Any]]:
    """By name, what draws each figure as one chart, or None where the study has nothing for it to show."""

    def drawn(about: RegisteredFigure, make: Callable[[Results], list[Figure]]) -> Any:
        panels = make(results)
        return themed(_together(about, panels)) if panels else None

    return {about.name: partial(drawn, about, make) for about, make in figure.every()}


def figure_files(drawn: Mapping[str, Drawn]) -> dict[str, str | bytes]:
    """The files of all figures by name, each as SVG and as PNG."""
    made = ((name, each.file) for name, each in drawn.items())
    return {f"{name}.{kind}": form(svg) for name, svg in made for kind, form in (("svg", str), ("png", png))}


def inline_svg(figure: Figure, file: str = "") -> str:
    """The figure for the page, one accessible image without ids; `file` is the same as a file, where it is drawn."""
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
    themed(chart).save(buffer, format="svg")
    return buffer.getvalue()


def themed(chart: Any) -> Any:
    """A chart in the report's type and colours, on white."""
    ink: dict[str, Any] = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
    lines: dict[str, Any] = {"domainColor": GREY, "tickColor": GREY, "gridColor": GREY, "gridOpacity": 0.25}
    return chart.properties(background="white").configure(
        font="Helvetica, Arial, sans-serif",
        # The page names the whole image instead of every mark.
        aria=False,
        # The last letters of the axes reach beyond the plot: room on the right.
        padding={"left": 6, "right": 18, "top": 4, "bottom": 4},
        axis=alt.AxisConfig(titleFontWeight="normal", **ink, **lines),
        view=alt.ViewConfig(stroke=None),
        title=alt.TitleConfig(color=INK, fontSize=13, anchor="start", fontWeight="bold"),
    )


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


def dark_rules(figures: Iterable[Figure]) -> str:
    """Style rules that put the colours for dark paper into all figures."""
    colours = {light: dark for figure in figures for light, dark in figure.dark.items()}
    rule = '.panel [{0}="{1}"] {{ {0}: {2}; }}'
    return "\n".join(rule.format(kind, *pair) for pair in colours.items() for kind in ("fill", "stroke"))


def series_colour(results: Results, model: str) -> str:
    """The colour of a model, the same in every figure."""
    return SERIES[list(results.config.models).index(model) % len(SERIES)]


def chart_of(values: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """An empty chart of some rows, which stand inside it: nothing is loaded."""
    return alt.Chart(alt.InlineData(values=values))


def luminance(colour: tuple[int, ...]) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
