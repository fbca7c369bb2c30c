"""The tables of the comparison: matrix, effects, tests. Each is data, ready for the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hansard_bias.report.comparisons import Effect, excess_effect, unlearned
from hansard_bias.report.formats import (
    NOTHING,
    count,
    decimal,
    estimate,
    model_name,
    p_value,
    percent,
    readable,
    signed,
    significant,
    span,
    title,
    training_text,
)
from hansard_bias.report.results import Interval, Results, parse_interval
from hansard_bias.report.sentences import rate_interval, tilt_sentence, unlearned_text

HOLM = "p, Holm-corrected"


@dataclass(frozen=True)
class Table:
    """Text in rows under named columns; a column whose name is in `numeric` is set flush right."""

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), self.name


def table(
    name: str,
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    text: int = 1,
    words: Sequence[str] = (),
) -> Table:
    """A table whose first `text` columns and those in `words` hold words; the others hold numbers."""
    numeric = frozenset(columns[text:]) - set(words)
    return Table(name, caption, tuple(columns), tuple(tuple(row) for row in rows), numeric)


def matrix_table(results: Results) -> Table:
    """Perplexities with intervals: one row a model, one column what it read."""
    config = results.config
    columns = ["Model", "Trained on", *(f"Reading {title(column)}" for column in config.columns())]
    rows = [
        [
            model_name(config, model),
            training_text(config, model),
            *(estimate(results.perplexity(model, column), significant) for column in config.columns()),
        ]
        for model in config.models
    ]
    caption = "Perplexity of every model on every test text, with its interval. Lower is less surprised."
    return table("matrix", caption, columns, rows, text=2)


def ratio_table(results: Results) -> Table:
    """The bias ratio of every model."""
    rows = [
        [model_name(results.config, model), decimal(ratio.value), span(ratio, decimal)]
        for model in results.config.models
        if (ratio := results.measure(model, "bias_ratio")) is not None
    ]
    caption = "Bias ratio: a model's highest perplexity over its lowest. 1 means equal."
    return table("ratios", caption, ["Model", "Ratio", "Interval"], rows)


def excess_table(results: Results) -> Table:
    """Excess cross-entropy of every model on every corpus with a model of its own."""
    config = results.config
    rows = []
    for model in config.models:
        for column in config.columns():
            excess = excess_effect(results, model, column)
            if excess is not None and config.own_model(column) != model:
                bits = _excess_bits(results, model, column)
                # The test text of a mixture is a mean of the others; to test it as well would count them twice.
                finding = _finding(excess) if column in config.corpora else "not tested"
                idle = unlearned(results, model, config.own_model(column))
                finding = unlearned_text(config, idle) if idle else finding
                texts = [*_excess_texts(excess.size, bits), p_value(excess.p), finding]
                rows.append([model_name(config, model), title(column), *texts])
    columns = ["Model", "Reading", "Nats per token", "Bits per byte", "Times as many words", HOLM, "Finding"]
    caption = "Excess: what it costs to read a text with another training than the text's own."
    return table("excess", caption, columns, rows, text=2, words=["Finding"])


def _excess_texts(excess: Interval, bits: Interval | None) -> list[str]:
    factor = excess.map(math.exp)
    return [estimate(excess, signed), estimate(bits, lambda value: decimal(value, 3)), estimate(factor, decimal)]


def _excess_bits(results: Results, model: str, column: str) -> Interval | None:
    record = results.bias["models"][results.config.row_key(model)].get("excess_bits_per_byte") or {}
    return parse_interval(record.get(f"on_{column}"))


def _finding(excess: Effect) -> str:
    names = {None: "no interval: not decided", 0: "no difference found", 1: "reads worse", -1: "reads better"}
    weak = "; the interval excludes 0, the corrected test does not" if excess.only_uncorrected else ""
    return f"{names[excess.side]}{weak}"


def tilt_table(results: Results) -> Table:
    """Which way each mixture leans."""
    rows = [
        [model_name(results.config, model), estimate(tilt, signed), tilt_sentence(results, model) or NOTHING]
        for model in results.config.models
        if (tilt := results.measure(model, "tilt")) is not None
    ]
    caption = "Tilt of the models trained on two legislatures: the difference of their two excesses. 0 is even-handed."
    return table("tilts", caption, ["Model", "Nats per token", "Finding"], rows, words=["Finding"])


def significance_tables(results: Results) -> list[Table]:
    """The tests, one table a family: effect and interval first, p after them."""
    families: dict[str, list[Mapping[str, Any]]] = {}
    for record in results.bias["tests"]:
        families.setdefault(str(record.get("family", "tests")), []).append(record)
    columns = ["What", "Effect", "Interval", "Unit", "p", HOLM, "p, runs as given"]
    return [
        table(
            f"tests-{number}",
            f"Tests of the family \u201c{family}\u201d.",
            columns,
            [_test_row(results, record) for record in records],
            words=["Unit"],
        )
        for number, (family, records) in enumerate(families.items(), start=1)
    ]


def _test_row(results: Results, record: Mapping[str, Any]) -> list[str]:
    effect = Interval(record["effect"], record.get("low"), record.get("high"))
    bounds = span(effect, signed)
    unit = str(record.get("unit") or "")
    given = record.get("p_sittings", record.get("p_prompts"))
    probabilities = [p_value(record.get("p")), p_value(record.get("p_holm")), p_value(given)]
    what = readable(results.config, str(record["what"]))
    return [what, signed(effect.value), bounds, unit, *probabilities]


def rate_table(results: Results) -> Table:
    """Share of prompts that lean one way, the other way, or neither, per model."""
    groups = results.bias["probes"]["groups"]
    first, second = (f"Prefers {groups[side]['label']}" for side in ("first", "second"))
    rows = []
    for model in results.config.models:
        record = results.bias["models"][results.config.row_key(model)].get("cultural_bias_rate")
        if record:
            shares = [estimate(rate_interval(record, side), percent) for side in ("first", "second", "any")]
            counts = [count(record.get(name)) for name in ("tied", "undecided", "prompts")]
            rows.append([model_name(results.config, model), *shares, *counts])
    columns = ["Model", first, second, "Either way", "Ties", "Undecided", "Prompts"]
    return table(
        "rates", "Cultural bias rate: share of the prompts that show a preference, by direction.", columns, rows
    )
