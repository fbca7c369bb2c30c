from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.report.figures import matrix as figures_matrix
from hansard_bias.report.figures import registry as figures
from hansard_bias.report.figures.registry import Figure
from hansard_bias.report.results import Results

SVG = "{http://www.w3.org/2000/svg}"


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours such as #1b1f24 (WCAG 2.2)."""
    parts = [tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)) for colour in (first, second)]
    low, high = sorted(figures.luminance((r, g, b)) for r, g, b in parts)
    return (high + 0.05) / (low + 0.05)


def by_key(results: Results) -> dict[str, Figure]:
    return {measure.key: figure for measure, figure in figures_matrix.matrix_figures(results)}


def texts(figure: Figure) -> list[str]:
    root = ElementTree.fromstring(figures.file_svg(figure))
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


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
    shown = texts(by_key(load())["perplexity"])
    for text in ("24.0", "22.8–25.2", "Nunavut", "Canada", "Mixed"):
        assert text in shown
    assert shown.count("own debates") == 2


def test_the_excess_is_zero_at_home_and_a_factor_elsewhere(load: Callable[..., Results]) -> None:
    shown = texts(by_key(load())["excess"])
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
    bare = {key: {**cell, "excess_nats": None} for key, cell in results.cells.items()}
    assert "excess" not in by_key(replace(results, cells=bare))
    some = dict(results.cells) | {("nunavut", "canada"): bare["nunavut", "canada"]}
    assert "—" in texts(by_key(replace(results, cells=some))["excess"])


@pytest.mark.parametrize("key", ["perplexity", "bits_per_byte", "excess"])
def test_without_an_interval_the_cell_says_so(load: Callable[..., Results], key: str) -> None:
    assert "no interval" in texts(by_key(load(half=None))[key])
