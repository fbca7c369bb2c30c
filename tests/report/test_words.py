from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hansard_bias.analysis.stage_records import Budget, FormatAudit, Leakage
from hansard_bias.params import Config
from hansard_bias.report import sentences as words
from hansard_bias.report.comparisons import tilt_sentence
from hansard_bias.report.formats import NO_BREAK
from hansard_bias.report.results import Results
from hansard_bias.statistics.intervals import Interval
from helpers.report_page import page_of, with_bias

SINGLES = {"nunavut": ("A", {"nunavut": 1.0}), "canada": ("B", {"canada": 1.0})}
THREE = {"nunavut": "A", "canada": "B", "yukon": "Y"}


def test_a_difference_is_named_as_a_factor(load: Callable[..., Results]) -> None:
    verdict, size = words.answer(load(excess=0.6, half=0.1))
    assert verdict.startswith("Yes: each model predicts the debates of a legislature it was not trained on worse than")
    # Excess on Canada is 0.72 nats: exp of it and of its bounds; the larger one comes first.
    expected = [math.exp(value) for value in (0.72, 0.62, 0.82)]
    assert f"model A (Nunavut) has {expected[0]:.2f} times as many equally likely words" in size
    assert f"(95{NO_BREAK}% interval {expected[1]:.2f} to {expected[2]:.2f})" in size
    assert f"model B (Canada) has {math.exp(0.6):.2f} times" in size
    assert size.startswith("On the debates of Canada") and "could have detected" not in size


def test_no_difference_is_said_when_the_intervals_include_zero(load: Callable[..., Results]) -> None:
    verdict, size = words.answer(load(excess=0.02, half=0.1))
    assert verdict.startswith("No difference found")
    assert f"could have detected a factor of {math.exp(0.05):.2f}" in size


def test_without_intervals_nothing_is_decided(load: Callable[..., Results]) -> None:
    verdict, size = words.answer(load(excess=0.6, half=None))
    assert verdict.startswith("Not decided") and "no interval" in size


def test_a_mixed_outcome_is_counted(load: Callable[..., Results]) -> None:
    # 0.6 and 0.72 nats with bounds of 0.65: only the larger one excludes zero.
    verdict, _ = words.answer(load(excess=0.6, half=0.65))
    assert verdict == (
        "In part: the model from outside predicts worse in 1 of 2 comparisons; no difference was found in 1."
    )


def test_an_outsider_that_predicts_better_is_not_called_worse(load: Callable[..., Results]) -> None:
    verdict, size = words.answer(load(excess=-0.6, half=0.1))
    assert verdict.startswith("Not as expected") and "predicts better" in verdict
    assert f"{math.exp(-0.6):.2f} times" in size


def test_one_corpus_leaves_nothing_to_compare(load: Callable[..., Results], configure: Callable[..., Config]) -> None:
    alone = configure({"nunavut": "A"}, {"nunavut": ("A", {"nunavut": 1.0})}, (1,))
    verdict, size = words.answer(load(of=alone))
    assert verdict.startswith("Nothing to compare") and "24.0" in size


def test_many_comparisons_are_told_by_the_largest_and_the_smallest(
    load: Callable[..., Results], configure: Callable[..., Config]
) -> None:
    models = SINGLES | {"yukon": ("Y", {"yukon": 1.0})}
    results = load(of=configure(THREE, models, (1, 2)))
    assert words.answer(results)[1].startswith("Of 6 comparisons, these are the largest and the smallest: ")


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


def test_the_uncertainty_names_days_runs_and_the_smallest_effect(load: Callable[..., Results]) -> None:
    text = words.uncertainty_sentence(load())
    for part in ("2,000 recomputations", "11 of Nunavut and 11 of Canada", "3 training runs", "0.050 nats", "1.051"):
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
    marked = changed(sound, format_audit=FormatAudit(0.99, 0.83, ()))
    assert any("0.83" in caveat for caveat in words.caveats(marked))
    unknown = changed(sound, format_audit=FormatAudit(None, None, (), "one legislature"))
    assert len([*words.caveats(unknown)]) == len([*words.caveats(sound)])


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


def unlearned(results: Results, model: str) -> Results:
    """The same results, but a model that gained nothing over word frequencies."""
    gains = dict.fromkeys(results.unigrams(model).gain_nats, Interval(0.02, 0.01, 0.03))
    found = replace(results.unigrams(model), gain_nats=gains)
    return with_bias(results, unigrams=results.bias.unigrams | {results.config.row_key(model): found})


def test_models_that_learned_too_little_decide_nothing(load: Callable[..., Results]) -> None:
    # Each model is one side of both comparisons, and of the mixture's tilt.
    results = unlearned(load(excess=-0.6), "canada")
    verdict, size = words.answer(results)
    assert verdict == "Not decided: model B (Canada) learned too little for a comparison to say anything."
    assert size.startswith("Model B (Canada) reads Canada hardly better than the word frequencies")
    assert tilt_sentence(results, "mixed") == "says nothing: B (Canada) learned too little"


def test_comparisons_with_a_model_that_learned_too_little_are_left_out(
    load: Callable[..., Results], configure: Callable[..., Config]
) -> None:
    three = load(of=configure(THREE, SINGLES | {"yukon": ("Y", {"yukon": 1.0})}, (1, 2)))
    verdict, size = words.answer(unlearned(three, "yukon"))
    assert verdict.startswith("Yes: ") and "Of 6" not in size
    assert size.endswith("Left out: comparisons with model Y (Yukon), which learned too little.")
