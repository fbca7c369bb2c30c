"""Preferences of prompts: decisions at their thresholds, intervals against theory, rates against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.preferences import (
    PromptPreference,
    Stability,
    compare_models,
    cultural_bias_rate,
    paraphrase_stability,
    prompt_preferences,
)

RNG_SEED = 3

CONFIDENCE = 0.95


def rng() -> np.random.Generator:
    return np.random.default_rng(RNG_SEED)


def test_clear_prompts_are_decided_by_direction() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, size=(3, 5, 2))
    first, second, weak = prompt_preferences(np.array([2.0, -2.0, 0.3])[:, None, None] + noise, 400, rng(), CONFIDENCE)
    assert [each.decision for each in (first, second, weak)] == ["first", "second", "tie"]
    # The weak one has a certain sign: it is a tie because its odds are below 2 to 1.
    assert weak.sign_share is not None and weak.sign_share > 0.95
    assert first.preference.value == pytest.approx(2 + noise[0].mean())


@pytest.mark.parametrize(("mean", "decision"), [(math.log(2) + 1e-6, "first"), (math.log(2) - 1e-6, "tie")])
def test_the_threshold_is_odds_of_two(mean: float, decision: str) -> None:
    assert prompt_preferences(np.full((1, 5, 3), mean), 200, rng(), CONFIDENCE)[0].decision == decision


def test_a_sign_that_does_not_hold_is_undecided() -> None:
    paraphrases = np.array([6.0, -2.0, 5.0, -3.0, 1.0])
    (found,) = prompt_preferences(paraphrases[None, :, None], 2000, rng(), CONFIDENCE)
    assert found.preference.value == pytest.approx(1.4)
    assert found.sign_share is not None
    assert 0.5 < found.sign_share < 0.95
    assert found.decision == "undecided"


def test_missing_paraphrases_are_left_out() -> None:
    values = np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[9.0, 9.1], [math.nan] * 2, [11.0, 11.1]]])
    full, short = prompt_preferences(values, 500, rng(), CONFIDENCE)
    assert (full.preference.value, short.preference.value) == pytest.approx((3.5, 10.05))
    assert short.preference.low is not None
    assert short.preference.low < 9  # two wordings say little of a third one
    alone = prompt_preferences(values[1:, [0, 2]], 500, rng(), CONFIDENCE)[0]
    assert alone.preference.value == short.preference.value


def test_crossed_bootstrap_has_the_variance_of_paraphrases_and_seeds() -> None:
    """Additive effects: the interval is that of a normal with var(paraphrases)/P + var(seeds)/S (Owen 2007)."""
    generator = np.random.default_rng(5)
    wordings, runs = generator.normal(0, 1, size=40), generator.normal(0, 0.8, size=30)
    (both,) = prompt_preferences((wordings[:, None] + runs)[None], 20_000, rng(), CONFIDENCE)
    expected = stats.norm.ppf(0.975) * math.sqrt(wordings.var() / 40 + runs.var() / 30)
    assert both.preference.high is not None
    assert both.preference.low is not None
    assert (both.preference.high - both.preference.low) / 2 == pytest.approx(expected, rel=0.04)
    (one_seed,) = prompt_preferences(wordings[None, :, None], 20_000, rng(), CONFIDENCE)
    assert one_seed.preference.high is not None
    assert one_seed.preference.low is not None
    half = stats.norm.ppf(0.975) * math.sqrt(wordings.var() / 40)
    assert (one_seed.preference.high - one_seed.preference.low) / 2 == pytest.approx(half, rel=0.04)


def test_one_paraphrase_decides_nothing() -> None:
    (found,) = prompt_preferences(np.full((1, 1, 4), 5.0), 200, rng(), CONFIDENCE)
    assert found == PromptPreference(Interval(5.0, None, None), None, "undecided")


def test_order_of_prompts_changes_nothing() -> None:
    values = np.random.default_rng(6).normal(0.5, 1, size=(7, 5, 3))
    values[[1, 4], 3:] = math.nan
    forward = prompt_preferences(values, 300, rng(), CONFIDENCE)
    assert prompt_preferences(values[::-1], 300, rng(), CONFIDENCE)[::-1] == forward


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 5)),
        np.zeros((0, 5, 1)),
        np.array([[[1.0, math.nan], [1.0, 1.0]]]),
        np.full((1, 5, 1), math.nan),
        np.full((1, 5, 1), math.inf),
    ],
)
def test_impossible_values_are_refused(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"L\*"):
        prompt_preferences(values, 200, rng(), CONFIDENCE)


def test_rate_counts_each_side_the_ties_and_the_undecided() -> None:
    rate = cultural_bias_rate(["first", "tie", "first", "second", "undecided", "first", "tie", "tie"], CONFIDENCE)
    assert (rate.prompts, rate.tied, rate.undecided) == (8, 3, 1)
    assert [getattr(rate, side).count for side in ("first", "second", "any")] == [3, 1, 4]
    wilson = stats.binomtest(3, 8).proportion_ci(0.95, method="wilson")
    assert vars(rate.first.rate) == pytest.approx({"value": 3 / 8, "low": wilson.low, "high": wilson.high})


@pytest.mark.parametrize("decisions", [[], ["first", "left"]])
def test_rate_of_nothing_or_of_unknown_decisions_is_an_error(decisions: list) -> None:
    with pytest.raises(ValueError, match="expected at least one, each of"):
        cultural_bias_rate(decisions, CONFIDENCE)


def test_stability_is_agreement_and_spread_of_wordings() -> None:
    values = np.array([[1.0, 2.0, -1.0, 2.0], [3.0, math.nan, 5.0, math.nan]])
    # Two seeds around the same means: seeds are averaged before wordings are compared.
    both = np.stack([values + 0.5, values - 0.5], axis=2)
    first, second = paraphrase_stability(both)
    assert first == Stability(0.75, pytest.approx(np.std([1, 2, -1, 2], ddof=1)), 4)
    assert second == Stability(1.0, pytest.approx(math.sqrt(2)), 2)
    assert paraphrase_stability(np.ones((1, 1, 2))) == [Stability(1.0, None, 1)]


def test_comparison_is_the_paired_difference_of_prompt_means() -> None:
    generator = np.random.default_rng(7)
    prompts = generator.normal(0, 3, size=(9, 1, 1))
    a = prompts + 0.8 + generator.normal(0, 0.3, size=(9, 5, 1))
    b = prompts + generator.normal(0, 0.3, size=(9, 5, 2))
    found = compare_models(a, b, 4000, rng(), CONFIDENCE)
    differences = a.mean(axis=(1, 2)) - b.mean(axis=(1, 2))
    theirs = stats.permutation_test(
        (differences, np.zeros(9)), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples"
    )
    assert found.effect == pytest.approx(differences.mean())
    assert found.p == found.p_prompts == pytest.approx(theirs.pvalue) == pytest.approx(2 / 2**9)
    half = stats.t(8).ppf(0.975) * differences.std(ddof=1) / 3
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.15)
    assert (found.prompts, found.unit, found.p_covers) == (9, "nats", "prompts only")
    swapped = compare_models(b, a, 4000, rng(), CONFIDENCE)
    assert (swapped.effect, swapped.p) == pytest.approx((-found.effect, found.p))


@pytest.mark.parametrize("seeds", [(3, 3), (3, 5)])
def test_comparison_covers_the_luck_of_training_runs(seeds: tuple[int, int]) -> None:
    """Equal models whose runs differ: over prompts alone they are called different, over runs too they are not."""
    generator = np.random.default_rng(9)
    rejected, covered = np.zeros(2), 0
    for _ in range(200):
        prompts = generator.normal(0, 2, size=(40, 1, 1))
        a, b = (
            prompts + generator.normal(0, 0.4, size=(1, 1, count)) + generator.normal(0, 0.5, size=(40, 5, count))
            for count in seeds
        )
        found = compare_models(a, b, 300, generator, CONFIDENCE)
        assert found.p_covers == "prompts and seeds"
        rejected += [found.p <= 0.05, found.p_prompts <= 0.05]
        covered += found.low <= 0 <= found.high
    low, high = stats.binom.ppf([0.001, 0.999], 200, [0.04, 0.06])
    assert low <= rejected[0] <= high
    assert rejected[1] > 60
    assert covered >= stats.binom.ppf(0.001, 200, 0.93)


def test_equal_models_do_not_differ() -> None:
    values = np.random.default_rng(8).normal(size=(30, 5, 2))
    values[3, 4] = math.nan
    found = compare_models(values, values, 300, rng(), CONFIDENCE)
    assert (found.effect, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_comparison_of_one_prompt_has_no_interval() -> None:
    found = compare_models(np.ones((1, 5, 1)), np.zeros((1, 5, 1)), 300, rng(), CONFIDENCE)
    assert (found.effect, found.low, found.high, found.p) == (1, None, None, 1)


def test_unpaired_models_are_refused() -> None:
    with pytest.raises(ValueError, match="same prompts and paraphrases"):
        compare_models(np.zeros((3, 5, 1)), np.zeros((4, 5, 1)), 300, rng(), CONFIDENCE)
    shorter = np.zeros((3, 5, 1))
    shorter[1, 4] = math.nan
    with pytest.raises(ValueError, match="same prompts and paraphrases"):
        compare_models(np.zeros((3, 5, 1)), shorter, 300, rng(), CONFIDENCE)
