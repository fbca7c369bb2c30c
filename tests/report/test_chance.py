from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hansard_bias.analysis.records import LikelihoodRecord
from hansard_bias.report.results import Results
from hansard_bias.report.tables import comparison as chance
from hansard_bias.report.tables.companion import companion_table
from hansard_bias.statistics.intervals import Interval
from helpers.report_page import page_of, with_bias


def test_the_matrix_against_frequencies_and_blind_guessing(load: Callable[..., Results]) -> None:
    text = chance.chance_sentence(load())
    own, other = text.split("; ")
    assert own.endswith("debates a perplexity of 24.0 and 61.0, where the word frequencies would give 177 and 451")
    assert other.startswith("on debates they did not learn from a perplexity of 125 and 43.7, where")
    assert text.endswith("Guessing evenly among 2,048 word pieces would give 2,048.")


def test_a_model_with_a_foreign_tokenizer_has_no_known_number_of_pieces(load: Callable[..., Results]) -> None:
    results = load()
    config = replace(results.config, model=replace(results.config.model, init="/data/roberta"))
    assert "evenly" not in chance.chance_sentence(replace(results, config=config))
    assert {row[1] for row in chance.chance_table(replace(results, config=config)).rows[:6]} == {"\u2014"}


def test_every_number_with_its_verdict(load: Callable[..., Results]) -> None:
    results = load()
    first, second, *others = results.bias.tests
    results = with_bias(results, tests=(first, replace(second, p_holm=0.3), *others))
    rows = chance.chance_table(results).rows
    assert rows[0] == ("Perplexity of A (Nunavut) on Nunavut", "2,048", "177", "24.0 (22.8 to 25.2)", "0.0015", "yes")
    assert rows[6][0] == "Excess: A (Nunavut) predicts Canada worse than B (Canada)"
    assert [row[-1] for row in rows[6:9]] == ["yes", "no", "yes"]
    families = [test.family for test in results.bias.tests if test.family != "unigrams"]
    assert len(rows) == 6 + len(families)


def test_a_model_that_frequencies_beat_is_not_beyond_chance(load: Callable[..., Results]) -> None:
    assert {row[-1] for row in chance.chance_table(load(gain=-0.5)).rows[:6]} == {"no"}


def test_without_an_interval_nothing_is_beyond_chance(load: Callable[..., Results]) -> None:
    assert {row[-1] for row in chance.chance_table(load(half=None)).rows[:6]} == {"not decided"}


@pytest.fixture
def asked(load: Callable[..., Results]) -> Results:
    results = load()
    cell = LikelihoodRecord(1200, 9, Interval(-2.5, -2.75, -2.25), Interval(-2.6, -2.75, -2.25))
    rows = {results.config.row_key(model): {"on_nunavut": cell} for model in results.config.models}
    return with_bias(results, likelihoods=rows)


def test_both_forms_stand_beside_each_other(asked: Results) -> None:
    found = chance.likelihood_table(asked)
    assert len(found.rows) == len(asked.config.models)
    assert found.rows[0][1:] == ("Nunavut", "−2.50 (−2.75 to −2.25)", "−2.60 (−2.75 to −2.25)", "1,200")
    page = page_of(asked, figures=False)
    assert "Asked in another way" in page
    assert "−2.60" in page


def test_without_likelihoods_the_page_does_not_mention_them(load: Callable[..., Results]) -> None:
    results = load()
    assert chance.likelihood_table(results).rows == ()
    assert "Asked in another way" not in page_of(results, figures=False)


def test_companions_stand_beside_the_masked_models(load: Callable[..., Results]) -> None:
    """A row a model and corpus; the direction where two different models are compared, and how many agree."""
    results = load()
    table = companion_table(results)
    assert len(table.rows) == len(results.config.models) * len(results.config.corpora)
    told = [str(row[-1]) for row in table.rows]
    compared = sum(told.count(word) for word in ("yes", "no"))
    assert told.count("no") == 1 and compared == 4 and told.count("—") == len(told) - compared
