"""Alignment as a whole: who is left, why the others are gone, and that no test text trains anything."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansard_bias.corpora.align.alignment import Aligned
from hansard_bias.corpora.align.splits import period_targets
from hansard_bias.corpora.schema import ALIGNED
from hansard_bias.params import Config, load_config
from helpers.speech_tables import align_tables

BASE = load_config(Path(__file__).parents[2] / "params.yaml")
WORDS = np.array([f"word{number}" for number in range(500)], dtype=object)


def config_of(**settings: object) -> Config:
    days = {"first_day": datetime.date(1999, 1, 1), "last_day": datetime.date(2000, 12, 31)}
    fixed = {**days, "period": "quarter", "budget": "balanced", "near_duplicate": 0.8, "near_duplicate_min_words": 12}
    return dataclasses.replace(BASE, align=dataclasses.replace(BASE.align, **fixed | settings))


def corpus_of(name: str, seed: int, every: int, first: str = "1999-04-01", count: int = 60) -> pd.DataFrame:
    """Ten speeches of 1 to 40 words on each of `count` sittings, one every few days."""
    rng = np.random.default_rng(seed)
    days = (np.datetime64(first, "D") + every * np.repeat(np.arange(count), 10)).astype(object)
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 40))) + f" {name}{row}." for row in range(len(days))]
    ordinal = np.tile(np.arange(10), count)
    return pd.DataFrame(
        {
            "speech_id": [f"{name}/{day}/{number:05d}" for day, number in zip(days, ordinal, strict=True)],
            "corpus": name,
            "sitting": days,
            "ordinal": ordinal,
            "speaker": [f"speaker {number % 4}" for number in ordinal],
            "role": "member",
            "topic": "",
            "text": texts,
            "raw": texts,
        }
    )


def two_corpora() -> dict[str, pd.DataFrame]:
    """60 sittings over a year, and 100 over more of it with other days among them."""
    return {"nunavut": corpus_of("nunavut", 1, 6), "canada": corpus_of("canada", 2, 4, "1999-03-20", 100)}


@pytest.fixture(scope="module")
def aligned() -> Aligned:
    return align_tables(two_corpora(), config_of())


def split_of(aligned: Aligned, speech_id: str) -> str | None:
    """The split of a speech, None where it was dropped."""
    table = aligned.corpora[speech_id.partition("/")[0]]
    found = table.loc[table["speech_id"] == speech_id, "split"]
    return found.iloc[0] if len(found) else None


def some_id(aligned: Aligned, corpus: str, split: str, position: int = 0) -> str:
    """A kept speech of some length."""
    table = aligned.corpora[corpus]
    return table.loc[(table["split"] == split) & (table["words"] > 25), "speech_id"].iloc[position]


def with_text(speeches: dict[str, pd.DataFrame], speech_id: str, text: str) -> None:
    table = speeches[speech_id.partition("/")[0]]
    table.loc[table["speech_id"] == speech_id, "text"] = text


def text_of(speeches: dict[str, pd.DataFrame], speech_id: str) -> str:
    table = speeches[speech_id.partition("/")[0]]
    return table.loc[table["speech_id"] == speech_id, "text"].iloc[0]


def dropped(aligned: Aligned, corpus: str, reason: str) -> int:
    return aligned.report["dropped"][corpus][reason]


def key(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def assert_sound(result: Aligned) -> None:
    """What must hold of every alignment: no leak, nothing lost, mixtures within their parents' splits."""
    every = pd.concat(result.corpora.values())
    test = set(every.loc[every["split"] == "test", "text"].map(key))
    for rows in (every[every["split"] != "test"], every.merge(result.mixtures.query("split != 'test'")["speech_id"])):
        assert test.isdisjoint(rows["text"].map(key))
    splits = every.set_index("speech_id")["split"]
    assert (splits[result.mixtures["speech_id"]].to_numpy() == result.mixtures["split"].to_numpy()).all()
    assert every.groupby("sitting")["split"].nunique().max() == 1
    for name, table in result.corpora.items():
        counts = result.report["speeches"][name]
        assert counts["read"] == counts["kept"] + sum(result.report["dropped"][name].values())
        assert counts["kept"] == len(table)
    assert result.report["leakage"]["shared_speeches"] == 0


def test_tables_have_the_columns_and_order_of_the_contract(aligned):
    assert_sound(aligned)
    for name, table in aligned.corpora.items():
        assert list(table.columns) == ALIGNED.names and (table["corpus"] == name).all()
        assert table["speech_id"].is_monotonic_increasing
        assert table["words"].tolist() == [len(text.split()) for text in table["text"]]
        assert table["bytes"].tolist() == [len(text.encode()) for text in table["text"]]
        assert isinstance(table["sitting"].iloc[0], datetime.date)
    assert list(aligned.mixtures.columns) == ["model", "corpus", "speech_id", "split"]


def test_the_report_is_plain_json_with_its_sections(aligned):
    report = json.loads(json.dumps(aligned.report, allow_nan=False))
    sections = {"window", "statistics", "dropped", "duplicates", "leakage", "format_audit", "content_audit", "budget"}
    assert sections <= set(report)
    assert report["window"] == {
        "first_day": "1999-04-01",
        "last_day": "2000-03-20",
        "sittings": {"nunavut": 60, "canada": 89},
    }
    assert report["budget"]["kind"] == "balanced" and set(report["budget"]["words_per_model"]) == set(BASE.models)


def test_nothing_depends_on_the_order_of_rows_or_of_tables(aligned):
    shuffled = {name: table.sample(frac=1, random_state=5) for name, table in reversed(two_corpora().items())}
    again = align_tables(shuffled, config_of())
    assert again.report == aligned.report
    assert again.mixtures.equals(aligned.mixtures)
    assert all(again.corpora[name].equals(table) for name, table in aligned.corpora.items())


def test_another_seed_gives_another_split(aligned):
    other = align_tables(two_corpora(), config_of(seed=12))
    assert_sound(other)
    assert not other.mixtures.equals(aligned.mixtures)


@pytest.mark.parametrize("period", ["quarter", "year"])
def test_balanced_periods_have_the_same_words_within_a_speech(period):
    result = align_tables(two_corpora(), config_of(period=period))
    assert_sound(result)
    words = period_words(result, period)
    assert (words > 0).all(axis=None)
    assert (words["nunavut"] - words["canada"]).abs().max() <= 41


def period_words(result: Aligned, period: str) -> pd.DataFrame:
    every = pd.concat(result.corpora.values())
    days = pd.DatetimeIndex(pd.to_datetime(every["sitting"]))
    every["period"] = days.year * 10 + (days.quarter if period == "quarter" else 0)
    return every.pivot_table(index=["split", "period"], columns="corpus", values="words", aggfunc="sum")


BY_MONTH = dataclasses.replace(BASE.align.split, by="month")


@pytest.mark.parametrize("period", ["quarter", "year"])
def test_months_dealt_as_one_are_as_sound_and_as_equal(period):
    result = align_tables(two_corpora(), config_of(period=period, split=BY_MONTH))
    assert_sound(result)
    every = pd.concat(result.corpora.values())
    months = pd.DatetimeIndex(pd.to_datetime(every["sitting"])).to_period("M")
    assert every.groupby(months)["split"].nunique().max() == 1
    words = period_words(result, period)
    assert set(words.index.get_level_values("split")) == {"train", "validation", "test"}
    assert (words["nunavut"] - words["canada"]).abs().max() <= 41


def test_full_budget_keeps_more_at_equal_period_shares():
    result = align_tables(two_corpora(), config_of(budget="full"))
    assert_sound(result)
    words = period_words(result, "quarter")
    totals = words.groupby("split").sum()
    shares = words / totals
    differences = (shares["nunavut"] - shares["canada"]).abs().groupby("split").max()
    assert (differences <= 42 / totals.min(axis=1)).all()
    assert totals.sum()["canada"] > 1.2 * totals.sum()["nunavut"]


def test_without_periods_nothing_is_cut():
    result = align_tables(two_corpora(), config_of(period="none"))
    assert_sound(result)
    assert all(
        count == 0 or reason == "outside_window"
        for counts in result.report["dropped"].values()
        for reason, count in counts.items()
    )


def test_period_targets_by_hand():
    words = np.array([[[10.0, 40.0], [30.0, 20.0], [5.0, 0.0]]])
    assert period_targets(words, "balanced").tolist() == [[[10, 10], [20, 20], [0, 0]]]
    # Shares 1/4, 3/4 and 2/3, 1/3: their minima are 1/4 and 1/3, so that 10 goes with 40/3, and 15 with 20.
    assert period_targets(words, "full")[0] == pytest.approx(np.array([[10, 15], [40 / 3, 20], [0, 0]]))
    assert not period_targets(words[:, 2:], "full").any()


def test_models_get_equal_budgets_at_their_weights(aligned):
    budget = aligned.report["budget"]["words_per_model"]
    assert max(budget.values()) - min(budget.values()) <= 82
    every = pd.concat(aligned.corpora.values())[["speech_id", "words"]]
    mixed = aligned.mixtures.query("model == 'mixed' and split == 'train'").merge(every, on="speech_id")
    assert mixed["words"].sum() == budget["mixed"]
    assert np.ptp(mixed.groupby("corpus")["words"].sum()) <= 82


def test_exact_and_near_copies_within_a_corpus_keep_the_first(aligned):
    speeches = two_corpora()
    first, second, third = (some_id(aligned, "nunavut", "train", position) for position in (0, 20, 40))
    with_text(speeches, second, text_of(speeches, first).upper().replace(" ", "  ") + "!")
    with_text(speeches, third, text_of(speeches, first) + " And that is it.")
    result = align_tables(speeches, config_of())
    assert_sound(result)
    assert split_of(result, first) == "train"
    assert split_of(result, second) is split_of(result, third) is None
    assert result.report["duplicates"]["exact_duplicate"] == {"nunavut": 1, "canada": 0}
    assert result.report["duplicates"]["near_duplicate"] == {"nunavut": 1, "canada": 0}


@pytest.mark.parametrize("kept_in", ["test", "validation"])
@pytest.mark.parametrize(
    ("change", "reason"), [("!", "exact_copy_in_later_split"), (" So be it.", "near_copy_in_later_split")]
)
def test_a_copy_in_another_corpus_stays_where_it_is_nearest_to_the_test(aligned, kept_in, change, reason):
    speeches = two_corpora()
    kept, goes = some_id(aligned, "canada", kept_in), some_id(aligned, "nunavut", "train")
    with_text(speeches, goes, text_of(speeches, kept) + change)
    result = align_tables(speeches, config_of())
    assert_sound(result)
    assert split_of(result, goes) is None and split_of(result, kept) in (kept_in, None)
    assert dropped(result, "nunavut", reason) == 1 and dropped(result, "canada", reason) == 0


def test_even_the_shortest_copy_does_not_cross_splits(aligned):
    """On every sitting of both: in a corpus the first stays, and between corpora the one nearer to the test."""
    speeches = two_corpora()
    for table in speeches.values():
        table.loc[table["ordinal"] == 3, "text"] = "Agreed."
        table.loc[table["ordinal"] == 4, "text"] = [
            f"Number {day.day}!" for day in table["sitting"][table["ordinal"] == 4]
        ]
    result = align_tables(speeches, config_of())
    assert_sound(result)
    assert dropped(result, "nunavut", "exact_duplicate") >= 59
    assert sum(dropped(result, name, "exact_copy_in_later_split") for name in speeches) > 5


def test_speeches_of_different_splits_that_only_share_words_stay(aligned):
    assert all(count == 0 for counts in aligned.report["duplicates"].values() for count in counts.values())


def test_periods_without_a_counterpart_are_dropped_and_counted():
    speeches = two_corpora()
    summer = [datetime.date(1999, 7, 1) <= day <= datetime.date(1999, 9, 30) for day in speeches["nunavut"]["sitting"]]
    speeches["nunavut"] = speeches["nunavut"][~np.array(summer)]
    result = align_tables(speeches, config_of())
    assert_sound(result)
    assert dropped(result, "canada", "period_without_counterpart") == 230
    assert not any(day.month in (7, 8, 9) for day in result.corpora["canada"]["sitting"])


def test_different_periods_are_compared_on_purpose_and_named():
    speeches = {"nunavut": corpus_of("nunavut", 1, 6), "canada": corpus_of("canada", 2, 3, "1902-05-06", 50)}
    asked = {"first_day": datetime.date(1902, 6, 1), "last_day": datetime.date(2000, 2, 1)}
    result = align_tables(speeches, config_of(period="none", **asked))
    assert_sound(result)
    # Each its own days, within what the settings ask for; speeches outside are accounted for.
    nunavut = {"first_day": "1999-04-01", "last_day": "2000-02-01"}
    canada = {"first_day": "1902-06-02", "last_day": "1902-09-30"}
    assert result.report["different_periods"] == {"nunavut": nunavut, "canada": canada}
    window = result.report["window"]
    assert (window["first_day"], window["last_day"]) == ("1902-06-02", "2000-02-01")
    assert dropped(result, "canada", "outside_window") == 10 * 9
    for table, days in ((result.corpora["nunavut"], nunavut), (result.corpora["canada"], canada)):
        assert [str(table["sitting"].min()), str(table["sitting"].max())] == [*days.values()]
        assert set(table["split"]) == {"train", "validation", "test"}


@pytest.mark.parametrize("period", ["none", "quarter"])
def test_archives_that_share_days_keep_those_alone(period):
    result = align_tables(two_corpora(), config_of(period=period))
    assert result.report["different_periods"] == {}
    assert result.report["window"]["first_day"] == "1999-04-01"


@pytest.mark.parametrize(
    ("first_days", "settings"),
    [
        ({"nunavut": "1999-04-01", "canada": "2000-03-20"}, {}),  # one day in common
        ({"nunavut": "1999-04-01", "canada": "2000-03-01"}, {"split": BY_MONTH}),  # one month
        ({"nunavut": "1999-04-01", "canada": "1999-06-01", "moor": "1985-02-03"}, {}),  # two of three share a period
    ],
)
def test_a_few_days_in_common_are_no_window(first_days, settings):
    speeches = {name: corpus_of(name, at, 6, first) for at, (name, first) in enumerate(first_days.items())}
    wide = {"first_day": datetime.date(1980, 1, 1), "last_day": datetime.date(2002, 1, 1)}
    moor = dataclasses.replace(BASE.corpora["nunavut"], label="M")
    entries = {name: BASE.corpora.get(name, moor) for name in first_days}
    config = dataclasses.replace(config_of(period="none", **wide, **settings), corpora=entries)
    periods = align_tables(speeches, config).report["different_periods"]
    assert {name: each["first_day"] for name, each in periods.items()} == first_days


def test_the_window_of_the_settings_narrows_that_of_the_corpora():
    days = (datetime.date(1999, 6, 1), datetime.date(1999, 12, 31))
    result = align_tables(two_corpora(), config_of(first_day=days[0], last_day=days[1]))
    assert_sound(result)
    every = pd.concat(result.corpora.values())["sitting"]
    assert days[0] <= every.min() and every.max() <= days[1]
    assert result.report["window"]["last_day"] == "1999-12-31"


def test_one_corpus_alone_can_be_aligned():
    only = dataclasses.replace(
        config_of(),
        corpora={"nunavut": BASE.corpora["nunavut"]},
        models={"nunavut": BASE.models["nunavut"]},
    )
    result = align_tables({"nunavut": two_corpora()["nunavut"]}, only)
    assert_sound(result)
    assert len(result.corpora["nunavut"]) == 600


@pytest.mark.parametrize(
    ("speeches", "settings", "message"),
    [
        (
            {"nunavut": corpus_of("nunavut", 1, 6), "canada": corpus_of("canada", 2, 1, "2001-01-01")},
            {"last_day": datetime.date(2005, 1, 1)},
            r"no day range .*nunavut sat 1999-04-01 to 2000-03-20; canada sat 2001-01-01 to 2001-03-01.*period none",
        ),
        (
            two_corpora(),
            {"period": "none", "first_day": datetime.date(2000, 12, 1)},
            r"days that hold sittings of each$",
        ),
        (
            {"nunavut": corpus_of("nunavut", 1, 6, count=2), "canada": corpus_of("canada", 2, 1, "2001-01-01")},
            {"period": "none", "last_day": datetime.date(2005, 1, 1)},
            r"no validation speech left in corpus nunavut",
        ),
        (two_corpora(), {"first_day": datetime.date(2000, 12, 1)}, r"align\.first_day 2000-12-01"),
        ({"nunavut": corpus_of("nunavut", 1, 6)}, {}, r"corpus canada: no speech .* `dvc repro corpus@canada`"),
        (
            {"nunavut": corpus_of("nunavut", 1, 6, count=2), "canada": corpus_of("canada", 1, 6)},
            {},
            r"no validation speech left in corpus nunavut: align\.split\.validation",
        ),
        (
            {name: corpus_of(name, 1, 1) for name in ("nunavut", "canada")},
            {"split": BY_MONTH},
            r"no validation speech left in corpus nunavut: .* 2 months are left; .*set align\.split\.by",
        ),
        (
            two_corpora() | {"canada": pd.concat([corpus_of("canada", 1, 4), corpus_of("canada", 1, 4)])},
            {},
            r"corpus canada: speech_id canada/1999-04-01/00000 occurs twice",
        ),
    ],
)
def test_errors_are_one_line_that_names_what_to_change(speeches, settings, message):
    with pytest.raises(ValueError, match=message) as error:
        align_tables(speeches, config_of(**settings))
    assert "\n" not in str(error.value)
