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
    """A figure that the page may show; `@figure("name", section=...)` above what makes its panels."""

    name: str
    """Of its files; also the template's key."""
    section: str
    """The section of the page that shows it; empty where the template has words of its own around it."""
    title: str
    order: int
    """Of drawing, and within a section."""
    caption: str = ""
    """Below the figure; `{confidence}` is the level of its intervals."""
    columns: int = 0
    """Of the panels in the file; 0 where there is one panel only, which the page and the file share."""
    scales: tuple[str, ...] = ()
    """Encodings whose scale every panel of the file has to itself."""

    def __call__(self, make: Make) -> Make:
        """Register the function: it returns the panels, none where the run has nothing to draw."""
        assert self.name not in _FIGURES, f"two figures {self.name}"
        _FIGURES[self.name] = self, make
        return make


figure = Registered
_FIGURES: dict[str, tuple[Registered, Callable[[Results], Sequence[Figure]]]] = {}


@dataclass(frozen=True)
class Drawn:
    """A figure as the page and its file need it."""

    about: Registered
    caption: str
    panels: tuple[Figure, ...]
    markup: tuple[Markup, ...]
    """The panels for the page: their texts were escaped when they were drawn."""
    file: str
    """All of them as one SVG file."""


def draw(results: Results) -> dict[str, Drawn]:
    """Every figure that this run has, by name, in the order of the page's dark rules."""
    discover()
    # The tests check every chart against the schema of Vega-Lite; here it would cost a second.
    with debug_mode(False):
        made = [(each, tuple(make(results))) for each, make in sorted(_FIGURES.values(), key=lambda f: f[0].order)]
        return {each.name: _draw(each, panels, results) for each, panels in made if panels}


def _draw(about: Registered, panels: tuple[Figure, ...], results: Results) -> Drawn:
    # Vega numbers its clips over all it draws, so the order stays: panels first. What is the same in the page and in
    # its file is drawn once, because drawing takes most of the page's time.
    shared = "" if about.columns else file_svg(panels[0].chart)
    markup = tuple(Markup(inline_svg(panel, shared)) for panel in panels)
    file = shared or file_svg(_together(panels, about))
    caption = about.caption.format(confidence=percent(results.bias.uncertainty.confidence))
    return Drawn(about, caption, panels, markup, file)


def _together(panels: Sequence[Figure], about: Registered) -> Any:
    chart: Any = alt.concat(*(panel.chart for panel in panels), columns=about.columns)
    return chart.resolve_scale(**dict.fromkeys(about.scales, "independent")) if about.scales else chart


def figure_files(drawn: Mapping[str, Drawn]) -> dict[str, str | bytes]:
    """The files of all figures by name, each as SVG and as PNG."""
    made = ((name, each.file) for name, each in drawn.items())
    return {f"{name}.{kind}": form(svg) for name, svg in made for kind, form in (("svg", str), ("png", png))}


def page_rules(drawn: Mapping[str, Drawn]) -> Markup:
    """The style rules that put the figures of a page onto dark paper."""
    return Markup(dark_rules([panel for each in drawn.values() for panel in each.panels]))
