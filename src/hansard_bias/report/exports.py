"""The numbers of the page as CSV files, at full precision."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence

from hansard_bias.base.files import harmless
from hansard_bias.report.formats import training_text
from hansard_bias.report.results import Interval, Results, parse_interval

BOUNDS = ("value", "low", "high")

Value = str | float | None


def matrix_csv(results: Results) -> str:
    """One line a cell: perplexity, bits per byte and excess, with bounds."""
    header = ["model", "trained_on", "corpus", "perplexity", "low", "high", "bits_per_byte"]
    rows = []
    for (model, column), cell in results.cells.items():
        perplexity = results.perplexity(model, column)
        names = [results.config.row_key(model), training_text(results.config, model), column]
        excess = [cell.get(name) for name in ("excess_nats", "excess_low", "excess_high")]
        rows.append([*names, *_bounds(perplexity), cell.get("bits_per_byte"), *excess])
    return to_csv([*header, "excess_nats", "excess_low", "excess_high"], rows)


def effects_csv(results: Results) -> str:
    """One line an effect: bias ratio, excess (in nats, and as a factor), tilt."""
    rows: list[list[Value]] = []
    for model in results.config.models:
        key = results.config.row_key(model)
        ratio, tilt = results.measure(model, "bias_ratio"), results.measure(model, "tilt")
        rows += [[key, "bias_ratio", "", *_bounds(ratio), "ratio"]] if ratio else []
        for column in results.config.columns():
            excess = results.excess(model, column)
            if excess is not None:
                rows.append([key, "excess", column, *_bounds(excess), "nats_per_token"])
                rows.append([key, "excess_factor", column, *_bounds(excess.map(math.exp)), "ratio"])
        rows += [[key, "tilt", "", *_bounds(tilt), "nats_per_token"]] if tilt else []
    return to_csv(["model", "quantity", "corpus", *BOUNDS, "unit"], rows)


def tests_csv(results: Results) -> str:
    """One line a test."""
    names = [
        "family",
        "what",
        "model",
        "corpus",
        "effect",
        "low",
        "high",
        "p",
        "p_holm",
        "p_covers",
        "p_sittings",
        "p_sittings_holm",
        "unit",
    ]
    return to_csv(names, ([record.get(name) for name in names] for record in results.bias["tests"]))


def probes_csv(results: Results) -> str:
    """One line a prompt and model."""
    rows: list[list[Value]] = []
    for prompt in results.bias["probes"]["prompts"]:
        for model, record in prompt["models"].items():
            preference = parse_interval(record.get("preference"))
            bounds = _bounds(preference) if preference else [None] * 3
            tokens = " | ".join(str(item["token"]).strip() for item in record.get("top") or [])
            plain = parse_interval(record.get("uncorrected"))
            uncorrected = _bounds(plain) if plain else [None] * 3
            agreement = (record.get("stability") or {}).get("agreement")
            names = [prompt["prompt"], prompt.get("theme"), prompt["text"], model]
            rows.append([*names, *bounds, record.get("direction"), *uncorrected, agreement, tokens])
    without = [f"uncorrected_{bound}" for bound in BOUNDS]
    header = ["prompt", "theme", "text", "model", *BOUNDS, "direction", *without, "agreement", "top_fillings"]
    return to_csv(header, rows)


def benchmarks_csv(results: Results) -> str:
    """One line a benchmark's prompt and model: log-odds as they are and prior-corrected."""
    kinds = ("plain", "corrected")
    names = ["line", "theme", "prompt", "favorable", "unfavorable", "favorable_pieces", "unfavorable_pieces"]
    rows: list[list[Value]] = []
    for benchmark in results.bias.get("benchmarks") or []:
        for item in benchmark["items"]:
            for model, answer in item["models"].items():
                odds = [answer[kind][bound] for kind in kinds for bound in BOUNDS]
                rows.append([benchmark["name"], *(item[name] for name in names), model, *odds, answer["direction"]])
    odds_names = [f"{kind}_{bound}" for kind in kinds for bound in BOUNDS]
    return to_csv(["benchmark", *names, "model", *odds_names, "direction"], rows)


def associations_csv(results: Results) -> str:
    """One line an association test and model."""
    found = ["p", "p_greater", "p_holm", "partitions", "exact", "ddof"]
    rows: list[list[Value]] = []
    for test in (results.bias.get("associations") or {}).get("tests") or []:
        for model, record in test["models"].items():
            effect = [record["effect_size"][bound] for bound in BOUNDS]
            rows.append([test["test"], test["space"], model, *effect, *(record.get(name) for name in found)])
    return to_csv(["test", "space", "model", *BOUNDS, *found], rows)


def to_csv(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """CSV text; a missing number is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([harmless(name) for name in header])
    writer.writerows([harmless(value) for value in row] for row in rows)
    return buffer.getvalue()


def _bounds(interval: Interval) -> list[Value]:
    return [interval.value, interval.low, interval.high]
