"""Debates in languages without blanks between words: no sentence counts as one word, in any count, copy or audit."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansard_bias.corpora.align import audits
from hansard_bias.corpora.align.duplicates import fingerprint, near_pairs
from hansard_bias.params import CleanConfig, ColumnsConfig, Config, CorpusConfig, load_config
from hansard_bias.writing import words_in
from hansard_bias.yardsticks.topics import words_of
from helpers.speech_tables import InMemory, align_tables, build_corpus

BASE = load_config(Path(__file__).parents[2] / "params.yaml")
LETTERS = {
    "chinese": "主席議員我們的預算提案問題政府可以今天同意反對社會學校醫院道路土地",
    "japanese": "議長わたしたちはのをにでコンピュータ予算案です学校病院道路",
    "thai": "กขคงจชซญดตถทนบปผพมยรลวสหอะาเแโ",
    "burmese": "ကခဂငစဆညတထဒနပဖဗမယရလဝသဟအ",
}
CLEAN = CleanConfig(lowercase=False, min_characters=8, drop_procedural=False, drop_roles=())


def sentence(language: str, rng: np.random.Generator, size: int, blanks: bool = False) -> str:
    """A sentence of so many characters; with blanks, of three words of another script beside them."""
    signs = list(rng.choice(list(LETTERS[language]), size))
    for at in (5, 12, 20) if blanks else ():
        signs.insert(at, f"GDP{at}")
    return "".join(signs) + "。"


def config_of() -> Config:
    days = {"first_day": datetime.date(1999, 1, 1), "last_day": datetime.date(2000, 12, 31), "period": "none"}
    return dataclasses.replace(BASE, align=dataclasses.replace(BASE.align, **days))


def corpus_of(name: str, language: str, seed: int, english: float = 0.0) -> pd.DataFrame:
    """Six speeches on each of 40 sittings, some of them in English."""
    rng = np.random.default_rng(seed)
    days = (np.datetime64("1999-04-01") + 3 * np.repeat(np.arange(40), 6)).astype(object)
    texts = [sentence(language, rng, int(rng.integers(25, 60))) for _ in days]
    spoken = [f"The honourable member spoke of item {row} and of {name} today." for row in range(len(days))]
    texts = [plain if rng.random() < english else text for plain, text in zip(spoken, texts, strict=True)]
    ordinal = np.tile(np.arange(6), 40)
    ids = [f"{name}/{day}/{number:05d}" for day, number in zip(days, ordinal, strict=True)]
    facts = {"speech_id": ids, "corpus": name, "sitting": days, "ordinal": ordinal}
    return pd.DataFrame(facts | {"speaker": "", "role": "member", "topic": "", "text": texts, "raw": texts})


@pytest.mark.parametrize("blanks", [False, True], ids=["pure", "mixed"])
@pytest.mark.parametrize("language", LETTERS)
def test_near_copies_are_found_by_runs_of_characters(language: str, blanks: bool) -> None:
    rng = np.random.default_rng(3)
    texts = []
    for changed in range(20):
        text = sentence(language, rng, 60, blanks)
        places = rng.choice(60, changed // 4, replace=False)
        texts += [text, "".join("X" if at in places else sign for at, sign in enumerate(text))]
    # Against the sets themselves.
    grams = [{tuple(words_in(text.casefold())[at : at + 5]) for at in range(len(words_in(text)) - 4)} for text in texts]
    shared = [(a, b, len(grams[a] & grams[b]) / len(grams[a] | grams[b])) for b in range(40) for a in range(b)]
    kept = InMemory(text=texts)
    found = near_pairs(kept, fingerprint(kept, 12), np.arange(40), 0.8).tolist()
    assert sorted(map(tuple, found)) == sorted((a, b) for a, b, share in shared if share >= 0.8)
    assert 4 <= len(found) < 20


def test_what_is_too_short_for_a_near_copy_is_told_by_characters() -> None:
    prints = fingerprint(InMemory(text=["我們的預算提案。", "我們的預算提案問題政府可以。", "GDP 5 %"]), 12)
    assert prints.sketched.tolist() == [False, True, False]
    assert prints.words.tolist() == [7, 13, 3] and prints.characters.tolist() == [7, 13, 0]


@pytest.mark.parametrize("language", ["chinese", "thai", "japanese"])
def test_shared_runs_and_shares_of_characters_are_told(language: str) -> None:
    speeches = {"nunavut": corpus_of("nunavut", language, 1), "canada": corpus_of("canada", language, 2, english=0.5)}
    before = align_tables(speeches, config_of())
    table = before.corpora["nunavut"].set_index("speech_id")
    learned, tested = (table.index[table["split"] == split][0] for split in ("train", "test"))
    quoted = sentence(language, np.random.default_rng(9), 20)
    rows = speeches["nunavut"].set_index("speech_id")["text"]
    rows[learned], rows[tested] = rows[learned] + quoted, quoted + rows[tested]
    speeches["nunavut"]["text"] = rows.to_numpy()
    after = align_tables(speeches, config_of())
    shares = [each.report["leakage"]["shared_13grams"]["nunavut"] for each in (before, after)]
    runs = sum(
        len(words_in(text)) - 12 for text in after.corpora["nunavut"].query("split == 'test'")["text"]
    )  # 20 characters hold eight runs of 13
    assert shares == [0, pytest.approx(8 / runs)]
    share = after.report["counted_by_character"]
    kept = after.corpora["canada"]
    own = kept["text"].str.startswith("The honourable")
    assert share == {"nunavut": 1.0, "canada": pytest.approx(kept["words"][~own].sum() / kept["words"].sum())}
    assert 0.6 < share["canada"] < 1
    json.dumps(after.report)
    # By characters a corpus has as many words as letters, and sentences are no words that tell it.
    assert kept["words"].sum() == sum(len(words_in(text)) for text in kept["text"])
    telling = after.report["content_audit"]["telling"]
    assert all(len(word) == 2 for word in telling["nunavut"]) and "honourable" in telling["canada"]


def test_the_letters_are_no_marks_of_the_layout() -> None:
    """One mark in two is a slash, in one language as in another."""
    texts = ["the roads/schools; and land", "道路/學校;土地的問題", "ที่ดิน/โรงเรียน;ถนน", "道路學校/GDP;ถนน"]
    rates = audits.form_rates(texts)
    assert rates["share_of_/"].tolist() == rates["share_of_;"].tolist() == [0.5] * 4


def test_the_corpus_is_counted_by_characters(tmp_path: Path) -> None:
    rows = ["day,who,said", "2001-02-03,陳,主席我們的預算是5元。", '2001-02-04,Lee,"The (預算) is ours, I say."']
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    columns = ColumnsConfig(text="said", date="day", speaker="who")
    corpus = CorpusConfig(label="A", reader="table", path=str(tmp_path / "a.csv"), columns=columns)
    assert build_corpus("a", corpus, CLEAN).summary["tokens"] == (9 + 1) + (5 + 2)


def test_topics_are_told_by_pairs_of_characters() -> None:
    assert words_of("道路和GDP的土地") == ["道路", "路和", "gdp", "的土", "土地"]
    assert words_of("The 3 GDPs") == ["the", "gdps"]
