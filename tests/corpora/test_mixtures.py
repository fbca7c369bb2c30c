"""Mixtures take shares of their parents' own splits, equal amounts of words, and never split again."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansard_bias.corpora.align.splits import choose_speeches as mix
from hansard_bias.corpora.align.splits import hash_order, least_targets
from hansard_bias.params import Config, MixtureConfig, load_config

BASE = load_config(Path(__file__).parents[2] / "params.yaml")
SPLIT_OF = {"train": 0, "validation": 1, "test": 2}


def config_of(budget: str = "balanced", **mixtures: dict[str, float]) -> Config:
    models = {name: MixtureConfig(label=name.upper(), mixture=mixture) for name, mixture in mixtures.items()}
    corpora = {name: BASE.corpora["nunavut"] for name in ("north", "south")}
    corpora = {name: dataclasses.replace(corpus, label=name) for name, corpus in corpora.items()}
    return dataclasses.replace(
        BASE, corpora=corpora, models=models, align=dataclasses.replace(BASE.align, budget=budget)
    )


def table_of(north: int = 400, south: int = 900) -> pd.DataFrame:
    """Speeches of two corpora in four years, the second year with most of the text."""
    rng = np.random.default_rng(7)
    corpus = np.repeat([0, 1], [north, south])
    ids = [f"{('north', 'south')[code]}/{row}" for row, code in enumerate(corpus)]
    return pd.DataFrame(
        {
            "speech_id": ids,
            "corpus": corpus,
            "split": rng.choice(3, north + south, p=[0.7, 0.15, 0.15]).astype(np.int8),
            "period": rng.choice([1999, 2000, 2001, 2002], north + south, p=[0.1, 0.6, 0.2, 0.1]),
            "words": rng.integers(1, 200, north + south),
            "order": hash_order(ids, 1, "mixture"),
        }
    )


def words_of(mixtures: pd.DataFrame, table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Words by model and corpus."""
    joined = mixtures[mixtures["split"] == split].merge(table[["speech_id", "words", "period"]], on="speech_id")
    return joined.pivot_table(index="model", columns="corpus", values="words", aggfunc="sum", fill_value=0)


THREE = {"a": {"north": 1.0}, "b": {"south": 1.0}, "c": {"north": 0.5, "south": 0.5}}


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.floats(0, 400))
@settings(deadline=None)
def test_the_leading_speeches_nearest_to_the_target_are_chosen(words, target):
    sizes, order = np.array(words), np.arange(len(words))[::-1]
    chosen = least_targets(sizes, np.zeros(len(words), dtype=int), order) <= target
    read = sizes[::-1]
    totals = np.cumsum(read)
    taken = int(chosen.sum())
    assert chosen[::-1][:taken].all() and taken >= 1
    assert abs(totals[taken - 1] - target) == pytest.approx(np.abs(totals - target).min())


def test_groups_are_read_separately_in_their_own_order():
    words, groups = np.array([10, 20, 30, 40]), np.array([1, 0, 1, 0])
    assert least_targets(words, groups, np.array([2, 1, 1, 2])).tolist() == [35, 0, 0, 40]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_balanced_models_get_the_same_words_at_their_weights(split):
    table = table_of()
    mixtures, budget = mix(table, config_of(**THREE))
    words = words_of(mixtures, table, split)
    assert np.ptp(words.sum(axis=1)) < 200
    assert abs(words.loc["c", "north"] - words.loc["c", "south"]) < 200
    north = table[(table["corpus"] == 0) & (table["split"] == SPLIT_OF[split])]
    assert words.loc["a", "north"] == north["words"].sum()
    if split == "train":
        assert budget == words.sum(axis=1).to_dict()


def test_the_budget_is_that_of_the_scarcest_model():
    """80 % of the smaller corpus's model would need more of the larger one than 20 % of what that has."""
    table = table_of(north=900, south=100)
    mixtures, budget = mix(table, config_of(d={"north": 0.2, "south": 0.8}, a={"north": 1.0}))
    train = table[table["split"] == 0].groupby("corpus")["words"].sum()
    assert budget["d"] == pytest.approx(train[1] / 0.8, abs=200)
    assert budget["a"] == pytest.approx(budget["d"], abs=200)
    words = words_of(mixtures, table, "train").loc["d"]
    assert words["south"] / words.sum() == pytest.approx(0.8, abs=0.02)


def test_the_full_budget_takes_all_that_the_weights_allow():
    table = table_of()
    mixtures, _ = mix(table, config_of("full", **THREE, d={"north": 0.2, "south": 0.8}))
    words = words_of(mixtures, table, "train")
    train = table[table["split"] == 0].groupby("corpus")["words"].sum()
    assert (words.loc["a", "north"], words.loc["b", "south"]) == (train[0], train[1])
    assert words.loc["c"].tolist() == pytest.approx([train[0], train[0]], abs=200)
    assert words.loc["d"].tolist() == pytest.approx([train[1] / 4, train[1]], abs=200)


def test_a_mixture_inherits_its_parents_splits_and_tests_on_all_of_them():
    table = table_of()
    mixtures, _ = mix(table, config_of(**THREE))
    own = table.set_index("speech_id")["split"]
    assert (mixtures["split"].map(SPLIT_OF).to_numpy() == own[mixtures["speech_id"]].to_numpy()).all()
    assert not mixtures.duplicated(["model", "speech_id"]).any()
    test = {name: set(rows["speech_id"]) for name, rows in mixtures[mixtures["split"] == "test"].groupby("model")}
    everything = set(table.loc[table["split"] == 2, "speech_id"])
    assert test["c"] == everything == test["a"] | test["b"]


def test_smaller_doses_are_nested_in_larger_ones():
    table = table_of()
    doses = {f"dose{share}": {"north": share / 100, "south": 1 - share / 100} for share in (5, 25, 50, 75)}
    mixtures, _ = mix(table, config_of(a={"north": 1.0}, b={"south": 1.0}, **doses))
    north = mixtures[(mixtures["corpus"] == "north") & (mixtures["split"] == "train")]
    chosen = [set(north.loc[north["model"] == name, "speech_id"]) for name in [*doses, "a"]]
    assert all(smaller < larger for smaller, larger in pairwise(chosen))


def test_a_part_keeps_the_periods_of_the_whole():
    table = table_of(south=3000)
    mixtures, _ = mix(table, config_of(**THREE))
    chosen = mixtures[(mixtures["model"] == "c") & (mixtures["split"] == "train") & (mixtures["corpus"] == "south")]
    part = table[table["speech_id"].isin(chosen["speech_id"])].groupby("period")["words"].sum()
    whole = table[(table["corpus"] == 1) & (table["split"] == 0)].groupby("period")["words"].sum()
    assert part.sum() < whole.sum() / 5
    # Each period within a speech of its exact share.
    assert np.abs(part - whole * part.sum() / whole.sum()).max() < 200


def test_every_parent_gives_at_least_one_speech():
    table = table_of(north=40, south=40)
    mixtures, _ = mix(table, config_of(c={"north": 0.001, "south": 0.999}))
    counts = mixtures.groupby(["corpus", "split"]).size()
    assert (counts["north"] > 0).all() and len(counts["north"]) == 3


def test_the_choice_does_not_depend_on_other_models():
    table = table_of()
    alone = mix(table, config_of("full", c=THREE["c"]))[0]
    among = mix(table, config_of("full", **THREE))[0]
    assert alone.equals(among[among["model"] == "c"].reset_index(drop=True))
