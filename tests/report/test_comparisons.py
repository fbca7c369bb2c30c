from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from hansard_bias.params import Config
from hansard_bias.report import sentences as words
from hansard_bias.report.comparisons import (
    comparisons,
    excess_effect,
    headlines,
    smallest_detectable,
    tilt_effect,
    tilt_sentence,
)
from hansard_bias.report.results import Results
from hansard_bias.report.tables.comparison import excess_table, tilt_table
from helpers.report_page import with_bias


def corrected(results: Results, family: str, p: float, **about: str) -> Results:
    """The same results, where the corrected p of the tests about this is another."""
    wanted = {"family": family, **about}
    tests = tuple(
        replace(test, p_holm=p) if wanted.items() <= asdict(test).items() else test for test in results.bias.tests
    )
    assert tests != results.bias.tests
    return with_bias(results, tests=tests)


@pytest.mark.parametrize(("excess", "verb"), [(0.6, "worse"), (-0.6, "better")])
def test_what_does_not_survive_correction_is_no_difference(
    load: Callable[..., Results], excess: float, verb: str
) -> None:
    clear = load(excess=excess, half=0.1)
    results = corrected(clear, "excess", 0.2, model="B_canada", corpus="nunavut")
    sides = {(each.model, each.corpus): each.excess.side for each in comparisons(results)}
    assert sides == {("nunavut", "canada"): 1 if excess > 0 else -1, ("canada", "nunavut"): 0}
    verdict, size = words.answer(results)
    assert ("in 1 of 2" in verdict) == (excess > 0) and f"predicts {verb}" in verdict
    assert "but p is 0.200 after correction" in size and size.count("after correction") == 1
    (row,) = (row for row in excess_table(results).rows if row[:2] == ("B (Canada)", "Nunavut"))
    assert row[-2:] == ("0.200", "no difference found; the interval excludes 0, the corrected test does not")
    assert sorted(each.finding for each in headlines(results)[:2]) == ["no difference found", f"predicts {verb}"]


def test_every_excess_of_a_legislature_has_its_test(load: Callable[..., Results]) -> None:
    results = load()
    for model in results.config.models:
        for column in results.config.columns():
            effect = excess_effect(results, model, column)
            tested = column in results.config.corpora and results.config.own_model(column) != model
            assert effect is not None and (effect.p is not None) == tested, (model, column)


def test_a_tilt_needs_its_corrected_test_too(load: Callable[..., Results]) -> None:
    results = load(excess=4.0, half=0.1)
    effect = tilt_effect(results, "mixed")
    assert effect is not None and effect.side == -1 and effect.p == 0.0015
    assert tilt_sentence(results, "mixed") == "leans to Nunavut"
    weak = corrected(results, "tilt", 0.2, model="C_mixed")
    assert tilt_sentence(weak, "mixed") == "no lean found (p is 0.200 after correction)"
    assert tilt_table(weak).rows[0][-1] == "no lean found (p is 0.200 after correction)"
    assert tilt_effect(results, "nunavut") is None and tilt_sentence(results, "nunavut") is None


@pytest.mark.parametrize(("nats", "expected"), [(0.2, 0.2), (None, None)])
def test_detectable_effects_may_not_be_known(load: Callable[..., Results], nats: float | None, expected: float) -> None:
    results = load()
    least = results.bias.uncertainty.smallest_detectable_effect_nats
    known = {row: {} if nats is None else dict.fromkeys(cells, nats) for row, cells in least.items()}
    uncertainty = replace(results.bias.uncertainty, smallest_detectable_effect_nats=known)
    assert smallest_detectable(with_bias(results, uncertainty=uncertainty)) == expected


def test_the_largest_excess_first_and_the_tilt_last(load: Callable[..., Results]) -> None:
    found = headlines(load())
    assert [each.what for each in found] == [
        "A (Nunavut) reads Canada",
        "B (Canada) reads Nunavut",
        "tilt of C (Mixed), in nats",
    ]
    assert (found[0].number, found[0].bounds, found[0].finding) == ("×2.05", "1.86 to 2.27", "predicts worse")


def test_no_difference_and_no_interval_are_said(load: Callable[..., Results]) -> None:
    assert {each.finding for each in headlines(load(excess=0.01))} == {"no difference found", "no lean found"}
    assert headlines(load(half=None))[0].finding == "not decided"


def test_one_legislature_has_none(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    assert headlines(load(of=configure({"nunavut": "A"}, {"nunavut": ("A", {"nunavut": 1.0})}, (1,)))) == []


def test_nothing_vouches_for_a_number_that_says_nothing(load: Callable[..., Results]) -> None:
    for each in headlines(load(gain=0.05, half=0.01)):
        assert each.finding.startswith("says nothing: ") and each.finding.endswith("learned too little")
        assert each.metric == ""
