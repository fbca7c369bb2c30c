"""The words behind the gaps: how much each adds to what a model pays on another legislature's debates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from hansard_bias.report.figures.registry import INK, Figure, series_colour
from hansard_bias.report.formats import count, model_name, signed, title
from hansard_bias.report.results import Results

WORDS_DRAWN = 10
PANELS = 6
LONGEST = 18


def word_figures(results: Results) -> list[Figure]:
    """One figure for each gap between models of one legislature each; of mixtures too where room is left."""
    config = results.config
    alone = sorted(config.models, key=lambda model: not config.models[model].is_single)
    found = (_word_figure(results, model, corpus) for model in alone for corpus in config.corpora)
    return [figure for figure in found if figure is not None][:PANELS]


def combined_words(results: Results) -> Figure | None:
    """All of them side by side, for a file."""
    figures = word_figures(results)
    if not figures:
        return None
    chart = alt.concat(*(figure.chart for figure in figures), columns=2).resolve_scale(y="independent", color="shared")
    return Figure(chart, " ".join(figure.label for figure in figures))


def _word_figure(results: Results, model: str, corpus: str) -> Figure | None:
    """The words that matter most, in either direction; filled where the difference is beyond chance."""
    row = results.config.row_key(model)
    asked = [r for r in results.words if (r["text"], r["corpus"], r["model"]) == ("all", corpus, row)]
    drawn = sorted(asked, key=lambda record: -abs(float(record["contribution"])))[:WORDS_DRAWN]
    if not drawn:
        return None
    alpha = 1 - results.config.bias.confidence
    name = f"{model_name(results.config, model)} on {title(corpus)}"
    values = [_bar(record, alpha) for record in drawn]
    spoken = ", ".join(f"{bar['word']} {bar['text']}" for bar in values)
    label = f"Words behind the gap of model {name}, nats per token of text: {spoken}."
    return Figure(_bars(values, name, series_colour(results, model)), label)


def _bar(record: Mapping[str, str], alpha: float) -> dict[str, Any]:
    share = float(record["contribution"])
    word = record["word"] if len(record["word"]) <= LONGEST else f"{record['word'][: LONGEST - 1]}\u2026"
    sure = bool(record["p_holm"]) and float(record["p_holm"]) < alpha
    text = f"{signed(share)}, {count(float(record['occurrences']))} times"
    return {"word": word, "share": share, "sure": 1.0 if sure else 0.4, "text": text}


def _bars(values: list[dict[str, Any]], name: str, colour: str) -> Any:
    order = [bar["word"] for bar in values]
    axis = alt.Axis(ticks=False, domain=False, labelPadding=6, minExtent=96, maxExtent=110, labelLimit=100)
    base = alt.Chart(alt.InlineData(values=values)).encode(y=alt.Y("word:N", sort=order, title=None, axis=axis))
    axis_x = alt.Axis(tickCount=3, format=".2~g", labelFlush=False, labelOverlap=True)
    x = alt.X("share:Q", title="nats per token of the text", axis=axis_x)
    bars = base.mark_bar(color=colour, height=13, cornerRadius=2).encode(x=x, opacity=alt.Opacity("sure:Q", scale=None))
    zero = alt.Chart(alt.InlineData(values=[{"share": 0}])).mark_rule(color=INK, strokeWidth=1).encode(x="share:Q")
    return alt.layer(bars, zero).properties(width=190, height=alt.Step(20), title=name, view={"stroke": None})
