from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from hansard_bias.report import sentences as words
from hansard_bias.report.comparisons import comparisons, excess_effect, smallest_detectable, tilt_effect
from hansard_bias.report.page import headlines
from hansard_bias.report.results import Results
from hansard_bias.report.tables.comparison import excess_table, tilt_table


def corrected(results: Results, family: str, p: float, **about: str) -> Results:
    """The same results, where the corrected p of the tests about this is another."""
    wanted = {"family": family, **about}
    tests = [record | ({"p_holm": p} if wanted.items() <= record.items() else {}) for record in results.bias["tests"]]
    assert tests != results.bias["tests"]
    return replace(results, bias=results.bias | {"tests": tests})


@pytest.mark.parametrize(("excess", "verb"), [(0.6, "worse"), (-0.6, "better")])
def test_what_does_not_survive_correction_is_no_difference(
    load: Callable[..., Results], excess: float, verb: str
) -> None:
    clear = load(excess=excess, half=0.1)
    results = corrected(clear, "excess", 0.2, model="B_canada", corpus="nunavut")
    sides = {(each.model, each.corpus): each.excess.side for each in comparisons(results)}
    assert sides == {("nunavut", "canada"): 1 if excess > 0 else -1, ("canada", "nunavut"): 0}
    verdict, size = words.answer(results)
    assert ("in 1 of 2" in verdict) == (excess > 0) and f"reads {verb}" in verdict
    assert "but p is 0.200 after correction" in size and size.count("after correction") == 1
    (row,) = (row for row in excess_table(results).rows if row[:2] == ("B (Canada)", "Nunavut"))
    assert row[-2:] == ("0.200", "no difference found; the interval excludes 0, the corrected test does not")
    assert sorted(each.finding for each in headlines(results)[:2]) == ["no difference found", f"reads {verb}"]


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
    assert words.tilt_sentence(results, "mixed") == "leans to Nunavut"
    weak = corrected(results, "tilt", 0.2, model="C_mixed")
    assert words.tilt_sentence(weak, "mixed") == "no lean found (p is 0.200 after correction)"
    assert tilt_table(weak).rows[0][-1] == "no lean found (p is 0.200 after correction)"
    assert tilt_effect(results, "nunavut") is None and words.tilt_sentence(results, "nunavut") is None


def test_detectable_effects_may_be_one_number_or_none(load: Callable[..., Results]) -> None:
    results = load()
    for raw, expected in ((0.2, 0.2), (None, None), ({}, None)):
        uncertainty = {**results.bias["uncertainty"], "smallest_detectable_effect_nats": raw}
        other = replace(results, bias={**results.bias, "uncertainty": uncertainty})
        assert smallest_detectable(other) == expected, json.dumps(raw)
