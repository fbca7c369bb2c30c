"""The verdict: how much, compared with what, how sure, and whether both kinds of models agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from hansard_bias.analysis.metrics.yardsticks import Against
from hansard_bias.analysis.records import Interval
from hansard_bias.analysis.stage_records import FormatAudit
from hansard_bias.params import Config
from hansard_bias.report.comparisons import Comparison, Effect
from hansard_bias.report.formats import NO_BREAK
from hansard_bias.report.results import Results
from hansard_bias.report.verdict import (
    BETTER,
    DISAGREE,
    MORE,
    UNKNOWN,
    WITHIN,
    Judged,
    answer,
    format_sentence,
    headlines,
)
from helpers.report_page import page_of

SINGLES = {"nunavut": ("A", {"nunavut": 1.0}), "canada": ("B", {"canada": 1.0})}
THREE = {"nunavut": "A", "canada": "B", "yukon": "Y"}


def around(value: float, half: float | None = 0.1) -> Interval:
    return Interval(value, *((None, None) if half is None else (value - half, value + half)))


def judged(
    excess: float,
    companion: float,
    beyond: bool | None,
    *,
    half: float | None = 0.1,
    unlearned: tuple[str, ...] = (),
    companion_beyond: bool | None = True,
) -> Judged:
    size = around(excess, half)
    against = Against(
        excess=size,
        companion=around(companion),
        companion_half=around(companion),
        yardstick=around(0.1),
        more=around(excess - 0.1),
        companion_more=around(companion - 0.1),
        beyond=beyond,
        companion_beyond=companion_beyond,
    )
    return Judged(Comparison("canada", "nunavut", Effect(size, 0.001, 0.05), unlearned), against)


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (judged(1.0, 0.9, True), MORE),
        (judged(0.15, 0.2, False), WITHIN),
        (judged(0.05, -0.2, False), WITHIN),
        (judged(-0.5, -0.4, False), BETTER),
        (judged(1.0, -0.9, True), DISAGREE),
        (judged(-0.5, 0.4, False), DISAGREE),
        (judged(1.0, 0.9, None), UNKNOWN),
        (judged(1.0, 0.9, True, half=None), UNKNOWN),
    ],
)
def test_outcome_of_masked_models(made: Judged, outcome: str) -> None:
    assert made.outcome == outcome


def test_n_gram_models_decide_where_a_masked_one_learned_too_little() -> None:
    made = judged(-0.3, 0.8, False, unlearned=("canada",))
    assert made.outcome == MORE
    assert made.excess.value == 0.8
    assert judged(-0.3, 0.8, False, unlearned=("canada",), companion_beyond=False).outcome == WITHIN


def test_the_first_line_says_how_much_and_compared_with_what(load: Callable[..., Results]) -> None:
    verdict, sure = answer(load(excess=0.6, half=0.1))
    # The excess on Canada is 0.72 nats; the larger one comes first.
    assert verdict.startswith(
        "Yes, by more than two parts of one legislature's debates differ. In the debates of Canada, "
    )
    unit = "as many equally likely words to choose from as the model trained there"
    assert f"model A (Nunavut) has \u00d7{math.exp(0.72):.2f} {unit}" in verdict
    assert (
        f"where two periods of those debates differ by \u00d7{math.exp(0.07):.2f}; in the debates of Nunavut" in verdict
    )
    assert verdict.endswith(
        f"model B (Canada) has \u00d7{math.exp(0.6):.2f}, where two periods of those debates differ by "
        f"\u00d7{math.exp(0.07):.2f}."
    )
    assert f"95{NO_BREAK}% ranges, for other sittings, speakers and seeds, are \u00d71.86 to \u00d72.27 and" in sure
    assert "agree in direction in 3 of 4 comparisons" in sure, "the made-up companions disagree in one"
    assert f"weight that both legislatures have for it: \u00d7{math.exp(0.6 * 0.72):.2f}" in sure


def test_an_excess_like_two_years_of_one_house_is_no_finding(load: Callable[..., Results]) -> None:
    verdict, sure = answer(load(excess=0.05, half=0.1))
    assert verdict.startswith("No: by no more than two parts of one legislature's debates differ")
    assert f"it is at most \u00d7{math.exp(0.16):.2f}" in sure
    assert {each.finding for each in headlines(load(excess=0.05))[:2]} == {WITHIN}


def test_without_a_yardstick_nothing_is_decided(load: Callable[..., Results]) -> None:
    verdict, _ = answer(load(excess=0.6, stick=None))
    assert verdict.startswith("Not decided: it cannot be told from chance, or there is nothing to compare it with. ")
    assert "with nothing to compare it with (its 40 training tokens, of 1 sitting days, cannot be halved" in verdict


def test_without_intervals_nothing_is_decided(load: Callable[..., Results]) -> None:
    results = load(excess=0.6, half=None)
    verdict, sure = answer(results)
    assert verdict.startswith("Not decided") and "How sure" not in sure
    assert headlines(results)[0].finding == UNKNOWN


def test_a_mixed_outcome_is_counted(load: Callable[..., Results]) -> None:
    # 0.6 and 0.72 nats less 0.07, with bounds of 0.6: only the larger one excludes zero.
    verdict, _ = answer(load(excess=0.6, half=0.6))
    assert verdict.startswith(
        "In part: of 2 comparisons, the excess is more than its yardstick in 1 and within its yardstick in 1. "
    )


def test_models_of_two_kinds_that_disagree_come_first(load: Callable[..., Results]) -> None:
    verdict, _ = answer(load(excess=0.6, half=0.1, sign=-1.0))
    assert verdict.startswith(
        "Not decided: masked models and n-gram models of the same texts point different ways in 2 of 2 comparisons. "
    )


def test_an_outsider_that_predicts_better_is_not_called_worse(load: Callable[..., Results]) -> None:
    verdict, _ = answer(load(excess=-0.6, half=0.1))
    assert verdict.startswith("Not as expected")
    assert f"\u00d7{math.exp(-0.6):.2f}" in verdict


def test_n_gram_models_are_named_where_they_decide(load: Callable[..., Results]) -> None:
    results = load(excess=0.6, half=0.01, gain=0.05)
    verdict, sure = answer(results)
    assert verdict.startswith("Yes")
    assert "N-gram models decide where models A (Nunavut) and B (Canada) learned too little." in sure
    assert all(each.metric == "" and "n-gram models" in each.what for each in headlines(results))


def test_one_corpus_leaves_nothing_to_compare(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    alone = load(of=configure({"nunavut": "A"}, {"nunavut": ("A", {"nunavut": 1.0})}, (1,)))
    verdict, size = answer(alone)
    assert verdict.startswith("Nothing to compare") and "24.0" in size
    assert headlines(alone) == []


def test_many_comparisons_are_told_by_the_largest_and_the_smallest(
    load: Callable[..., Results], configure: Callable[..., Config]
) -> None:
    models = SINGLES | {"yukon": ("Y", {"yukon": 1.0})}
    verdict, _ = answer(load(of=configure(THREE, models, (1, 2))))
    assert "The largest and the smallest of 6: in the debates of" in verdict


def test_the_largest_excess_first_and_the_tilt_last(load: Callable[..., Results]) -> None:
    found = headlines(load())
    assert [each.what for each in found] == [
        "A (Nunavut) reads Canada",
        "B (Canada) reads Nunavut",
        "tilt of C (Mixed), in nats, n-gram models",
    ]
    assert (found[0].number, found[0].bounds) == ("\u00d72.05", "\u00d71.86 to \u00d72.27")
    assert found[0].finding == MORE


def test_layout_stands_beside_the_verdict(load: Callable[..., Results]) -> None:
    sound = load()

    def audited(auc: float | None) -> Results:
        audit = FormatAudit(None if auc is None else 0.99, auc, (), "one legislature" if auc is None else "")
        return replace(sound, alignment=replace(sound.alignment, format_audit=audit))

    assert format_sentence(audited(0.83)).endswith(
        "0.83, where 0.5 is guessing: part of the difference may be transcription and not language."
    )
    assert format_sentence(audited(0.54)).endswith("0.54, where 0.5 is guessing.")
    assert format_sentence(audited(None)) == ""
    page = page_of(audited(0.83), figures=False)
    assert page.index('class="verdict"') < page.index("transcription and not language") < page.index('id="matrix"')
