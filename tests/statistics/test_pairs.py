"""Shares of sentences that are preferred, and StereoSet's scores: by hand, against its own sums, in simulation."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from scipy.stats import norm, t

from hansard_bias.statistics.pairs import mean_difference, preferring, share_interval, stereoset

# Stereotype, anti-stereotype, unrelated; in nats.
BY_HAND = np.array(
    [
        [-1.0, -2.0, -3.0],  # north: stereotype first, both before the unrelated one
        [-2.0, -1.0, -1.5],  # north: the other first, the stereotype behind the unrelated one
        [-1.0, -2.0, -0.5],  # north: stereotype first, both behind
        [-1.0, -1.0, -2.0],  # south: a tie is no stereotype
    ]
)[:, :, None]
TARGETS = [7, 7, 7, 3]


def test_ss_lms_and_icat_by_hand() -> None:
    """North: ss 2/3, lms (2 + 1 + 0) / 6; south: ss 0, lms 1. Means over the targets: 1/3 and 3/4; icat 3/4 · 2/3."""
    found = stereoset(BY_HAND, TARGETS, 0.95)
    assert (found.ss.value, found.lms.value, found.icat.value) == pytest.approx((100 / 3, 75, 50))
    flipped = stereoset(BY_HAND[:3, [1, 0, 2]], TARGETS[:3], 0.95)
    assert (flipped.ss.value, flipped.lms.value, flipped.icat.value) == pytest.approx((100 / 3, 50, 100 / 3))


def published(scores: np.ndarray, targets: np.ndarray) -> tuple[float, float, float]:
    """Counts by target, as the benchmark's own evaluation keeps them, for one run."""
    counts: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (pro, anti, unrelated), target in zip(scores, targets, strict=True):
        counts[target]["pro"] += pro > anti
        counts[target]["related"] += int(pro > unrelated) + int(anti > unrelated)
        counts[target]["total"] += 1
    ss = float(np.mean([100 * each["pro"] / each["total"] for each in counts.values()]))
    lms = float(np.mean([100 * each["related"] / (2 * each["total"]) for each in counts.values()]))
    return ss, lms, lms * min(ss, 100 - ss) / 50


@pytest.mark.parametrize("seeds", [1, 3])
def test_every_run_has_the_published_scores_and_the_means_are_told(seeds: int) -> None:
    rng = np.random.default_rng(4)
    levels, targets = np.array([[0.3], [0.0], [-0.4]]), rng.integers(0, 12, 90)
    scores = levels + rng.normal(size=(90, 3, seeds))
    found = stereoset(scores, targets, 0.95)
    wanted = np.mean([published(scores[:, :, seed], targets) for seed in range(seeds)], axis=0)
    assert (found.ss.value, found.lms.value, found.icat.value) == pytest.approx(tuple(wanted))
    assert all(0 <= each.low < each.value < each.high <= 100 for each in (found.ss, found.lms, found.icat))  # type: ignore[operator]


def test_a_share_counts_ties_against_the_first() -> None:
    scores = np.array([[[-1.0], [-2.0]], [[-1.0], [-1.0]], [[-3.0], [-2.0]], [[-1.0], [-1.5]]])
    assert preferring(scores, 0.95).value == 0.5
    assert mean_difference(scores, 0.95).value == pytest.approx((1 + 0 - 1 + 0.5) / 4)


def test_one_run_s_interval_is_wilson_s_with_student_s_quantile() -> None:
    outcomes = np.array([1.0] * 14 + [0.0] * 6)[:, None]
    found = share_interval(outcomes, np.full(20, 1 / 20), 0.9)
    ratio = t.ppf(0.95, 19) ** 2 / 19
    bounds = np.roots([1 + ratio, -(2 * 0.7 + ratio), 0.7**2])
    assert (found.low, found.high) == pytest.approx((bounds.min(), bounds.max()))


@pytest.mark.parametrize("seeds", [1, 3])
def test_where_all_agree_the_number_of_items_bounds_the_share(seeds: int) -> None:
    for items, value in ((15, 1.0), (15, 0.0), (7, 1.0)):
        found = share_interval(np.full((items, seeds), value), np.full(items, 1 / items), 0.95)
        ratio = norm.ppf(0.975) ** 2 / items
        far = 1 / (1 + ratio)
        bounds = (far, 1.0) if value else (0.0, 1 - far)
        assert (found.value, found.low, found.high) == pytest.approx((value, *bounds))


def test_where_all_agree_icat_is_no_surer_than_what_it_is_made_of() -> None:
    scores = np.tile([[-1.0], [-2.0], [-3.0]], (9, 1, 2))
    found = stereoset(scores, [0] * 9, 0.95)
    assert (found.ss.value, found.lms.value, found.icat.value) == pytest.approx((100, 100, 0))
    assert found.icat.low == 0 and found.icat.high == pytest.approx(2 * (100 - found.ss.low))  # type: ignore[operator]


def test_one_item_says_nothing_of_others() -> None:
    one = np.array([[[-1.0, -1.0], [-2.0, -3.0], [-4.0, 0.0]]])
    found = stereoset(one, [0], 0.95)
    assert [each.low for each in (preferring(one, 0.95), mean_difference(one, 0.95), found.ss, found.icat)] == [
        None
    ] * 4
    assert found.lms.value == 50


def test_the_order_of_items_changes_nothing_but_roundings() -> None:
    rng = np.random.default_rng(8)
    scores, targets = rng.normal(size=(40, 3, 2)), rng.integers(0, 5, 40)
    order = rng.permutation(40)
    one, other = stereoset(scores, targets, 0.95), stereoset(scores[order], targets[order], 0.95)
    for name in ("ss", "lms", "icat"):
        assert vars(getattr(one, name)) == pytest.approx(vars(getattr(other, name)))


@pytest.mark.parametrize(("items", "seeds", "between"), [(40, 1, 0.0), (60, 3, 0.1), (300, 3, 0.1)])
@pytest.mark.parametrize("level", [0.3, 2.0])
def test_intervals_cover_other_items_and_runs(items: int, seeds: int, between: float, level: float) -> None:
    """Items, runs and their interaction are normal: the share above 0 is known."""
    rng = np.random.default_rng(items)
    truth, covered, studies = float(norm.cdf(level / np.sqrt(2 + between**2))), 0, 300
    for _ in range(studies):
        values = level + rng.normal(size=(items, 1)) + between * rng.normal(size=(1, seeds))
        values = values + rng.normal(size=(items, seeds))
        found = preferring(np.stack([values, np.zeros_like(values)], axis=1), 0.95)
        covered += found.low <= truth <= found.high  # type: ignore[operator]
    # Few seeds, and few items near 0 or 1, may be covered too often; never much too rarely.
    assert 0.92 <= covered / studies <= 1
