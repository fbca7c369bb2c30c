"""Reading with n-gram models: the same surprisals as in the plain order, and sums by speech."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from hansard_bias.models.ngram import KneserNey, Texts
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows
from hansard_bias.yardsticks import reading
from hansard_bias.yardsticks.parts import Part
from hansard_bias.yardsticks.reading import Ngrams, SortedTexts
from hansard_bias.yardsticks.tables import PartFacts

BEGIN, END, FOLLOW = 2, 3, 61


def corpus_of(seed: int, empty: bool = False) -> EncodedCorpus:
    """Speeches that repeat themselves, some of which say the mark of the end; every third is of the test text."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 60, size=90)
    lengths[::9] *= not empty
    tokens = (5 + rng.zipf(1.4, size=lengths.sum()) % 55).astype(np.uint16)
    tokens[rng.random(len(tokens)) < 0.01] = END
    split = ["test" if at % 3 == 0 else "train" for at in range(len(lengths))]
    return EncodedCorpus(tokens, np.cumsum(lengths) - lengths, lengths, index_of(split))


def index_of(split: list[str]) -> pa.Table:
    return pa.table({"speech_id": [str(at) for at in range(len(split))], "split": split})


def training_windows(corpora: dict[str, EncodedCorpus]) -> Windows:
    return cut_windows([*corpora.values()], [each.split_rows("train") for each in corpora.values()], 32)


@pytest.fixture
def ngrams() -> Ngrams:
    return Ngrams({"moor": corpus_of(1), "heath": corpus_of(2, empty=True)}, BEGIN, END, FOLLOW)


def test_the_order_of_n_grams_changes_no_bit(ngrams: Ngrams) -> None:
    known = ngrams.learn(training_windows(dict(ngrams.corpora)))
    for corpus in ngrams.corpora.values():
        chosen = [(corpus, corpus.split_rows("test"))]
        plain = known.surprisals(Texts.of(chosen, BEGIN, END))
        np.testing.assert_array_equal(known.surprisals(SortedTexts.of(chosen, BEGIN, END)), plain)


@pytest.mark.parametrize("tokens", [1, 100, 1 << 21])
@pytest.mark.parametrize("name", ["moor", "heath"])
def test_sums_are_those_of_a_speech_at_a_time(
    ngrams: Ngrams, monkeypatch: pytest.MonkeyPatch, tokens: int, name: str
) -> None:
    """Whatever number of tokens is read together; an empty speech has 0."""
    monkeypatch.setattr(reading, "SPAN_TOKENS", tokens)
    windows = training_windows(dict(ngrams.corpora))
    known = KneserNey(Texts.of_windows([*ngrams.corpora.values()], windows, BEGIN, END), FOLLOW)
    corpus = ngrams.corpora[name]
    alone = [known.surprisals(Texts.of([(corpus, np.array([row]))], BEGIN, END)) for row in corpus.split_rows("test")]
    # All but the last: that is the end.
    expected = [speech[:-1].sum() for speech in alone]
    np.testing.assert_allclose(ngrams.sums(ngrams.learn(windows), name), expected, rtol=1e-12)
    np.testing.assert_array_equal(ngrams.surprisals(known, name), np.concatenate([each[:-1] for each in alone]))


def test_parts_are_read_one_by_one(ngrams: Ngrams) -> None:
    windows = training_windows(dict(ngrams.corpora))
    facts = PartFacts("1/2", "mixed", ("heath", "moor"), int(windows.length.sum()))
    missing = PartFacts("early", "moor", ("moor",), reason="there is none")
    nothing = windows.take(np.zeros(0, dtype=np.int64))
    found = [*ngrams.read_parts([Part(facts, windows), Part(missing, nothing)])]
    assert [each for each, _ in found] == [facts, missing]
    known = ngrams.learn(windows)
    for name, sums in zip(("heath", "moor"), found[0][1], strict=True):
        np.testing.assert_array_equal(sums, ngrams.sums(known, name))
    assert found[1][1] == []


def test_of_one_token_nothing_is_predicted() -> None:
    lengths = np.array([9, 8, 7])
    index = index_of(["train", "train", "test"])
    corpus = EncodedCorpus(np.full(24, 7, np.uint16), np.cumsum(lengths) - lengths, lengths, index)
    windows = training_windows({"moor": corpus})
    part = Part(PartFacts("early", "moor", ("moor",), 17, 2), windows)
    ((facts, sums),) = Ngrams({"moor": corpus}, BEGIN, END, 2).read_parts([part])
    assert facts.reason.startswith("its text is one token over and over")
    assert (facts.tokens, sums) == (17, [])
