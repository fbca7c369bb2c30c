"""All figures of the page, each drawn once for the page, and as SVG and PNG files for papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from hansard_bias.reporting import (
    figures,
    figures_calibration,
    figures_curves,
    figures_effects,
    figures_matrix,
    figures_words,
)
from hansard_bias.reporting.figures import Figure
from hansard_bias.reporting.results import Results


@dataclass(frozen=True)
class Drawn:
    """Figures that belong together on the page, and the name of their file."""

    name: str
    panels: tuple[Figure, ...]
    file: Figure | None

    @property
    def markup(self) -> list[Markup]:
        """The figures as markup: their texts were escaped when they were drawn."""
        return [Markup(figures.inline_svg(panel)) for panel in self.panels]


def draw(results: Results) -> dict[str, Drawn]:
    """Every figure that this run has, by the name that the page uses."""
    found = [_drawn(measure.key, [figure], figure) for measure, figure in figures_matrix.matrix_figures(results)]
    groups = [
        ("effects", figures_effects.effect_figures, figures_effects.combined_effects),
        ("words", figures_words.word_figures, figures_words.combined_words),
        ("curves", figures_curves.curve_figures, figures_curves.combined_curves),
        ("calibration", figures_calibration.dose_figures, figures_calibration.combined_doses),
    ]
    found += [_drawn(name, panels(results), combined(results)) for name, panels, combined in groups]
    rates = figures_effects.rate_figure(results)
    found.append(_drawn("rates", [rates] if rates else [], rates))
    return {drawn.name: drawn for drawn in found if drawn.panels}


def _drawn(name: str, panels: list[Figure], file: Figure | None) -> Drawn:
    # The perplexities are the matrix of the README and of dvc.yaml.
    return Drawn("matrix" if name == "perplexity" else name, tuple(panels), file)


def figure_files(drawn: dict[str, Drawn]) -> dict[str, str | bytes]:
    """The files of all figures by name, each as SVG and as PNG."""
    files: dict[str, str | bytes] = {}
    for name, each in drawn.items():
        if each.file is not None:
            svg = figures.file_svg(each.file)
            files |= {f"{name}.svg": svg, f"{name}.png": figures.png(svg)}
    return files


def page_figures(drawn: dict[str, Drawn]) -> dict[str, Any]:
    """What the template needs: the figures of every name, and the style rules for dark paper."""
    panels = [panel for each in drawn.values() for panel in each.panels]
    return {
        "figures": {name: each.markup for name, each in drawn.items()},
        "dark_rules": Markup(figures.dark_rules(panels)),
    }
