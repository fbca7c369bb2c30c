from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hansard_bias.reporting import chance
from hansard_bias.reporting.results import Results


def test_the_matrix_against_blind_guessing(load: Callable[..., Results]) -> None:
    text = chance.chance_sentence(load())
    assert "evenly among 2,048 word pieces" in text
    assert "on their own debates 24.0 and 61.0" in text and "did not learn from 125 and 43.7" in text


def test_a_model_with_a_foreign_tokenizer_has_no_known_baseline(load: Callable[..., Results]) -> None:
    results = load()
    config = replace(results.config, model=replace(results.config.model, init="/data/roberta"))
    assert chance.chance_sentence(replace(results, config=config)) == ""
    assert len(chance.chance_table(replace(results, config=config)).rows) == len(results.bias["tests"])


def test_every_number_with_its_verdict(load: Callable[..., Results]) -> None:
    results = load()
    results.bias["tests"][1]["p_holm"] = 0.3
    rows = chance.chance_table(results).rows
    assert rows[0] == ("Perplexity of A (Nunavut) on Nunavut", "2,048", "24.0 (22.8 to 25.2)", "—", "yes")
    assert rows[4][0] == "Excess: A (Nunavut) reads Canada worse than B (Canada)"
    assert [row[-1] for row in rows[4:7]] == ["yes", "no", "yes"]


def test_without_an_interval_nothing_is_beyond_chance(load: Callable[..., Results]) -> None:
    assert {row[-1] for row in chance.chance_table(load(half=None)).rows[:4]} == {"not decided"}
