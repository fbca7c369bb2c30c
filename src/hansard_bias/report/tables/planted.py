"""Is the sample's truth found again? The planted associations in a table and sentences; none for real archives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt

from hansard_bias.analysis.probe_records import PlantedAssociation, PlantedMeasure, Recovery
from hansard_bias.analysis.records import Interval
from hansard_bias.report.figures import GREY, INK, Figure, figure, series_colour
from hansard_bias.report.formats import count, decimal, estimate, model_name, readable, row_names, sentence_list, signed
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

MEASURES = {"L": "log_odds", "L*": "preference"}
"""The names of the measures on the page, and in the summary of the records."""
SLOPES = (0.8, 1.2)
"""Where the slope of measured against planted log-odds must lie (method.md section 6)."""
EVEN = 1e-9
"""Log-odds of even odds, but for rounding."""
HIDDEN = (
    "L* takes off what a model expects with the content words hidden. In these debates every frame has function words "
    "of its own, which tell the frame all the same, so part of what was planted goes with the correction. L is the "
    "number to read here."
)
CAPTION = "Measured against planted log-odds, a dot an association and model. On the dashed line the truth is found."
SIZE = 250
"""Of a panel, in pixels."""


@table("planted", section="planted", fold="Every association, planted and measured")
def planted_table(results: Results) -> Table:
    """The sample's planted associations, each beside L and L* of every model that read it."""
    names = row_names(results.config)
    rows = []
    for record in results.bias.planted.associations:
        truth, found = record.planted_log_odds, _measured(record).values()
        texts = [signed(truth), *(estimate(each, signed) for each in found)]
        rows.append([record.association, names[record.model], *texts, *(recovered(truth, each) for each in found)])
    verdicts = [f"Recovered by {name}" for name in MEASURES]
    measured = [f"Measured {name}" for name in MEASURES]
    columns = ["Association", "Model", "Planted log-odds", *measured, *verdicts]
    caption = (
        "What was planted in the generated debates, and what the models show, in nats; intervals over wordings and "
        "training runs. Above 0 favours the northern group of terms."
    )
    return make_table(caption, columns, rows, text=2, words=verdicts)


def _measured(record: PlantedAssociation) -> dict[str, Interval]:
    return {"L": record.log_odds, "L*": record.preference}


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
def planted_sentences(results: Results) -> list[str]:
    """For L and for L*: signs, slope and the mean difference of the models of one legislature, as it is."""
    return list(_sentences(results))


def _sentences(results: Results) -> Iterator[str]:
    slopes: dict[str, Interval | None] = {}
    for name, key in MEASURES.items():
        if (measure := results.bias.planted.summary.get(key)) is not None:
            # Mixtures have no truth of their own but an average, so single legislatures are told where there are any.
            record, whose = measure.single or measure.all, "models of one legislature" if measure.single else "models"
            slopes[name] = record.slope
            yield f"{_line(name, record, whose)} {_differences(results, measure)}{_verdict(name, record)}"
    # Only where L* falls short of both L and the bounds does the reader need to know why.
    plain, corrected = slopes.get("L"), slopes.get("L*")
    if plain is not None and corrected is not None and corrected.value < min(plain.value, SLOPES[0]):
        yield HIDDEN


def _line(name: str, record: Recovery, whose: str) -> str:
    return (
        f"{name} has the right sign in {count(record.signs_right)} of {count(record.signs)} planted associations "
        f"of the {whose}; against the planted log-odds it lies on a line of slope {estimate(record.slope, decimal)}, "
        "where 1 would be perfect."
    )


def _differences(results: Results, measure: PlantedMeasure) -> str:
    told = []
    for each in measure.differences:
        found, truth, off = signed(each.measured.value), signed(each.planted), estimate(each.error, signed)
        told.append(f"{readable(results.config, each.what)} {found} where {truth} was planted, off by {off}")
    return f"On average it finds {sentence_list(told)}. " if told else ""


def _verdict(name: str, record: Recovery) -> str:
    """The plain word on one measure."""
    signs, right = record.signs, record.signs_right
    missed = f"misses {count(signs - right)} of {count(signs)} directions"
    direction = "finds every direction" if right == signs else missed
    if record.slope is None:
        return f"So {name} {direction}; of sizes nothing can be said."
    (low, high), slope = SLOPES, record.slope.value
    size = "exaggerates" if slope > high else "understates" if slope < low else "about keeps"
    if right == signs:
        return f"So {name} {direction} and {size} the sizes."
    return f"So {name} does not recover what was planted: it {direction} and {size} the sizes."


@figure("planted", section="planted", title="Planted truth", caption=CAPTION, order=70, columns=2)
def planted_figures(results: Results) -> list[Figure]:
    """One figure a measure, on the same axes; none without planted associations."""
    records = results.bias.planted.associations
    if not records:
        return []
    numbers = [each.value for record in records for each in _measured(record).values()]
    # One square for all panels, so that the diagonal is the same line in each.
    reach = 1.05 * max(abs(number) for number in [*numbers, *(each.planted_log_odds for each in records)])
    return [_figure(results, name, reach) for name in MEASURES]


def _figure(results: Results, name: str, reach: float) -> Figure:
    names, associations = row_names(results.config), results.bias.planted.associations
    values = [
        {"planted": each.planted_log_odds, "measured": _measured(each)[name].value, "model": names[each.model]}
        for each in associations
    ]
    # The colours of the other figures, and a key of those models alone that were asked.
    asked = {names[each.model] for each in associations}
    colours = {model_name(results.config, model): series_colour(results, model) for model in results.config.models}
    colours = {model: colour for model, colour in colours.items() if model in asked}
    found = results.bias.planted.summary[MEASURES[name]].all
    slope = "unknown" if found.slope is None else decimal(found.slope.value)
    label = (
        f"Measured {name} against planted log-odds of {count(len(values))} associations and models: "
        f"{count(found.signs_right)} of {count(found.signs)} signs right, slope {slope}."
    )
    return Figure(_points(values, name, colours, reach), label)


def _points(values: list[dict[str, Any]], name: str, colours: dict[str, str], reach: float) -> Any:
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    axis = alt.Axis(tickCount=5, format=".2~g")
    x = alt.X("planted:Q", title="planted log-odds", scale=scale, axis=axis)
    y = alt.Y("measured:Q", title=f"measured {name}", scale=scale, axis=axis)
    key = alt.Color(
        "model:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(title=None, orient="bottom", direction="vertical", labelColor=INK, labelFontSize=12),
    )
    ends = [{"planted": end, "measured": end} for end in (-reach, reach)]
    diagonal = alt.Chart(alt.InlineData(values=ends)).mark_line(color=GREY, strokeDash=[4, 3]).encode(x=x, y=y)
    dots = alt.Chart(alt.InlineData(values=values)).mark_point(filled=True, size=42, opacity=0.85)
    return alt.layer(diagonal, dots.encode(x=x, y=y, color=key)).properties(width=SIZE, height=SIZE, title=name)
