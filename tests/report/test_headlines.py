from __future__ import annotations

from collections.abc import Callable

from hansard_bias.params import Config
from hansard_bias.report.page import headlines
from hansard_bias.report.results import Results


def test_the_largest_excess_first_and_the_tilt_last(load: Callable[..., Results]) -> None:
    found = headlines(load())
    assert [each.what for each in found] == [
        "A (Nunavut) reads Canada",
        "B (Canada) reads Nunavut",
        "tilt of C (Mixed), in nats",
    ]
    assert (found[0].number, found[0].bounds, found[0].finding) == ("×2.05", "1.86 to 2.27", "reads worse")


def test_no_difference_and_no_interval_are_said(load: Callable[..., Results]) -> None:
    assert {each.finding for each in headlines(load(excess=0.01))} == {"no difference found", "no lean found"}
    assert headlines(load(half=None))[0].finding == "not decided"


def test_one_legislature_has_none(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    assert headlines(load(of=configure({"nunavut": "A"}, {"nunavut": ("A", {"nunavut": 1.0})}, (1,)))) == []


def test_nothing_vouches_for_a_number_that_says_nothing(load: Callable[..., Results]) -> None:
    for each in headlines(load(gain=0.05, half=0.01)):
        assert each.finding.startswith("says nothing: ") and each.finding.endswith("learned too little")
        assert each.metric == ""
