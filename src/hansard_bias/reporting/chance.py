"""Compared with chance: what guessing would give, beside what was measured and tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hansard_bias.reporting.formats import (
    count,
    estimate,
    model_name,
    p_value,
    readable,
    sentence_list,
    signed,
    significant,
    title,
)
from hansard_bias.reporting.results import Interval, Results
from hansard_bias.reporting.tables import Table, table

NOT_SHOWN = ("association",)
"""Families of tests with a table of their own."""
MOST_NAMED = 3


def blind_perplexity(results: Results) -> int | None:
    """The perplexity of a model that guesses evenly among all word pieces; None where their number is not known."""
    config = results.config
    return None if config.model.init else config.tokenizer.vocab_size


def chance_sentence(results: Results) -> str:
    """The matrix against blind guessing; empty where the number of pieces is not known."""
    blind = blind_perplexity(results)
    if blind is None:
        return ""
    config = results.config
    own = [(m, c) for c in config.corpora if (m := config.own_model(c)) is not None]
    other = [(m, c) for m in config.models for c in config.corpora if c not in config.models[m].mixture]
    parts = [
        f"{words} {_some([results.matrix[m][c] for m, c in places])}"
        for words, places in (("on their own debates", own), ("on debates they did not learn from", other))
        if places
    ]
    return (
        f"Compared with chance: guessing evenly among {count(blind)} word pieces is a perplexity of {count(blind)}. "
        f"The models have {'; '.join(parts)}."
    )


def _some(values: list[float]) -> str:
    """A few numbers one by one, more of them by their range."""
    if len(values) > MOST_NAMED:
        return f"{significant(min(values))} to {significant(max(values))}"
    return sentence_list([significant(value) for value in values])


def chance_table(results: Results) -> Table:
    """One row a number: what chance alone would give, what was measured, and whether it is beyond chance."""
    rows = [*_perplexity_rows(results), *_test_rows(results)]
    columns = ["Number", "By chance alone", "Measured", "p, Holm-corrected", "Beyond chance"]
    caption = "Every number that was compared with chance, corrected for the number of tests in its family."
    return table("chance", caption, columns, rows, words=["Beyond chance"])


def _perplexity_rows(results: Results) -> Iterator[list[str]]:
    config, blind = results.config, blind_perplexity(results)
    if blind is None:
        return
    for model in config.models:
        for corpus in config.models[model].mixture:
            perplexity = results.perplexity(model, corpus)
            known = perplexity.high is not None
            beyond = _yes_or_no(blind > (perplexity.high or 0.0)) if known else "not decided"
            name = f"Perplexity of {model_name(config, model)} on {title(corpus)}"
            yield [name, count(blind), estimate(perplexity, significant), "\u2014", beyond]


def _test_rows(results: Results) -> Iterator[list[str]]:
    alpha = 1 - results.config.bias.confidence
    for record in results.bias["tests"]:
        if record.get("family") not in NOT_SHOWN:
            corrected = record.get("p_holm")
            beyond = "not decided" if corrected is None else _yes_or_no(corrected < alpha)
            yield [_name(results, record), "0", _effect(record), p_value(corrected), beyond]


def _name(results: Results, record: Any) -> str:
    family = str(record.get("family", "tests"))
    what = readable(results.config, str(record["what"]))
    return f"{family[:1].upper()}{family[1:]}: {what}"


def _effect(record: Any) -> str:
    return estimate(Interval(record["effect"], record.get("low"), record.get("high")), signed)


def _yes_or_no(truth: bool) -> str:
    return "yes" if truth else "no"
