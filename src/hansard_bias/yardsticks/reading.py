"""Learning n-gram models from windows, and reading test text with them, at the size of a whole legislature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hansard_bias.base.files import TOKENIZER
from hansard_bias.models.ngram import Floats, Keys, KneserNey, Texts
from hansard_bias.scoring.tables import score_tables
from hansard_bias.tokens.encoded import EncodedCorpus, Ids, Windows
from hansard_bias.tokens.tokenizer import special_ids, vocabulary_size
from hansard_bias.yardsticks.parts import Part
from hansard_bias.yardsticks.tables import PartFacts

# About so many tokens of test text are looked up together: that bounds the memory.
SPAN_TOKENS = 1 << 21


class SortedTexts(Texts):
    """Texts whose n-grams come in ascending order.

    A table of millions of n-grams is then searched from front to back instead of all over, which takes a seventh of
    the time; of no token the probability changes.
    """

    def keys(self, order: int) -> tuple[Keys, npt.NDArray[np.int64]]:
        """The n-grams of this order that lie within a text, and where each ends."""
        keys, ends = super().keys(order)
        ascending = np.argsort(keys)
        return keys[ascending], ends[ascending]


@dataclass(frozen=True)
class Ngrams:
    """Makes n-gram models of a study, and lets them read its test speeches."""

    corpora: Mapping[str, EncodedCorpus]
    begin: int
    end: int
    follow: int
    """How many different tokens may come next, the mark of the end among them."""

    @classmethod
    def of(cls, corpora: Mapping[str, EncodedCorpus], root: Path) -> Ngrams:
        """corpora: those that windows are cut from, in their order."""
        special, vocabulary = special_ids(root / TOKENIZER), vocabulary_size(root / TOKENIZER)
        # What may follow is an ordinary token or the end; what stands for no text never does.
        return cls(corpora, special.cls, special.sep, len(special.ordinary(vocabulary)) + 1)

    def learn(self, windows: Windows) -> KneserNey:
        """An n-gram model of these windows."""
        return KneserNey(self._texts(windows), self.follow)

    def _texts(self, windows: Windows) -> Texts:
        return Texts.of_windows([*self.corpora.values()], windows, self.begin, self.end)

    def surprisals(self, known: KneserNey, name: str) -> Floats:
        """In nats, of all tokens of a corpus's test speeches, one after the other in the order of its index."""
        corpus = self.corpora[name]
        parts = [self._read(known, corpus, rows) for rows in _spans(corpus, corpus.split_rows("test"))]
        return np.concatenate([np.zeros(0), *parts])

    def tables(self, known: KneserNey) -> Iterator[pa.Table]:
        """The surprisals of the test speeches of all corpora as tables of scores, one at a time."""
        for name, corpus in self.corpora.items():
            surprisals = self.surprisals(known, name).astype(np.float32)
            yield from score_tables(name, corpus, corpus.split_rows("test"), surprisals)

    def sums(self, known: KneserNey, name: str) -> Floats:
        """In nats, the same summed by speech, shape [test speeches]."""
        lengths = self.corpora[name].lengths[self.corpora[name].split_rows("test")]
        owner = np.repeat(np.arange(len(lengths)), lengths)
        sums = np.bincount(owner, weights=self.surprisals(known, name), minlength=len(lengths))
        return np.asarray(sums, dtype=np.float64)

    def read_parts(self, parts: Iterable[Part]) -> Iterator[tuple[PartFacts, list[Floats]]]:
        """What is known of each part, and the sums of the corpora that a model of it reads: none where it has none."""
        # A function for each, so that no model is in memory while the next one is learned.
        yield from (self._read_part(part) for part in parts)

    def _read_part(self, part: Part) -> tuple[PartFacts, list[Floats]]:
        if part.facts.reason:
            return part.facts, []
        texts = self._texts(part.windows)
        if len(np.setdiff1d(texts.tokens, [self.begin, self.end])) < 2:
            return replace(part.facts, reason="its text is one token over and over: there is nothing to predict"), []
        known = KneserNey(texts, self.follow)
        return part.facts, [self.sums(known, name) for name in part.facts.reads]

    def _read(self, known: KneserNey, corpus: EncodedCorpus, rows: Ids) -> Floats:
        found = known.surprisals(SortedTexts.of([(corpus, rows)], self.begin, self.end))
        # The end is predicted, too, but is no token of the text: masked models are not asked for it. It is known by its
        # place, not by its id: a speech may say "[SEP]".
        inside = np.ones(len(found), dtype=bool)
        inside[np.cumsum(corpus.lengths[rows] + 1) - 1] = False
        return np.asarray(found[inside])


def _spans(corpus: EncodedCorpus, rows: Ids) -> Iterator[Ids]:
    """The rows in consecutive groups of about SPAN_TOKENS tokens."""
    number = (np.cumsum(corpus.lengths[rows]) - corpus.lengths[rows]) // SPAN_TOKENS
    yield from np.split(rows, np.flatnonzero(np.diff(number)) + 1)
