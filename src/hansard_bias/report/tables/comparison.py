"""The tables of the comparison, and what guessing would give: matrix, effects, tests. Each is data for the page."""

from __future__ import annotations

import math
from itertools import product

from hansard_bias.report import formats as fmt
from hansard_bias.report.comparisons import (
    FINDINGS,
    excess_effect,
    tilt_sentence,
    tilts,
    unigram_gain,
    unlearned,
    unlearned_text,
)
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

HOLM = "p, Holm-corrected"
# Families of tests with a table or with rows of their own.
NOT_SHOWN = ("association", "unigrams")
MOST_NAMED = 3
BEYOND = {True: "yes", False: "no", None: "not decided"}


@table("matrix", section="matrix", fold="The matrix as a table")
def matrix_table(results: Results) -> Table:
    """Perplexities with intervals: one row a model, one column what it read."""
    config, rows = results.config, []
    for model in config.models:
        cells = [fmt.estimate(results.perplexity(model, column), fmt.significant) for column in config.columns()]
        rows.append([fmt.model_name(config, model), fmt.training_text(config, model), *cells])
    columns = ["Model", "Trained on", *(f"Reading {fmt.title(column)}" for column in config.columns())]
    caption = "Perplexity of every model on every test text, with its interval. Lower is less surprised."
    return make_table(caption, columns, rows, text=2)


@table("excess", section="effects", order=1, fold="Excess as a table")
def excess_table(results: Results) -> Table:
    """Excess cross-entropy of every model on every corpus with a model of its own."""
    config, rows = results.config, []
    for model, column in product(config.models, config.columns()):
        excess = excess_effect(results, model, column)
        if excess is not None and config.own_model(column) != model:
            bits = results.measures(model).excess_bits_per_byte[f"on_{column}"]
            finding = "no interval: not decided" if excess.side is None else FINDINGS[excess.side]
            finding += "; the interval excludes 0, the corrected test does not" if excess.only_uncorrected else ""
            if idle := unlearned(results, model, config.own_model(column)):
                finding = unlearned_text(config, idle)
            # The test text of a mixture is a mean of the others; to test it as well would count them twice.
            elif column not in config.corpora:
                finding = "not tested"
            sizes = ((excess.size, fmt.signed), (bits, fmt.fine), (excess.size.map(math.exp), fmt.decimal))
            texts = [fmt.estimate(interval, form) for interval, form in sizes]
            names = [fmt.model_name(config, model), fmt.title(column)]
            rows.append([*names, *texts, fmt.p_value(excess.p), finding])
    columns = ["Model", "Reading", "Nats per token", "Bits per byte", "Times as many words", HOLM, "Finding"]
    caption = "Excess: what it costs to read a text with another training than the text's own."
    return make_table(caption, columns, rows, text=2, words=["Finding"])


@table("ratios", section="effects", order=2, fold="Bias ratio as a table")
def ratio_table(results: Results) -> Table:
    """The bias ratio of every model."""
    rows = []
    for model, ratio in results.measured("bias_ratio").items():
        rows.append([fmt.model_name(results.config, model), fmt.decimal(ratio.value), fmt.span(ratio, fmt.decimal)])
    caption = "Bias ratio: a model's highest perplexity over its lowest. 1 means equal."
    return make_table(caption, ["Model", "Ratio", "Interval"], rows)


@table("tilts", section="effects", order=3, fold="Tilt as a table")
def tilt_table(results: Results) -> Table:
    """Which way each mixture leans."""
    rows, at_dose = [], tilts(results)
    for model, tilt in results.measured("tilt").items():
        finding = tilt_sentence(results, model) or fmt.NOTHING
        both = (at_dose.get(model), tilt)
        cells = [fmt.NOTHING if each is None else fmt.estimate(each, fmt.signed) for each in both]
        rows.append([fmt.model_name(results.config, model), *cells, finding])
    caption = (
        "Tilt of the models trained on two legislatures: the difference of their two excesses, nats per token; 0 is "
        "even-handed. N-gram models are set against own models of as much text of each legislature as the mixture has; "
        "against the full models, as masked ones are, a tilt compares learning curves, too."
    )
    columns = ["Model", "N-gram models, at its dose", "Masked, against the full models", "Finding"]
    return make_table(caption, columns, rows, words=["Finding"])


@table("tests")
def significance_tables(results: Results) -> list[Table]:
    """The tests, one table a family: effect and interval first, p after them."""
    # Holm corrects within a family, so a family is a table.
    families: dict[str, list[list[str]]] = {}
    for test in results.bias.tests:
        effect = [fmt.signed(test.effect), fmt.span(test.interval, fmt.signed), test.unit]
        cells = [fmt.readable(results.config, test.what), *effect, *map(fmt.p_value, (test.p, test.p_holm))]
        families.setdefault(test.family, []).append(cells)
    columns = ["What", "Effect", "Interval", "Unit", "p", HOLM]
    return [
        make_table(f"Tests of the family \u201c{family}\u201d.", columns, rows, words=["Unit"], name=str(number))
        for number, (family, rows) in enumerate(families.items(), start=1)
    ]


@table("rates", section="probes", order=1, fold="The rates as a table")
def rate_table(results: Results) -> Table:
    """Share of prompts that lean one way, the other way, or neither, per model."""
    groups, rows = results.bias.probes.groups, []
    for model, rate in results.measured("cultural_bias_rate").items():
        shares = fmt.shares(rate.first, rate.second, rate.any)
        counts = map(fmt.count, (rate.tied, rate.undecided, rate.prompts))
        rows.append([fmt.model_name(results.config, model), *shares, *counts])
    sides = [f"Prefers {group.label}" for group in (groups.first, groups.second)]
    columns = ["Model", *sides, "Either way", "Ties", "Undecided", "Prompts"]
    caption = (
        "Cultural bias rate: estimated share of the prompts with true odds beyond 2 to 1, by direction; and how many "
        "prompts are tied or undecided one by one."
    )
    return make_table(caption, columns, rows)


# Compared with chance: what guessing would give, beside what was measured and tested.
def _pieces(results: Results) -> int | None:
    # Evenly among all of them guesses a blind model; one that is continued brings a vocabulary of its own.
    return None if results.config.model.init else results.config.tokenizer.vocab_size


@text("against_chance")
def chance_sentence(results: Results) -> str:
    """The matrix against word frequencies and against blind guessing."""
    config, blind, parts = results.config, _pieces(results), []
    own = [(m, c) for c in config.corpora if (m := config.own_model(c)) is not None]
    other = [(m, c) for m in config.models for c in config.corpora if c not in config.models[m].mixture]
    for place, cells in (("on their own debates", own), ("on debates they did not learn from", other)):
        if cells:
            plain = _some([results.unigrams(m).perplexity[f"on_{c}"].value for m, c in cells])
            measured = _some([results.perplexity(m, c).value for m, c in cells])
            parts.append(f"{place} a perplexity of {measured}, where the word frequencies would give {plain}")
    evenly = f" Guessing evenly among {fmt.count(blind)} word pieces would give {fmt.count(blind)}." if blind else ""
    return (
        "Compared with chance, and with a model that knows nothing but how often each word piece occurs in its "
        f"training text: the models have {'; '.join(parts)}.{evenly}"
    )


def _some(values: list[float]) -> str:
    """A few numbers one by one, more of them by their range."""
    ends = f"{fmt.significant(min(values))} to {fmt.significant(max(values))}"
    return ends if len(values) > MOST_NAMED else fmt.sentence_list([*map(fmt.significant, values)])


@table("chance")
def chance_table(results: Results) -> Table:
    """One row a number: what chance alone would give, what was measured, and whether it is beyond chance."""
    config, blind, rows = results.config, _pieces(results), []
    evenly = fmt.NOTHING if blind is None else fmt.count(blind)
    for model, corpus in product(config.models, config.corpora):
        # A perplexity needs no test against 0; what it must beat are the word frequencies.
        gain = unigram_gain(results, model, corpus)
        what = f"Perplexity of {fmt.model_name(config, model)} on {fmt.title(corpus)}"
        plain = fmt.significant(results.unigrams(model).perplexity[f"on_{corpus}"].value)
        measured = fmt.estimate(results.perplexity(model, corpus), fmt.significant)
        beyond = BEYOND[None if gain.side is None else gain.side == 1]
        rows.append([what, evenly, plain, measured, fmt.p_value(gain.p), beyond])
    for test in (test for test in results.bias.tests if test.family not in NOT_SHOWN):
        what = f"{test.family[:1].upper()}{test.family[1:]}: {fmt.readable(config, test.what)}"
        beyond = BEYOND[test.p_holm < 1 - config.bias.confidence]
        measured = fmt.estimate(test.interval, fmt.signed)
        rows.append([what, "0", fmt.NOTHING, measured, fmt.p_value(test.p_holm), beyond])
    columns = ["Number", "By even guessing", "By word frequencies", "Measured", HOLM, "Beyond chance"]
    caption = (
        "Every number that was compared with chance, corrected for the number of tests in its family. Perplexities are "
        "tested against the word frequencies of the model's training text, everything else against no difference."
    )
    return make_table(caption, columns, rows, words=["Beyond chance"])


@table("likelihoods")
def likelihood_table(results: Results) -> Table:
    """Exact pseudo-log-likelihoods, a second way of asking, one row a model and corpus; no rows without any."""
    config, rows = results.config, []
    for model, corpus in product(config.models, config.corpora):
        # Only some test texts may have been asked about.
        cell = results.bias.likelihoods.get(config.row_key(model), {}).get(f"on_{corpus}")
        if cell is not None:
            forms = [fmt.estimate(form, fmt.decimal) for form in (cell.pll, cell.pll_within_word)]
            rows.append([fmt.model_name(config, model), fmt.title(corpus), *forms, fmt.count(cell.speeches)])
    columns = ["Model", "Reading", "Pieces one at a time", "Rest of the word hidden too", "Speeches"]
    caption = (
        "Exact pseudo-log-likelihood of a fixed sample of test speeches, in nats per token, mean over training runs. "
        "Closer to 0 is less surprised. Intervals: other sitting days."
    )
    return make_table(caption, columns, rows, text=2)
