"""Is the sample's truth found again? The planted associations in a table and sentences; none for real archives."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt

from hansard_bias.analysis.probe_records import PlantedMeasure, Recovery
from hansard_bias.analysis.records import Interval
from hansard_bias.report.figures import GREY, INK, Figure, chart_of, figure, series_colour
from hansard_bias.report.formats import count, decimal, estimate, readable, row_names, sentence_list, signed
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

# The measures on the page by their fields, which are also the keys of the summary.
MEASURES = {"log_odds": "L", "preference": "L*"}
# Where the slope of measured against planted log-odds must lie (method.md section 6).
LOWEST, HIGHEST = 0.8, 1.2
# Log-odds of even odds, but for rounding.
EVEN = 1e-9
HIDDEN = (
    "L* takes off what a model expects with the content words hidden. In these debates every frame has function words "
    "of its own, which tell the frame all the same, so part of what was planted goes with the correction. L is the "
    "number to read here."
)
CAPTION = "Measured against planted log-odds, a dot an association and model. On the dashed line the truth is found."
# Of a panel, in pixels.
SIZE = 250


@table("planted", section="planted", fold="Every association, planted and measured")
def planted_table(results: Results) -> Table:
    """The sample's planted associations, each beside L and L* of every model that read it."""
    names, rows = row_names(results.config), []
    for record in results.bias.planted.associations:
        truth, found = record.planted_log_odds, [getattr(record, key) for key in MEASURES]
        texts = [signed(truth), *(estimate(each, signed) for each in found)]
        rows.append([record.association, names[record.model], *texts, *(recovered(truth, each) for each in found)])
    measured, verdicts = ([f"{what} {name}" for name in MEASURES.values()] for what in ("Measured", "Recovered by"))
    columns = ["Association", "Model", "Planted log-odds", *measured, *verdicts]
    caption = (
        "What was planted in the generated debates, and what the models show, in nats; intervals over wordings and "
        "training runs. Above 0 favours the northern group of terms."
    )
    return make_table(caption, columns, rows, text=2, words=verdicts)


def recovered(truth: float, measured: Interval) -> str:
    """Whether sign and size of one association are found: the size is where the interval holds it."""
    if measured.low is None or measured.high is None:
        return "not measured"
    inside = measured.low <= truth <= measured.high
    # Even odds have no sign to find.
    if abs(truth) <= EVEN:
        return "even, as planted" if inside else "no"
    if truth * measured.value > 0:
        return "sign and size" if inside else "sign"
    return "not the sign" if inside else "no"


@text("planted_sentences")
def planted_sentences(results: Results) -> Iterator[str]:
    """For L and for L*: signs, slope and the mean difference of the models of one legislature, as it is."""
    slopes: list[Interval | None] = []
    summary = results.bias.planted.summary
    for name, measure in [(name, summary[key]) for key, name in MEASURES.items() if key in summary]:
        # Mixtures have no truth of their own but an average, so single legislatures are told where there are any.
        record, whose = measure.single or measure.all, "models of one legislature" if measure.single else "models"
        slopes.append(record.slope)
        yield (
            f"{name} has the right sign in {count(record.signs_right)} of {count(record.signs)} planted associations "
            f"of the {whose}; against the planted log-odds it lies on a line of slope "
            f"{estimate(record.slope, decimal)}, where 1 would be perfect. "
            f"{_differences(results, measure)}{_verdict(name, record)}"
        )
    # Only where L* falls short of both L and the bounds does the reader need to know why.
    plain, corrected = slopes if len(slopes) == 2 else (None, None)
    if plain is not None and corrected is not None and corrected.value < min(plain.value, LOWEST):
        yield HIDDEN


def _differences(results: Results, measure: PlantedMeasure) -> str:
    told = []
    for each in measure.differences:
        found, truth, off = signed(each.measured.value), signed(each.planted), estimate(each.error, signed)
        told.append(f"{readable(results.config, each.what)} {found} where {truth} was planted, off by {off}")
    return f"On average it finds {sentence_list(told)}. " if told else ""


def _verdict(name: str, record: Recovery) -> str:
    missed = record.signs - record.signs_right
    direction = f"misses {count(missed)} of {count(record.signs)} directions" if missed else "finds every direction"
    if record.slope is None:
        return f"So {name} {direction}; of sizes nothing can be said."
    slope = record.slope.value
    size = "exaggerates" if slope > HIGHEST else "understates" if slope < LOWEST else "about keeps"
    whole = f"{name} does not recover what was planted: it" if missed else name
    return f"So {whole} {direction} and {size} the sizes."


@figure("planted", section="planted", title="Planted truth", caption=CAPTION, order=70, columns=2)
def planted_figures(results: Results) -> list[Figure]:
    """One figure a measure, on the same axes; none without planted associations."""
    records = results.bias.planted.associations
    if not records:
        return []
    numbers = [getattr(each, key).value for each in records for key in MEASURES]
    # One square for all panels, so that the diagonal is the same line in each.
    reach = 1.05 * max(map(abs, [*numbers, *(each.planted_log_odds for each in records)]))
    return [_figure(results, key, name, reach) for key, name in MEASURES.items()]


def _figure(results: Results, key: str, name: str, reach: float) -> Figure:
    names, associations = row_names(results.config), results.bias.planted.associations
    values = [
        {"planted": each.planted_log_odds, "measured": getattr(each, key).value, "model": names[each.model]}
        for each in associations
    ]
    # The colours of the other figures, and a key of those models alone that were asked.
    asked = {each.model for each in associations}
    rows = {results.config.row_key(model): model for model in results.config.models}
    colours = {names[row]: series_colour(results, model) for row, model in rows.items() if row in asked}
    found = results.bias.planted.summary[key].all
    slope = "unknown" if found.slope is None else decimal(found.slope.value)
    label = (
        f"Measured {name} against planted log-odds of {count(len(values))} associations and models: "
        f"{count(found.signs_right)} of {count(found.signs)} signs right, slope {slope}."
    )
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    axis = alt.Axis(tickCount=5, format=".2~g")
    x = alt.X("planted:Q", title="planted log-odds", scale=scale, axis=axis)
    y = alt.Y("measured:Q", title=f"measured {name}", scale=scale, axis=axis)
    legend = alt.Legend(title=None, orient="bottom", direction="vertical", labelColor=INK, labelFontSize=12)
    colour_scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    ends = [{"planted": end, "measured": end} for end in (-reach, reach)]
    diagonal = chart_of(ends).mark_line(color=GREY, strokeDash=[4, 3]).encode(x=x, y=y)
    dots = chart_of(values).mark_point(filled=True, size=42, opacity=0.85)
    dots = dots.encode(x=x, y=y, color=alt.Color("model:N", scale=colour_scale, legend=legend))
    chart = alt.layer(diagonal, dots).properties(width=SIZE, height=SIZE, title=name)
    return Figure(chart, label)
