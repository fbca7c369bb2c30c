from __future__ import annotations

import math

import pytest

from hansard_bias.report.results import Interval, parse_interval


def test_side_of_an_interval() -> None:
    assert Interval(0.3, 0.1, 0.5).side(0.0) == 1
    assert Interval(-0.3, -0.5, -0.1).side(0.0) == -1
    assert Interval(0.1, -0.1, 0.3).side(0.0) == 0
    assert Interval(0.1, 0.0, 0.3).side(0.0) == 0
    assert Interval(5.0).side(0.0) is None


def test_an_interval_maps_value_and_bounds() -> None:
    assert Interval(0.0, None, 1.0).map(math.exp) == Interval(1.0, None, math.e)


@pytest.mark.parametrize("raw", [None, {}, {"value": None, "low": None, "high": None}, 3.0])
def test_no_number_is_no_interval(raw: object) -> None:
    assert parse_interval(raw) is None
