from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from hansard_bias.analysis.metrics.companion import TILT
from hansard_bias.report.comparisons import at_most, comparisons, excess_effect, tilt_effect, tilt_sentence
from hansard_bias.report.results import Results
from hansard_bias.report.tables.comparison import excess_table, tilt_table
from hansard_bias.statistics.intervals import Interval
from helpers.report_page import with_bias


def corrected(results: Results, family: str, p: float, **about: str) -> Results:
    """The same results, where the corrected p of the tests about this is another."""
    wanted = {"family": family, **about}
    tests = tuple(
        replace(test, p_holm=p) if wanted.items() <= asdict(test).items() else test for test in results.bias.tests
    )
    assert tests != results.bias.tests
    return with_bias(results, tests=tests)


@pytest.mark.parametrize("excess", [0.6, -0.6])
def test_what_does_not_survive_correction_is_no_difference(load: Callable[..., Results], excess: float) -> None:
    results = corrected(load(excess=excess, half=0.1), "excess", 0.2, model="B_canada", corpus="nunavut")
    sides = {(each.model, each.corpus): each.excess.side for each in comparisons(results)}
    assert sides == {("nunavut", "canada"): 1 if excess > 0 else -1, ("canada", "nunavut"): 0}
    (row,) = (row for row in excess_table(results).rows if row[:2] == ("B (Canada)", "Nunavut"))
    assert row[-2:] == ("0.200", "no difference found; the interval excludes 0, the corrected test does not")


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
    weak = corrected(results, TILT, 0.2, model="C_mixed")
    assert tilt_sentence(weak, "mixed") == "no lean found (p is 0.200 after correction)"
    assert tilt_table(weak).rows[0][-1] == "no lean found (p is 0.200 after correction)"
    assert tilt_effect(results, "nunavut") is None and tilt_sentence(results, "nunavut") is None


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(-0.3, 0.1, 0.3), (-0.1, 0.4, 0.4), (0.2, 0.5, 0.5), (None, None, None)]
)
def test_an_effect_is_at_most_its_interval_s_far_end(
    low: float | None, high: float | None, expected: float | None
) -> None:
    assert at_most(Interval(0.0, low, high)) == expected
