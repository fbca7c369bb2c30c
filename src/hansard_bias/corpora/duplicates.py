"""Repeated speeches: exact copies by a key of letters and digits, near copies by MinHash over word 5-grams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NGRAM = 5
PERMUTATIONS = 64
RECALL = 0.999
"""Least probability that a pair exactly at the threshold becomes a candidate."""
NEIGHBOURS = 50
"""Speeches of one bucket are compared with this many that follow: a formula of thousands stays linear in time."""
CHUNK = 4096
"""Texts in memory as lists of words at one time."""

_WORD = re.compile(r"[^\W_]+")
_BASE = np.uint64(0x9E3779B97F4A7C15)

Codes = NDArray[np.uint64]


@dataclass(frozen=True)
class WordHashes:
    """Some texts as numbers; case, spacing and punctuation do not count."""

    keys: Codes
    """(texts,): equal for texts of the same letters and digits."""
    words: Codes
    """(all words,): the words of all texts, one after the other."""
    counts: NDArray[np.int64]
    """(texts,): words of each text."""


@dataclass(frozen=True)
class Fingerprints:
    """What is kept of all texts to find the copies among them."""

    keys: Codes
    sketches: NDArray[np.uint32]
    """(texts, PERMUTATIONS): MinHash values; all zero where not `sketched`."""
    sketched: NDArray[np.bool_]
    """Whether the text is long enough to have near-duplicates."""


def hash_texts(texts: Any) -> Codes:
    """64-bit hashes of texts, the same on every machine."""
    hashed: Codes = pd.util.hash_array(np.asarray(texts, dtype=object), categorize=False)
    return hashed


def read_words(texts: pd.Series) -> Iterator[WordHashes]:
    """Hash keys and words, a bounded number of texts at a time."""
    for start in range(0, len(texts), CHUNK):
        lists = [_WORD.findall(text.casefold()) for text in texts.iloc[start : start + CHUNK]]
        counts = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
        # Each different word is hashed once; numbering words instead would depend on the order of reading.
        flat = np.array([*chain.from_iterable(lists)], dtype=object)
        codes, vocabulary = pd.factorize(flat)
        yield WordHashes(hash_texts(["".join(words) for words in lists]), hash_texts(vocabulary)[codes], counts)


def ngram_hashes(chunk: WordHashes, n: int) -> tuple[Codes, NDArray[np.int64]]:
    """Hashes of all runs of n words within a text, and their number by text: a polynomial modulo 2**64."""
    total = len(chunk.words) - n + 1
    counts = np.maximum(chunk.counts - n + 1, 0)
    if total <= 0:
        return np.zeros(0, dtype=np.uint64), counts
    hashes = chunk.words[:total].copy()
    for shift in range(1, n):
        hashes = hashes * _BASE + chunk.words[shift : shift + total]
    ends = np.repeat(np.cumsum(chunk.counts), chunk.counts)[:total]
    return hashes[np.arange(total) + n <= ends], counts


def fingerprint(texts: pd.Series, min_words: int) -> Fingerprints:
    """Keys of all texts, and MinHash sketches of those with `min_words` words or more."""
    parts = [_fingerprint_chunk(chunk, min_words) for chunk in read_words(texts)]
    return Fingerprints(
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.sketches for part in parts]),
        np.concatenate([part.sketched for part in parts]),
    )


def _fingerprint_chunk(chunk: WordHashes, min_words: int) -> Fingerprints:
    from datasketch import MinHash

    hashes, counts = ngram_hashes(chunk, NGRAM)
    sketched = chunk.counts >= max(min_words, NGRAM)
    grams = np.split((hashes >> np.uint64(32)).astype(np.uint32), np.cumsum(counts)[:-1])
    long = (grams[row].tolist() for row in np.flatnonzero(sketched))
    sketches = np.zeros((len(counts), PERMUTATIONS), dtype=np.uint32)
    values = [sketch.hashvalues for sketch in MinHash.generator(long, num_perm=PERMUTATIONS, hashfunc=int)]
    if values:
        sketches[sketched] = np.stack(values)
    return Fingerprints(chunk.keys, sketches, sketched)


def exact_repeats(corpus: NDArray[np.int64], keys: Codes) -> NDArray[np.bool_]:
    """Whether the same key came before in the same corpus; rows are in the order of the debates."""
    repeated = pd.DataFrame({"corpus": corpus, "key": keys}).duplicated(keep="first")
    return repeated.to_numpy(dtype=bool)


def copies_of_later_splits(keys: Codes, split: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether the same key occurs in a split nearer to the test: training gives way to validation, both to test."""
    last = pd.Series(split).groupby(keys).transform("max").to_numpy()
    return np.asarray(split < last, dtype=bool)


def near_pairs(texts: pd.Series, prints: Fingerprints, rows: NDArray[np.int64], threshold: float) -> NDArray[np.int64]:
    """Pairs (k, 2) of `rows`, the smaller first, whose sets of word 5-grams have at least this Jaccard similarity.

    Candidates by banded MinHash (Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, section 3.4), verified on
    the texts. The sketches are datasketch's; its index is not used: it takes 5 kB a speech, sorting each band 8 bytes.
    """
    rows = rows[prints.sketched[rows]]
    pairs = rows[_candidates(prints.sketches[rows], threshold)]
    if not len(pairs):
        return pairs
    blocks = np.array_split(pairs, len(pairs) // CHUNK + 1)
    agreement = np.concatenate([_agreement(prints.sketches, block) for block in blocks])
    # The estimate's standard error is at most 1/16, so that 0.25 below the threshold loses nothing.
    pairs = pairs[agreement >= threshold - 0.25]
    return pairs[_similarities(texts, pairs) >= threshold]


def _agreement(sketches: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of equal MinHash values: an estimate of the Jaccard similarity."""
    return np.asarray((sketches[pairs[:, 0]] == sketches[pairs[:, 1]]).mean(axis=1))


def _candidates(sketches: NDArray[np.uint32], threshold: float) -> NDArray[np.int64]:
    """Pairs of positions that agree in all values of at least one band."""
    size, width = len(sketches), _band_width(threshold)
    found = [np.zeros(0, dtype=np.int64)]
    for start in range(0, PERMUTATIONS - width + 1, width):
        band = np.zeros(size, dtype=np.uint64)
        for column in range(start, start + width):
            band = band * _BASE + sketches[:, column]
        order = np.argsort(band, kind="stable")
        band = band[order]
        for lag in range(1, min(NEIGHBOURS + 1, size)):
            same = np.flatnonzero(band[lag:] == band[:-lag])
            if not len(same):
                break
            found.append(order[same] * size + order[same + lag])
    codes = np.unique(np.concatenate(found))
    return np.stack([codes // size, codes % size], axis=1) if size else np.zeros((0, 2), dtype=np.int64)


def _band_width(threshold: float) -> int:
    """The widest band, hence the fewest candidates, with which a pair at the threshold is found with RECALL."""
    widths = (width for width in range(1, 17) if 1 - (1 - threshold**width) ** (PERMUTATIONS // width) >= RECALL)
    return max(widths)


def _similarities(texts: pd.Series, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """True Jaccard similarity of the sets of word 5-grams of each pair of texts."""
    involved = np.unique(pairs)
    grams: list[Codes] = []
    for chunk in read_words(texts.iloc[involved]):
        hashes, counts = ngram_hashes(chunk, NGRAM)
        grams.extend(np.unique(part) for part in np.split(hashes, np.cumsum(counts)[:-1]))
    similarities = np.zeros(len(pairs))
    for row, (first, second) in enumerate(np.searchsorted(involved, pairs)):
        both = len(np.intersect1d(grams[first], grams[second], assume_unique=True))
        similarities[row] = both / (len(grams[first]) + len(grams[second]) - both)
    return similarities


def near_repeats(pairs: NDArray[np.int64], corpus: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows that nearly repeat an earlier speech of their corpus, itself kept or not: no two near copies stay."""
    within = corpus[pairs[:, 0]] == corpus[pairs[:, 1]]
    return np.unique(pairs[within, 1])


def near_copies_of_later_splits(pairs: NDArray[np.int64], split: NDArray[np.int8]) -> NDArray[np.int64]:
    """Rows with a near copy in a split nearer to the test."""
    first, second = pairs[:, 0], pairs[:, 1]
    gives_way = np.where(split[first] < split[second], first, second)
    return np.unique(gives_way[split[first] != split[second]])
