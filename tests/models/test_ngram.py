"""The companion's probabilities: against a plain computation, against KenLM, and as probabilities must be."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansard_bias.models.ngram import ORDER, KneserNey, Texts
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows
from helpers import kenlm

BEGIN, END, FIRST = 2, 3, 5


def corpus_of(speeches: list[list[int]]) -> EncodedCorpus:
    lengths = np.array([len(speech) for speech in speeches], dtype=np.int64)
    tokens = np.array([token for speech in speeches for token in speech], dtype=np.uint16)
    index = pa.table({"speech_id": [str(at) for at in range(len(speeches))]})
    return EncodedCorpus(tokens, np.cumsum(lengths) - lengths, lengths, index)


def texts_of(speeches: list[list[int]]) -> Texts:
    """Speeches as the companion reads them, out of two corpora."""
    half = len(speeches) // 2
    parts = []
    for part in (speeches[:half], speeches[half:]):
        parts.append((corpus_of(part), np.arange(len(part))))
    return Texts.of(parts, BEGIN, END)


class Plain:
    """Modified Kneser-Ney by dictionaries and recursion, as Chen & Goodman 1999 write it."""

    def __init__(self, speeches: list[list[int]], vocabulary: int, order: int = ORDER) -> None:
        self.vocabulary = vocabulary
        marked = [(BEGIN, *speech, END) for speech in speeches]
        raw = {
            n: Counter(text[at : at + n] for text in marked for at in range(len(text) - n + 1))
            for n in range(1, order + 1)
        }
        self.counts: dict[int, dict[tuple[int, ...], int]] = {order: dict(raw[order])}
        for n in range(order - 1, 0, -1):
            before = defaultdict(set)
            for gram in self.counts[n + 1]:
                before[gram[1:]].add(gram[0])
            adjusted = {gram: len(tokens) for gram, tokens in before.items()}
            adjusted |= {gram: count for gram, count in raw[n].items() if gram[0] == BEGIN and n > 1}
            self.counts[n] = adjusted
        self.discounts = {n: self.discount(list(found.values())) for n, found in self.counts.items()}

    @staticmethod
    def discount(counts: list[int]) -> list[float]:
        of = Counter(counts)
        if not (of[1] and of[2] and of[3]):
            return [0, 0.5, 1, 1.5]
        share = of[1] / (of[1] + 2 * of[2])
        found = [k - (k + 1) * share * of[k + 1] / of[k] for k in (1, 2, 3)]
        return [0, *found] if min(found) > 0 else [0, 0.5, 1, 1.5]

    def probability(self, context: tuple[int, ...], token: int) -> float:
        n = len(context) + 1
        lower = self.probability(context[1:], token) if context else 1 / self.vocabulary
        follow = {gram[-1]: count for gram, count in self.counts[n].items() if gram[:-1] == context}
        if not follow:
            return lower
        total, discounts = sum(follow.values()), self.discounts[n]
        left = sum(discounts[min(count, 3)] for count in follow.values()) / total
        count = follow.get(token, 0)
        return (count - discounts[min(count, 3)]) / total + left * lower


SPEECHES = st.lists(st.lists(st.integers(FIRST, FIRST + 5), max_size=9), min_size=2, max_size=12)


@settings(max_examples=60, deadline=None)
@given(SPEECHES, SPEECHES)
def test_surprisals_are_those_of_a_plain_computation(learned: list[list[int]], asked: list[list[int]]) -> None:
    vocabulary = 7
    model, plain = KneserNey(texts_of(learned), vocabulary), Plain(learned, vocabulary)
    expected = []
    for speech in asked:
        marked = (BEGIN, *speech, END)
        for at in range(1, len(marked)):
            expected.append(-np.log(plain.probability(marked[max(0, at - ORDER + 1) : at], marked[at])))
    np.testing.assert_allclose(model.surprisals(texts_of(asked)), expected, rtol=1e-9)


@pytest.mark.parametrize("case", kenlm.LEARNED)
def test_surprisals_are_those_of_kenlm(case: str) -> None:
    """An implementation that shares nothing with this one; `few` is learned with fallback discounts in three orders."""
    with Path(__file__).with_name("kenlm.csv").open(newline="") as file:
        expected = [-float(row[case]) * np.log(10) for row in csv.DictReader(file)]
    model = KneserNey(texts_of(kenlm.learned(case)), kenlm.VOCABULARY)
    # KenLM computes in float32, and its programs print eight digits at most.
    np.testing.assert_allclose(model.surprisals(texts_of(kenlm.asked())), expected, rtol=2e-6)


@pytest.mark.parametrize("context", [[], [5], [5, 6], [9, 9, 9], [5, 6, 7]], ids=str)
def test_probabilities_sum_to_one_after_seen_and_unseen_contexts(context: list[int]) -> None:
    rng = np.random.default_rng(0)
    learned = [rng.geometric(0.3, length).clip(max=40).tolist() for length in rng.integers(1, 30, 200)]
    learned = [[token + FIRST for token in speech] for speech in learned] + [[5, 6, 7, 5]]
    follow = [*range(FIRST, FIRST + 41), END]
    model = KneserNey(texts_of(learned), len(follow))
    asked = texts_of([[*context, token] for token in follow if token != END] + [context])
    surprisals = model.surprisals(asked)
    place, tokens = asked.place[asked.place > 0], asked.tokens[asked.place > 0]
    last = (place == len(context) + 1) & (np.isin(tokens, follow))
    assert last.sum() == len(follow)
    assert np.exp(-surprisals[last]).sum() == pytest.approx(1, abs=1e-12)


def test_tokens_that_were_never_seen_have_a_finite_surprisal() -> None:
    model = KneserNey(texts_of([[5, 6], [5]]), 10)
    assert np.isfinite(model.surprisals(texts_of([[12, 13], []]))).all()


def test_texts_shorter_than_the_order_and_empty_ones_are_learned_from() -> None:
    model = KneserNey(texts_of([[5], []]), 3)
    assert np.isfinite(model.surprisals(texts_of([[5], [5, 5, 5, 5, 5]]))).all()


def test_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no text to learn from"):
        KneserNey(texts_of([[], []][:0]), 3)


def test_more_of_the_same_is_expected_more() -> None:
    once, often = (KneserNey(texts_of([[5, 6, 7, 8], *[[5, 6, 9, 8]] * times]), 8) for times in (1, 9))
    asked = texts_of([[5, 6, 9, 8], [5]])
    assert often.surprisals(asked)[2] < once.surprisals(asked)[2]


def test_windows_are_put_together_to_the_text_that_they_were_cut_from() -> None:
    """All windows of a corpus are its speeches; without one of them its speech has a hole, and no mark stands there."""
    speeches = [[5, 6, 7, 8, 9, 10, 11, 12], [13], [14, 15, 16]]
    corpus = corpus_of(speeches)
    windows = cut_windows([corpus], [np.arange(3)], 5)  # three tokens between the two ends
    assert len(windows) == 5
    whole = Texts.of_windows([corpus], windows, BEGIN, END)
    expected = Texts.of([(corpus, np.arange(3))], BEGIN, END)
    np.testing.assert_array_equal(whole.tokens, expected.tokens)
    np.testing.assert_array_equal(whole.place, expected.place)
    # The middle window of the first speech is left out, wherever `cut_windows` put it.
    rows = np.flatnonzero(~((windows.start == 3) & (windows.offset == 3)))
    cut = Texts.of_windows([corpus], windows.take(rows[::-1]), BEGIN, END)
    assert cut.tokens.tolist() == [BEGIN, 5, 6, 7, 11, 12, END, BEGIN, 13, END, BEGIN, 14, 15, 16, END]
    assert cut.place.tolist() == [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4]
    assert np.isfinite(KneserNey(cut, 20).surprisals(whole)).all()
