"""Compared with chance: what guessing would give, beside what was measured and tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hansard_bias.report.comparisons import unigram_gain
from hansard_bias.report.formats import (
    NOTHING,
    count,
    decimal,
    estimate,
    model_name,
    p_value,
    readable,
    sentence_list,
    signed,
    significant,
    title,
)
from hansard_bias.report.results import Interval, Results, parse_interval
from hansard_bias.report.tables.comparison import Table, table

NOT_SHOWN = ("association", "unigrams")
"""Families of tests with a table or with rows of their own."""
MOST_NAMED = 3


def blind_perplexity(results: Results) -> int | None:
    """The perplexity of a model that guesses evenly among all word pieces; None where their number is not known."""
    config = results.config
    return None if config.model.init else config.tokenizer.vocab_size


def chance_sentence(results: Results) -> str:
    """The matrix against word frequencies and against blind guessing."""
    config, blind = results.config, blind_perplexity(results)
    own = [(m, c) for c in config.corpora if (m := config.own_model(c)) is not None]
    other = [(m, c) for m in config.models for c in config.corpora if c not in config.models[m].mixture]
    parts = []
    for place, cells in (("on their own debates", own), ("on debates they did not learn from", other)):
        if cells:
            plain = _some([results.unigram(m, c).value for m, c in cells])
            measured = _some([results.matrix[m][c] for m, c in cells])
            parts.append(f"{place} a perplexity of {measured}, where the word frequencies would give {plain}")
    evenly = f" Guessing evenly among {count(blind)} word pieces would give {count(blind)}." if blind else ""
    return (
        "Compared with chance, and with a model that knows nothing but how often each word piece occurs in its "
        f"training text: the models have {'; '.join(parts)}.{evenly}"
    )


def _some(values: list[float]) -> str:
    """A few numbers one by one, more of them by their range."""
    if len(values) > MOST_NAMED:
        return f"{significant(min(values))} to {significant(max(values))}"
    return sentence_list([significant(value) for value in values])


def chance_table(results: Results) -> Table:
    """One row a number: what chance alone would give, what was measured, and whether it is beyond chance."""
    rows = [*_perplexity_rows(results), *_test_rows(results)]
    columns = ["Number", "By even guessing", "By word frequencies", "Measured", "p, Holm-corrected", "Beyond chance"]
    caption = (
        "Every number that was compared with chance, corrected for the number of tests in its family. Perplexities are "
        "tested against the word frequencies of the model's training text, everything else against no difference."
    )
    return table("chance", caption, columns, rows, words=["Beyond chance"])


def _perplexity_rows(results: Results) -> Iterator[list[str]]:
    config, blind = results.config, blind_perplexity(results)
    for model in config.models:
        for corpus in config.corpora:
            gain = unigram_gain(results, model, corpus)
            yield [
                f"Perplexity of {model_name(config, model)} on {title(corpus)}",
                NOTHING if blind is None else count(blind),
                significant(results.unigram(model, corpus).value),
                estimate(results.perplexity(model, corpus), significant),
                p_value(gain.p),
                "not decided" if gain.side is None else _yes_or_no(gain.side == 1),
            ]


def _test_rows(results: Results) -> Iterator[list[str]]:
    alpha = 1 - results.config.bias.confidence
    for record in results.bias["tests"]:
        if record.get("family") not in NOT_SHOWN:
            corrected = record.get("p_holm")
            beyond = "not decided" if corrected is None else _yes_or_no(corrected < alpha)
            yield [_name(results, record), "0", NOTHING, _effect(record), p_value(corrected), beyond]


def _name(results: Results, record: Any) -> str:
    family = str(record.get("family", "tests"))
    what = readable(results.config, str(record["what"]))
    return f"{family[:1].upper()}{family[1:]}: {what}"


def _effect(record: Any) -> str:
    return estimate(Interval(record["effect"], record.get("low"), record.get("high")), signed)


def _yes_or_no(truth: bool) -> str:
    return "yes" if truth else "no"


# Exact pseudo-log-likelihoods on the page: a second way of asking, beside the matrix.


def likelihood_table(results: Results) -> Table:
    """Nats per token in both forms, one row a model and corpus; no rows where none were computed."""
    config = results.config
    rows = []
    for model in config.models:
        record = results.bias.get("likelihoods", {}).get(config.row_key(model), {})
        for corpus in config.corpora:
            cell = record.get(f"on_{corpus}")
            if cell:
                forms = [estimate(parse_interval(cell[form]), decimal) for form in ("pll", "pll_within_word")]
                rows.append([model_name(config, model), title(corpus), *forms, count(cell["speeches"])])
    columns = ["Model", "Reading", "Pieces one at a time", "Rest of the word hidden too", "Speeches"]
    caption = (
        "Exact pseudo-log-likelihood of a fixed sample of test speeches, in nats per token, mean over training runs. "
        "Closer to 0 is less surprised. Intervals: other sitting days."
    )
    return table("likelihoods", caption, columns, rows, text=2)
