"""Is the instrument sound? What metrics/calibration.json says, for the page; nothing where there is no such file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hansard_bias.report.formats import Shown, count, decimal, estimate, percent, signed
from hansard_bias.report.results import Interval, Json, Results, parse_interval
from hansard_bias.report.tables.comparison import Table, table

NAMES = {
    "excess": "Excess",
    "tilt": "Tilt",
    "preference": "Preference L*",
    "bias_ratio": "Bias ratio",
}
CURVES = {
    "excess_text1": "Excess on the first legislature",
    "excess_text2": "Excess on the second legislature",
    "tilt": "Tilt",
    "preference": "Mean preference L*",
    "bias_ratio": "Bias ratio",
}


def verdict_table(results: Results) -> Table:
    """One row a metric: false positives, power, and the word."""
    rows = [_verdict_row(name, record) for name, record in _metrics(results).items()]
    columns = ["Metric", "Verdict", "False alarms", "Allowed", "With the same halves", "Found", "Follows the dose"]
    caption = (
        "False alarms: tests that reject where there is nothing to find, of all comparisons, and how many the binomial "
        "band allows. Found: studies in which a quarter of foreign text is noticed."
    )
    return table("calibration", caption, columns, rows, words=["Follows the dose", "Verdict"])


def _verdict_row(name: str, record: Json) -> list[str]:
    null, band = record["false_positives"], record["false_positives"]["band"]
    return [
        NAMES.get(name, name),
        str(record["verdict"]),
        _share(null),
        f"{count(band['low'])} to {count(band['high'])} of {count(null['comparisons'])}",
        _share(record["false_positives_same_text"]),
        _share(record["power"]),
        "yes" if all(curve["monotone"] for curve in record["dose"]) else "no",
    ]


def _share(record: Json) -> str:
    rate = _interval(record["rate"])
    text = f"{count(record['rejected'])} of {count(record['comparisons'])}, {estimate(rate, percent)}"
    return Shown(text, rate.value, rate.low, rate.high)


def _interval(raw: object) -> Interval:
    """An interval that the file must hold."""
    found = parse_interval(raw)
    assert found is not None, "the calibration writes a value for every interval"
    return found


def dose_table(results: Results) -> Table:
    """One row a curve: its values at every dose, slope, and how surely it is monotone."""
    curves = [curve for _, curve in dose_curves(results)]
    doses = curves[0]["doses"] if curves else []
    columns = ["Metric", *(percent(dose) for dose in doses), "Slope", "Order kept in draws", "In single studies"]
    rows = [
        [
            CURVES.get(curve["curve"], str(curve["curve"])),
            *((decimal if curve["curve"] == "bias_ratio" else signed)(value["value"]) for value in curve["values"]),
            estimate(_interval(curve["slope"]), signed),
            percent(curve["monotone_draws"]),
            percent(curve["monotone_studies"]),
        ]
        for curve in curves
    ]
    caption = "What the metrics say of models with more and more text of a second legislature."
    return table("doses", caption, columns, rows)


def dose_curves(results: Results) -> list[tuple[str, Json]]:
    """Every curve over the dose, with the metric that it belongs to."""
    return [(name, curve) for name, record in _metrics(results).items() for curve in record["dose"]]


def trust(results: Results) -> dict[str, str]:
    """The verdict on every metric; empty where no calibration was run."""
    return {name: str(record["verdict"]) for name, record in _metrics(results).items()}


def planted_sentence(results: Results) -> str:
    """What became of the planted associations, in one or two sentences; empty without a calibration."""
    if not results.calibration:
        return ""
    planted = results.calibration["planted"]
    slope = estimate(_interval(planted["slope"]), decimal)
    false = planted["false_preferences"]
    return (
        f"Of {count(planted['signs'])} planted associations, the measured preference has the right sign in "
        f"{count(planted['signs_right'])}; measured against planted log-odds it lies on a line of slope {slope}, where "
        f"1 would be perfect. Where nothing was planted, {count(false['shown'])} of {count(false['prompts'])} prompts "
        "seem to show a preference."
    )


def reasons(results: Results) -> list[str]:
    """Why a metric is untrusted, one sentence each."""
    return [
        f"{NAMES.get(name, name)} is untrusted: {'; '.join(record['reasons'])}."
        for name, record in _metrics(results).items()
        if record["reasons"]
    ]


def _metrics(results: Results) -> Mapping[str, Any]:
    found: Mapping[str, Any] = results.calibration.get("metrics", {})
    return found
