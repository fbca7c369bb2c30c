"""Components of variance against theory: analysis of variance, expectations, noncentral power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hansard_bias.statistics.variance import combined, crossed, t_sum


def test_components_of_equal_groups_are_those_of_the_analysis_of_variance() -> None:
    values = np.random.default_rng(1).normal(size=(4, 9))
    found = crossed(values, np.ones(9))
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    residuals = values - rows[:, None] - columns + values.mean()
    mean_square = (residuals**2).sum() / (3 * 8)
    assert found.value == pytest.approx(values.mean())
    assert found.seeds == pytest.approx(rows.var(ddof=1) / 4)
    assert found.groups == pytest.approx(columns.var(ddof=1) / 9)
    assert found.interaction == pytest.approx(mean_square / 36)
    assert found.variance == pytest.approx(found.seeds + max(found.groups - found.interaction, 0))
    assert (found.df_seeds, found.df_groups) == (3, pytest.approx(8))


def test_variance_is_unbiased_for_clusters_of_unequal_size() -> None:
    rng = np.random.default_rng(2)
    sizes = rng.integers(1, 9, size=30).astype(float)
    shape = (4000, 3, 30)
    values = rng.normal(0, 0.3, size=(4000, 3, 1)) + rng.normal(size=(4000, 1, 30)) + rng.normal(0, 0.5, size=shape)
    found = crossed(values * sizes, sizes)
    assert found.variance.mean() == pytest.approx(found.value.var(), rel=0.06)


def test_combination_adds_variances_of_groups_and_pairs_seeds() -> None:
    rng = np.random.default_rng(3)
    first, second = (crossed(rng.normal(size=(3, 8)), np.ones(8)) for _ in range(2))
    found = combined([(1.0, first), (-0.5, second)])
    assert found.value == pytest.approx(first.value - second.value / 2)
    assert found.groups == pytest.approx(first.groups + second.groups / 4)
    assert found.seeds == pytest.approx((first.by_seed - second.by_seed / 2).var(ddof=1) / 3)
    assert min(first.df_groups, second.df_groups) <= found.df_groups <= 14 + 1e-9


def test_one_group_leaves_its_variance_unknown_and_one_seed_its_own_out() -> None:
    assert np.isnan(crossed(np.ones((3, 1)), np.ones(1)).groups)
    found = crossed(np.random.default_rng(4).normal(size=(1, 12)), np.ones(12))
    assert (found.seeds, found.interaction, found.shrinkage) == (0, 0, 1)
    assert found.df == pytest.approx(11)


def test_smallest_effect_has_a_power_of_four_in_five() -> None:
    found = crossed(np.random.default_rng(5).normal(size=(1, 20)), np.ones(20))
    effect = float(found.smallest_effect(0.95)) / float(np.sqrt(found.variance))
    power = 1 - stats.nct(19, effect).cdf(stats.t(19).ppf(0.975))
    assert power == pytest.approx(0.8, abs=0.02)


def test_quantiles_of_t_are_normal_at_infinity() -> None:
    expected = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert t_sum(np.inf, (0.975, 0.8)) == pytest.approx(expected)
    assert t_sum(np.array([3.0]), (0.975,)) == pytest.approx([stats.t(3).ppf(0.975)])
