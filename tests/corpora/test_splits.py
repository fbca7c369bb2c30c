"""Splits by sitting: whole days, in their shares, the same in every corpus, from nothing but the date and the seed."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansard_bias.corpora.align.splits import assign_splits, hash_order, period_of, require_splits, split_days
from hansard_bias.params import SPLITS, AlignConfig, load_config

SHARES = np.array([0.7, 0.15, 0.15])
ALIGN = load_config(Path(__file__).parents[2] / "params.yaml").align


def settings_of(period: str, seed: int = 1, by: str = "sitting") -> AlignConfig:
    return dataclasses.replace(ALIGN, period=period, seed=seed, split=dataclasses.replace(ALIGN.split, by=by))


def calendar(first: str, step: int, count: int) -> np.ndarray:
    return np.datetime64(first, "D") + step * np.arange(count)


@given(st.lists(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)), min_size=1))
def test_periods_are_those_of_the_calendar(dates):
    expected = pd.DatetimeIndex(pd.to_datetime(pd.Series(dates, dtype=object)))
    assert period_of(dates, "year").tolist() == expected.year.tolist()
    assert (
        period_of(pd.Series(dates, dtype=object), "quarter").tolist()
        == (expected.year * 10 + expected.quarter).tolist()
    )
    assert set(period_of(dates, "none").tolist()) == {0}


@given(st.sets(st.integers(0, 2000), min_size=1, max_size=200), st.sampled_from(["quarter", "year", "none"]))
@settings(max_examples=40, deadline=None)
def test_one_corpus_has_its_shares_within_a_sitting_overall_and_by_period(offsets, period):
    days = np.datetime64("1999-01-01", "D") + np.array(sorted(offsets))
    splits = split_days(days, np.ones((len(days), 1), dtype=bool), settings_of(period))
    counts = np.bincount(splits, minlength=3)
    assert np.abs(counts - SHARES * len(days)).max() < 1
    for number in np.unique(period_of(days, period)):
        inside = splits[period_of(days, period) == number]
        assert np.abs(np.bincount(inside, minlength=3) - SHARES * len(inside)).max() < 2


def test_a_day_is_in_one_split_whatever_the_order_of_speeches_and_corpora():
    rng = np.random.default_rng(0)
    days, corpus = rng.choice(calendar("1999-04-01", 2, 90), 3000), rng.integers(0, 2, 3000)
    splits = assign_splits(days, corpus, settings_of("quarter"), 2)
    assert (pd.Series(splits).groupby(days).nunique() == 1).all()
    shuffle = rng.permutation(3000)
    assert (assign_splits(days[shuffle], corpus[shuffle], settings_of("quarter"), 2) == splits[shuffle]).all()
    assert (assign_splits(days, 1 - corpus, settings_of("quarter"), 2) == splits).all()
    assert (assign_splits(days, corpus, settings_of("quarter", seed=2), 2) != splits).any()


def test_a_small_corpus_beside_a_large_one_has_every_split_in_every_quarter():
    days = calendar("1999-04-01", 2, 180)
    sits = np.stack([np.arange(180) % 4 == 0, np.ones(180, dtype=bool)], axis=1)
    align = settings_of("quarter")
    splits, quarters = split_days(days, sits, align), period_of(days, "quarter")
    for corpus in range(2):
        table = pd.crosstab(quarters[sits[:, corpus]], splits[sits[:, corpus]])
        assert (table.to_numpy() > 0).all()
        assert np.abs(table.sum().to_numpy() / table.to_numpy().sum() - SHARES).max() < 0.06


def test_sparse_corpora_test_in_the_same_years():
    """Four sittings a year give a test sitting in some years only: they must be the same years in both corpora."""
    both = np.sort(np.concatenate([calendar("1999-01-10", 91, 76), calendar("1999-01-11", 91, 76)]))
    first = np.isin(both, calendar("1999-01-10", 91, 76))
    splits = split_days(both, np.stack([first, ~first], axis=1), settings_of("year"))
    years = period_of(both, "year")
    for rank in (1, 2):
        assert set(years[first & (splits == rank)]) == set(years[~first & (splits == rank)])
        assert 10 <= (first & (splits == rank)).sum() <= 12


@pytest.mark.parametrize("seed", range(12))
def test_corpora_that_share_some_days_all_have_their_shares(seed):
    sits = np.random.default_rng(seed).random((200, 3)) < 0.8
    days, sits = calendar("1999-01-01", 1, 200)[sits.any(axis=1)], sits[sits.any(axis=1)]
    splits = split_days(days, sits, settings_of("quarter", seed))
    for corpus in range(3):
        counts = np.bincount(splits[sits[:, corpus]], minlength=3)
        assert np.abs(counts - SHARES * counts.sum()).max() <= 2.5


def test_the_days_of_a_split_are_random_ones():
    days = calendar("1999-01-01", 1, 400)
    splits = [split_days(days, np.ones((400, 1), bool), settings_of("none", seed)) for seed in range(60)]
    often = (np.stack(splits) == SPLITS.index("test")).mean(axis=0)
    assert abs(often[:200].mean() - 0.15) < 0.02
    assert often.max() < 0.5


def months_of(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[M]")


@given(st.sets(st.integers(0, 6000), min_size=1, max_size=300), st.sampled_from(["quarter", "year", "none"]))
@settings(max_examples=40, deadline=None)
def test_a_month_that_is_dealt_as_one_is_in_one_split_and_months_have_their_shares(offsets, period):
    days = np.datetime64("1999-01-01", "D") + np.array(sorted(offsets))
    splits = assign_splits(days, np.zeros(len(days), dtype=int), settings_of(period, by="month"), 1)
    by_month = pd.Series(splits).groupby(months_of(days))
    assert (by_month.nunique() == 1).all()
    assert np.abs(np.bincount(by_month.first(), minlength=3) - SHARES * len(by_month)).max() < 1


def two_that_sit_by_turns() -> tuple[np.ndarray, np.ndarray]:
    """Days of 18 years in two corpora: one in six months of a year, the other in all but the summer's."""
    rng = np.random.default_rng(3)
    days = np.repeat(np.datetime64("1999-01-01", "D") + np.arange(18 * 365), 2)
    corpus = np.tile([0, 1], 18 * 365)
    month = months_of(days).astype(int) % 12 + 1
    sits = np.where(corpus == 0, np.isin(month, [2, 3, 5, 6, 10, 11]), ~np.isin(month, [7, 8]))
    sits &= rng.random(len(days)) < np.where(corpus == 0, 0.15, 0.5)
    return days[sits], corpus[sits]


@pytest.mark.parametrize("period", ["quarter", "year", "none"])
def test_months_that_two_corpora_share_are_in_the_same_split_in_their_shares(period):
    days, corpus = two_that_sit_by_turns()
    splits = assign_splits(days, corpus, settings_of(period, by="month"), 2)
    table = pd.DataFrame({"month": months_of(days), "corpus": corpus, "split": splits})
    assert (table.groupby("month")["split"].nunique() == 1).all()
    # Those of the corpus that sits in fewer; the other follows, and the words are made equal later.
    fewer = table[table["corpus"] == 0].drop_duplicates("month")
    assert np.abs(np.bincount(fewer["split"], minlength=3) / len(fewer) - SHARES).max() < 0.02
    shuffle = np.random.default_rng(1).permutation(len(days))
    again = assign_splits(days[shuffle], 1 - corpus[shuffle], settings_of(period, by="month"), 2)
    assert (again == splits[shuffle]).all()
    other = assign_splits(days, corpus, settings_of(period, seed=2, by="month"), 2)
    assert (other != splits).any()


def test_few_test_days_are_near_a_training_day_where_months_are_dealt():
    days, corpus = two_that_sit_by_turns()
    near = {}
    for by in ("sitting", "month"):
        splits = assign_splits(days, corpus, settings_of("quarter", by=by), 2)
        test, train = (np.unique(days[(corpus == 1) & (splits == SPLITS.index(name))]) for name in ("test", "train"))
        near[by] = (np.abs(test[:, None] - train).min(axis=1).astype(int) <= 1).mean()
    # By chance: 1 - (1 - 0.5 * 0.7)², as half of all days have a sitting, and 0.7 of these train.
    assert near["sitting"] > 0.5 and near["month"] < 0.1


def test_hash_order_depends_on_item_seed_and_purpose_only():
    ids = [f"a/{number}" for number in range(1000)]
    order = hash_order(ids, 1, "split")
    assert len(set(order.tolist())) == 1000
    assert (hash_order(ids[::-1], 1, "split")[::-1] == order).all()
    assert (hash_order(ids, 2, "split") != order).all() and (hash_order(ids, 1, "period") != order).all()


def test_an_empty_split_names_corpus_and_key():
    corpus, split = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 2, 0, 1], dtype=np.int8)
    days = calendar("1999-01-01", 1, 5)
    require_splits(corpus[:3], split[:3], days[:3], ["north"], ALIGN)
    with pytest.raises(
        ValueError, match=r"no test speech left in corpus south: align\.split\.test is .*2 sittings"
    ) as error:
        require_splits(corpus, split, days, ["north", "south"], ALIGN)
    assert "\n" not in str(error.value) and "align.split.by" not in str(error.value)


def test_an_empty_split_of_months_says_how_to_have_more_to_deal():
    days = calendar("1999-01-01", 10, 6)
    align = settings_of("quarter", by="month")
    split = assign_splits(days, np.zeros(6, dtype=int), align, 1)
    with pytest.raises(
        ValueError, match=r"is 0\.15 of the months, .* 2 months are left; .* align\.split\.by to sitting"
    ):
        require_splits(np.zeros(6, dtype=int), split, days, ["north"], align)
