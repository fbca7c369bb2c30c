"""The verdict: how much, compared with what, how sure, and whether both kinds of models agree."""

from __future__ import annotations

import pytest

from hansard_bias.analysis.metrics.yardsticks import Against
from hansard_bias.analysis.records import Interval
from hansard_bias.report.comparisons import Comparison, Effect
from hansard_bias.report.verdict import BETTER, DISAGREE, MORE, UNKNOWN, WITHIN, Judged


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
