"""Compared with chance: what guessing would give, beside what was measured and tested."""

from __future__ import annotations

from collections.abc import Iterator

from hansard_bias.report import formats as fmt
from hansard_bias.report.comparisons import unigram_gain
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

NOT_SHOWN = ("association", "unigrams")
"""Families of tests with a table or with rows of their own."""
MOST_NAMED = 3
BEYOND = {True: "yes", False: "no", None: "not decided"}


def blind_perplexity(results: Results) -> int | None:
    """The perplexity of a model that guesses evenly among all word pieces; None where their number is not known."""
    config = results.config
    # A model that is continued brings its own vocabulary.
    return None if config.model.init else config.tokenizer.vocab_size


@text("against_chance")
def chance_sentence(results: Results) -> str:
    """The matrix against word frequencies and against blind guessing."""
    config, blind = results.config, blind_perplexity(results)
    own = [(m, c) for c in config.corpora if (m := config.own_model(c)) is not None]
    other = [(m, c) for m in config.models for c in config.corpora if c not in config.models[m].mixture]
    parts = []
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
    if len(values) > MOST_NAMED:
        return f"{fmt.significant(min(values))} to {fmt.significant(max(values))}"
    return fmt.sentence_list([fmt.significant(value) for value in values])


@table("chance")
def chance_table(results: Results) -> Table:
    """One row a number: what chance alone would give, what was measured, and whether it is beyond chance."""
    rows = [*_perplexity_rows(results), *_test_rows(results)]
    columns = ["Number", "By even guessing", "By word frequencies", "Measured", "p, Holm-corrected", "Beyond chance"]
    caption = (
        "Every number that was compared with chance, corrected for the number of tests in its family. Perplexities are "
        "tested against the word frequencies of the model's training text, everything else against no difference."
    )
    return make_table(caption, columns, rows, words=["Beyond chance"])


def _perplexity_rows(results: Results) -> Iterator[list[str]]:
    config, blind = results.config, blind_perplexity(results)
    for model in config.models:
        for corpus in config.corpora:
            # A perplexity needs no test against 0; what it must beat are the word frequencies.
            gain = unigram_gain(results, model, corpus)
            yield [
                f"Perplexity of {fmt.model_name(config, model)} on {fmt.title(corpus)}",
                fmt.NOTHING if blind is None else fmt.count(blind),
                fmt.significant(results.unigrams(model).perplexity[f"on_{corpus}"].value),
                fmt.estimate(results.perplexity(model, corpus), fmt.significant),
                fmt.p_value(gain.p),
                BEYOND[None if gain.side is None else gain.side == 1],
            ]


def _test_rows(results: Results) -> Iterator[list[str]]:
    alpha = 1 - results.config.bias.confidence
    for test in results.bias.tests:
        if test.family not in NOT_SHOWN:
            what = f"{test.family[:1].upper()}{test.family[1:]}: {fmt.readable(results.config, test.what)}"
            effect, beyond = fmt.estimate(test.interval, fmt.signed), BEYOND[test.p_holm < alpha]
            yield [what, "0", fmt.NOTHING, effect, fmt.p_value(test.p_holm), beyond]


# Exact pseudo-log-likelihoods on the page: a second way of asking, beside the matrix.


@table("likelihoods")
def likelihood_table(results: Results) -> Table:
    """Nats per token in both forms, one row a model and corpus; no rows where none were computed."""
    config = results.config
    rows = []
    for model in config.models:
        record = results.bias.likelihoods.get(config.row_key(model), {})
        for corpus in config.corpora:
            # Only some test texts may have been asked about.
            if (cell := record.get(f"on_{corpus}")) is not None:
                forms = [fmt.estimate(form, fmt.decimal) for form in (cell.pll, cell.pll_within_word)]
                rows.append([fmt.model_name(config, model), fmt.title(corpus), *forms, fmt.count(cell.speeches)])
    columns = ["Model", "Reading", "Pieces one at a time", "Rest of the word hidden too", "Speeches"]
    caption = (
        "Exact pseudo-log-likelihood of a fixed sample of test speeches, in nats per token, mean over training runs. "
        "Closer to 0 is less surprised. Intervals: other sitting days."
    )
    return make_table(caption, columns, rows, text=2)
