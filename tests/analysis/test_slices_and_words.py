"""Slices, words and the text without shared 13-grams, from made-up scores whose sums are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hansard_bias.analysis.comparison import cells, compare, largest, perplexity_matrix, slice_rows
from hansard_bias.analysis.inputs import Facts, Losses, read_facts, read_losses
from hansard_bias.analysis.record_files import from_json
from hansard_bias.analysis.records import ModelRecord
from hansard_bias.analysis.words import word_findings
from hansard_bias.params import Config, parse_config
from hansard_bias.statistics.intervals import Interval
from helpers.project import merged
from helpers.score_files import PIECES, SPEECHES, surprisal, write_project


@pytest.fixture(scope="module")
def config(shipped: dict[str, Any]) -> Config:
    bias = {"draws": 200, "slices": 1, "slice_sittings": 4}
    return parse_config(merged(shipped, {"train": {"seeds": [1, 2]}, "bias": bias}))


@pytest.fixture(scope="module")
def read(config: Config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Losses], dict[str, Facts]]:
    root = tmp_path_factory.mktemp("scores")
    write_project(config, root)
    losses = read_losses(config, root)
    return root, losses, read_facts(losses, root)


def test_slices_hold_their_speeches_and_say_where_there_is_no_interval(config: Config, read: Any) -> None:
    _, losses, facts = read
    found = {(r.text, r.corpus, r.slice, r.value, r.model): r for r in slice_rows(config, losses, facts)}
    topics = {value for text, _, kind, value, _ in found if kind == "topic" and text == "all"}
    assert topics == {"Housing"}, "bias.slices is 1, and an empty topic is none"
    housing = found["all", "canada", "topic", "Housing", "A_nunavut"]
    assert (housing.speeches, housing.sittings, housing.tokens) == (40, 10, 40 * PIECES)
    own, other = (np.mean([surprisal("canada", m, s)[: 40 * PIECES].mean() for s in range(2)]) for m in (1, 0))
    assert housing.perplexity == pytest.approx(np.exp(other))
    assert housing.excess_nats == pytest.approx(other - own)
    assert housing.excess_nats_low < housing.excess_nats < housing.excess_nats_high
    assert found["all", "canada", "role", "minister", "A_nunavut"].excess_nats_low is not None
    unshared = found["without_shared", "canada", "topic", "Housing", "A_nunavut"]
    assert unshared.speeches == 32
    few = parse_config(merged(config_raw(config), {"bias": {"slice_sittings": 11}}))
    lonely = [record for record in slice_rows(few, losses, facts) if record.slice == "year"]
    assert all(record.perplexity_low is None and record.perplexity > 1 for record in lonely)


def config_raw(config: Config) -> dict[str, Any]:
    """A configuration as plain data again."""
    import dataclasses

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return list(value) if isinstance(value, tuple) else str(value) if hasattr(value, "isoformat") else value

    return plain(dataclasses.asdict(config))


def test_largest_values_come_by_size_and_unknown_ones_not_at_all() -> None:
    values, sizes = np.array(["b", "a", "", "c", "a"]), np.array([5.0, 2.0, 99.0, 0.0, 4.0])
    assert largest(values, sizes, 0) == ["a", "b"]
    assert largest(values, sizes, 1) == ["a"]


def test_words_are_whole_and_their_contributions_add_up_to_the_excess(config: Config, read: Any) -> None:
    root, losses, facts = read
    words, summaries = word_findings(config, losses, facts, root)
    chosen = {
        record.word: record
        for record in words
        if (record.text, record.corpus, record.model) == ("all", "nunavut", "B_canada")
    }
    assert set(chosen) == {"the", "housing", "seal"}
    gap = np.mean([surprisal("nunavut", 1, s) - surprisal("nunavut", 0, s) for s in range(2)], axis=0)
    gap = gap.reshape(SPEECHES, PIECES)
    assert chosen["housing"].difference == pytest.approx(gap[:, 1:3].sum(axis=1).mean())
    assert chosen["seal"].difference == pytest.approx(gap[:, 3].mean())
    assert chosen["seal"].low < 2 < chosen["seal"].high
    assert (chosen["seal"].occurrences, chosen["seal"].sittings) == (60, 10)
    letters = sum(record.contribution for record in chosen.values())
    assert letters == pytest.approx(gap[:, :4].sum() / gap.size)
    assert next(iter(chosen)) == "seal", "the largest contribution comes first"
    assert chosen["seal"].p <= chosen["seal"].p_holm < 0.05 or chosen["seal"].p_holm <= 3 * chosen["seal"].p
    summary = next(each for each in summaries if each.model == "B_canada" and each.text == "all")
    assert (summary.words, summary.tested, summary.least_occurrences) == (3, 3, 50)
    # 48 speeches are left: no word occurs 50 times.
    assert not [record for record in words if record.text == "without_shared"]


def test_comparison_repeats_itself_without_shared_text(config: Config, read: Any) -> None:
    _, losses, facts = read
    found = compare(config, losses, facts)
    apart = found["without_shared_13grams"]
    assert apart["left_out"]["canada"] == {"speeches": 12, "of_speeches": 60, "share_of_tokens": pytest.approx(0.2)}
    kept = np.repeat(np.arange(SPEECHES) % 5 != 0, PIECES)
    nats = np.mean([surprisal("canada", 0, seed)[kept].mean() for seed in range(2)])
    assert apart["models"]["A_nunavut"]["perplexity"]["on_canada"]["value"] == pytest.approx(np.exp(nats))
    assert [record["what"] for record in apart["tests"]] != []
    assert found["runs"]["A_nunavut"]["2"]["on_canada"] == pytest.approx(np.exp(surprisal("canada", 0, 1).mean()))


def test_matrix_and_cells_repeat_what_was_measured(config: Config, read: Any) -> None:
    _, losses, facts = read
    models = from_json(dict[str, ModelRecord], compare(config, losses, facts)["models"], "bias.json", "bias")
    matrix, long = perplexity_matrix(models), {(cell.model, cell.corpus): cell for cell in cells(models)}
    assert list(matrix) == ["A_nunavut", "B_canada", "C_mixed"]
    assert list(matrix["A_nunavut"]) == ["on_nunavut", "on_canada", "on_mixed"]
    assert len(long) == 9
    assert all(round(cell.perplexity, 3) == matrix[row][f"on_{column}"] for (row, column), cell in long.items())
    cell, numbers = long["C_mixed", "canada"], models["C_mixed"]
    assert Interval(cell.perplexity, cell.low, cell.high) == numbers.perplexity["on_canada"]
    assert cell.excess_nats is not None
    assert Interval(cell.excess_nats, cell.excess_low, cell.excess_high) == numbers.excess_nats["on_canada"]
    assert cell.bits_per_byte == numbers.bits_per_byte["on_canada"].value
    without = cells({row: replace(numbers, excess_nats={}) for row, numbers in models.items()})
    assert {(cell.excess_nats, cell.excess_low, cell.excess_high) for cell in without} == {(None, None, None)}


def test_a_corpus_that_shares_all_its_text_is_named(config: Config, read: Any) -> None:
    _, losses, facts = read
    everything = {name: Facts(each.values, np.ones(SPEECHES, dtype=bool)) for name, each in facts.items()}
    found = compare(config, losses, everything)["without_shared_13grams"]
    assert found["reason"] == "every test speech of nunavut shares 13 words with training text"
    assert "models" not in found
