"""The figures of the page: what is under `@figure` is drawn, filed and placed; there is no list to add it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import altair as alt
from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from hansard_bias.report import discover
from hansard_bias.report.figures.style import Figure, dark_rules, file_svg, inline_svg, png
from hansard_bias.report.formats import percent
from hansard_bias.report.results import Results

Make = TypeVar("Make", bound=Callable[[Results], Sequence[Figure]])


@dataclass(frozen=True)
class Registered:
    """A figure that the page may show, of one panel or several."""

    name: str
    """Of its files; also the template's key."""
    section: str
    """The section of the page that shows it; in its own words, or where the section's figures go."""
    title: str
    caption: str
    """Below the figure; `{confidence}` is the level of its intervals."""
    order: int
    columns: int
    """Of the panels in the file; 0 where there is one panel only, which the page and the file share."""
    scales: tuple[str, ...]
    """Encodings whose scale every panel of the file has to itself."""
    make: Callable[[Results], Sequence[Figure]]
    """The panels; none where the run has nothing to draw."""


@dataclass(frozen=True)
class Drawn:
    """A figure as the page and its file need it."""

    name: str
    section: str
    title: str
    caption: str
    panels: tuple[Figure, ...]
    markup: tuple[Markup, ...]
    """The panels for the page: their texts were escaped when they were drawn."""
    file: str
    """All of them as one SVG file."""


_FIGURES: dict[str, Registered] = {}


def figure(
    name: str,
    *,
    section: str,
    title: str,
    order: int,
    caption: str = "",
    columns: int = 0,
    scales: tuple[str, ...] = (),
) -> Callable[[Make], Make]:
    """Register what draws a figure; see `Registered` for the arguments."""

    def register(make: Make) -> Make:
        assert name not in _FIGURES, f"two figures {name}"
        _FIGURES[name] = Registered(name, section, title, caption, order, columns, scales, make)
        return make

    return register


def draw(results: Results) -> dict[str, Drawn]:
    """Every figure that this run has, by name, in the order of the page's dark rules."""
    discover()
    # The tests check every chart against the schema of Vega-Lite; here it would cost a second.
    with debug_mode(False):
        found = [(each, tuple(each.make(results))) for each in sorted(_FIGURES.values(), key=lambda each: each.order)]
        return {each.name: _draw(each, panels, results) for each, panels in found if panels}


def _draw(each: Registered, panels: tuple[Figure, ...], results: Results) -> Drawn:
    # Vega numbers its clips over all it draws, so the order stays: panels first. What is the same in the page and in
    # its file is drawn once, because drawing takes most of the page's time.
    shared = "" if each.columns else file_svg(panels[0].chart)
    markup = tuple(Markup(inline_svg(panel, shared)) for panel in panels)
    file = shared or file_svg(together(panels, each.columns, each.scales))
    caption = each.caption.format(confidence=percent(results.bias.uncertainty.confidence))
    return Drawn(each.name, each.section, each.title, caption, panels, markup, file)


def together(panels: Sequence[Figure], columns: int, scales: Sequence[str] = ()) -> Any:
    """All panels in one chart, for a file."""
    if not columns:
        return panels[0].chart
    chart: Any = alt.concat(*(panel.chart for panel in panels), columns=columns)
    return chart.resolve_scale(**dict.fromkeys(scales, "independent")) if scales else chart


def figure_files(drawn: Mapping[str, Drawn]) -> dict[str, str | bytes]:
    """The files of all figures by name, each as SVG and as PNG."""
    files: dict[str, str | bytes] = {}
    for name, each in drawn.items():
        files |= {f"{name}.svg": each.file, f"{name}.png": png(each.file)}
    return files


def page_rules(drawn: Mapping[str, Drawn]) -> Markup:
    """The style rules that put the figures of a page onto dark paper."""
    return Markup(dark_rules([panel for each in drawn.values() for panel in each.panels]))
