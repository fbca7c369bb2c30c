from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.analysis.records import Interval
from hansard_bias.params import Config
from hansard_bias.report import figures
from hansard_bias.report.figures import effects as figures_effects
from hansard_bias.report.figures import matrix as figures_matrix
from hansard_bias.report.results import Results
from hansard_bias.report.tables import records

SVG = "{http://www.w3.org/2000/svg}"


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours such as #1b1f24 (WCAG 2.2)."""
    parts = [tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)) for colour in (first, second)]
    low, high = sorted(figures.luminance((r, g, b)) for r, g, b in parts)
    return (high + 0.05) / (low + 0.05)


def matrix(results: Results) -> figures.Figure:
    return figures_matrix.perplexity_figure(results)[0]


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
    (bits,) = figures_matrix.bits_figure(load())
    assert "1.025" in texts(figures.inline_svg(bits))


def test_on_the_page_the_ink_is_the_text_colour_and_the_figure_is_one_image(load: Callable[..., Results]) -> None:
    figure = matrix(load())
    svg = figures.inline_svg(figure)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and "24.0 on Nunavut" in str(root.get("aria-label"))
    assert figures.INK not in svg and "currentColor" in svg and " id=" not in svg
    assert svg.count("role=") == svg.count("aria-") == 1, "what is inside one image is not announced on its own"
    assert figures.INK in figures.file_svg(figure.chart)


def test_files_are_svg_on_white_and_png(load: Callable[..., Results]) -> None:
    figure = matrix(load())
    assert 'fill="white"' in figures.file_svg(figure.chart) and 'fill="white"' not in figures.inline_svg(figure)
    drawn = figures.png(figures.file_svg(figure.chart))
    assert drawn.startswith(b"\x89PNG") and len(drawn) < 60_000


def test_effects_draw_an_interval_only_where_there_is_one(load: Callable[..., Results]) -> None:
    drawn = {}
    for half in (0.1, None):
        (figure,) = figures_effects.excess_figure(load(half=half))
        drawn[half] = figures.file_svg(figure.chart).count('stroke-width="3"')
        assert ("no interval" in figure.label) == (half is None)
    assert drawn == {0.1: 4, None: 0}


def test_a_single_corpus_has_no_effects(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    results = load(of=configure({"nunavut": "A"}, {"nunavut": ("A", {"nunavut": 1.0})}, (1,)))
    assert figures_effects.effect_figures(results) == []


def test_markup_in_a_label_is_escaped(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    label = '<script>"&'
    results = load(of=configure({"nunavut": "A"}, {"nunavut": (label, {"nunavut": 1.0})}, (1,)))
    svg = figures.inline_svg(matrix(results))
    assert "<script" not in svg and label in str(ElementTree.fromstring(svg).get("aria-label"))


def test_one_panel_of_curves_a_model_on_common_axes(load: Callable[..., Results]) -> None:
    found = records.curve_figures(load())
    assert len(found) == 3 and "3 seeds" in found[0].label
    domains = {str(figure.chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]) for figure in found}
    assert len(domains) == 1


def test_no_curves_no_figure(load: Callable[..., Results]) -> None:
    results = load()
    bare = replace(results, runs=tuple(replace(run, curve=()) for run in results.runs))
    assert records.curve_figures(bare) == []


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=700))
def test_thinning_keeps_the_mean_and_the_order(values: list[float]) -> None:
    thinned = records.thin([(float(place), value) for place, value in enumerate(values)], most=50)
    assert len(thinned) == min(len(values), 50)
    assert [x for x, _ in thinned] == sorted(x for x, _ in thinned)
    if len(values) % len(thinned) == 0:
        assert sum(y for _, y in thinned) / len(thinned) == pytest.approx(sum(values) / len(values), abs=1e-9)


# The matrix.


def by_key(results: Results) -> dict[str, figures.Figure]:
    made = {
        "perplexity": figures_matrix.perplexity_figure(results),
        "bits_per_byte": figures_matrix.bits_figure(results),
        "excess": figures_matrix.excess_figure(results),
    }
    return {key: panels[0] for key, panels in made.items() if panels}


@given(st.floats(-1, 1))
def test_every_tile_can_be_read_on_light_and_dark_paper(share: float) -> None:
    tile = figures_matrix.tile(share)
    assert contrast(tile.fill, tile.ink) >= 4.5
    assert contrast(tile.dark_fill, tile.dark_ink) >= 4.5


def test_the_text_of_every_tile_is_told_apart() -> None:
    shares = [step / 11 for step in range(-11, 12) if step]
    tiles = [figures_matrix.tile(share) for share in shares]
    dark = {tile.ink: tile.dark_ink for tile in tiles}
    assert all(dark[tile.ink] == tile.dark_ink for tile in tiles) and len(dark) == len(tiles)


def test_the_heatmap_shows_values_intervals_and_homes(load: Callable[..., Results]) -> None:
    shown = texts(figures.file_svg(by_key(load())["perplexity"].chart))
    for text in ("24.0", "22.8–25.2", "Nunavut", "Canada", "Mixed"):
        assert text in shown
    assert shown.count("own debates") == 2


def test_the_excess_is_zero_at_home_and_a_factor_elsewhere(load: Callable[..., Results]) -> None:
    shown = texts(figures.file_svg(by_key(load())["excess"].chart))
    assert shown.count("0") == 2 and "+0.60" in shown and "+0.50 to +0.70" in shown
    assert "×1.82 words" in shown


def test_stronger_is_more_perplexing_on_a_logarithmic_scale(load: Callable[..., Results]) -> None:
    (cells,) = by_key(load())["perplexity"].chart.to_dict()["datasets"].values()
    colours = {cell["value"]: cell["colour"] for cell in cells}
    assert colours["24.0"] == figures_matrix.tile(0.0).fill
    assert max(colours, key=lambda value: contrast(colours[value], "#ffffff")) == "125"


def test_below_zero_has_a_hue_of_its_own(load: Callable[..., Results]) -> None:
    (cells,) = by_key(load(excess=-0.6))["excess"].chart.to_dict()["datasets"].values()
    assert {cell["colour"] for cell in cells if cell["value"] == "−0.72"} == {figures_matrix.tile(-1.0).fill}


def test_an_excess_without_an_own_model_is_left_open(load: Callable[..., Results]) -> None:
    results = load()
    bare = {key: replace(cell, excess_nats=None) for key, cell in results.cells.items()}
    assert "excess" not in by_key(replace(results, cells=bare))
    some = dict(results.cells) | {("nunavut", "canada"): bare["nunavut", "canada"]}
    assert "—" in texts(figures.file_svg(by_key(replace(results, cells=some))["excess"].chart))


@pytest.mark.parametrize("key", ["perplexity", "bits_per_byte", "excess"])
def test_without_an_interval_the_cell_says_so(load: Callable[..., Results], key: str) -> None:
    assert "no interval" in texts(figures.file_svg(by_key(load(half=None))[key].chart))


def test_a_new_figure_is_drawn_filed_and_placed_by_its_registration(
    load: Callable[..., Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    # All modules first: what they register while there is no other registry would be lost with it.
    figures.figure.made(load())
    monkeypatch.setattr(figures.figure, "makers", {})
    asked = figures.figure("new", section="effects", title="New", order=5, columns=2, caption="At {confidence}.")
    asked(figures_effects.ratio_figure)
    drawn = figures.draw(load())
    assert set(figures.figure_files(drawn)) == {"new.svg", "new.png"}
    assert (drawn["new"].about.section, drawn["new"].caption) == ("effects", "At 95\u00a0%.")
    with pytest.raises(AssertionError, match="two figures new"):
        asked(figures_effects.tilt_figure)


def test_a_label_that_means_something_to_the_drawing_program_is_drawn() -> None:
    rows = [("if", Interval(2.0, 1.0, 3.0), "#000000"), ("else", Interval(1.0, None, None), "#000000")]
    (drawn,) = figures_effects.interval_panel(rows, "Effect", "nats", 0.0)
    svg = figures.inline_svg(drawn)
    assert svg.index(">if<") < svg.index(">else<")
