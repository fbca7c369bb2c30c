"""All figures of the page, each drawn once for the page, and as SVG and PNG files for papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from hansard_bias.report.figures import calibration as figures_calibration
from hansard_bias.report.figures import curves as figures_curves
from hansard_bias.report.figures import effects as figures_effects
from hansard_bias.report.figures import matrix as figures_matrix
from hansard_bias.report.figures import planted as figures_planted
from hansard_bias.report.figures import registry as figures
from hansard_bias.report.figures import words as figures_words
from hansard_bias.report.figures.registry import Figure
from hansard_bias.report.results import Results


@dataclass(frozen=True)
class Drawn:
    """Figures that belong together on the page, and the name of their file."""

    name: str
    panels: tuple[Figure, ...]
    markup: tuple[Markup, ...]
    """The figures for the page: their texts were escaped when they were drawn."""
    file: str
    """All of them as one SVG file."""


def draw(results: Results) -> dict[str, Drawn]:
    """Every figure that this run has, by the name that the page uses."""
    # The tests check every chart against the schema of Vega-Lite; here it would cost a second.
    with debug_mode(False):
        return {drawn.name: drawn for drawn in _draw(results)}


def _draw(results: Results) -> Iterator[Drawn]:
    for measure, figure in figures_matrix.matrix_figures(results):
        # The perplexities are the matrix of the README and of dvc.yaml.
        yield _single("matrix" if measure.key == "perplexity" else measure.key, figure)
    groups = [
        ("effects", figures_effects.effect_figures, figures_effects.combined_effects),
        ("words", figures_words.word_figures, figures_words.combined_words),
        ("curves", figures_curves.curve_figures, figures_curves.combined_curves),
        ("planted", figures_planted.planted_figures, figures_planted.combined_planted),
        ("calibration", figures_calibration.dose_figures, figures_calibration.combined_doses),
    ]
    for name, panels, combined in groups:
        together = combined(results)
        if together is not None:
            found = panels(results)
            markup = tuple(Markup(figures.inline_svg(panel)) for panel in found)
            yield Drawn(name, tuple(found), markup, figures.file_svg(together))
    rates = figures_effects.rate_figure(results)
    if rates is not None:
        yield _single("rates", rates)


def _single(name: str, figure: Figure) -> Drawn:
    """A figure that is the same in the page and in its file is drawn once."""
    file = figures.file_svg(figure)
    return Drawn(name, (figure,), (Markup(figures.inline_svg(figure, file)),), file)


def figure_files(drawn: dict[str, Drawn]) -> dict[str, str | bytes]:
    """The files of all figures by name, each as SVG and as PNG."""
    files: dict[str, str | bytes] = {}
    for name, each in drawn.items():
        files |= {f"{name}.svg": each.file, f"{name}.png": figures.png(each.file)}
    return files


def page_figures(drawn: dict[str, Drawn]) -> dict[str, Any]:
    """What the template needs: the figures of every name, and the style rules for dark paper."""
    panels = [panel for each in drawn.values() for panel in each.panels]
    return {
        "figures": {name: each.markup for name, each in drawn.items()},
        "dark_rules": Markup(figures.dark_rules(panels)),
    }
