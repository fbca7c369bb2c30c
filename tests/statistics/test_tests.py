"""Corrections for many tests against hand computation and scipy, and tests as they are reported."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.tests import TestRecord, benjamini_hochberg, correct, holm, known


def test_holm_by_hand() -> None:
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1 -> the last is raised to the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([]).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_monotone_bounded_and_blind_to_order(p_values: list[float]) -> None:
    raw = np.array(p_values)
    corrected = holm(raw)
    assert ((raw <= corrected) & (corrected <= np.minimum(1, raw * raw.size))).all()
    assert (np.diff(corrected[np.argsort(raw, kind="stable")]) >= 0).all()
    assert np.array_equal(holm(raw[::-1])[::-1], corrected)


def test_holm_refuses_what_is_no_p() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm([0.5, 1.2])


@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), min_size=1, max_size=12))
def test_benjamini_and_hochberg_is_that_of_scipy_for_what_is_tested(p_values: list[float]) -> None:
    raw = np.array(p_values)
    tested = ~np.isnan(raw)
    found = benjamini_hochberg(raw)
    assert np.isnan(found).tolist() == (~tested).tolist()
    if tested.any():
        assert found[tested] == pytest.approx(stats.false_discovery_control(raw[tested], method="bh"))
    assert benjamini_hochberg(raw[::-1])[::-1] == pytest.approx(found, nan_ok=True)


def test_benjamini_and_hochberg_by_hand() -> None:
    # Sorted: 0.005 x 4 / 1, 0.01 x 4 / 2, 0.03 x 4 / 3, 0.04 x 4 / 4; nan is no fifth test.
    assert benjamini_hochberg([0.01, 0.04, math.nan, 0.03, 0.005]) == pytest.approx(
        [0.02, 0.04, math.nan, 0.04, 0.02], nan_ok=True
    )
    assert benjamini_hochberg([]).size == 0


def test_a_family_is_corrected_together_and_keeps_the_rest() -> None:
    family = [
        TestRecord.of(Interval(2.0, 1.0, 3.0), p, family="excess", what=str(p), unit="nats") for p in (0.01, 0.2, 0.04)
    ]
    assert [test.p_holm for test in family] == [0.01, 0.2, 0.04]
    corrected = correct(family)
    assert [test.p_holm for test in corrected] == pytest.approx([0.03, 0.2, 0.08])
    assert [(test.what, test.p, test.interval) for test in corrected] == [
        (test.what, test.p, Interval(2.0, 1.0, 3.0)) for test in family
    ]


def test_unknown_numbers_are_none_in_records() -> None:
    assert known(np.array([0.5, math.nan])) == [0.5, None]
