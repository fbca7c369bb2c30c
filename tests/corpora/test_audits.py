"""The audits find what was planted, agree with brute force, and find nothing where nothing is."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansard_bias.corpora.align import audits
from hansard_bias.corpora.align.audits import audit_sample, form_rates, statistics_table
from hansard_bias.params import SPLITS, load_config
from helpers.speech_tables import numbered

CONFIG = load_config(Path(__file__).parents[2] / "params.yaml")
WORDS = np.array([f"w{chr(97 + a)}{chr(97 + b)}" for a in range(20) for b in range(20)], dtype=object)
NO_MIXTURES = pd.DataFrame({"model": [], "corpus": [], "speech_id": [], "split": []}, dtype="str")


def sentences(rng: np.random.Generator, count: int) -> str:
    """Cased sentences with commas, as a record has them."""
    parts = []
    for _ in range(count):
        words = list(rng.choice(WORDS, rng.integers(4, 12)))
        words[1] += "," if rng.random() < 0.5 else ""
        parts.append(" ".join(words).capitalize() + rng.choice([".", ".", "?"]))
    return " ".join(parts)


def corpus_of(name: str, seed: int, size: int = 240, longest: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    texts = [sentences(rng, rng.integers(1, longest)) for _ in range(size)]
    return pd.DataFrame(
        {
            "speech_id": [f"{name}/2000-01-01/{row:05d}" for row in range(size)],
            "corpus": name,
            "sitting": [datetime.date(2000, 1, 1 + row % 28) for row in range(size)],
            "speaker": [("", "X", "Y")[row % 3] for row in range(size)],
            "text": texts,
            "raw": texts,
            "split": [("train", "train", "validation", "test")[row % 4] for row in range(size)],
            "words": [len(text.split()) for text in texts],
            "bytes": [len(text.encode()) for text in texts],
        }
    )


def pair_of(**second: int) -> dict[str, pd.DataFrame]:
    return {"nunavut": corpus_of("nunavut", 1), "canada": corpus_of("canada", 2, **second)}


def leakage(corpora: dict[str, pd.DataFrame], mixtures: pd.DataFrame) -> dict[str, object]:
    tables, texts = numbered(corpora)
    return audits.leakage(tables, mixtures, texts)[0]


def format_audit(corpora: dict[str, pd.DataFrame], seed: int) -> dict[str, object]:
    return audits.format_audit(audit_sample(*numbered(corpora), seed))


def content_audit(corpora: dict[str, pd.DataFrame], seed: int) -> dict[str, object]:
    return audits.content_audit(audit_sample(*numbered(corpora), seed))


def grams(text: str) -> list[tuple[str, ...]]:
    words = text.casefold().replace(".", "").replace(",", "").replace("?", "").split()
    return [tuple(words[at : at + 13]) for at in range(len(words) - 12)]


def test_leakage_agrees_with_sets():
    corpora = pair_of(longest=8)
    texts, rng = corpora["canada"]["text"].to_list(), np.random.default_rng(0)
    for row in range(3, 240, 8):  # test speeches that begin like, or repeat, a training speech in another form
        source = corpora["nunavut"]["text"][int(rng.integers(0, 60)) * 4]
        texts[row] = source.upper().replace(",", " ,") if row % 16 == 3 else f"{source} {texts[row]}"
    corpora["canada"]["text"] = texts
    result = leakage(corpora, NO_MIXTURES)

    every = pd.concat(corpora.values())

    def key(text: str) -> str:
        return "".join(character for character in text.casefold() if character.isalnum())

    seen = {key(text) for text in every.loc[every["split"] != "test", "text"]}
    test = every[every["split"] == "test"]
    assert result["shared_speeches"] == sum(key(text) in seen for text in test["text"]) == 15
    trained = {gram for text in every.loc[every["split"] == "train", "text"] for gram in grams(text)}
    expected = {}
    for name, rows in [*test.groupby("corpus"), ("overall", test)]:
        found = [gram in trained for text in rows["text"] for gram in grams(text)]
        expected[name] = sum(found) / len(found)
    assert result["shared_13grams"] == pytest.approx(expected)
    assert 0 == expected["nunavut"] < expected["overall"] < expected["canada"] < 1
    tables, numbers = numbered(corpora)
    sharing = audits.leakage(tables, NO_MIXTURES, numbers)[1]
    for name, table in corpora.items():
        leaked = [any(gram in trained for gram in grams(text)) for text in table["text"]]
        assert sharing[name].tolist() == (np.array(leaked) & (table["split"] == "test")).tolist()
    assert sharing["canada"].any()


def test_leakage_sees_a_test_speech_that_a_mixture_trains_on():
    corpora = pair_of(longest=8)
    assert leakage(corpora, NO_MIXTURES)["shared_speeches"] == 0
    leak = NO_MIXTURES.copy()
    leak.loc[0] = ["mixed", "canada", "canada/2000-01-01/00003", "validation"]
    assert leakage(corpora, leak)["shared_speeches"] == 1
    assert leakage(corpora, leak)["shared_13grams"]["overall"] == 0
    leak["split"] = "train"
    assert leakage(corpora, leak)["shared_13grams"]["canada"] > 0


def test_leakage_without_long_test_speeches_is_unknown_not_zero():
    corpora = pair_of()
    corpora["canada"].loc[corpora["canada"]["split"] == "test", "text"] = "short"
    shares = leakage(corpora, NO_MIXTURES)["shared_13grams"]
    assert shares["canada"] is None and shares["nunavut"] == shares["overall"] == 0


def test_statistics_against_counting():
    corpora = pair_of()
    ids = [*corpora["nunavut"]["speech_id"][:8], *corpora["canada"]["speech_id"][:8]]
    mixtures = pd.DataFrame({"model": "mixed", "corpus": "", "speech_id": ids, "split": ""})
    records = statistics_table(corpora, mixtures, CONFIG)
    names = ("nunavut", "canada", "mixed")
    assert [(row["name"], row["split"]) for row in records] == [(name, part) for name in names for part in SPLITS]
    table = corpora["canada"]
    train = table[table["split"] == "train"]
    assert records[3] == {
        "name": "canada",
        "split": "train",
        "speeches": 120,
        "words": sum(len(text.split()) for text in train["text"]),
        "bytes": sum(len(text.encode()) for text in train["text"]),
        "speakers": 2,
        "sittings": 14,
        "first_day": "2000-01-01",
        "last_day": "2000-01-26",
    }
    # Rows 0 1 4 5 of each parent train: the speakers are those of 1, 4 and 5, on four days, counted by parent.
    assert [records[6][key] for key in ("speeches", "speakers", "sittings")] == [8, 4, 8]
    json.dumps(records)


def test_form_tells_tokenised_lower_case_from_prose_and_nothing_after_cleaning():
    corpora = pair_of()
    raw = corpora["nunavut"]["raw"].str.lower()
    corpora["nunavut"]["raw"] = [text.replace(",", " ,").replace(".", " .") for text in raw]
    audit = format_audit(corpora, seed=1)
    assert audit["auc_before"] > 0.99
    assert 0.38 < audit["auc_after"] < 0.62
    telling = {row["feature"]: row["weight_before"] for row in audit["features"]}
    assert telling["capital_at_start"] > 0 > telling["space_before_mark"]
    json.dumps(audit)


def test_form_does_not_tell_long_speeches_from_short_ones():
    audit = format_audit(pair_of(size=600, longest=30), seed=1)
    assert 0.4 < audit["auc_after"] < 0.6


def test_content_finds_the_words_that_differ_and_nothing_where_none_do():
    corpora = pair_of(size=480)
    assert 0.38 < content_audit(corpora, seed=1)["auc"] < 0.62
    corpora["canada"]["text"] += " Ottawa"
    corpora["nunavut"]["text"] = "Iqaluit " + corpora["nunavut"]["text"]
    audit = content_audit(corpora, seed=1)
    assert audit["auc"] > 0.99
    assert {name: words[0] for name, words in audit["telling"].items()} == {"nunavut": "iqaluit", "canada": "ottawa"}
    assert all(len(words) == 20 for words in audit["telling"].values())


def test_three_corpora_are_told_apart_one_against_the_rest():
    corpora = pair_of() | {"third": corpus_of("third", 3)}
    corpora["third"]["raw"] = corpora["third"]["raw"].str.upper()
    corpora["third"]["text"] += " yukon"
    # The third is always told from the rest, the other two never from each other: between 0.5 and 1.
    assert 0.6 < format_audit(corpora, seed=1)["auc_before"] < 0.95
    audit = content_audit(corpora, seed=1)
    assert audit["telling"]["third"][0] == "yukon" and set(audit["telling"]) == set(corpora)


def test_one_corpus_cannot_be_told_apart():
    only = {"nunavut": corpus_of("nunavut", 1)}
    assert format_audit(only, 1) == {
        "auc_before": None,
        "auc_after": None,
        "features": [],
        "reason": "there is only one corpus",
    }
    assert content_audit(only, 1) == {"auc": None, "telling": {}, "reason": "there is only one corpus"}


def test_audits_do_not_depend_on_the_order_of_rows():
    corpora = pair_of()
    shuffled = {name: table.sample(frac=1, random_state=3) for name, table in corpora.items()}
    assert format_audit(shuffled, 1) == format_audit(corpora, 1)
    assert leakage(shuffled, NO_MIXTURES) == leakage(corpora, NO_MIXTURES)


@pytest.mark.parametrize(
    ("text", "feature", "rate"),
    [
        ("Yes, sir. no", "capital_at_start", 1.0),
        ("Yes, sir. No", "capital_after_stop", 1.0),
        ("one Two three", "capital_inside", 0.5),
        ("yes , sir. No!", "space_before_mark", 1 / 3),
        ("yes,sir. No!", "no_space_after_mark", 1 / 2),
        ("a  b c", "space_after_space", 1 / 3),
        ("a\nb c", "line_break", 0.5),
        ('\u201ca\u201d "b', "straight_double_quote", 1 / 3),
        ("it's it\u2019s", "straight_apostrophe", 0.5),
        ("it 's it's", "space_before_apostrophe", 0.5),
        ("a-b \u2014 c", "long_dash", 0.5),
        ("a - b-c", "space_around_hyphen", 0.5),
        ("a -- b", "double_hyphen", 0.5),
        ("a b", "stop_at_end", 0.0),
        ("1,000 2 000 3", "comma_in_number", 1 / 5),
        ("1,000 2 000 3", "space_in_number", 3 / 5),
        ("a; b, c, d.", "share_of_;", 1 / 3),
        ("a? b, c. d.", "share_of_?", 1 / 3),
        ("plain", "space_before_mark", np.nan),
    ],
)
def test_form_rates_by_hand(text, feature, rate):
    """Between two other texts: nothing may reach over from one to the next."""
    rates = form_rates(["END. ", text, " ,1"])
    assert rates[feature][1] == pytest.approx(rate, nan_ok=True)


def test_form_rates_survive_characters_beyond_the_basic_plane_and_empty_texts():
    rates = form_rates(["", "A \U0001f600 b", "a\x00b"])
    assert rates.shape[0] == 3 and rates.loc[1, "capital_at_start"] == 1
    assert rates.loc[0].isna().all()


def test_configuration_of_the_columns_is_respected():
    single = dataclasses.replace(CONFIG, models={"nunavut": CONFIG.models["nunavut"]})
    assert {row["name"] for row in statistics_table(pair_of(), NO_MIXTURES, single)} == {"nunavut", "canada"}
