"""The matrix as heatmaps of perplexity, bits per byte and excess: value and interval in every cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import wrap
from typing import Any

import altair as alt

from hansard_bias.analysis.metrics.given import Given
from hansard_bias.analysis.records import Interval
from hansard_bias.report.figures import GREY, Figure, chart_of, figure, luminance
from hansard_bias.report.formats import DASH, NOTHING, TIMES, fine, model_name, signed, significant, span, title
from hansard_bias.report.results import Results

Colour = tuple[int, ...]
Form = Callable[[float], str]
Read = Callable[[Results, str, str], Interval | None]
Share = Callable[[Sequence[float], float], float]

# From pale to deep on light paper, from dim to bright on dark paper; "less" is for values below zero.
RAMPS = {
    "more": (((225, 236, 247), (20, 60, 118)), ((36, 48, 66), (147, 197, 250))),
    "less": (((250, 231, 213), (122, 58, 8)), ((66, 50, 36), (247, 190, 138))),
}
# So few that a style sheet can name every one.
STEPS = 12
# Characters of a name in one line, as wide as a tile.
LINE = 15


@dataclass(frozen=True)
class Tile:
    """Colours of a cell and of the text in it, on light and on dark paper."""

    fill: str
    ink: str
    dark_fill: str
    dark_ink: str


def tile(share: float) -> Tile:
    """The colours for a share of -1 to 1; negative shares have a hue of their own."""
    kind = "more" if share >= 0 else "less"
    step = round(abs(share) * (STEPS - 1))
    # The lowest bits of the ink tell tiles apart, so that the style sheet can find each one's text.
    mark = step + (STEPS if kind == "less" else 0)
    share = step / (STEPS - 1)
    light, dark = (tuple(round(a + share * (b - a)) for a, b in zip(*ends, strict=True)) for ends in RAMPS[kind])
    return Tile(_hex(light), _ink(light, mark), _hex(dark), _ink(dark, mark))


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


def _ink(colour: Colour, mark: int) -> str:
    """Black or white, whichever contrasts more, but for an invisible mark."""
    # At this luminance black and white have the same contrast.
    return _hex((0, 0, mark)) if luminance(colour) > 0.179 else _hex((255, 255, 255 - mark))


def logarithmic(values: Sequence[float], value: float) -> float:
    """Equal ratios are equal steps; a range below 1.5 stays pale, so that noise does not look like a finding."""
    low, high = min(values), max(max(values), 1.5 * min(values))
    return math.log(value / low) / math.log(high / low)


def linear(values: Sequence[float], value: float) -> float:
    """Equal differences are equal steps."""
    low, high = min(values), max(max(values), 1.5 * min(values))
    return (value - low) / (high - low)


def around_zero(values: Sequence[float], value: float) -> float:
    """Zero is palest; a range below 0.4 nats stays pale."""
    # 0.4 nats are a factor of 1.5, as in the other scales.
    return value / max(0.4, *(abs(each) for each in values))


def _bits(results: Results, model: str, column: str) -> Interval:
    return results.measures(model).bits_per_byte[f"on_{column}"]


def _heatmap_figure(
    results: Results, name: str, read: Read, form: Form, share: Share, given: bool = False
) -> list[Figure]:
    """One heatmap; `share` says where between pale and deep a value stands, below zero for the other hue.

    given: of the models that are there already, each with colours of its own.
    """
    models = results.config.given if given else results.config.models
    places = [(model, column) for model in models for column in results.config.columns()]
    found = {place: interval for place in places if (interval := read(results, *place)) is not None}

    def beside(model: str) -> list[float]:
        return [interval.value for (row, _), interval in found.items() if row == model or not given]

    tiles = {place: tile(share(beside(place[0]), interval.value)) for place, interval in found.items()}
    if not tiles:
        return []
    # Also the cells without a value: a hole would look like a mistake.
    cells = [_cell(results, name, form, place, found.get(place), tiles.get(place)) for place in places]
    dark = {t.fill: t.dark_fill for t in tiles.values()} | {t.ink: t.dark_ink for t in tiles.values()}
    spoken = []
    for model in models:
        known = [f"{form(found[place].value)} on {title(place[1])}" for place in found if place[0] == model]
        spoken.append(f"model {model_name(results.config, model)}: {', '.join(known) or 'none'}")
    return [Figure(_heatmap(cells), f"Heatmap of {name}. {'; '.join(spoken)}.", dark)]


def _given_bits(results: Results, model: str, column: str) -> Interval:
    return results.bias.metric(Given).models[results.config.row_key(model)].bits_per_byte[f"on_{column}"]


perplexity_figure = figure(
    "matrix",
    section="matrix",
    title="Perplexity",
    order=10,
    caption="Between how many equally likely words (strictly, word pieces) the model is undecided when one is hidden "
    "from it. The colour scale is logarithmic.",
)(partial(_heatmap_figure, name="perplexity", read=Results.perplexity, form=significant, share=logarithmic))

bits_figure = figure(
    "bits_per_byte",
    section="matrix",
    title="Bits per byte",
    order=20,
    caption="The same surprise per byte of text. Comparable between models of one tokenizer only, as these are: the "
    "smaller the tokens, the more they give each other away. The n-gram models\u2019 are code lengths, and comparable "
    "between tokenizers.",
)(partial(_heatmap_figure, name="bits per byte", read=_bits, form=fine, share=linear))

excess_figure = figure(
    "excess",
    section="matrix",
    title="Excess",
    order=30,
    caption="What it costs, in nats per token, to read a text with another training than the text\u2019s own model "
    "has; below it, how many times as many equally likely words that are. 0 by definition on own debates.",
)(partial(_heatmap_figure, name="excess", read=Results.excess, form=signed, share=around_zero))

given_figure = figure(
    "given",
    section="given",
    title="Bits per byte of models that are there already",
    order=35,
    caption="Each row is a model with a tokenizer of its own, and has colours of its own: compare the texts that one "
    "model reads, not the models. Bits per byte of masked models are comparable between models of one tokenizer only.",
)(partial(_heatmap_figure, name="bits per byte", read=_given_bits, form=fine, share=linear, given=True))


def _heatmap(cells: list[dict[str, object]]) -> Any:
    gap = alt.Scale(paddingInner=0.03, paddingOuter=0)
    # Lines of a label are drawn downwards, so that several need as much room above the tiles.
    lines = max(str(cell["column"]).count("|") for cell in cells)
    across = _axis(88, 6 + 14 * lines, orient="top", titlePadding=8)
    base = chart_of(cells).encode(
        x=alt.X("column:N", sort=None, title="reads the debates of", scale=gap, axis=across),
        y=alt.Y("model:N", sort=None, title=None, scale=gap, axis=_axis(96, 6)),
    )
    # A hair between the tiles instead of lines: lines would need a colour for the dark.
    layers = [base.mark_rect(cornerRadius=3, strokeWidth=0).encode(color=alt.Color("colour:N", scale=None))]
    ink = alt.Color("ink:N", scale=None)
    # Cells with a line below the interval hold three lines, the others two: both stand in the middle.
    for kind, value, bounds, below in (("datum.below != ''", -17, 4, 21), ("datum.below == ''", -8, 14, 0)):
        text = base.transform_filter(kind)
        layers.append(text.mark_text(fontSize=18, fontWeight="bold", dy=value).encode(text="value:N", color=ink))
        layers.append(text.mark_text(fontSize=11, dy=bounds).encode(text="bounds:N", color=ink))
        layers.append(text.mark_text(fontSize=10.5, dy=below).encode(text="below:N", color=ink))
    return alt.layer(*layers).properties(width=alt.Step(96), height=alt.Step(74))


def _axis(limit: int, padding: int, **options: Any) -> alt.Axis:
    style: dict[str, Any] = {"domain": False, "ticks": False, "labelAngle": 0, "labelLimit": limit}
    return alt.Axis(labelExpr="split(datum.label, '|')", labelPadding=padding, **style, **options)


def _cell(
    results: Results, name: str, form: Form, place: tuple[str, str], interval: Interval | None, colours: Tile | None
) -> dict[str, object]:
    (model, column), config = place, results.config
    home = config.own_model(column) == model
    below = "own debates" if home else ""
    if interval is not None and name == "excess" and not home:
        below = f"{TIMES}{significant(math.exp(interval.value))} words"
    # An excess on own debates is 0 by definition: an interval would pretend that it was measured.
    defined = interval is not None and home and not interval.value
    return {
        "model": f"{config.all_models[model].label}|{_lines(model)}",
        "column": _lines(column),
        "value": NOTHING if interval is None else "0" if defined else form(interval.value),
        # Differences keep "to": "−0.10–+0.20" cannot be read.
        "bounds": "" if interval is None or defined else span(interval, form, " to " if form is signed else DASH),
        "colour": "transparent" if colours is None else colours.fill,
        "ink": GREY if colours is None else colours.ink,
        "below": below,
    }


def _lines(name: str) -> str:
    return "|".join(wrap(title(name), LINE, break_long_words=False))
