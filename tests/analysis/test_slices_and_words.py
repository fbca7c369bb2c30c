"""Slices, words and the text without shared 13-grams, from made-up scores whose sums are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hansard_bias.analysis.comparison import cells, largest, perplexity_matrix, slice_rows
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.runs import run_perplexities, without_shared
from hansard_bias.analysis.metrics.words import word_findings
from hansard_bias.analysis.records import LeftOut
from hansard_bias.analysis.speeches import Facts
from hansard_bias.params import Config, parse_config
from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.matrix import measure
from helpers.project import merged
from helpers.score_files import PIECES, SPEECHES, known, surprisal, write_project


@pytest.fixture(scope="module")
def config(shipped: dict[str, Any]) -> Config:
    bias = {"slices": 1, "slice_sittings": 4}
    return parse_config(merged(shipped, {"train": {"seeds": [1, 2]}, "bias": bias}))


@pytest.fixture(scope="module")
def data(config: Config, tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    root = tmp_path_factory.mktemp("scores")
    write_project(config, root)
    return StudyData(config, root)


def test_slices_hold_their_speeches_and_say_where_there_is_no_interval(data: StudyData) -> None:
    found = {(r.text, r.corpus, r.slice, r.value, r.model): r for r in slice_rows(data)}
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
    few = parse_config(merged(config_raw(data.config), {"bias": {"slice_sittings": 11}}))
    lonely = [record for record in slice_rows(StudyData(few, data.root)) if record.slice == "year"]
    assert all(record.perplexity_low is None and record.perplexity > 1 for record in lonely)


def config_raw(config: Config) -> dict[str, Any]:
    """A configuration as plain data again."""
    import dataclasses

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return list(value) if isinstance(value, tuple) else str(value) if hasattr(value, "isoformat") else value

    raw: dict[str, Any] = plain(dataclasses.asdict(config))
    # Models that are there already stand under `models` in the file, and here are none.
    assert not raw.pop("given")
    return raw


def test_largest_values_come_by_size_and_unknown_ones_not_at_all() -> None:
    values, sizes = np.array(["b", "a", "", "c", "a"]), np.array([5.0, 2.0, 99.0, 0.0, 4.0])
    assert largest(values, sizes, 0) == ["a", "b"]
    assert largest(values, sizes, 1) == ["a"]


def test_words_are_whole_and_their_contributions_add_up_to_the_excess(data: StudyData) -> None:
    told = word_findings(data)
    words, summaries = told.rows, told.section
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


def test_comparison_repeats_itself_without_shared_text(data: StudyData) -> None:
    apart = without_shared(data)
    assert apart.left_out["canada"] == LeftOut(12, 60, pytest.approx(0.2))
    kept = np.repeat(np.arange(SPEECHES) % 5 != 0, PIECES)
    nats = np.mean([surprisal("canada", 0, seed)[kept].mean() for seed in range(2)])
    assert apart.models["A_nunavut"].perplexity["on_canada"].value == pytest.approx(np.exp(nats))
    assert [record.what for record in apart.tests] != []
    runs = run_perplexities(data)
    assert runs["A_nunavut"]["2"]["on_canada"] == pytest.approx(np.exp(surprisal("canada", 0, 1).mean()))


def test_matrix_and_cells_repeat_what_was_measured(data: StudyData) -> None:
    models = measure(data.sums, data.design).models
    others = {row: replace(each, perplexity=each.bits_per_byte) for row, each in models.items()}
    matrix, long = perplexity_matrix(models, others), {(cell.model, cell.corpus): cell for cell in cells(models)}
    assert list(matrix) == ["A_nunavut", "B_canada", "C_mixed", "companion"]
    bits = models["A_nunavut"].bits_per_byte["on_canada"].value
    assert list(matrix["companion"]) == list(models) and matrix["companion"]["A_nunavut"]["on_canada"] == round(bits, 3)
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


def test_a_corpus_that_shares_all_its_text_is_named(data: StudyData) -> None:
    everything = {name: Facts(each.values, np.ones(SPEECHES, dtype=bool)) for name, each in data.facts.items()}
    found = without_shared(known(data, facts=everything))
    assert found.reason == "every test speech of nunavut shares 13 words with training text"
    assert found.models is None
