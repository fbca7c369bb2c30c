from __future__ import annotations

import pytest

from hansard_bias.params import Config
from hansard_bias.report import formats
from hansard_bias.report.formats import MINUS, NO_BREAK
from hansard_bias.statistics.intervals import Interval


@pytest.mark.parametrize(
    ("value", "text"), [(4.213, "4.21"), (42.13, "42.1"), (421.3, "421"), (4213.0, "4,213"), (9.996, "10.00")]
)
def test_three_significant_digits_or_so(value: float, text: str) -> None:
    assert formats.significant(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "+0.50"), (-0.5, f"{MINUS}0.50"), (0.0, "0.00"), (-0.001, "0.00"), (1234.5, "+1,234.50")]
)
def test_differences_show_their_sign_and_zero_has_none(value: float, text: str) -> None:
    assert formats.signed(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.004, "0.4"), (0.5, "50"), (1.0, "100")])
def test_shares_in_percent(value: float, text: str) -> None:
    assert formats.percent(value) == f"{text}{NO_BREAK}%"


@pytest.mark.parametrize(
    ("value", "text"), [(0.04321, "0.043"), (0.00052, "0.0005"), (1e-6, "below 0.0001"), (1.0, "1.000"), (None, "—")]
)
def test_a_probability_is_never_zero(value: float | None, text: str) -> None:
    assert formats.p_value(value) == text


@pytest.mark.parametrize(("value", "text"), [(59.6, "60 s"), (312.0, "5 min"), (7_500.0, "2 h 05 min")])
def test_durations(value: float, text: str) -> None:
    assert formats.seconds(value).replace(NO_BREAK, " ") == text


@pytest.mark.parametrize(("value", "text"), [(0, "—"), (999, "999 bytes"), (718_000, "718 kB"), (2.5e9, "2.5 GB")])
def test_sizes(value: float, text: str) -> None:
    assert formats.size(value).replace(NO_BREAK, " ") == text


def test_an_estimate_without_interval_says_so() -> None:
    assert formats.estimate(Interval(1.5, None, None), formats.decimal) == "1.50 (no interval)"
    assert formats.estimate(Interval(1.5, 1.0, 2.0), formats.decimal) == "1.50 (1.00 to 2.00)"
    assert formats.estimate(None, formats.decimal) == "—"


def test_keys_of_metrics_files_become_names(config: Config) -> None:
    text = "C_mixed pays less to read nunavut than A_nunavut; nunavutian and D_nunavut stay"
    expected = "C (Mixed) pays less to read Nunavut than A (Nunavut); nunavutian and D_nunavut stay"
    assert formats.readable(config, text) == expected


def test_the_text_of_a_mixture_is_told_by_shares(config: Config) -> None:
    assert formats.training_text(config, "canada") == "Canada"
    text = formats.training_text(config, "mixed").replace(NO_BREAK, " ")
    assert text == "50 % Nunavut, 50 % Canada"


@pytest.mark.parametrize(
    ("items", "text"), [([], "none"), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")]
)
def test_lists_in_sentences(items: list[str], text: str) -> None:
    assert formats.sentence_list(items) == text


def test_nested_records_become_pairs() -> None:
    record = {"budget": {"kind": "balanced", "words_per_model": 128100}, "days": [1, 2], "auc": None, "same": True}
    assert list(formats.facts(record)) == [
        ("budget, kind", "balanced"),
        ("budget, words per model", "128,100"),
        ("days", "1, 2"),
        ("auc", "—"),
        ("same", "yes"),
    ]
