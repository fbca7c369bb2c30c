"""Copies are found: exact ones by key, near ones by MinHash, both against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansard_bias.corpora.align.duplicates import (
    PERMUTATIONS,
    copies_of_later_splits,
    exact_repeats,
    fingerprint,
    hash_words,
    near_copies_of_later_splits,
    near_pairs,
    near_repeats,
    ngram_hashes,
)
from helpers.speech_tables import InMemory

WORDS = [f"w{number}" for number in range(400)]


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    return set(zip(*(words[shift:] for shift in range(5)), strict=False))


def jaccard(first: str, second: str) -> float:
    return len(shingles(first) & shingles(second)) / len(shingles(first) | shingles(second))


def speeches_with_variants(seed: int) -> pd.Series:
    """60 random speeches, each with a copy in which some words are exchanged."""
    rng = np.random.default_rng(seed)
    texts = []
    for changed in range(60):
        words = rng.choice(WORDS, 80)
        other = words.copy()
        other[rng.choice(80, changed // 6, replace=False)] = "other"
        texts += [" ".join(words), " ".join(other)]
    return pd.Series(texts)


def pairs_of(texts: pd.Series, threshold: float, min_words: int = 12) -> set[tuple[int, int]]:
    prints = fingerprint(InMemory(text=texts), min_words)
    return {(a, b) for a, b in near_pairs(InMemory(text=texts), prints, np.arange(len(texts)), threshold).tolist()}


def test_keys_ignore_case_spacing_and_punctuation_but_no_letter():
    same = pd.Series(["Mr. Speaker, it's 5.", "mr . speaker , it 's 5", "MR SPEAKER\nITS 5!"])
    other = pd.Series(["Mr. Speaker, it's 6.", "Mr. Speaker, it is 5.", ""])
    assert len(set(fingerprint(InMemory(text=same), 12).keys.tolist())) == 1
    assert len(set(fingerprint(InMemory(text=pd.concat([same, other])), 12).keys.tolist())) == 4


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=8), min_size=1, max_size=6), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_ngrams_are_those_within_each_text(texts, n):
    chunk = hash_words([" ".join(words) for words in texts])
    hashes, counts = ngram_hashes(chunk, n)
    expected = [[tuple(words[at : at + n]) for at in range(len(words) - n + 1)] for words in texts]
    assert counts.tolist() == [len(grams) for grams in expected]
    flat = [gram for grams in expected for gram in grams]
    assert pd.factorize(hashes)[0].tolist() == pd.factorize(pd.Series(flat, dtype=object))[0].tolist()


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_near_pairs_are_those_of_brute_force(threshold):
    texts = speeches_with_variants(seed=3)
    expected = {pair for pair in combinations(range(len(texts)), 2) if jaccard(*texts.iloc[[*pair]]) >= threshold}
    assert expected and expected != set(combinations(range(len(texts)), 2))
    assert pairs_of(texts, threshold) == expected


def test_near_pairs_do_not_depend_on_the_order_of_texts():
    texts = speeches_with_variants(seed=4)
    shuffle = np.random.default_rng(0).permutation(len(texts))
    moved = {tuple(sorted(shuffle[[*pair]].tolist())) for pair in pairs_of(texts.iloc[shuffle], 0.8)}
    assert moved == pairs_of(texts, 0.8)


def test_sketches_estimate_the_similarity():
    """The share of equal MinHash values is the Jaccard similarity, with a standard error of sqrt(s(1-s)/64)."""
    texts = speeches_with_variants(seed=5)
    sketches = fingerprint(InMemory(text=texts), 12).sketches
    errors = [
        (sketches[row] == sketches[row + 1]).mean() - jaccard(texts[row], texts[row + 1])
        for row in range(0, len(texts), 2)
    ]
    assert abs(np.mean(errors)) < 3 * 0.5 / np.sqrt(PERMUTATIONS * len(errors))
    assert np.abs(errors).max() < 0.25


def test_short_speeches_have_no_near_copies():
    texts = pd.Series(["we will take it under advisement now", "we will take it under advisement now"])
    assert pairs_of(texts, 0.8, min_words=8) == set()
    assert pairs_of(texts, 0.8, min_words=7) == {(0, 1)}


def test_a_formula_of_hundreds_is_reduced_to_its_first():
    """More variants in one bucket than are compared with each other: each is still near one before it."""
    common = " ".join(WORDS[:60])
    texts = pd.Series([f"{common} number{row}" for row in range(400)])
    prints = fingerprint(InMemory(text=texts), 12)
    pairs = near_pairs(InMemory(text=texts), prints, np.arange(400), 0.8)
    assert len(pairs) < 400 * 399 / 2
    assert near_repeats(pairs, np.zeros(400, dtype=int)).tolist() == list(range(1, 400))


def test_only_the_rows_asked_for_are_paired():
    texts = pd.Series([" ".join(WORDS[:40])] * 4)
    prints = fingerprint(InMemory(text=texts), 12)
    assert near_pairs(InMemory(text=texts), prints, np.array([1, 3]), 0.8).tolist() == [[1, 3]]
    assert near_pairs(InMemory(text=texts), prints, np.array([2]), 0.8).shape == (0, 2)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=30))
def test_exact_copies_against_brute_force(rows):
    corpus, keys, split = (np.array(column) for column in zip(*rows, strict=True))
    repeats = [rows[at][:2] in {row[:2] for row in rows[:at]} for at in range(len(rows))]
    assert exact_repeats(corpus, keys.astype(np.uint64)).tolist() == repeats
    copies = [any(other[1] == row[1] and other[2] > row[2] for other in rows) for row in rows]
    assert copies_of_later_splits(keys.astype(np.uint64), split.astype(np.int8)).tolist() == copies


def test_of_a_near_pair_the_later_or_the_one_further_from_the_test_goes():
    pairs = np.array([[0, 1], [0, 3], [2, 4]])
    corpus, split = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 2, 0, 1], dtype=np.int8)
    assert near_repeats(pairs, corpus).tolist() == [1]
    assert near_copies_of_later_splits(pairs, split).tolist() == [4]
    assert near_repeats(pairs[:0], corpus).size == near_copies_of_later_splits(pairs[:0], split).size == 0
