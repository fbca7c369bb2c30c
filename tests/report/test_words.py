from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hansard_bias.analysis.stage_records import Budget, Leakage, Period
from hansard_bias.params import Config
from hansard_bias.report import sentences as words
from hansard_bias.report.comparisons import tilt_sentence
from hansard_bias.report.results import Results
from helpers.report_page import page_of

SINGLES = {"nunavut": ("A", {"nunavut": 1.0}), "canada": ("B", {"canada": 1.0})}
THREE = {"nunavut": "A", "canada": "B", "yukon": "Y"}


@pytest.mark.parametrize(
    ("excess", "half", "expected"),
    [
        (4.0, 0.1, "leans to Nunavut"),
        (-4.0, 0.1, "leans to Canada"),
        (0.6, 0.1, "no lean found"),
        (4.0, None, "no interval, so not decided"),
    ],
)
def test_the_lean_of_a_mixture(load: Callable[..., Results], excess: float, half: float | None, expected: str) -> None:
    # The tilt of the made-up world is -0.05 times the excess: below 0, the first (Nunavut) is read with less excess.
    assert tilt_sentence(load(excess=excess, half=half), "mixed") == expected


def test_the_uncertainty_names_days_speakers_and_runs(load: Callable[..., Results]) -> None:
    text = words.uncertainty_sentence(load())
    for part in ("11 of Nunavut and 11 of Canada", "40 of Nunavut and 40 of Canada", "3 of each model"):
        assert part in text


def test_one_seed_is_owned_up_to(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    results = load(of=configure({"nunavut": "A", "canada": "B"}, SINGLES, (1,)))
    assert "trained once" in words.uncertainty_sentence(results)
    assert any("trained once" in caveat for caveat in words.caveats(results))


def changed(results: Results, **alignment: Any) -> Results:
    return replace(results, alignment=replace(results.alignment, **alignment))


def test_caveats_follow_the_audits(load: Callable[..., Results]) -> None:
    sound = load()
    assert [caveat for caveat in words.caveats(sound) if "warning" not in caveat] == []
    leaky = changed(sound, leakage=Leakage(4, {"overall": 0.2}))
    assert any(caveat.startswith("4 test speeches") for caveat in words.caveats(leaky))


def test_missing_intervals_are_a_caveat(load: Callable[..., Results]) -> None:
    assert any("no interval" in caveat for caveat in words.caveats(load(half=None)))


def test_unequal_text_stands_beside_the_verdict(load: Callable[..., Results], config: Config) -> None:
    amounts = Budget("full", {"nunavut": 128_100, "canada": 1_394_000, "mixed": 256_200})
    full = load(of=replace(config, align=replace(config.align, budget="full")))
    caveat = words.budget_caveat(changed(full, budget=amounts))
    assert "128,100 for A (Nunavut), 1,394,000 for B (Canada) and 256,200 for C (Mixed)" in caveat
    page = page_of(changed(full, budget=amounts), figures=False)
    verdict, answer = page.index('class="verdict"'), page.index("1,394,000 for B (Canada)")
    assert verdict < answer < page.index('id="matrix"')


def test_equal_text_needs_no_caveat(load: Callable[..., Results]) -> None:
    assert load().config.align.budget == "balanced"
    assert words.budget_caveat(load()) == ""
    assert "Unequal text" not in page_of(load(), figures=False)


def test_different_periods_are_named_beside_the_verdict(load: Callable[..., Results]) -> None:
    periods = {"nunavut": Period("1999-04-01", "2004-11-30"), "canada": Period("1871-02-15", "1889-05-02")}
    results = changed(load(), different_periods=periods)
    named = "Nunavut 1999-04-01 to 2004-11-30 and Canada 1871-02-15 to 1889-05-02"
    page = page_of(results, figures=False)
    assert named in words.period_caveat(results)
    assert page.index('class="verdict"') < page.index(named) < page.index('id="matrix"')
    assert words.period_caveat(load()) == "" and "Different periods" not in page_of(load(), figures=False)


def test_characters_that_count_as_words_are_owned_up_to(load: Callable[..., Results], config: Config) -> None:
    results = changed(load(), counted_by_character={"nunavut": 0.0, "canada": 0.384})
    said = words.word_units(results)
    assert "38\u00a0% of the words of Canada)" in said and "Nunavut" not in said
    # Beside the sizes of the text.
    page = page_of(results, figures=False)
    assert page.index('id="corpora"') < page.rindex("38\u00a0% of the words of Canada") < page.index('id="limits"')
    full = load(of=replace(config, align=replace(config.align, budget="full")))
    named = changed(full, counted_by_character={"nunavut": 1.0, "canada": 1.0})
    assert "(words, or characters where no blanks part them: " in words.budget_caveat(named)
    assert words.word_units(changed(load(), counted_by_character={"nunavut": 0.0, "canada": 0.0004})) == ""


def test_the_sample_is_recognised(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    assert words.is_sample(load())
    assert not words.is_sample(load(of=configure({"nunavut": "A", "canada": "B"}, SINGLES, (1,))))


def test_missing_curves_are_a_caveat(load: Callable[..., Results]) -> None:
    (caveat,) = [line for line in words.caveats(replace(load(), missing=("one", "two"))) if "curves" in line]
    assert caveat.startswith("2 training curves are missing")


@pytest.mark.parametrize(("gain", "half"), [(0.05, 0.01), (0.3, 0.4), (-0.2, 0.1)])
def test_a_model_on_the_plateau_of_word_frequencies_is_a_caveat(
    load: Callable[..., Results], gain: float, half: float
) -> None:
    lines = [line for line in words.caveats(load(gain=gain, half=half)) if "hardly better" in line]
    assert len(lines) == 4, "A and B on their own debates, C on both"
    assert lines[0].startswith("Model A (Nunavut) reads Nunavut") and "perplexity 24.0 against" in lines[0]
    assert not [line for line in words.caveats(load(gain=0.3, half=0.1)) if "hardly better" in line]
