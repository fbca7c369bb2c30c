"""The distribution of an estimate: Student's t, a simulation of its definition, and the test that is its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hansard_bias.statistics.pivot import CAUTION, Pivot

Sources = tuple[tuple[float, float], ...]


def pivot(*sources: tuple[float, float]) -> Pivot:
    """Of one estimate; a source is its observed variance and its degrees of freedom."""
    return Pivot(np.array([variance for variance, _ in sources]), np.array([df for _, df in sources], dtype=float))


@pytest.mark.parametrize("df", [1.0, 2.0, 3.7, 29.0, 5000.0])
@pytest.mark.parametrize("others", [(), ((0.0, 2.0),), ((0.0, 11.0), (0.0, 1.0))])
def test_one_source_alone_is_students_t(df: float, others: Sources) -> None:
    found, theirs = pivot((0.3, df), *others), stats.t(df, scale=math.sqrt(0.3))
    for confidence in (0.5, 0.95, 0.999):
        assert float(found.half_width(confidence)) == pytest.approx(theirs.ppf((1 + confidence) / 2), rel=1e-9)
    for distance in (-0.1, 1.0, 4.0):
        assert float(found.p(distance)) == pytest.approx(2 * theirs.sf(abs(distance)), rel=1e-9)


def simulated(sources: Sources, draws: int) -> np.ndarray:
    """Distances from 0 by the definition: variances first, by a prior that keeps one source's degrees of freedom."""
    rng = np.random.default_rng(11)
    variances, df = (np.array(each) for each in zip(*sources, strict=True))
    kept, more = (df * variances / rng.chisquare(df + further, size=(draws, len(sources))) for further in (0, 2))
    keeps = rng.choice(len(sources), size=draws, p=variances / variances.sum())
    own = np.arange(len(sources)) == keeps[:, None]
    # With two runs some of the narrowing is given up: no source is known any better.
    all_keep = (df < 2).any() & (rng.random(draws) < CAUTION)
    total = np.where(own | all_keep[:, None], kept, more).sum(axis=1)
    return np.abs(rng.normal(size=draws)) * np.sqrt(total)


@pytest.mark.parametrize(
    "sources",
    [
        ((1.0, 2.0), (1.0, 39.0)),
        ((0.2, 2.0), (1.0, 11.0)),
        ((5.0, 4.0), (1.0, 6.5)),
        ((1.0, 1.0), (1.0, 30.0)),
        ((1.0, 2.0), (0.5, 6.0), (0.7, 29.0)),
        ((1.0, 3.0), (1.0, 3.0), (1.0, 5.0), (1.0, 8.0)),
    ],
)
def test_several_sources_are_the_mixture_of_the_definition(sources: Sources) -> None:
    found, drawn = pivot(*sources), simulated(sources, 400_000)
    for level in (0.3, 0.05, 0.01):
        beyond = np.mean(drawn > float(found.half_width(1 - level)))
        # Four standard errors of the simulation, and 2 % for the 512 points of the integral.
        assert beyond == pytest.approx(level, abs=4 * math.sqrt(level / len(drawn)) + 0.02 * level)


SOURCES = st.lists(st.tuples(st.floats(-9, 9), st.floats(0.5, 500)), min_size=1, max_size=4)


@settings(max_examples=60)
@given(SOURCES, st.floats(-4, -0.1))
def test_p_is_below_the_level_exactly_where_the_interval_leaves_the_null_out(
    drawn: list[tuple[float, float]], exponent: float
) -> None:
    found, level = pivot(*((math.exp(log), df) for log, df in drawn)), 10**exponent
    half = float(found.half_width(1 - level))
    assert float(found.p(half * (1 + 1e-7))) < level < float(found.p(half * (1 - 1e-7)))


@settings(max_examples=30)
@given(SOURCES, st.floats(0.01, 100))
def test_units_and_the_order_of_sources_change_nothing(drawn: list[tuple[float, float]], unit: float) -> None:
    plain = pivot(*((math.exp(log), df) for log, df in drawn))
    half = float(plain.half_width(0.95))
    scaled = pivot(*((unit**2 * math.exp(log), df) for log, df in drawn))
    assert float(scaled.half_width(0.95)) == pytest.approx(unit * half, rel=1e-8)
    assert float(scaled.p(unit * half)) == pytest.approx(0.05, rel=1e-8)
    back = pivot(*((math.exp(log), df) for log, df in drawn[::-1]))
    assert float(back.half_width(0.95)) == pytest.approx(half, rel=1e-9)


def test_an_estimate_has_the_same_interval_in_any_company() -> None:
    rng = np.random.default_rng(2)
    variances, df = rng.lognormal(size=(3, 5000)), rng.uniform(1, 60, size=(3, 5000))
    # More than are computed at once, some of one source alone, some of none, one unknown.
    variances[1:, 7], variances[:, 8], variances[0, 9] = 0, 0, np.nan
    whole = Pivot(variances, df)
    halves, p = whole.half_width(0.9), whole.p(np.full(5000, 1.3))
    assert np.flatnonzero(np.isnan(halves)).tolist() == np.flatnonzero(np.isnan(p)).tolist() == [9]
    assert halves[7] == pytest.approx(stats.t(df[0, 7], scale=math.sqrt(variances[0, 7])).ppf(0.95))
    assert (halves[8], p[8]) == (0, 0)
    for number in (0, 7, 4095, 4096, 4999):
        alone = Pivot(variances[:, number], df[:, number])
        assert float(alone.half_width(0.9)) == pytest.approx(halves[number], rel=1e-9)
        assert float(alone.p(1.3)) == pytest.approx(p[number], rel=1e-9)


def test_without_error_only_the_estimate_itself_is_possible() -> None:
    found = Pivot(np.zeros((2, 2)), np.ones((2, 2)))
    assert found.half_width(0.95).tolist() == [0, 0]
    assert found.p([0.0, 1e-9]).tolist() == [1, 0]


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, math.nan])
def test_impossible_confidence_is_an_error(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        pivot((1.0, 3.0)).half_width(confidence)


@pytest.mark.parametrize(("df", "ratio"), [((2, 39), 0.2), ((2, 39), 1.0), ((4, 11), 1.0), ((11, 18), 1.0)])
def test_intervals_cover_as_they_should(df: tuple[int, int], ratio: float) -> None:
    """Two normal errors with variances of this ratio, observed as theirs with these degrees of freedom."""
    rng, studies = np.random.default_rng(7), 4000
    true = np.array([[ratio], [1.0]])
    freedom = np.repeat(np.array([df], dtype=float).T, studies, axis=1)
    observed = true * rng.chisquare(freedom) / freedom
    errors = np.abs(rng.normal(0, math.sqrt(ratio + 1), size=studies))
    held = int(np.sum(errors <= Pivot(observed, freedom).half_width(0.95)))
    assert stats.binom.ppf(0.001, studies, 0.945) <= held <= stats.binom.ppf(0.999, studies, 0.96)
