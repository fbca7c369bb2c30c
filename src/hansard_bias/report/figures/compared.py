"""Figures beside the yardsticks: halves, parts of the excess, topics, days and speakers, amount of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import altair as alt

from hansard_bias.analysis.compared import Slice
from hansard_bias.analysis.metrics.curve import LearningCurve
from hansard_bias.analysis.metrics.days import Days
from hansard_bias.analysis.metrics.decomposition import Decomposed, Decomposition
from hansard_bias.analysis.metrics.speakers import Speakers
from hansard_bias.analysis.metrics.topics import SameTopics
from hansard_bias.analysis.metrics.yardsticks import Yardsticks
from hansard_bias.report.figures import GREY, INK, Figure, chart_of, figure, series_colour
from hansard_bias.report.figures.effects import Row, interval_panel, model_row
from hansard_bias.report.formats import decimal, title
from hansard_bias.report.results import Results
from hansard_bias.report.tables.compared import SECTION, named_pairs

UNIT = "nats per token"
PANELS = 4
CAPTION = "Dots are estimates, bars their {confidence} intervals, in nats per token. "


def _single_pairs(results: Results) -> Iterator[tuple[str, str, str, str]]:
    """Models of one legislature on the debates of another: mixtures stand in the tables."""
    return (each for each in named_pairs(results) if results.config.models[each[0]].is_single)


def _panels(results: Results, rows_of: Callable[[str, str, str, str], Iterable[Row]]) -> list[Figure]:
    """One panel for each pair of a model and other debates."""
    found = []
    for model, corpus, row, column in [*_single_pairs(results)][:PANELS]:
        name = f"{results.config.models[model].label} on {title(corpus)}"
        found += interval_panel(list(rows_of(model, corpus, row, column)), name, UNIT, 0.0)
    return found


@figure(
    "yardsticks",
    section=SECTION,
    title="Compared with what?",
    caption=CAPTION + "Grey: what n-gram models of two halves of the legislature's own debates differ by.",
    order=45,
    columns=2,
)
def yardstick_figure(results: Results) -> list[Figure]:
    """Every excess above the yardsticks of its text."""
    found = results.bias.metric(Yardsticks)

    def rows(model: str, corpus: str, row: str, column: str) -> Iterator[Row]:
        each, stick = found.excess[row][column], found.corpora[corpus]
        yield model_row(results, model, each.excess, "masked models")
        yield model_row(results, model, each.companion, "n-gram models")
        for name, size in (("two periods of|its own debates", stick.time), ("two random halves", stick.random)):
            if size is not None:
                yield name, size, GREY

    return _panels(results, rows)


@figure(
    "decomposition",
    section=SECTION,
    title="Made of",
    caption=CAPTION + "The classes add up to the excess.",
    order=46,
    columns=2,
)
def decomposition_figure(results: Results) -> list[Figure]:
    """The classes of words that the masked models' excess falls on, and its share of word frequency."""
    found = results.bias.metric(Decomposition)

    def rows(model: str, corpus: str, row: str, column: str) -> Iterator[Row]:
        each: Decomposed = found.masked[row][column]
        parts = {"all of it": each.excess, "word frequency": each.frequency, "context": each.context, **each.classes}
        for name, size in parts.items():
            yield name, size, series_colour(results, model)

    return _panels(results, rows)


@figure("same", section=SECTION, title="Same topics, days and speakers", caption=CAPTION, order=47, columns=2)
def same_figure(results: Results) -> list[Figure]:
    """The masked models' excess over all speeches, on the same topics, and by days and speakers."""
    topics, days = results.bias.metric(SameTopics), results.bias.metric(Days)
    speakers = results.bias.metric(Speakers)

    def rows(model: str, corpus: str, row: str, column: str) -> Iterator[Row]:
        colour, matched = series_colour(results, model), topics.excess.get(row, {}).get(column)
        whole = results.excess(model, corpus)
        yield from [("all speeches", whole, colour)] if whole is not None else []
        if matched is not None and matched.matched is not None:
            yield "same topics", matched.matched.masked, colour
        slices: tuple[Slice, ...] = (*days.corpora.get(corpus, ()), *speakers.corpora.get(corpus, ()))
        for each in slices:
            if found := each.excess.get(row):
                yield each.what, found.masked, colour

    return _panels(results, rows)


@figure(
    "learning_curve",
    section=SECTION,
    title="Amount of text",
    caption="The excess of n-gram models by the share of the training text that they learned from; {confidence} bands.",
    order=48,
)
def learning_figure(results: Results) -> list[Figure]:
    """The n-gram models' excess at an eighth, a quarter, half and all of the text."""
    found, values = results.bias.metric(LearningCurve).excess, []
    for model, corpus, row, column in _single_pairs(results):
        for point in found[row][column]:
            who = f"{results.config.models[model].label} on {title(corpus)}"
            numbers = point.excess.as_dict()
            values.append({"share": point.share, "who": who, "colour": series_colour(results, model), **numbers})
    if not values:
        return []
    shares = list(dict.fromkeys(str(each["share"]) for each in values))
    x = alt.X("share:O", sort=shares, title="share of the training text", axis=alt.Axis(labelAngle=0))
    base = chart_of(values).encode(x=x, color=alt.Color("colour:N", scale=None), detail="who:N")
    band = base.transform_filter("isValid(datum.low)").mark_area(opacity=0.15).encode(y="low:Q", y2="high:Q")
    line = base.mark_line(point=True, strokeWidth=2).encode(y=alt.Y("value:Q", title=UNIT))
    last = base.transform_filter(alt.datum.share == shares[-1])
    name = last.mark_text(align="left", dx=8, fontSize=11).encode(y="value:Q", text="who:N", color=alt.value(INK))
    chart = alt.layer(band, line, name).properties(width=300, height=220, title="The excess grows with the text")
    spoken = "; ".join(f"{each['who']}, {each['share']}: {decimal(float(each['value'] or 0))}" for each in values)
    return [Figure(chart, f"N-gram excess by share of the training text, {UNIT}. {spoken}.")]
