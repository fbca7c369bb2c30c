"""Errors of means against the analysis of variance, Student's t, expectations and simulated studies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.variance import Estimate, Source, combined, pooled, seed_means

CONFIDENCE = 0.95


def crossed(values: np.ndarray, sizes: np.ndarray | None = None) -> Estimate:
    """The mean over runs and groups, each a cluster; values: a mean for every run and group, [..., runs, groups]."""
    weights = np.ones(values.shape[-1]) if sizes is None else sizes
    return pooled(values * weights, weights, Clusters.of(np.arange(len(weights))))


def test_parts_of_equal_groups_are_those_of_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4, 9)) + rng.normal(size=9)
    found = crossed(values)
    (source,) = found.sources
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    residuals = values - rows[:, None] - columns + values.mean()
    mean_square = (residuals**2).sum() / (3 * 8)
    assert found.value == pytest.approx([values.mean()])
    assert found.seeds == pytest.approx([rows.var(ddof=1) / 4])
    assert source.variance == pytest.approx([columns.var(ddof=1) / 9])
    assert source.interaction == pytest.approx([mean_square / 36])
    assert source.df == pytest.approx([8])
    assert found.variance == pytest.approx(found.seeds + np.maximum(source.variance - source.interaction, 0))
    alone = float(source.alone[0])
    spread = float(source.variance[0]) ** 2 / 8 + float(source.interaction[0]) ** 2 / 24
    assert source.df_alone(3) == pytest.approx([alone**2 / spread])


def test_one_seed_has_the_interval_and_test_of_student() -> None:
    values = np.random.default_rng(2).normal(0.4, 1, size=(1, 12))
    found, theirs = crossed(values), stats.ttest_1samp(values[0], 0)
    bounds = theirs.confidence_interval(CONFIDENCE)
    (interval,) = found.intervals(CONFIDENCE)
    assert (interval.low, interval.high) == pytest.approx((bounds.low, bounds.high))
    assert found.p == pytest.approx([theirs.pvalue])
    assert found.seeds == 0


def test_groups_that_do_not_differ_leave_the_test_of_the_runs() -> None:
    runs = np.array([0.3, 0.5, 0.2, 0.6])
    found = crossed(np.repeat(runs[:, None], 20, axis=1))
    assert found.p == pytest.approx([stats.ttest_1samp(runs, 0).pvalue])


@pytest.mark.parametrize("runs", [1, 3])
def test_variance_is_that_of_many_studies(runs: int) -> None:
    """Groups of unequal size: the jackknife is a little too large, never too small."""
    rng = np.random.default_rng(3)
    sizes, shape = rng.integers(1, 9, size=30).astype(float), (6000, runs, 30)
    values = rng.normal(size=(6000, 1, 30)) + rng.normal(0, 0.5, size=shape)
    if runs > 1:
        values += rng.normal(0, 0.3, size=(6000, runs, 1))
    found = crossed(values, sizes)
    ratio = float(found.variance.mean() / found.value.var())
    assert 0.97 < ratio < 1.08


def test_a_weighted_sum_adds_variances_of_corpora_and_pairs_runs() -> None:
    rng = np.random.default_rng(4)
    first, second = (crossed(rng.normal(size=(3, 8))) for _ in range(2))
    found = combined([(1.0, first), (-0.5, second)])
    assert found.value == pytest.approx(first.value - second.value / 2)
    assert found.seeds == pytest.approx((first.by_seed - second.by_seed / 2).var(ddof=1) / 3)
    one, other = first.sources[0].alone, second.sources[0].alone
    assert found.variance == pytest.approx(found.seeds + one + other / 4)
    # A run's luck that is on both corpora is none of their difference.
    level = combined([(1.0, first), (-1.0, Estimate(first.by_seed, second.sources))])
    assert (level.value, level.seeds) == (0, 0)


def test_one_group_is_unknown_and_one_seed_without_a_part() -> None:
    found = crossed(np.ones((3, 1)))
    assert found.intervals(CONFIDENCE) == [Interval(1, None, None)]
    assert np.isnan(found.p).all()
    single = crossed(np.random.default_rng(5).normal(size=(1, 12)))
    assert (float(single.seeds[0]), float(single.sources[0].interaction[0])) == (0, 0)
    assert single.pivot.df == pytest.approx(np.array([[11]]))


def test_nothing_that_varies_is_certain() -> None:
    found = crossed(np.full((3, 8), 2.0))
    assert found.intervals(CONFIDENCE) == [Interval(2, 2, 2)]
    assert found.p == 0
    assert crossed(np.zeros((3, 8))).p == 1
    assert all(np.isnan(share).all() for share in found.shares.values())


def test_shares_are_of_the_whole_variance() -> None:
    rng = np.random.default_rng(6)
    sitting, speaker = np.divmod(np.arange(60), 10)
    values = rng.normal(0, 0.3, size=(3, 1)) + rng.normal(size=6)[sitting] + rng.normal(size=10)[speaker]
    found = pooled(values, np.ones(60), Clusters.of(sitting, speaker))
    parts = {name: float(share[0]) for name, share in found.shares.items()}
    assert sum(parts.values()) == pytest.approx(1)
    assert min(parts.values()) > 0
    assert parts["seeds"] == pytest.approx(float(found.seeds[0] / found.variance[0]))
    assert parts["speakers"] == pytest.approx(float(found.sources[0].speakers[0] / found.variance[0]))


def test_speakers_are_no_more_than_what_the_runs_leave() -> None:
    source = Source(*(np.array([value]) for value in (3.0, 2.0, 2.5, 9.0)))
    found = Estimate(np.array([[1.0, 2.0, 3.0]]), (source,))
    assert found.shares["speakers"] == pytest.approx(0.5 / (0.5 + 1 / 3))
    assert found.shares["sittings"] == 0
    negative = replace(source, interaction=np.array([3.5]))
    assert (negative.alone, negative.df_alone(2)) == (0, 1)


def test_means_over_runs_have_the_interval_of_student() -> None:
    first, second = seed_means([[1.0, 2.0, 4.5], [5.0, 5.0, 5.0]], CONFIDENCE)
    theirs = stats.t(2, 2.5, stats.sem([1.0, 2.0, 4.5])).interval(CONFIDENCE)
    assert (first.low, first.high) == pytest.approx(theirs)
    assert second == Interval(5, 5, 5)
    assert seed_means([[1.0], [2.0]], CONFIDENCE) == [Interval(1, None, None), Interval(2, None, None)]


@pytest.mark.parametrize(("runs", "run", "both"), [(1, 0.0, 0.0), (3, 0.0, 0.3), (3, 0.2, 0.3), (4, 1.0, 0.3)])
def test_intervals_cover_and_true_nulls_are_rejected_at_their_nominal_rates(runs: int, run: float, both: float) -> None:
    rng, studies = np.random.default_rng(8), 3000
    sizes = rng.lognormal(0, 0.4, size=25)
    values = rng.normal(0, 0.4, size=(studies, 1, 25)) + rng.normal(0, both, size=(studies, runs, 25))
    found = crossed(values + rng.normal(0, run, size=(studies, runs, 1)), sizes)
    rejected = int(np.sum(found.p < 0.05))
    assert rejected == sum(bool(interval.side(0)) for interval in found.intervals(CONFIDENCE))
    # With three runs wider is allowed (method.md section 3), narrower is not.
    low, high = stats.binom.ppf([0.001, 0.999], studies, [0.025 if runs > 1 else 0.04, 0.06])
    assert low <= rejected <= high


def test_speakers_who_differ_are_covered_where_sittings_alone_are_not() -> None:
    """A speaker's level goes through all sittings: intervals over sittings miss three truths in ten."""
    rng, studies = np.random.default_rng(9), 1500
    sitting, speaker = np.divmod(np.arange(300), 20)
    values = rng.normal(0, 0.2, size=(studies, 1, 15))[..., sitting]
    values = values + rng.normal(0, 0.3, size=(studies, 1, 20))[..., speaker] + rng.normal(0, 0.3, (studies, 1, 300))
    held = []
    for codes in (None, speaker):
        found = pooled(values, np.ones(300), Clusters.of(sitting, codes))
        held.append(int(np.sum(np.abs(found.value) <= found.pivot.half_width(CONFIDENCE).reshape(found.value.shape))))
    assert held[0] < 0.9 * studies
    low, high = stats.binom.ppf([0.001, 0.999], studies, [0.93, 0.97])
    assert low <= held[1] <= high
