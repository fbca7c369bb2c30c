"""The tables behind the gap: words, slices of the debates, and the test text without what training text shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import altair as alt

from hansard_bias.analysis.records import Interval, SliceRow
from hansard_bias.report import formats as fmt
from hansard_bias.report.figures import IN_PLACE, INK, Figure, chart_of, figure, series_colour
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

Compared = tuple[str, Interval | None, Interval | None, Callable[[float], str]]
# Of every model on every corpus; all are in words.csv.
WORDS_SHOWN = 8
# Topics and speakers of every corpus; all are in slices.csv.
SLICES_SHOWN = 12
WORDS_DRAWN, PANELS = 10, 6
# Letters of a word in the figure.
LONGEST = 18
CAPTION = (
    "The words that add most to what a model pays, in either direction. Strong colour: more, or less, surprising "
    "beyond chance, after correction; pale: not."
)
KINDS = {"year": "Year", "topic": "Topic", "role": "Role", "speaker": "Speaker"}


@table("gaps", section="gaps", fold="The words as a table, with intervals")
def word_gap_table(results: Results) -> Table:
    """The words that contribute most to each model's gap, in either direction."""
    rows, shown = [], Counter[tuple[str, str]]()
    # The lines come in the order of their share of the gap.
    for line in (line for line in results.words if line.text == "all"):
        shown[line.corpus, line.model] += 1
        if shown[line.corpus, line.model] <= WORDS_SHOWN:
            names = [fmt.readable(results.config, line.model), fmt.title(line.corpus), line.word]
            difference = fmt.estimate(Interval(line.difference, line.low, line.high), fmt.signed)
            share, p = fmt.signed(line.contribution), fmt.p_value(line.p_holm)
            rows.append([*names, fmt.count(line.occurrences), difference, share, p])
    columns = ["Model", "Reading", "Word", "Occurrences", "Nats per occurrence", "Share of the gap", "p, corrected"]
    caption = "Words behind the gap: how much more surprising each is to the model than to the text's own model."
    return make_table(caption, columns, rows, text=3)


@text("gap_share")
def share_sentence(results: Results) -> str:
    """What the listed words carry of each excess: not all of it; empty where there are none."""
    carried: dict[tuple[str, str], list[float]] = {}
    for line in (line for line in results.words if line.text == "all"):
        carried.setdefault((line.model, line.corpus), []).append(line.contribution)
    parts = [_carried(results, *place, shares) for place, shares in carried.items()]
    rest = "rarer words, numbers and marks carry the rest"
    lead = f"The words listed (here the first, in words.csv all) carry a part of the excess, in nats per token; {rest}."
    return f"{lead} {'; '.join(parts)}." if parts else ""


def _carried(results: Results, row: str, corpus: str, shares: Sequence[float]) -> str:
    excess = results.bias.models[row].excess_nats[f"on_{corpus}"]
    # Of an excess that may be none, no share can be told.
    share = f" ({fmt.percent(sum(shares) / excess.value)})" if excess.low is not None and excess.low > 0 else ""
    whose = f"{fmt.readable(results.config, row)} on {fmt.title(corpus)}"
    first = f"{fmt.signed(sum(shares[:WORDS_SHOWN]))} by the {fmt.count(len(shares[:WORDS_SHOWN]))} here"
    every = f"{fmt.signed(sum(shares))} by all {fmt.count(len(shares))}"
    return f"{whose}: {first}, {every}, of {fmt.signed(excess.value)}{share}"


@text("gap_words")
def word_sentence(results: Results) -> str:
    """How many words were looked at, and how many differ beyond chance; empty where there are none."""
    parts = []
    for each in (each for each in results.bias.words if each.text == "all"):
        more, less, of = map(fmt.count, (each.more_surprising, each.less_surprising, each.tested))
        whose = f"{fmt.readable(results.config, each.model)} on {fmt.title(each.corpus)}"
        parts.append(f"{whose}: {more} more and {less} less surprising of {of}")
    return f"Words that differ beyond chance, after correction: {'; '.join(parts)}." if parts else ""


@table("slices", section="slices")
def slice_tables(results: Results) -> list[Table]:
    """One table for each of year, topic, role and speaker: the excess of every model, slice by slice."""
    found = (_slice_table(results, kind) for kind in KINDS)
    return [each for each in found if each.rows]


def _slice_table(results: Results, kind: str) -> Table:
    cells: dict[tuple[str, str], dict[str, SliceRow]] = {}
    for line in results.slices:
        # The file also holds the same without shared text.
        if line.text == "all" and line.slice == kind:
            cells.setdefault((line.corpus, line.value), {})[line.model] = line
    rows, shown = [], Counter[str]()
    models = [results.config.row_key(model) for model in results.config.models]
    for (corpus, value), found in cells.items():
        shown[corpus] += 1
        # Years and roles are few; topics and speakers are cut to those with most text, which come first.
        if kind not in ("topic", "speaker") or shown[corpus] <= SLICES_SHOWN:
            # How much text a slice holds is the same for every model.
            any_line = next(iter(found.values()))
            sizes = [fmt.count(any_line.speeches), fmt.count(any_line.sittings)]
            rows.append([fmt.title(corpus), value, *sizes, *(_excess(found.get(row)) for row in models)])
    columns = ["Debates", KINDS[kind], "Speeches", "Sittings", *(fmt.readable(results.config, row) for row in models)]
    caption = f"Excess by {kind}, in nats per token. 0 by definition for the debates' own model."
    return make_table(caption, columns, rows, text=2, name=kind)


def _excess(line: SliceRow | None) -> str:
    # Without an own model there is none.
    if line is None or line.excess_nats is None:
        return fmt.NOTHING
    # 0 by definition: the text's own model.
    if line.excess_nats == 0 and not line.excess_nats_low:
        return fmt.Shown("0", 0.0, None, None)
    return fmt.estimate(Interval(line.excess_nats, line.excess_nats_low, line.excess_nats_high), fmt.signed)


@table("sharing")
def sharing_table(results: Results) -> Table:
    """The main numbers with and without test speeches that share 13 words in a row with training text."""
    rows = []
    # No models where nothing is left without the shared text; the sentence beside it says so.
    for row, after in (results.bias.without_shared_13grams.models or {}).items():
        before = results.bias.models[row]
        numbers: list[Compared] = [("bias ratio", before.bias_ratio, after.bias_ratio, fmt.decimal)]
        numbers.append(("tilt", before.tilt, after.tilt, fmt.signed))
        for column, excess in before.excess_nats.items():
            # On its own text a model has none by definition.
            if excess.value != 0:
                what = f"excess on {column.removeprefix('on_')}"
                numbers.append((what, excess, after.excess_nats.get(column), fmt.signed))
        for what, first, second, form in (number for number in numbers if number[1] is not None):
            names = [fmt.readable(results.config, name) for name in (row, what)]
            rows.append([*names, fmt.estimate(first, form), fmt.estimate(second, form)])
    columns = ["Model", "Number", "All test speeches", "Without shared text"]
    caption = "With and without test speeches that share 13 words in a row with training text."
    return make_table(caption, columns, rows, text=2)


@text("shared_text")
def sharing_sentence(results: Results) -> str:
    """How much test text was left out; empty where nothing is known of it."""
    record = results.bias.without_shared_13grams
    parts = [
        f"{fmt.count(each.speeches)} of {fmt.count(each.of_speeches)} of {fmt.title(corpus)} "
        f"({fmt.percent(each.share_of_tokens)} of its text)"
        for corpus, each in record.left_out.items()
    ]
    if not parts:
        return ""
    reason = f" No numbers without them: {record.reason}." if record.reason else ""
    return f"Test speeches that share 13 words in a row with training text: {fmt.sentence_list(parts)}.{reason}"


@text("p_covers")
def coverage_sentence(results: Results) -> str:
    """What the p of the tests covers."""
    covers = {test.p_covers for test in results.bias.tests if test.p_covers is not None}
    if not covers:
        return ""
    # As the bias stage words it: "sittings only", or "sittings and seeds".
    if any("only" in each for each in covers):
        unknown = "it says nothing of what another training run would have shown"
        return f"Each model was trained once, so p covers sittings only: {unknown}."
    return (
        "The first p covers other sittings and other training runs. The last column takes the runs at hand as given: "
        "where runs of one model differ by luck, it calls equal models different too often."
    )


@figure("words", section="gaps", title="Words behind the gap", caption=CAPTION, order=50, columns=2, scales=("y",))
def word_figures(results: Results) -> list[Figure]:
    """One figure for each gap between models of one legislature each; of mixtures too where room is left."""
    config = results.config
    # Models of one legislature first: they are what the question is about.
    alone = sorted(config.models, key=lambda model: not config.models[model].is_single)
    found = (_word_figure(results, model, corpus) for model in alone for corpus in config.corpora)
    return [figure for figure in found if figure is not None][:PANELS]


def _word_figure(results: Results, model: str, corpus: str) -> Figure | None:
    row = results.config.row_key(model)
    asked = [line for line in results.words if (line.text, line.corpus, line.model) == ("all", corpus, row)]
    drawn = sorted(asked, key=lambda line: -abs(line.contribution))[:WORDS_DRAWN]
    if not drawn:
        return None
    # The level that the study was asked for, not a fixed 5 %.
    alpha = 1 - results.config.bias.confidence
    name = f"{fmt.model_name(results.config, model)} on {fmt.title(corpus)}"
    values: list[dict[str, Any]] = []
    for line in drawn:
        word = line.word if len(line.word) <= LONGEST else f"{line.word[: LONGEST - 1]}\u2026"
        said = f"{fmt.signed(line.contribution)}, {fmt.count(line.occurrences)} times"
        sure = 1.0 if line.p_holm is not None and line.p_holm < alpha else 0.4
        values.append({"place": len(values), "word": word, "share": line.contribution, "sure": sure, "text": said})
    axis = alt.Axis(ticks=False, domain=False, labelPadding=6, minExtent=96, maxExtent=110, labelLimit=100)
    y = alt.Y("word:N", sort=IN_PLACE, title=None, axis=axis)
    axis_x = alt.Axis(tickCount=3, format=".2~g", labelFlush=False, labelOverlap=True)
    x = alt.X("share:Q", title="nats per token of the text", axis=axis_x)
    bars = chart_of(values).encode(y=y).mark_bar(color=series_colour(results, model), height=13, cornerRadius=2)
    bars = bars.encode(x=x, opacity=alt.Opacity("sure:Q", scale=None))
    # Bars go both ways, so the eye needs the line that they start from.
    zero = chart_of([{"share": 0}]).mark_rule(color=INK, strokeWidth=1).encode(x="share:Q")
    chart = alt.layer(bars, zero).properties(width=190, height=alt.Step(20), title=name, view={"stroke": None})
    spoken = ", ".join(f"{bar['word']} {bar['text']}" for bar in values)
    return Figure(chart, f"Words behind the gap of model {name}, nats per token of text: {spoken}.")
