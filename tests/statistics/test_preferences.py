"""Preferences of prompts: decisions at their thresholds, intervals against theory, rates against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.preferences import (
    Stability,
    compare_models,
    cultural_bias_rate,
    mean_log_odds,
    paraphrase_stability,
    prompt_preferences,
)
from hansard_bias.statistics.prompts import PromptMeans, any_difference, moderated

CONFIDENCE = 0.95


def drawn(means: list[float], wordings: int = 5, seeds: int = 3, spread: float = 0.1, seed: int = 1) -> np.ndarray:
    """Log-odds of prompts with these means."""
    noise = np.random.default_rng(seed).normal(0, spread, size=(len(means), wordings, seeds))
    return np.array(means)[:, None, None] + noise


def test_clear_prompts_are_decided_by_direction() -> None:
    values = drawn([2.0, -2.0, 0.3], seeds=2)
    first, second, weak = prompt_preferences(values, CONFIDENCE)
    assert [each.decision for each in (first, second, weak)] == ["first", "second", "tie"]
    # The weak one has a certain sign: it is a tie because its odds are below 2 to 1.
    assert weak.p_corrected is not None and weak.p_corrected < 0.05
    assert first.preference.value == pytest.approx(values[0].mean())


@pytest.mark.parametrize(("mean", "decision"), [(math.log(2) + 1e-6, "first"), (math.log(2) - 1e-6, "tie")])
def test_the_threshold_is_odds_of_two(mean: float, decision: str) -> None:
    assert prompt_preferences(np.full((1, 5, 3), mean), CONFIDENCE)[0].decision == decision


def test_a_sign_that_does_not_hold_over_wordings_is_undecided() -> None:
    wordings = np.array([6.0, -2.0, 5.0, -3.0, 1.0])
    (found,) = prompt_preferences(np.repeat(wordings[None, :, None], 2, axis=2), CONFIDENCE)
    assert found.preference.value == pytest.approx(1.4)
    # Runs that agree to the digit leave the t test of the wordings.
    assert found.p_corrected == pytest.approx(stats.ttest_1samp(wordings, 0).pvalue)
    assert found.decision == "undecided"


def test_a_sign_that_does_not_hold_over_runs_is_undecided() -> None:
    runs = np.array([3.0, -0.5, 1.5])
    (found,) = prompt_preferences(np.repeat(runs[None, None], 5, axis=1), CONFIDENCE)
    assert found.p_corrected == pytest.approx(stats.ttest_1samp(runs, 0).pvalue)
    assert found.decision == "undecided"


def test_decisions_are_two_sided_and_corrected_over_all_prompts() -> None:
    wordings = np.array([1.9, 0.1, 1.6, 0.8, 0.4])
    clear = np.repeat(wordings[None, :, None], 2, axis=2)
    raw = stats.ttest_1samp(wordings, 0).pvalue
    assert 0.025 < raw < 0.05
    assert prompt_preferences(clear, CONFIDENCE)[0].decision == "first"
    # Nine prompts without a preference beside it, and the same one is no finding any more.
    others = drawn([0.0] * 9, seeds=2, spread=1)
    found = prompt_preferences(np.concatenate([clear, others]), CONFIDENCE)
    assert found[0].decision == "undecided"
    raw = PromptMeans.of(np.concatenate([clear, others])).p
    assert [each.p_corrected for each in found] == pytest.approx(stats.false_discovery_control(raw))


@pytest.mark.parametrize("together", [0.0, 0.5])
@pytest.mark.parametrize("unequal", [0.0, 0.7])
def test_intervals_of_prompts_cover_however_runs_move_them(together: float, unequal: float) -> None:
    """Three runs: alone each prompt would have two degrees of freedom for them."""
    rng, inside, widths, alone = np.random.default_rng(8), [], [], []
    for _ in range(40):
        size = np.exp(unequal * rng.normal(size=(2, 30, 1)))
        runs = np.sqrt(1 - together) * rng.normal(size=(30, 3)) + np.sqrt(together) * rng.normal(size=(1, 3))
        noise = 0.3 * rng.normal(size=(30, 5, 3))
        values = (0.5 * size[0] * rng.normal(size=(30, 5)))[..., None] + (0.5 * size[1] * runs)[:, None] + noise
        found = PromptMeans.of(values)
        half = found.pivot.half_width(CONFIDENCE)
        inside.append(np.abs(found.value) <= half)
        widths.append(np.median(half))
        alone.append(np.median([PromptMeans.of(values[[n]]).pivot.half_width(CONFIDENCE) for n in range(30)]))
    assert 0.92 <= np.mean(inside) <= 0.985
    assert np.mean(widths) < 0.9 * np.mean(alone)


def test_variances_are_drawn_towards_what_all_say() -> None:
    equal = moderated(np.array([2.0, 2.0, 2.0, 2.0]), np.full(4, 3.0))
    assert equal[0].tolist() == [2.0] * 4 and equal[1].tolist() == [12.0] * 4, "no spread: one variance for all"
    rng = np.random.default_rng(2)
    true = 3 * 8 / rng.chisquare(8, size=20_000)
    found, df = moderated(true * rng.chisquare(4, size=20_000) / 4, np.full(20_000, 4.0))
    assert df == pytest.approx(np.full(20_000, 12.0), rel=0.1), "4 of its own and 8 of the prior"
    own = true * 0 + 3
    assert np.mean((np.log(found) - np.log(true)) ** 2) < np.mean((np.log(own) - np.log(true)) ** 2)
    unknown = moderated(np.array([1.0, math.nan, 4.0]), np.array([2.0, 1.0, 2.0]))[0]
    assert unknown[0] == 1.0 and math.isnan(unknown[1]), "two variances say nothing of how variances differ"


def test_missing_paraphrases_are_left_out() -> None:
    values = np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[9.0, 9.1], [math.nan] * 2, [11.0, 11.1]]])
    full, short = prompt_preferences(values, CONFIDENCE)
    assert (full.preference.value, short.preference.value) == pytest.approx((3.5, 10.05))
    assert short.preference.low is not None
    assert short.preference.low < 9  # two wordings say little of a third one
    alone = prompt_preferences(values[1:, [0, 2]], CONFIDENCE)[0].preference
    assert vars(alone) == pytest.approx(vars(short.preference))


def test_one_seed_has_the_interval_of_its_wordings_and_decides_nothing() -> None:
    wordings = np.random.default_rng(5).normal(3, 0.2, size=8)
    (found,) = prompt_preferences(wordings[None, :, None], CONFIDENCE)
    bounds = stats.ttest_1samp(wordings, 0).confidence_interval(CONFIDENCE)
    assert (found.preference.low, found.preference.high) == pytest.approx((bounds.low, bounds.high))
    assert found.decision == "undecided"
    assert prompt_preferences(wordings[None, :, None] - 3, CONFIDENCE)[0].decision == "undecided", "nor a tie"


def test_one_paraphrase_decides_nothing() -> None:
    (alone,) = prompt_preferences(np.full((1, 1, 4), 5.0), CONFIDENCE)
    assert (alone.preference, alone.p_corrected, alone.decision) == (Interval(5.0, None, None), None, "undecided")
    beside = prompt_preferences(np.array([[[5.0] * 4, [math.nan] * 4], [[5.0] * 4, [5.1] * 4]]), CONFIDENCE)
    assert [each.decision for each in beside] == ["undecided", "first"]


def test_intervals_cover_prompts_of_few_wordings_and_runs() -> None:
    random, prompts = np.random.default_rng(6), 2000
    values = random.normal(0, 1, size=(prompts, 5, 1)) + random.normal(0, 0.4, size=(prompts, 1, 3))
    found = prompt_preferences(values + random.normal(0, 0.3, size=(prompts, 5, 3)), CONFIDENCE)
    held = sum(each.preference.side(0) == 0 for each in found)
    assert stats.binom.ppf(0.001, prompts, 0.94) <= held <= stats.binom.ppf(0.999, prompts, 0.98)
    assert sum(each.decision in ("first", "second") for each in found) <= 3


def test_order_of_prompts_changes_nothing() -> None:
    values = drawn([0.5] * 7, spread=1)
    values[[1, 4], 3:] = math.nan
    forward, back = prompt_preferences(values, CONFIDENCE), prompt_preferences(values[::-1], CONFIDENCE)[::-1]
    assert [each.decision for each in back] == [each.decision for each in forward]
    assert [each.p_corrected for each in back] == pytest.approx([each.p_corrected for each in forward], rel=1e-9)
    bounds = [[(each.preference.low, each.preference.high) for each in some] for some in (back, forward)]
    assert np.array(bounds[0]) == pytest.approx(np.array(bounds[1]), rel=1e-9)


def test_the_mean_over_prompts_covers_prompts_and_runs() -> None:
    values = np.random.default_rng(7).normal(0.5, 1, size=(12, 1))
    bounds = stats.ttest_1samp(values[:, 0], 0).confidence_interval(CONFIDENCE)
    found = mean_log_odds(values, CONFIDENCE)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    wider = mean_log_odds(values + np.array([-0.5, 0.0, 0.5]), CONFIDENCE)
    assert wider.value == pytest.approx(found.value)
    assert wider.low < found.low < found.high < wider.high


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
    with pytest.raises(ValueError, match="log-odds"):
        prompt_preferences(values, CONFIDENCE)


def test_rate_counts_each_side_the_ties_and_the_undecided() -> None:
    values = drawn([4.0, 3.0, -4.0, 0.1, 0.0, -0.1])
    judged = prompt_preferences(values, CONFIDENCE)
    rate = cultural_bias_rate(values, judged, 200, np.random.default_rng(1), CONFIDENCE)
    assert rate is not None
    assert (rate.prompts, rate.tied, rate.undecided) == (6, 3, 0)
    assert [getattr(rate, side).count for side in ("first", "second", "any")] == [2, 1, 3]
    # Errors are small: the shares are those of the truth.
    assert rate.any.rate.value == pytest.approx(1 / 2, abs=0.02)
    assert rate.first.rate.value + rate.second.rate.value == pytest.approx(rate.any.rate.value)


def test_one_seed_or_one_wording_has_no_rate() -> None:
    for values in (drawn([4.0, -4.0], seeds=1), drawn([4.0, -4.0], wordings=1)):
        judged = prompt_preferences(values, CONFIDENCE)
        assert cultural_bias_rate(values, judged, 200, np.random.default_rng(1), CONFIDENCE) is None


def test_stability_is_agreement_and_spread_of_wordings() -> None:
    values = np.array([[1.0, 2.0, -1.0, 2.0], [3.0, math.nan, 5.0, math.nan]])
    # Two seeds around the same means: seeds are averaged before wordings are compared.
    both = np.stack([values + 0.5, values - 0.5], axis=2)
    first, second = paraphrase_stability(both)
    assert first == Stability(0.75, pytest.approx(np.std([1, 2, -1, 2], ddof=1)), 4)
    assert second == Stability(1.0, pytest.approx(math.sqrt(2)), 2)
    assert paraphrase_stability(np.ones((1, 1, 2))) == [Stability(1.0, None, 1)]


def test_comparison_is_the_paired_t_test_of_prompt_means() -> None:
    random = np.random.default_rng(7)
    prompts = random.normal(0, 3, size=(9, 1, 1))
    a, b = (prompts + shift + random.normal(0, 0.3, size=(9, 5, 1)) for shift in (0.8, 0.0))
    a[2, 3:], b[2, 3:] = math.nan, math.nan
    found = compare_models(a, b, CONFIDENCE)
    differences = np.nanmean(a, axis=(1, 2)) - np.nanmean(b, axis=(1, 2))
    theirs = stats.ttest_1samp(differences, 0)
    bounds = theirs.confidence_interval(CONFIDENCE)
    assert found.effect == pytest.approx(differences.mean())
    assert found.p == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    assert (found.prompts, found.unit, found.p_covers) == (9, "nats", "prompts only")
    swapped = compare_models(b, a, CONFIDENCE)
    assert (swapped.effect, swapped.p) == pytest.approx((-found.effect, found.p))


def test_comparison_covers_the_luck_of_training_runs() -> None:
    """Equal models whose runs differ: over prompts alone they are called different, over runs too they are not."""
    random, studies = np.random.default_rng(9), 300
    rejected, alone = 0, 0
    for _ in range(studies):
        prompts = random.normal(0, 2, size=(40, 1, 1))
        a, b = (
            prompts + random.normal(0, 0.4, size=(1, 1, 3)) + random.normal(0, 0.5, size=(40, 5, 3)) for _ in range(2)
        )
        found = compare_models(a, b, CONFIDENCE)
        assert found.p_covers == "prompts and seeds"
        assert (found.p < 0.05) == (found.interval.side(0) != 0)
        rejected += found.p < 0.05
        alone += compare_models(*(each.mean(axis=2, keepdims=True) for each in (a, b)), CONFIDENCE).p < 0.05
    low, high = stats.binom.ppf([0.001, 0.999], studies, [0.03, 0.06])
    assert low <= rejected <= high
    assert alone > 90


def test_equal_models_do_not_differ() -> None:
    values = np.random.default_rng(8).normal(size=(30, 5, 2))
    values[3, 4] = math.nan
    found = compare_models(values, values, CONFIDENCE)
    assert (found.effect, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_comparison_of_one_prompt_has_no_interval() -> None:
    found = compare_models(np.ones((1, 5, 1)), np.zeros((1, 5, 1)), CONFIDENCE)
    assert (found.effect, found.low, found.high, found.p) == (1, None, None, 1)


def test_unpaired_models_are_refused() -> None:
    shorter = np.zeros((3, 5, 1))
    shorter[1, 4] = math.nan
    for other in (np.zeros((4, 5, 1)), shorter, np.zeros((3, 5, 2))):
        with pytest.raises(ValueError, match="same prompts, paraphrases and seeds"):
            compare_models(np.zeros((3, 5, 1)), other, CONFIDENCE)


def runs_of(truth: np.ndarray, seeds: int, rng: np.random.Generator, together: float) -> np.ndarray:
    """Runs of one model over prompts, a share of whose variance all prompts have in common."""
    spread = np.linspace(0.2, 3, len(truth))[:, None]
    own, common = rng.normal(size=(len(truth), seeds)), rng.normal(size=(1, seeds))
    return np.asarray(truth[:, None] + spread * (np.sqrt(1 - together) * own + np.sqrt(together) * common))


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("together", [0.0, 0.8])
def test_any_difference_rejects_at_its_level_however_prompts_depend_on_each_other(seeds: int, together: float) -> None:
    rng, truth = np.random.default_rng(5), np.linspace(-2, 2, 20)
    p = [any_difference(*(runs_of(truth, seeds, rng, together) for _ in range(2)))[1] for _ in range(600)]
    # 99.9 % of a binomial of 600 at 5 %.
    assert 14 <= np.count_nonzero(np.array(p) < 0.05) <= 49
    assert 230 <= np.count_nonzero(np.array(p) < 0.5) <= 370


def test_any_difference_sees_what_cancels_in_the_mean() -> None:
    rng, truth = np.random.default_rng(6), np.zeros(20)
    opposite = np.where(np.arange(20) % 2, 3.0, -3.0)
    sizes, p = zip(
        *(any_difference(runs_of(truth + opposite, 3, rng, 0), runs_of(truth, 3, rng, 0)) for _ in range(50)),
        strict=True,
    )
    assert np.mean(np.array(p) < 0.05) > 0.8
    assert np.sqrt(np.mean(np.square(sizes))) == pytest.approx(3.0, rel=0.1)


def test_any_difference_wants_two_runs_of_the_same_prompts() -> None:
    for first, second in [(np.zeros((3, 1)), np.zeros((3, 2))), (np.zeros((3, 2)), np.zeros((4, 2)))]:
        with pytest.raises(ValueError, match="expected the same prompts, and 2 seeds or more of each"):
            any_difference(first, second)
