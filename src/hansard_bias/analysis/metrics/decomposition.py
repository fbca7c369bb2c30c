"""What the excess is made of: word frequencies and context, and the classes of words that it falls on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from hansard_bias.analysis.compared import KINDS, MASKED, Pair, pairs
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.records import Interval
from hansard_bias.analysis.word_classes import CLASSES, CONTENT, NAMES, SIGNS, read_lists
from hansard_bias.base.files import ALIGNED, COMPANION, TOKENIZER
from hansard_bias.scoring.tables import read_tokens
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.tokens.encoded import Ids
from hansard_bias.tokens.tokenizer import load_tokenizer

# Shorter parts of a speaker's name are initials.
_SHORTEST_NAME = 3


@dataclass(frozen=True)
class Decomposed:
    """Parts of one excess; both divisions add up to it. Nats per token of the whole test text."""

    excess: Interval
    """The whole."""
    frequency: Interval
    """The excess of word frequencies alone: that of a unigram model of each training text."""
    context: Interval
    """The rest: what the words around tell one model and not the other."""
    classes: dict[str, Interval]
    """By class of the word."""


@dataclass(frozen=True)
class Decomposition:
    """The parts of every excess, by kind of model."""

    tokens: dict[str, dict[str, float]]
    """By corpus: the share of each class in its test tokens."""
    masked: dict[str, dict[str, Decomposed]]
    """Of the masked models: by row, then `on_<corpus>`; own models left out."""
    companion: dict[str, dict[str, Decomposed]]
    """The same of the n-gram models."""


@metric("decomposition", Decomposition)
def decomposition(data: StudyData) -> Decomposition:
    """Divide every excess by frequency and context, and by classes of words."""
    lists = read_lists(data.root / data.config.word_classes())
    found: dict[str, dict[str, dict[str, Decomposed]]] = {kind: {} for kind in KINDS}
    tokens = {}
    for corpus in data.design.own:
        offsets, ids = data.test_tokens(corpus)
        speech = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        cell = speech * len(CLASSES) + token_classes(data, corpus, lists)
        counts = np.bincount(cell % len(CLASSES), minlength=len(CLASSES)) / max(len(ids), 1)
        tokens[corpus] = dict(zip(CLASSES, counts.tolist(), strict=True))
        unigrams = np.array([np.bincount(speech, each[ids], len(offsets) - 1) for each in data.frequencies])
        for kind in KINDS:
            by_class = [_by_class(data, kind, model, corpus, cell) for model in range(len(data.design.models))]
            for pair in (pair for pair in pairs(data) if pair.corpus == corpus):
                whole = by_class[pair.model] - by_class[pair.own]
                frequency = unigrams[pair.model] - unigrams[pair.own]
                found[kind].setdefault(pair.row, {})[pair.column] = _decomposed(data, pair, whole, frequency)
    return Decomposition(tokens, **found)


def token_classes(data: StudyData, corpus: str, lists: dict[str, str]) -> Ids:
    """The place in CLASSES of every test token of a corpus, shape [tokens].

    Parts of the names of speakers, of any corpus and split, are names unless a list says otherwise. Tokens of no word
    are numbers where they hold a digit.
    """
    offsets, ids = data.test_tokens(corpus)
    words = data.vocabulary.words(offsets, ids)
    named = dict.fromkeys(_speakers(data), NAMES) | lists
    of_word = np.array([CLASSES.index(named.get(word, CONTENT)) for word in words.names] + [CLASSES.index(SIGNS)])
    tokenizer = load_tokenizer(data.root / TOKENIZER)
    digits = np.zeros(len(data.vocabulary.begins), dtype=bool)
    for token, number in tokenizer.get_vocab(with_added_tokens=True).items():
        digits[number] = any(sign.isdigit() for sign in token)
    found = of_word[words.code]
    found[(words.code < 0) & digits[ids]] = CLASSES.index(NAMES)
    return found.astype(np.int64)


def _speakers(data: StudyData) -> Iterator[str]:
    for corpus in sorted(data.config.corpora):
        column = pq.read_table(data.root / ALIGNED / f"{corpus}.parquet", columns=["speaker"])["speaker"]
        for name in column.cast("string").unique().to_pylist():
            parts = "".join(sign if sign.isalpha() else " " for sign in (name or "").casefold()).split()
            yield from (part for part in parts if len(part) >= _SHORTEST_NAME)


def _by_class(data: StudyData, kind: str, model: int, corpus: str, cell: Ids) -> FloatArray:
    """Σ surprisal of one model by class, shape [classes, seeds, speeches]; cell: speech and class of tokens."""
    name, size = [*data.config.models][model], len(data.losses[corpus]) * len(CLASSES)
    paths = [data.root / COMPANION / f"{name}.parquet"]
    if kind == MASKED:
        paths = [data.scores(name, seed) for seed in data.config.train.seeds]
    sums = [np.bincount(cell, read_tokens(path, corpus, "surprisals")[1], size) for path in paths]
    by_speech = np.array(sums, dtype=np.float64).reshape(len(sums), -1, len(CLASSES))
    return np.asarray(by_speech.transpose(2, 0, 1))


def _decomposed(data: StudyData, pair: Pair, whole: FloatArray, frequency: FloatArray) -> Decomposed:
    """whole: differences by class, shape [classes, seeds, speeches]; frequency: of unigrams, shape [speeches]."""
    losses, confidence = data.losses[pair.corpus], data.config.bias.confidence
    total = whole.sum(axis=0)
    classes = zip(CLASSES, whole, strict=True)
    return Decomposed(
        excess=losses.mean(total).interval(confidence),
        frequency=losses.mean(frequency[None]).interval(confidence),
        context=losses.mean(total - frequency).interval(confidence),
        classes={name: losses.mean(nats).interval(confidence) for name, nats in classes},
    )
