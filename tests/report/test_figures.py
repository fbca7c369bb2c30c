from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.params import Config
from hansard_bias.report.figures import curves as figures_curves
from hansard_bias.report.figures import effects as figures_effects
from hansard_bias.report.figures import matrix as figures_matrix
from hansard_bias.report.figures import registry as figures
from hansard_bias.report.results import Results

SVG = "{http://www.w3.org/2000/svg}"


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours such as #1b1f24 (WCAG 2.2)."""
    parts = [tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)) for colour in (first, second)]
    low, high = sorted(figures.luminance((r, g, b)) for r, g, b in parts)
    return (high + 0.05) / (low + 0.05)


def matrix(results: Results) -> figures.Figure:
    return figures_matrix.matrix_figures(results)[0][1]


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_luminance_of_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the textbook case just below 4.5


@pytest.mark.parametrize(("paper", "dark"), [("#ffffff", False), ("#1a1e25", True)])
def test_series_can_be_told_from_light_and_dark_paper(paper: str, dark: bool) -> None:
    for colour in (*figures.SERIES, figures.GREY):
        assert contrast(figures.DARK[colour] if dark else colour, paper) >= 3


def test_every_colour_of_a_figure_has_its_rule_for_dark_paper(load: Callable[..., Results]) -> None:
    figure = matrix(load())
    rules = figures.dark_rules([figure])
    fills = set(re.findall(r'fill="(#[0-9a-f]{6})"', figures.inline_svg(figure)))
    assert len(fills) > 4 and all(f'[fill="{colour}"]' in rules for colour in fills)


def test_numbers_in_texts_keep_their_digits(load: Callable[..., Results]) -> None:
    bits = figures_matrix.matrix_figures(load())[1][1]
    assert "1.025" in texts(figures.inline_svg(bits))


def test_on_the_page_the_ink_is_the_text_colour_and_the_figure_is_one_image(load: Callable[..., Results]) -> None:
    figure = matrix(load())
    svg = figures.inline_svg(figure)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and "24.0 on Nunavut" in str(root.get("aria-label"))
    assert figures.INK not in svg and "currentColor" in svg and " id=" not in svg
    assert svg.count("role=") == svg.count("aria-") == 1, "what is inside one image is not announced on its own"
    assert figures.INK in figures.file_svg(figure)


def test_files_are_svg_on_white_and_png(load: Callable[..., Results]) -> None:
    figure = matrix(load())
    assert 'fill="white"' in figures.file_svg(figure) and 'fill="white"' not in figures.inline_svg(figure)
    drawn = figures.png(figures.file_svg(figure))
    assert drawn.startswith(b"\x89PNG") and len(drawn) < 60_000


def test_effects_draw_an_interval_only_where_there_is_one(load: Callable[..., Results]) -> None:
    drawn = {}
    for half in (0.1, None):
        figure = figures_effects.excess_figure(load(half=half))
        assert figure is not None
        drawn[half] = figures.file_svg(figure).count('stroke-width="3"')
        assert ("no interval" in figure.label) == (half is None)
    assert drawn == {0.1: 4, None: 0}


def test_a_single_corpus_has_no_effects(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    results = load(of=configure({"nunavut": "A"}, {"nunavut": ("A", {"nunavut": 1.0})}, (1,)))
    assert figures_effects.effect_figures(results) == [] and figures_effects.combined_effects(results) is None


def test_markup_in_a_label_is_escaped(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    label = '<script>"&'
    results = load(of=configure({"nunavut": "A"}, {"nunavut": (label, {"nunavut": 1.0})}, (1,)))
    svg = figures.inline_svg(matrix(results))
    assert "<script" not in svg and label in str(ElementTree.fromstring(svg).get("aria-label"))


def test_one_panel_of_curves_a_model_on_common_axes(load: Callable[..., Results]) -> None:
    found = figures_curves.curve_figures(load())
    assert len(found) == 3 and "3 seeds" in found[0].label
    domains = {str(figure.chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]) for figure in found}
    assert len(domains) == 1


def test_no_curves_no_figure(load: Callable[..., Results]) -> None:
    results = load()
    bare = replace(results, runs=tuple(replace(run, curve=()) for run in results.runs))
    assert figures_curves.curve_figures(bare) == [] and figures_curves.combined_curves(bare) is None


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=700))
def test_thinning_keeps_the_mean_and_the_order(values: list[float]) -> None:
    thinned = figures_curves.thin([(float(place), value) for place, value in enumerate(values)], most=50)
    assert len(thinned) == min(len(values), 50)
    assert [x for x, _ in thinned] == sorted(x for x, _ in thinned)
    if len(values) % len(thinned) == 0:
        assert sum(y for _, y in thinned) / len(thinned) == pytest.approx(sum(values) / len(values), abs=1e-9)
