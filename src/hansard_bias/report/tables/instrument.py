"""Is the instrument sound? The calibration, and the truth planted in the sample; nothing where there is neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import altair as alt

from hansard_bias.analysis.probe_records import Recovery
from hansard_bias.analysis.records import Interval
from hansard_bias.analysis.stage_records import DoseCurve, MetricVerdict, Rejections
from hansard_bias.report import formats as fmt
from hansard_bias.report.figures import GREY, INK, SERIES, Figure, chart_of, figure, series_colour
from hansard_bias.report.formats import count, decimal, estimate, percent, signed
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

NAMES = {
    "excess": "Excess",
    "tilt": "Tilt",
    "preference": "Preference L",
    "any_prompt": "Any prompt",
    "bias_ratio": "Bias ratio",
}
CURVES = NAMES | {
    "excess_text1": "Excess on the first legislature",
    "excess_text2": "Excess on the second legislature",
    "preference": "Mean preference L",
    "any_prompt": "Difference in any prompt",
}
DOSE_CAPTION = (
    "What the metrics say of models that read more and more of a second legislature; bands are intervals. A metric "
    "that can be trusted follows the dose."
)
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


@table("calibration")
def verdict_table(results: Results) -> Table:
    """One row a metric: false positives, power, and the word."""
    rows = []
    for name, record in _metrics(results).items():
        # Only where there is nothing to find does a band say how many rejections chance allows.
        null, shared = record.false_positives, record.false_positives_same_text
        assert null.band is not None and shared.band is not None, "a null comparison has its band"
        allowed = f"{count(null.band.low)} to {count(null.band.high)} of {count(null.comparisons)}"
        first, *_, full = record.power
        shares = [_share(null), allowed, _share(shared), _share(first.found), _share(full.found)]
        follows = "yes" if all(curve.monotone for curve in record.dose) else "no"
        rows.append([NAMES.get(name, name), record.verdict, *shares, follows])
    columns = [
        "Metric",
        "Verdict",
        "False alarms",
        "Allowed",
        "With the same halves",
        "Found, least dose",
        "Found, full dose",
        "Follows the dose",
    ]
    caption = (
        "False alarms: tests that reject where there is nothing to find, of all comparisons, and how many the binomial "
        "band allows. Found: studies in which foreign text is noticed, a quarter of it and as much as the metric knows."
    )
    return make_table(caption, columns, rows, words=["Follows the dose", "Verdict"])


def _metrics(results: Results) -> Mapping[str, MetricVerdict]:
    return {} if results.calibration is None else results.calibration.metrics


def _share(found: Rejections) -> str:
    text = f"{count(found.rejected)} of {count(found.comparisons)}, {estimate(found.rate, percent)}"
    return fmt.Shown(text, *found.rate.as_dict().values())


@table("doses", section="calibration", fold="The curves as a table")
def dose_table(results: Results) -> Table:
    """One row a curve: its values at every dose, slope, and how surely it is monotone."""
    rows = []
    doses: tuple[float, ...] = ()
    for curve in (curve for record in _metrics(results).values() for curve in record.dose):
        # Every curve has the same doses: they are the models of one study.
        doses, form = curve.doses, decimal if curve.curve == "bias_ratio" else signed
        values = [form(value.value) for value in curve.values]
        order = [percent(curve.monotone_draws), percent(curve.monotone_studies)]
        rows.append([CURVES.get(curve.curve, curve.curve), *values, estimate(curve.slope, signed), *order])
    columns = ["Metric", *map(percent, doses), "Slope", "Order kept in draws", "In single studies"]
    caption = "What the metrics say of models with more and more text of a second legislature."
    return make_table(caption, columns, rows)


@text("trust")
def trust(results: Results) -> dict[str, str]:
    """The verdict on every metric; empty where no calibration was run."""
    return {name: record.verdict for name, record in _metrics(results).items()}


@text("calibration_planted")
def planted_sentence(results: Results) -> str:
    """What became of the planted associations, in one or two sentences; empty without a calibration."""
    if results.calibration is None:
        return ""
    planted = results.calibration.planted
    slope, false = estimate(planted.slope, decimal), planted.false_preferences
    decided, rate = planted.decisions, planted.rate
    rates = ""
    if rate.true is not None and rate.estimated is not None:
        rates = (
            f"{percent(rate.true)} of the prompts are beyond 2 to 1 in truth; the estimated rate is "
            f"{percent(rate.estimated)} on average, and {count(rate.inside)} of {count(rate.models)} intervals hold it."
        )
    return (
        f"Of {count(planted.signs)} planted associations, the measured preference has the right sign in "
        f"{count(planted.signs_right)}; measured against planted log-odds it lies on a line of slope {slope}, where "
        f"1 would be perfect. Where nothing was planted, {count(false.shown)} of {count(false.prompts)} prompts "
        f"seem to show a preference; of those planted beyond 2 to 1, {count(decided.shown)} of {count(decided.large)} "
        f"do; {count(decided.wrong)} are shown the wrong way. {rates}"
    )


@text("calibration_reasons")
def reasons(results: Results) -> list[str]:
    """Why a metric is untrusted, one sentence each."""
    found = [(NAMES.get(name, name), record.reasons) for name, record in _metrics(results).items()]
    return [f"{name} is untrusted: {'; '.join(why)}." for name, why in found if why]


@figure(
    "calibration", section="calibration", title="Calibration", caption=DOSE_CAPTION, order=80, columns=3, scales=("y",)
)
def dose_figures(results: Results) -> list[Figure]:
    """One figure a curve."""
    return [_dose_figure(metric, curve) for metric, record in _metrics(results).items() for curve in record.dose]


def _dose_figure(metric: str, curve: DoseCurve) -> Figure:
    name = CURVES.get(curve.curve, curve.curve)
    points = list(zip(curve.doses, curve.values, strict=True))
    # One colour a metric; a metric of which this page knows no name is drawn, too, in grey.
    colour = SERIES[list(NAMES).index(metric) % len(SERIES)] if metric in NAMES else GREY
    share = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1], grid=False, labelFlush=False)
    x = alt.X("dose:Q", title="text of the second legislature", axis=share)
    y = alt.Y("low:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=4))
    base = chart_of([{"dose": dose, **value.as_dict()} for dose, value in points]).encode(x=x)
    band = base.mark_area(color=colour, opacity=0.2).encode(y=y, y2="high:Q")
    line = base.mark_line(color=colour, strokeWidth=2).encode(y="value:Q")
    dots = base.mark_point(filled=True, size=36, color=colour, opacity=1).encode(y="value:Q")
    chart = alt.layer(band, line, dots).properties(width=210, height=130, title=name)
    spoken = ", ".join(f"{decimal(value.value)} at {percent(dose)}" for dose, value in points)
    return Figure(chart, f"Calibration, {name.lower()} by share of foreign text: {spoken}.")


# The planted truth: every association of the sample beside L and L* of every model that read it.
@table("planted", section="planted", fold="Every association, planted and measured")
def planted_table(results: Results) -> Table:
    """The sample's planted associations, each beside L and L* of every model that read it."""
    names, rows = fmt.row_names(results.config), []
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
        told = []
        for each in measure.differences:
            found, truth, off = signed(each.measured.value), signed(each.planted), estimate(each.error, signed)
            told.append(f"{fmt.readable(results.config, each.what)} {found} where {truth} was planted, off by {off}")
        mean = f"On average it finds {fmt.sentence_list(told)}. " if told else ""
        yield (
            f"{name} has the right sign in {count(record.signs_right)} of {count(record.signs)} planted associations "
            f"of the {whose}; against the planted log-odds it lies on a line of slope "
            f"{estimate(record.slope, decimal)}, where 1 would be perfect. {mean}{_recovery(name, record)}"
        )
    # Only where L* falls short of both L and the bounds does the reader need to know why.
    plain, corrected = slopes if len(slopes) == 2 else (None, None)
    if plain is not None and corrected is not None and corrected.value < min(plain.value, LOWEST):
        yield HIDDEN


def _recovery(name: str, record: Recovery) -> str:
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
    return [_planted_figure(results, key, name, reach) for key, name in MEASURES.items()]


def _planted_figure(results: Results, key: str, name: str, reach: float) -> Figure:
    names, associations = fmt.row_names(results.config), results.bias.planted.associations
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
