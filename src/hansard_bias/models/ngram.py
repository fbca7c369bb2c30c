"""The companion: an n-gram model with interpolated modified Kneser-Ney smoothing, as sorted columns of numbers.

Chen & Goodman 1999 (Computer Speech & Language 13), section 4.1, and Heafield et al. 2013 (ACL) for sentences' ends: a
text begins with one mark, which is never predicted, and ends with another, which is. An n-gram of up to four tokens is
one whole number of 64 bits (tokens are 16), so that counting is sorting and looking up is a binary search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.tokens.encoded import EncodedCorpus, Windows

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
ORDER = 4
_BITS = np.uint64(16)


@dataclass(frozen=True)
class Texts:
    """Texts one behind the other, each between its two marks."""

    tokens: npt.NDArray[np.uint16]
    """shape [tokens + 2 * texts]"""
    place: npt.NDArray[np.int32]
    """Of each token its position in its text: 0 is the mark of the beginning."""
    begin: int
    """The mark's id."""

    @classmethod
    def of(cls, corpora: Iterable[tuple[EncodedCorpus, npt.NDArray[np.int64]]], begin: int, end: int) -> Texts:
        """The texts in these rows of encoded corpora, in their order; begin, end: ids that no text holds."""
        tokens, places = [], []
        for corpus, rows in corpora:
            starts, lengths = corpus.starts[rows], corpus.lengths[rows]
            sizes = lengths + 2
            bounds = np.cumsum(sizes)
            place = np.arange(int(bounds[-1]) if len(rows) else 0) - np.repeat(bounds - sizes, sizes)
            inside = (place > 0) & (place <= np.repeat(lengths, sizes))
            found = np.where(place == 0, begin, end).astype(np.uint16)
            found[inside] = corpus.tokens[(np.repeat(starts, sizes) + place - 1)[inside]]
            tokens.append(found)
            places.append(place.astype(np.int32))
        return cls(np.concatenate(tokens), np.concatenate(places), begin)

    @classmethod
    def of_windows(cls, corpora: Sequence[EncodedCorpus], windows: Windows, begin: int, end: int) -> Texts:
        """The text of these windows: what goes on from one to the next is put together, and no mark stands in between.

        A mark of the beginning or the end stands where a speech begins or ends, not where its window does. Where a
        speech goes on that began in a window left out, its first token is context alone.
        """
        order = np.lexsort((windows.start, windows.corpus))
        corpus, start, length = windows.corpus[order], windows.start[order], windows.length[order]
        stop, speech = start + length, windows.speech[order]
        follows = (corpus[1:] == corpus[:-1]) & (start[1:] == stop[:-1]) & (speech[1:] == speech[:-1])
        first = np.flatnonzero(np.concatenate(([True], ~follows)))
        last = np.append(first[1:], len(start)) - 1
        ends = [np.sort(each.starts + each.lengths) for each in corpora]
        tokens, places = [], []
        for at, to in zip(first, last, strict=True):
            own, stops = corpora[corpus[at]], ends[corpus[at]]
            found = own.tokens[start[at] : stop[to]]
            closed = stops[min(np.searchsorted(stops, stop[to]), len(stops) - 1)] == stop[to]
            opened = windows.offset[order[at]] == 0
            whole = np.concatenate([[begin] * int(opened), found, [end] * int(closed)]).astype(np.uint16)
            tokens.append(whole)
            places.append(np.arange(len(whole), dtype=np.int32))
        return cls(np.concatenate(tokens), np.concatenate(places), begin)

    def keys(self, order: int) -> tuple[Keys, npt.NDArray[np.int64]]:
        """The n-grams of this order that lie within a text, and where each ends."""
        ends = np.flatnonzero(self.place >= order - 1)
        keys = np.zeros(len(ends), dtype=np.uint64)
        for back in range(order - 1, -1, -1):
            keys = keys << _BITS | self.tokens[ends - back].astype(np.uint64)
        return keys, ends


@dataclass(frozen=True)
class _Order:
    """What is known of the n-grams of one order."""

    keys: Keys
    """All different ones, ascending."""
    shares: Floats
    """Of each, what is left of its count after the discount, by all of its context."""
    contexts: Keys
    left: Floats
    """Of each context, the share that goes to the shorter context: what the discounts took."""

    def look_up(self, keys: Keys, lower: Floats) -> Floats:
        """Probabilities of n-grams, where the shorter contexts give `lower`."""
        contexts, at = _find(self.contexts, keys >> _BITS)
        # A context that never was leaves all to the shorter one.
        left = np.where(contexts, self.left[at], 1.0)
        known, at = _find(self.keys, keys)
        return np.where(known, self.shares[at], 0.0) + left * lower


class KneserNey:
    """Probabilities of tokens after up to three others; over the vocabulary they sum to 1 in every context."""

    def __init__(self, texts: Texts, vocabulary: int, order: int = ORDER) -> None:
        """Learn from texts; vocabulary: how many different tokens may follow, the mark of the end among them.

        Raises ValueError for no text at all.
        """
        if not len(texts.tokens):
            raise ValueError("there is no text to learn from; bring more, or widen align.first_day..last_day")
        self.order, self.vocabulary = order, vocabulary
        self._orders: dict[int, _Order] = {}
        keys, counts = _count(texts.keys(order)[0])
        for size in range(order, 0, -1):
            # Texts may all be shorter than that.
            if len(keys):
                self._orders[size] = _smooth(keys, counts, size)
            if size > 1:
                keys, counts = _shorter(keys, texts, size - 1)

    def surprisals(self, texts: Texts) -> Floats:
        """-ln P of every token of texts given those before it, in nats, marks of the end included.

        Shape [tokens - texts]: in the order of the texts, without the marks of the beginning.
        """
        probabilities = np.full(len(texts.tokens), 1.0 / self.vocabulary)
        for size, known in sorted(self._orders.items()):
            keys, ends = texts.keys(size)
            probabilities[ends] = known.look_up(keys, probabilities[ends])
        surprisals: Floats = -np.log(probabilities[texts.place > 0])
        return surprisals


def _count(keys: Keys) -> tuple[Keys, npt.NDArray[np.int64]]:
    """All different keys, ascending, and how often each stands there; the input is sorted in place."""
    keys.sort()
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.zeros(0, np.int64)
    return keys[first], np.diff(first, append=len(keys))


def _shorter(longer: Keys, texts: Texts, size: int) -> tuple[Keys, npt.NDArray[np.int64]]:
    """The n-grams of the next shorter order, each counted by how many different tokens stand before it.

    Nothing stands before the beginning of a text: what begins there is counted as it is.
    """
    suffixes = longer & np.uint64(2 ** (16 * size) - 1)
    at = np.flatnonzero(texts.place == size - 1)
    at = at[texts.tokens[at - (size - 1)] == texts.begin]
    first = np.zeros(len(at), dtype=np.uint64)
    for back in range(size - 1, -1, -1):
        first = first << _BITS | texts.tokens[at - back].astype(np.uint64)
    if size == 1:
        # The mark of the beginning is never predicted.
        first = first[:0]
    return _count(np.concatenate([suffixes, first]))


def _smooth(keys: Keys, counts: npt.NDArray[np.int64], size: int) -> _Order:
    """Discounted shares of n-grams, and what is left for each context."""
    discounts = _discounts(counts)
    taken = discounts[np.minimum(counts, 3)]
    context = keys >> _BITS if size > 1 else np.zeros(len(keys), dtype=np.uint64)
    first = np.flatnonzero(np.concatenate(([True], context[1:] != context[:-1])))
    totals = np.add.reduceat(counts, first).astype(np.float64)
    left = np.add.reduceat(taken, first) / totals
    owner = np.repeat(np.arange(len(first)), np.diff(first, append=len(keys)))
    return _Order(keys, (counts - taken) / totals[owner], context[first], left)


def _discounts(counts: npt.NDArray[np.int64]) -> Floats:
    """What is taken from counts of 0, 1, 2 and 3 or more (Chen & Goodman 1999, equation 26).

    The formula needs n-grams that occur once, twice, three and four times; where a small text has none of a kind, the
    discount of 0.5, 1 and 1.5 that Heafield et al. 2013 fall back on.
    """
    ones, twos, threes, fours = (int((counts == number).sum()) for number in (1, 2, 3, 4))
    fallback = np.array([0.0, 0.5, 1.0, 1.5])
    if not (ones and twos and threes):
        return fallback
    share = ones / (ones + 2 * twos)
    found = [
        number - (number + 1) * share * more / of
        for number, more, of in ((1, twos, ones), (2, threes, twos), (3, fours, threes))
    ]
    return np.array([0.0, *found]) if min(found) > 0 else fallback


def _find(table: Keys, keys: Keys) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Whether each key is in the ascending table, and where (anywhere, if it is not)."""
    at = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return table[at] == keys, at
