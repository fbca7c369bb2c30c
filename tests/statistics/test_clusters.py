"""Variances of clusters against loops that leave groups out, matrices, and what must not change them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.statistics.clusters import Clusters, Way


def study(seed: int, cells: int = 40, sittings: int = 7, speakers: int = 9) -> tuple[np.ndarray, ...]:
    """Means per token, tokens, sittings and speakers of cells, at most one for each pair."""
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.stack([rng.integers(0, sittings, cells), rng.integers(0, speakers, cells)]), axis=1)
    sitting, speaker = (np.unique(each, return_inverse=True)[1] for each in pairs)
    values = rng.normal(size=sittings)[sitting] + rng.normal(size=speakers)[speaker] + rng.normal(size=len(sitting))
    return values, np.ceil(rng.lognormal(3, 1, size=len(sitting))), sitting, speaker


def linearised(values: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shares = tokens / tokens.sum()
    return shares * (values - shares @ values), shares


def leaving_out(values: np.ndarray, tokens: np.ndarray, groups: Sequence[object]) -> float:
    """The jackknife as it is written down: the pooled mean without each group in turn."""
    names, labels = sorted(set(groups)), np.array([sorted(set(groups)).index(group) for group in groups])
    whole = np.average(values, weights=tokens)
    without = [np.average(values[labels != at], weights=tokens[labels != at]) for at in range(len(names))]
    return (len(names) - 1) / len(names) * sum((mean - whole) ** 2 for mean in without)


@pytest.mark.parametrize("seed", range(4))
def test_variance_is_that_of_leaving_out_one_group_in_turn(seed: int) -> None:
    values, tokens, sitting, _ = study(seed)
    found = Way.of(sitting).variance(*linearised(values, tokens))
    assert found == pytest.approx([leaving_out(values, tokens, sitting.tolist())])


@pytest.mark.parametrize("seed", range(8))
def test_two_ways_are_sittings_and_speakers_less_both(seed: int) -> None:
    """Cameron, Gelbach & Miller, by brute force; never below either way alone."""
    values, tokens, sitting, speaker = study(seed)
    pairs = list(zip(sitting.tolist(), speaker.tolist(), strict=True))
    alone, other, both = (leaving_out(values, tokens, groups) for groups in (sitting.tolist(), speaker.tolist(), pairs))
    clusters = Clusters.of(sitting, speaker)
    deviations, shares = linearised(values, tokens)
    variance, added = clusters.variances(deviations, shares)
    assert variance == pytest.approx([max(alone + other - both, alone, other)])
    assert added == pytest.approx(variance - alone)


def test_the_guard_against_small_differences_is_needed_and_no_more() -> None:
    """Of many studies some have a difference below one way alone, and some have not: neither test above is idle."""
    kinds = set()
    for seed in range(8):
        values, tokens, sitting, speaker = study(seed)
        pairs = list(zip(sitting.tolist(), speaker.tolist(), strict=True))
        alone, other, both = (
            leaving_out(values, tokens, groups) for groups in (sitting.tolist(), speaker.tolist(), pairs)
        )
        kinds.add(alone + other - both >= max(alone, other))
    assert kinds == {True, False}


def direct(shares: np.ndarray) -> tuple[float, float]:
    """E V over the true variance, and 2 E² / Var V, for groups of one normal effect each: by the matrix itself."""
    count = len(shares)
    contrasts = np.eye(count) - shares
    form = contrasts.T @ np.diag((shares / (1 - shares)) ** 2) @ contrasts * (count - 1) / count
    return float(np.trace(form) / (shares @ shares)), float(np.trace(form) ** 2 / np.trace(form @ form))


@pytest.mark.parametrize("groups", [2, 3, 12, 40])
def test_equal_groups_have_one_degree_of_freedom_less_than_groups(groups: int) -> None:
    assert Way.of(np.arange(groups)).df(np.full(groups, 1 / groups)) == pytest.approx([groups - 1])


@given(st.lists(st.floats(1, 100), min_size=2, max_size=12))
def test_degrees_of_freedom_are_those_of_the_quadratic_form(sizes: list[float]) -> None:
    shares = np.array(sizes) / sum(sizes)
    bias, df = direct(shares)
    assert Way.of(np.arange(len(sizes))).df(shares) == pytest.approx([max(df, 1)], rel=1e-6)
    # The jackknife is unbiased for two groups and for equal ones, and else too large rather than too small.
    assert bias > 1 - 1e-6
    if len(sizes) == 2:
        assert bias == pytest.approx(1, rel=1e-6)


@given(st.lists(st.floats(0, 40), min_size=2, max_size=12))
def test_degrees_of_freedom_are_possible_however_unequal_groups_are(logs: list[float]) -> None:
    shares = np.exp(logs) / np.exp(logs).sum()
    (found,) = Way.of(np.arange(len(logs))).df(shares)
    assert np.isnan(found) or 1 <= found <= len(logs) - 1


def test_degrees_of_freedom_are_those_of_simulated_variances() -> None:
    shares = np.array([0.4, 0.2, 0.2, 0.1, 0.05, 0.05])
    values = np.random.default_rng(3).normal(size=(60_000, 6))
    deviations = shares * (values - values @ shares[:, None])
    variances = Way.of(np.arange(6)).variance(deviations, shares)[:, 0]
    assert Way.of(np.arange(6)).df(shares) == pytest.approx([2 * variances.mean() ** 2 / variances.var()], rel=0.04)


def test_cells_of_one_group_are_added_before_they_are_squared() -> None:
    values, tokens, sitting, _ = study(1)
    deviations, shares = linearised(values, tokens)
    merged = [np.bincount(sitting, each) for each in (deviations, shares)]
    fine, coarse = Way.of(sitting), Way.of(np.arange(len(merged[0])))
    assert fine.variance(deviations, shares) == pytest.approx(coarse.variance(*merged))
    assert fine.df(shares) == pytest.approx(coarse.df(merged[1]))


def test_speakers_who_are_not_known_are_no_more_than_cells_of_their_own() -> None:
    """As many speakers as cells: speakers and both are the same, and nothing is added but where sittings are less."""
    values, tokens, sitting, _ = study(2)
    deviations, shares = linearised(values, tokens)
    variance, _ = Clusters.of(sitting, np.arange(len(sitting))).variances(deviations, shares)
    alone, cells = (Way.of(codes).variance(deviations, shares) for codes in (sitting, np.arange(len(sitting))))
    assert variance == pytest.approx(np.maximum(alone, cells))


@pytest.mark.parametrize("speakers", [None, np.zeros(40, dtype=int)])
def test_no_speakers_or_one_leave_sittings_only(speakers: np.ndarray | None) -> None:
    values, tokens, sitting, _ = study(3)
    deviations, shares = linearised(values, tokens)
    clusters = Clusters.of(sitting, speakers if speakers is None else speakers[: len(sitting)])
    variance, added = clusters.variances(deviations, shares)
    assert variance == pytest.approx([leaving_out(values, tokens, sitting.tolist())])
    assert added == 0
    assert clusters.df(shares, variance, added) == pytest.approx(Way.of(sitting).df(shares))


def test_a_way_that_adds_nothing_has_no_part_in_the_degrees_of_freedom() -> None:
    values, tokens, sitting, speaker = study(5)
    clusters, (_, shares) = Clusters.of(sitting, speaker), linearised(values, tokens)
    own, other = Way.of(sitting).df(shares), Way.of(speaker).df(shares)
    assert clusters.df(shares, np.array([2.0]), np.array([0.0])) == pytest.approx(own)
    # Satterthwaite: (1 + 1)² / (1 / ν + 1 / ν').
    assert clusters.df(shares, np.array([2.0]), np.array([1.0])) == pytest.approx(4 / (1 / own + 1 / other))


def test_one_sitting_says_nothing_of_another() -> None:
    # Shares whose sum is a little less than 1: the count of groups decides, not the rounding.
    shares = np.full(49, 1 / 49)
    assert shares.sum() != 1
    variance, _ = Clusters.of(np.zeros(49), np.arange(49)).variances(np.zeros(49), shares)
    assert np.isnan(variance).all()
    assert np.isnan(Way.of(np.zeros(49)).df(shares)).all()


def test_means_side_by_side_are_what_they_are_alone() -> None:
    parts = [study(seed, cells) for seed, cells in ((1, 30), (2, 5), (3, 60))]
    # The third has one sitting: unknown, and no burden to its neighbours.
    parts[2] = (*parts[2][:2], np.zeros(len(parts[2][0]), dtype=int), parts[2][3])
    deviations, shares = (np.concatenate(each) for each in zip(*(linearised(*p[:2]) for p in parts), strict=True))
    mean = np.repeat(np.arange(3), [len(part[0]) for part in parts])
    sitting, speaker = (np.concatenate([part[at] for part in parts]) for at in (2, 3))
    shuffle = np.random.default_rng(4).permutation(len(mean))
    together = Clusters.of(sitting[shuffle], speaker[shuffle], mean[shuffle])
    found, added = together.variances(np.stack([deviations, 2 * deviations])[:, shuffle], shares[shuffle])
    assert found[1] == pytest.approx(4 * found[0], nan_ok=True)
    df = together.df(shares[shuffle], found, added)
    assert np.isnan(found[:, 2]).all()
    for number, part in enumerate(parts[:2]):
        alone, share = Clusters.of(part[2], part[3]), linearised(*part[:2])
        variances = alone.variances(*share)
        assert (found[0, number], added[0, number]) == pytest.approx([float(each[0]) for each in variances])
        assert df[0, number] == pytest.approx(float(alone.df(share[1], *variances)[0]))
