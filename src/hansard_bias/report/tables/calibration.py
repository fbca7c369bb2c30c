"""Is the instrument sound? What metrics/calibration.json says, for the page; nothing where there is no such file."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from hansard_bias.analysis.stage_records import DoseCurve, MetricVerdict, Rejections
from hansard_bias.report.figures import GREY, SERIES, Figure, chart_of, figure
from hansard_bias.report.formats import Shown, count, decimal, estimate, percent, signed
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

NAMES = {"excess": "Excess", "tilt": "Tilt", "preference": "Preference L*", "bias_ratio": "Bias ratio"}
CURVES = {
    "excess_text1": "Excess on the first legislature",
    "excess_text2": "Excess on the second legislature",
    "tilt": "Tilt",
    "preference": "Mean preference L*",
    "bias_ratio": "Bias ratio",
}
CAPTION = (
    "What the metrics say of models that read more and more of a second legislature; bands are intervals. A metric "
    "that can be trusted follows the dose."
)


@table("calibration")
def verdict_table(results: Results) -> Table:
    """One row a metric: false positives, power, and the word."""
    rows = []
    for name, record in _metrics(results).items():
        # Only where there is nothing to find does a band say how many rejections chance allows.
        null = record.false_positives
        assert null.band is not None, "the verdict of a null comparison has its band"
        allowed = f"{count(null.band.low)} to {count(null.band.high)} of {count(null.comparisons)}"
        shares = [_share(null), allowed, _share(record.false_positives_same_text), _share(record.power)]
        follows = "yes" if all(curve.monotone for curve in record.dose) else "no"
        rows.append([NAMES.get(name, name), record.verdict, *shares, follows])
    columns = ["Metric", "Verdict", "False alarms", "Allowed", "With the same halves", "Found", "Follows the dose"]
    caption = (
        "False alarms: tests that reject where there is nothing to find, of all comparisons, and how many the binomial "
        "band allows. Found: studies in which a quarter of foreign text is noticed."
    )
    return make_table(caption, columns, rows, words=["Follows the dose", "Verdict"])


def _metrics(results: Results) -> Mapping[str, MetricVerdict]:
    return {} if results.calibration is None else results.calibration.metrics


def _share(found: Rejections) -> str:
    text = f"{count(found.rejected)} of {count(found.comparisons)}, {estimate(found.rate, percent)}"
    return Shown(text, *found.rate.as_dict().values())


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
    return (
        f"Of {count(planted.signs)} planted associations, the measured preference has the right sign in "
        f"{count(planted.signs_right)}; measured against planted log-odds it lies on a line of slope {slope}, where "
        f"1 would be perfect. Where nothing was planted, {count(false.shown)} of {count(false.prompts)} prompts "
        "seem to show a preference."
    )


@text("calibration_reasons")
def reasons(results: Results) -> list[str]:
    """Why a metric is untrusted, one sentence each."""
    found = [(NAMES.get(name, name), record.reasons) for name, record in _metrics(results).items()]
    return [f"{name} is untrusted: {'; '.join(why)}." for name, why in found if why]


@figure("calibration", section="calibration", title="Calibration", caption=CAPTION, order=80, columns=3, scales=("y",))
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
