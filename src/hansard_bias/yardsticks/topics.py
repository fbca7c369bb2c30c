"""Topics that all corpora share, and the topic of every test speech.

Short speeches ("I thank the minister for the answer.") have no topic by themselves, but the exchange that they belong
to has one. What gets a topic is therefore a *passage*: speeches of one sitting in a row, of PASSAGE_WORDS words or more
together. On real debates passages agree much better with the headings in the archive than single speeches do.

Words that are many in a passage and rare in its own corpus tell what it is about (TF-IDF, by corpus). Words that are
much more common in one corpus than in another tell the house instead, and are left out. The topics are the factors of
the passages by these words that have no negative entry (Lee & Seung 1999, Nature 401).
"""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy import sparse

from hansard_bias.base.files import require_path
from hansard_bias.randomness import mix, stable_hash, stable_hashes
from hansard_bias.writing import terms
from hansard_bias.yardsticks.tables import NO_TOPIC, Floats, Ids, Topic, Topics

PASSAGE_WORDS = 200
# Passages that topics are learned from, in equal numbers of all corpora: more take longer, and tell no more.
SAMPLE = 20_000
PASSAGES_A_TOPIC = 25
# A passage with fewer of the words that tell topics has none.
LEAST_WORDS = 10
# Words are left out that are in fewer passages, in a larger share of a corpus's passages, or so many times as often in
# one corpus as in another.
FEWEST_PASSAGES, LARGEST_SHARE, HOUSE_RATIO = 10, 0.3, 8.0
SHOWN_WORDS = 8
_BATCH = 5000
Counts = Any  # A sparse matrix of scipy: a row a speech or passage, a column a word.


@dataclass(frozen=True)
class Speeches:
    """The speeches of one corpus and split, in the order of the debates."""

    path: Path
    inside: npt.NDArray[np.bool_]
    """Of every row of the file, whether it is one of them."""
    words: Ids
    ids: pa.Array
    passage: Ids
    """Of each speech the number of its passage, from 0 on."""

    @classmethod
    def read(cls, path: Path, split: str) -> Speeches:
        """What is known of them, without their texts."""
        table = pq.read_table(require_path(path, "align"), columns=["speech_id", "sitting", "words", "split"])
        inside = pc.equal(table["split"], split).to_numpy(zero_copy_only=False)
        table = table.filter(pa.array(inside))
        words = table["words"].to_numpy()
        days = pc.cast(table["sitting"], pa.date32()).to_numpy().astype(np.int64)
        return cls(path, inside, words, table["speech_id"].combine_chunks(), passages(days, words))

    @property
    def passages(self) -> int:
        """How many there are."""
        return int(self.passage.max(initial=-1)) + 1

    def some(self, count: int) -> Speeches:
        """Those of at most so many passages, chosen by hash, the passages numbered anew."""
        numbers, first = np.unique(self.passage, return_index=True)
        hashes = mix(stable_hash("passages for topics"), stable_hashes(self.ids.take(pa.array(first)).to_pylist()))
        chosen = np.sort(np.argsort(hashes, kind="stable")[:count])
        kept = np.isin(self.passage, numbers[chosen])
        inside = self.inside.copy()
        inside[inside] = kept
        renumbered = np.searchsorted(numbers[chosen], self.passage[kept])
        return Speeches(self.path, inside, self.words[kept], self.ids.filter(pa.array(kept)), renumbered)

    def texts(self) -> Iterator[list[str]]:
        """Their texts, a batch at a time."""
        at = 0
        for batch in pq.ParquetFile(self.path).iter_batches(_BATCH, columns=["text"]):
            yield batch["text"].filter(pa.array(self.inside[at : at + len(batch)])).to_pylist()
            at += len(batch)

    def by_passage(self, counts: Counts) -> Counts:
        """Rows of speeches, summed by passage."""
        speeches = np.arange(len(self.passage))
        ones = (np.ones(len(speeches)), (self.passage, speeches))
        return (sparse.csr_array(ones, shape=(self.passages, len(speeches))) @ counts).tocsr()


def passages(days: Ids, words: Ids) -> Ids:
    """Of each speech, in the order of the debates, the number of its passage.

    days, words: the sitting and the length of each, shape [speeches]. A passage ends with the speech that makes it
    PASSAGE_WORDS long; what a sitting's last one has less joins the one before it.
    """
    numbers = np.zeros(len(days), dtype=np.int64)
    number, held = -1, PASSAGE_WORDS
    for at, length in enumerate(words.tolist()):
        if held >= PASSAGE_WORDS or days[at] != days[at - 1]:
            number, held = number + 1, 0
        numbers[at], held = number, held + length
    first = np.flatnonzero(np.diff(numbers, prepend=-1))
    short = np.bincount(numbers, weights=words)[: len(first)] < PASSAGE_WORDS
    joins = np.append(False, days[first][1:] == days[first][:-1])[: len(first)] & short
    return (np.cumsum(~joins) - 1)[numbers]


def find_topics(folder: Path, corpora: Sequence[str], count: int) -> Topics:
    """At most `count` topics of the aligned corpora in a folder, and those of all their test speeches.

    The same for every order of the corpora: they are read by name. Where there can be no topics the reason is told.
    """
    # Importing it takes a second.
    from threadpoolctl import threadpool_limits

    if not count:
        return Topics((), {}, "bias.topics is 0: no topics were looked for")
    names = sorted(corpora)
    training = {name: Speeches.read(folder / f"{name}.parquet", "train") for name in names}
    most = min(SAMPLE // len(names), *(each.passages for each in training.values()))
    number = min(count, len(names) * most // PASSAGES_A_TOPIC)
    if number < 2:
        told = f"{most} passages of {PASSAGE_WORDS} words in the shortest corpus's training text"
        return Topics((), {}, f"{told} are too few for topics")
    # Sums in several threads differ in the last digit from run to run.
    with threadpool_limits(1):
        return _topics_of(folder, {name: each.some(most) for name, each in training.items()}, number)


def _topics_of(folder: Path, training: Mapping[str, Speeches], number: int) -> Topics:
    places: dict[str, int] = {}
    counts = [each.by_passage(_count(each, places, grows=True)) for each in training.values()]
    for each in counts:
        each.resize(each.shape[0], len(places))
    telling, frequencies = _telling(counts)
    words = np.array([*places])[telling]
    weights = [_weighed(each[:, telling], often) for each, often in zip(counts, frequencies, strict=True)]
    passages_left = sum(int((np.diff(each.indptr) > 0).sum()) for each in weights)
    number = min(number, passages_left // PASSAGES_A_TOPIC, len(words) // LEAST_WORDS)
    if number < 2:
        told = f"{len(words)} words are in all corpora, neither too rare nor too common, and {passages_left} passages"
        return Topics((), {}, f"{told} have {LEAST_WORDS} of them: too few for topics")
    factors = Factors.of(weights, number)
    strongest = [factors.strongest(each) for each in weights]
    shares = np.array([_shares(*each, number) for each in zip(strongest, training.values(), strict=True)])
    # By share, so that their numbers mean something and do not depend on where the factors began.
    order = np.argsort(-shares.sum(axis=0), kind="stable")
    place = np.append(np.argsort(order), NO_TOPIC)
    of_speech = {}
    for name, often in zip(training, frequencies, strict=True):
        test = Speeches.read(folder / f"{name}.parquet", "test")
        read = test.by_passage(_count(test, {word: at for at, word in enumerate(words)}))
        of_speech[name] = place[factors.strongest(_weighed(read, often))][test.passage]
    shown = [dict(zip(training, column, strict=True)) for column in shares.T.tolist()]
    return Topics(tuple(Topic(factors.heaviest(at, words), shown[at]) for at in order), of_speech)


def _count(speeches: Speeches, places: dict[str, int], grows: bool = False) -> Counts:
    """How often each word stands in each speech.

    places: the column of each word; the others are left out, or, if it grows, get a column.
    """
    columns, ends = array("i"), array("q", [0])
    for text in (text for batch in speeches.texts() for text in batch):
        words = words_of(text)
        if grows:
            for word in words:
                places.setdefault(word, len(places))
        columns.extend([places[word] for word in words if word in places])
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.int32)
    return sparse.csr_array((ones, np.array(columns), np.array(ends)), shape=(len(ends) - 1, len(places)))


def words_of(text: str) -> list[str]:
    """The words of a text in any script, without case; numbers and single letters are none.

    Where no blanks part words, pairs of characters.
    """
    return terms(text.casefold(), least=2)


def _telling(counts: Sequence[Counts]) -> tuple[Ids, list[Floats]]:
    """Columns of the words that may tell a topic, and, by corpus, the share of passages that each of them is in."""
    found = [np.asarray((each > 0).sum(axis=0)).ravel() for each in counts]
    shares = [number / each.shape[0] for number, each in zip(found, counts, strict=True)]
    low, high = np.min(shares, axis=0), np.max(shares, axis=0)
    often = np.sum(found, axis=0) >= FEWEST_PASSAGES
    telling = np.flatnonzero(often & (high <= LARGEST_SHARE) & (high <= HOUSE_RATIO * low))
    return telling, [each[telling] for each in shares]


def _weighed(counts: Counts, frequency: Floats) -> Counts:
    """Rows of counts as directions: 1 + ln of each count, by the word's rarity, at length 1; 0 where words are few."""
    weights: Counts = sparse.csr_array(counts, dtype=np.float64)
    weights.data = 1 + np.log(weights.data)
    enough = np.diff(weights.indptr) >= LEAST_WORDS
    weights = weights @ sparse.diags_array(-np.log(frequency))
    lengths = np.sqrt(weights.power(2).sum(axis=1))
    weights = sparse.diags_array(np.where(enough, 1 / np.where(enough, lengths, 1.0), 0.0)) @ weights
    weights.eliminate_zeros()
    return weights


@dataclass(frozen=True)
class Factors:
    """Topics as directions in the space of words."""

    model: Any
    lengths: Floats

    @classmethod
    def of(cls, weights: Sequence[Counts], number: int) -> Factors:
        """Learned from the rows of all corpora, equally many of each."""
        from sklearn.decomposition import NMF

        every = sparse.vstack(weights).tocsr()
        model = NMF(number, init="nndsvd", random_state=0, max_iter=400)
        with warnings.catch_warnings():
            # What it has found by then is as good as what it would find later.
            warnings.filterwarnings("ignore", "Maximum number of iterations")
            model.fit(every[np.diff(every.indptr) > 0])
        return cls(model, np.linalg.norm(model.components_, axis=1))

    def strongest(self, weights: Counts) -> Ids:
        """Of each row the factor that has the largest part in it, or NO_TOPIC."""
        found = [np.zeros(0, dtype=np.int64)]
        for at in range(0, weights.shape[0], _BATCH):
            parts = self.model.transform(weights[at : at + _BATCH]) * self.lengths
            found.append(np.where(parts.max(axis=1) > 0, parts.argmax(axis=1), NO_TOPIC))
        return np.concatenate(found)

    def heaviest(self, factor: int, words: npt.NDArray[np.str_]) -> tuple[str, ...]:
        """The words that weigh most in a factor."""
        heavy = np.argsort(-self.model.components_[factor], kind="stable")[:SHOWN_WORDS]
        return tuple(str(words[at]) for at in heavy)


def _shares(topic: Ids, speeches: Speeches, number: int) -> Floats:
    """The share of all words that is of each topic, shape [number]; topic: of each passage."""
    held = np.bincount(topic[speeches.passage] + 1, weights=speeches.words, minlength=number + 1)
    return np.asarray(held[1:] / held.sum())
