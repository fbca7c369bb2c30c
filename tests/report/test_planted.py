"""The planted truth on the page: the table, the plain word on L and L*, and nothing for real archives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hansard_bias.report.figures import draw
from hansard_bias.report.results import Results
from hansard_bias.report.tables.instrument import HIDDEN, planted_sentences, planted_table, recovered
from hansard_bias.statistics.intervals import Interval
from helpers.report_page import page_of


@pytest.mark.parametrize(
    ("truth", "measured", "verdict"),
    [
        (1.1, Interval(0.9, 0.7, 1.2), "sign and size"),
        (1.1, Interval(0.4, 0.2, 0.6), "sign"),
        (1.1, Interval(-0.4, -0.6, -0.2), "no"),
        (1.1, Interval(-0.1, -1.5, 1.3), "not the sign"),
        (0.0, Interval(0.1, -0.1, 0.3), "even, as planted"),
        (0.0, Interval(0.3, 0.1, 0.5), "no"),
        (1.1, Interval(0.9, None, None), "not measured"),
    ],
)
def test_what_counts_as_recovered(truth: float, measured: Interval, verdict: str) -> None:
    assert recovered(truth, measured) == verdict


def test_every_association_stands_beside_both_measures(load: Callable[..., Results]) -> None:
    table = planted_table(load(planted={"right": -1.0}))
    assert len(table.rows) == 3 * 3
    row = dict(zip(table.columns, table.rows[1], strict=True))
    assert (row["Association"], row["Model"], row["Planted log-odds"]) == ("land-north", "B (Canada)", "+1.10")
    assert row["Measured L"].startswith("+1.20 (+1.00 to +1.40)")
    assert (row["Recovered by L"], row["Recovered by L*"]) == ("sign and size", "no")


def test_a_poor_measure_is_called_poor(load: Callable[..., Results]) -> None:
    plain, corrected, why = planted_sentences(load(planted={"right": -1.0, "slope": 0.2}))
    assert plain.startswith("L has the right sign in 4 of 4 planted associations of the models of one legislature")
    assert "A (Nunavut) against B (Canada) +1.00 where +0.88 was planted, off by +0.12" in plain
    assert plain.endswith("So L finds every direction and about keeps the sizes.")
    assert "1 of 4" in corrected and "slope 0.20 (0.00 to 0.40)" in corrected
    assert "So L* does not recover what was planted: it misses 3 of 4 directions and understates the" in corrected
    assert why == HIDDEN


def test_a_good_measure_is_not_explained_away(load: Callable[..., Results]) -> None:
    plain, corrected = planted_sentences(load(planted={}))
    assert "So L finds every direction" in plain and "So L* finds every direction" in corrected
    assert "exaggerates the sizes" in [*planted_sentences(load(planted={"slope": 1.5}))][1]


def test_the_section_is_on_the_page_of_the_sample_alone(load: Callable[..., Results]) -> None:
    page = page_of(load(planted={}), figures=False)
    assert 'id="planted"' in page and 'href="#planted"' in page and "So L* finds every direction" in page
    other = load()
    assert 'id="planted"' not in page_of(other, figures=False) and [*planted_sentences(other)] == []


def test_planted_and_measured_are_drawn(load: Callable[..., Results]) -> None:
    results = load(planted={})
    drawn = draw(results)["planted"]
    assert len(drawn.panels) == 2
    assert drawn.panels[1].label.startswith("Measured L* against planted log-odds of 9 associations and models: 4 of 4")
    assert "planted" not in draw(load())
