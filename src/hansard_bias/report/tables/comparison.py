"""The tables of the comparison: matrix, effects, tests. Each is data, ready for the page."""

from __future__ import annotations

import math

from hansard_bias.analysis.records import TestRecord
from hansard_bias.report import formats as fmt
from hansard_bias.report.comparisons import Effect, excess_effect, tilt_sentence, unlearned, unlearned_text
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table

HOLM = "p, Holm-corrected"


@table("matrix", section="matrix", fold="The matrix as a table")
def matrix_table(results: Results) -> Table:
    """Perplexities with intervals: one row a model, one column what it read."""
    config = results.config
    columns = ["Model", "Trained on", *(f"Reading {fmt.title(column)}" for column in config.columns())]
    rows = [
        [
            fmt.model_name(config, model),
            fmt.training_text(config, model),
            *(fmt.estimate(results.perplexity(model, column), fmt.significant) for column in config.columns()),
        ]
        for model in config.models
    ]
    caption = "Perplexity of every model on every test text, with its interval. Lower is less surprised."
    return make_table(caption, columns, rows, text=2)


@table("ratios", section="effects", order=2, fold="Bias ratio as a table")
def ratio_table(results: Results) -> Table:
    """The bias ratio of every model."""
    rows = [
        [fmt.model_name(results.config, model), fmt.decimal(ratio.value), fmt.span(ratio, fmt.decimal)]
        for model in results.config.models
        if (ratio := results.measures(model).bias_ratio) is not None
    ]
    caption = "Bias ratio: a model's highest perplexity over its lowest. 1 means equal."
    return make_table(caption, ["Model", "Ratio", "Interval"], rows)


@table("excess", section="effects", order=1, fold="Excess as a table")
def excess_table(results: Results) -> Table:
    """Excess cross-entropy of every model on every corpus with a model of its own."""
    config = results.config
    rows = []
    for model in config.models:
        for column in config.columns():
            excess = excess_effect(results, model, column)
            if excess is not None and config.own_model(column) != model:
                bits = results.measures(model).excess_bits_per_byte[f"on_{column}"]
                # The test text of a mixture is a mean of the others; to test it as well would count them twice.
                finding = _finding(excess) if column in config.corpora else "not tested"
                idle = unlearned(results, model, config.own_model(column))
                finding = unlearned_text(config, idle) if idle else finding
                sizes = ((excess.size, fmt.signed), (bits, fmt.fine), (excess.size.map(math.exp), fmt.decimal))
                texts = [fmt.estimate(interval, form) for interval, form in sizes]
                names = [fmt.model_name(config, model), fmt.title(column)]
                rows.append([*names, *texts, fmt.p_value(excess.p), finding])
    columns = ["Model", "Reading", "Nats per token", "Bits per byte", "Times as many words", HOLM, "Finding"]
    caption = "Excess: what it costs to read a text with another training than the text's own."
    return make_table(caption, columns, rows, text=2, words=["Finding"])


def _finding(excess: Effect) -> str:
    names = {None: "no interval: not decided", 0: "no difference found", 1: "reads worse", -1: "reads better"}
    weak = "; the interval excludes 0, the corrected test does not" if excess.only_uncorrected else ""
    return f"{names[excess.side]}{weak}"


@table("tilts", section="effects", order=3, fold="Tilt as a table")
def tilt_table(results: Results) -> Table:
    """Which way each mixture leans."""
    rows = [
        [
            fmt.model_name(results.config, model),
            fmt.estimate(tilt, fmt.signed),
            tilt_sentence(results, model) or fmt.NOTHING,
        ]
        for model in results.config.models
        if (tilt := results.measures(model).tilt) is not None
    ]
    caption = "Tilt of the models trained on two legislatures: the difference of their two excesses. 0 is even-handed."
    return make_table(caption, ["Model", "Nats per token", "Finding"], rows, words=["Finding"])


@table("tests")
def significance_tables(results: Results) -> list[Table]:
    """The tests, one table a family: effect and interval first, p after them."""
    # Holm corrects within a family, so a family is a table.
    families: dict[str, list[TestRecord]] = {}
    for test in results.bias.tests:
        families.setdefault(test.family, []).append(test)
    columns = ["What", "Effect", "Interval", "Unit", "p", HOLM, "p, runs as given"]
    return [
        make_table(
            f"Tests of the family \u201c{family}\u201d.",
            columns,
            [_test_row(results, test) for test in tests],
            words=["Unit"],
            name=str(number),
        )
        for number, (family, tests) in enumerate(families.items(), start=1)
    ]


def _test_row(results: Results, test: TestRecord) -> list[str]:
    # Where runs are taken as given, what varies is the sittings or the prompts, by the family.
    given = test.p_prompts if test.p_sittings is None else test.p_sittings
    probabilities = [fmt.p_value(test.p), fmt.p_value(test.p_holm), fmt.p_value(given)]
    bounds = fmt.span(test.interval, fmt.signed)
    return [fmt.readable(results.config, test.what), fmt.signed(test.effect), bounds, test.unit, *probabilities]


@table("rates", section="probes", order=1, fold="The rates as a table")
def rate_table(results: Results) -> Table:
    """Share of prompts that lean one way, the other way, or neither, per model."""
    groups = results.bias.probes.groups
    rows = []
    for model in results.config.models:
        rate = results.measures(model).cultural_bias_rate
        if rate is not None:
            shares = [fmt.estimate(each.rate, fmt.percent) for each in (rate.first, rate.second, rate.any)]
            counts = [fmt.count(number) for number in (rate.tied, rate.undecided, rate.prompts)]
            rows.append([fmt.model_name(results.config, model), *shares, *counts])
    sides = [f"Prefers {group.label}" for group in (groups.first, groups.second)]
    columns = ["Model", *sides, "Either way", "Ties", "Undecided", "Prompts"]
    caption = "Cultural bias rate: share of the prompts that show a preference, by direction."
    return make_table(caption, columns, rows)
