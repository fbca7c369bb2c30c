"""Is the sample's truth found again? The planted associations in a table and sentences; none for real archives."""

from __future__ import annotations

from collections.abc import Iterator

from hansard_bias.report.formats import count, decimal, estimate, model_name, readable, sentence_list, signed
from hansard_bias.report.results import Interval, Json, Results, parse_interval
from hansard_bias.report.tables.comparison import Table, table

MEASURES = {"log_odds": "L", "preference": "L*"}
SLOPES = (0.8, 1.2)
"""Where the slope of measured against planted log-odds must lie (method.md section 6)."""
EVEN = 1e-9
"""Log-odds of even odds, but for rounding."""
HIDDEN = (
    "L* takes off what a model expects with the content words hidden. In these debates every frame has function words "
    "of its own, which tell the frame all the same, so part of what was planted goes with the correction. L is the "
    "number to read here."
)


def planted_records(results: Results) -> list[Json]:
    """One record a frame and model; none for real archives."""
    section: Json = results.bias.get("planted") or {}
    return list(section.get("associations", ()))


def planted_table(results: Results) -> Table:
    """The sample's planted associations, each beside L and L* of every model that read it."""
    names = {results.config.row_key(model): model_name(results.config, model) for model in results.config.models}
    records = planted_records(results)
    rows = [[str(record["association"]), names[record["model"]], *_texts(record)] for record in records]
    verdicts = [f"Recovered by {name}" for name in MEASURES.values()]
    measured = [f"Measured {name}" for name in MEASURES.values()]
    columns = ["Association", "Model", "Planted log-odds", *measured, *verdicts]
    caption = (
        "What was planted in the generated debates, and what the models show, in nats; intervals over wordings and "
        "training runs. Above 0 favours the northern group of terms."
    )
    return table("planted", caption, columns, rows, text=2, words=verdicts)


def _texts(record: Json) -> list[str]:
    truth, found = record["planted_log_odds"], [parse_interval(record[measure]) for measure in MEASURES]
    return [signed(truth), *(estimate(each, signed) for each in found), *(recovered(truth, each) for each in found)]


def recovered(truth: float, measured: Interval | None) -> str:
    """Whether sign and size of one association are found: the size is where the interval holds it."""
    if measured is None or measured.low is None or measured.high is None:
        return "not measured"
    inside = measured.low <= truth <= measured.high
    if abs(truth) <= EVEN:
        return "even, as planted" if inside else "no"
    if truth * measured.value > 0:
        return "sign and size" if inside else "sign"
    return "not the sign" if inside else "no"


def planted_sentences(results: Results) -> list[str]:
    """For L and for L*: signs, slope and the mean difference of the models of one legislature, as it is."""
    return list(_sentences(results))


def _sentences(results: Results) -> Iterator[str]:
    summary: Json = (results.bias.get("planted") or {}).get("summary", {})
    slopes = {}
    for measure, name in MEASURES.items():
        if measure in summary:
            scope = "single" if "single" in summary[measure] else "all"
            record = summary[measure][scope]
            slopes[name] = record["slope"]["value"]
            whose = "models of one legislature" if scope == "single" else "models"
            yield f"{_measured(name, record, whose)} {_differences(results, summary[measure])}{_verdict(name, record)}"
    if slopes and all(slope is not None for slope in slopes.values()) and slopes["L*"] < min(slopes["L"], SLOPES[0]):
        yield HIDDEN


def _measured(name: str, record: Json, whose: str) -> str:
    slope = estimate(parse_interval(record["slope"]), decimal)
    return (
        f"{name} has the right sign in {count(record['signs_right'])} of {count(record['signs'])} planted associations "
        f"of the {whose}; against the planted log-odds it lies on a line of slope {slope}, where 1 would be perfect."
    )


def _differences(results: Results, record: Json) -> str:
    told = []
    for each in record["differences"]:
        off = estimate(parse_interval(each["error"]), signed)
        what = readable(results.config, str(each["what"]))
        found, truth = signed(each["measured"]["value"]), signed(each["planted"])
        told.append(f"{what} {found} where {truth} was planted, off by {off}")
    return f"On average it finds {sentence_list(told)}. " if told else ""


def _verdict(name: str, record: Json) -> str:
    """The plain word on one measure."""
    signs, right, slope = record["signs"], record["signs_right"], record["slope"]["value"]
    missed = f"misses {count(signs - right)} of {count(signs)} directions"
    direction = "finds every direction" if right == signs else missed
    if slope is None:
        return f"So {name} {direction}; of sizes nothing can be said."
    low, high = SLOPES
    size = "exaggerates" if slope > high else "understates" if slope < low else "about keeps"
    if right == signs:
        return f"So {name} {direction} and {size} the sizes."
    return f"So {name} does not recover what was planted: it {direction} and {size} the sizes."
