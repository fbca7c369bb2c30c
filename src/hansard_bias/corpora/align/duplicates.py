"""Repeated speeches: exact copies by a key of letters and digits, near copies by MinHash over word 5-grams.

The texts stay on disk and are read part by part, in whichever process needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hansard_bias.base.parallel import in_order
from hansard_bias.writing import count_characters, count_words, words_in

NGRAM = 5
PERMUTATIONS = 64
RECALL = 0.999  # least probability that a pair exactly at the threshold becomes a candidate
# Speeches of one bucket are compared with this many that follow: a formula of thousands stays linear in time.
NEIGHBOURS = 50
PAIRS = 4096  # pairs whose sketches are compared at one time

_BASE = np.uint64(0x9E3779B97F4A7C15)

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.uint64]


@dataclass(frozen=True)
class Part:
    """Some texts: rows of one row group of a Parquet file. Small enough for the memory, and picklable."""

    path: Path
    group: int
    places: Rows  # (texts,): places within the row group
    rows: Rows  # (texts,): their numbers

    def read(self, column: str = "text") -> list[str]:
        """The texts, in the order of `rows`."""
        with pq.ParquetFile(self.path) as file:
            texts = file.read_row_group(self.group, [column], use_threads=False)[column]
        return list(texts.take(pa.array(self.places)).to_pylist())


@dataclass(frozen=True)
class Texts:
    """Texts left on disk: text number k is row `place[k]` of Parquet file number `file[k]`."""

    paths: Sequence[Path]
    file: Rows
    place: Rows

    def __len__(self) -> int:
        return len(self.file)

    def parts(self, rows: Rows) -> Iterator[Part]:
        """These texts, each once: one part for each row group that holds some, in the order of files and groups."""
        for number, path in enumerate(self.paths):
            own, metadata = rows[self.file[rows] == number], pq.read_metadata(path)
            # A row group is what can be read alone.
            sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
            starts = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
            groups = np.searchsorted(starts, self.place[own], side="right") - 1
            for group in np.unique(groups).tolist():
                members = own[groups == group]
                yield Part(path, group, self.place[members] - starts[group], members)


def take(texts: Texts, rows: Rows, column: str = "text") -> list[str]:
    """Texts by number, in the order of `rows`; all of them in memory."""
    found = np.empty(len(rows), dtype=object)
    where = np.argsort(rows, kind="stable")
    # Each row group is read once, whatever the order that is asked for.
    for part in texts.parts(np.unique(rows)):
        first = np.searchsorted(rows[where], part.rows)
        assert (rows[where[first]] == part.rows).all()
        found[where[first]] = part.read(column)
    return found.tolist()


class WordHashes(NamedTuple):
    """Some texts as numbers; case, spacing and punctuation do not count."""

    keys: Codes  # (texts,): equal for texts of the same letters and digits
    words: Codes  # (all words,): the words of all texts, one after the other
    counts: Rows  # (texts,): words of each text


class Fingerprints(NamedTuple):
    """What is kept of all texts to find the copies among them."""

    keys: Codes  # (texts,)
    sketches: NDArray[np.uint32]  # (texts, PERMUTATIONS): MinHash values; all zero where not `sketched`
    sketched: Flags  # (texts,): whether the text is long enough to have near-duplicates
    words: Rows  # (texts,): words as `count_words` counts them
    characters: Rows  # (texts,): how many of these are characters of a script without blanks
    sizes: Rows  # (texts,): UTF-8 bytes


def _hashes(texts: Any) -> Codes:
    """64-bit hashes of texts, the same on every machine."""
    return np.asarray(pd.util.hash_array(np.asarray(texts, dtype=object), categorize=False))


def hash_words(texts: Sequence[str]) -> WordHashes:
    """Keys and words of some texts."""
    # Letters and digits alone, as the same speech is punctuated differently in two editions.
    lists = [words_in(text.casefold()) for text in texts]
    counts = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    # Each different word is hashed once; numbering words instead would depend on the order of reading.
    codes, vocabulary = pd.factorize(np.array([*chain.from_iterable(lists)], dtype=object))
    return WordHashes(_hashes(["".join(words) for words in lists]), _hashes(vocabulary)[codes], counts)


def ngram_hashes(chunk: WordHashes, n: int) -> tuple[Codes, Rows]:
    """Hashes of all runs of n words within a text, and their number by text: a polynomial modulo 2**64."""
    total = len(chunk.words) - n + 1
    counts = np.maximum(chunk.counts - n + 1, 0)
    if total <= 0:
        return np.zeros(0, dtype=np.uint64), counts
    hashes = chunk.words[:total].copy()
    for shift in range(1, n):
        hashes = hashes * _BASE + chunk.words[shift : shift + total]
    # A run must not reach into the next text.
    ends = np.repeat(np.cumsum(chunk.counts), chunk.counts)[:total]
    return hashes[np.arange(total) + n <= ends], counts


def fingerprint(texts: Texts, min_words: int) -> Fingerprints:
    """Keys of all texts, and MinHash sketches of those with `min_words` words or more."""
    count = len(texts)
    sketches, numbers = np.zeros((count, PERMUTATIONS), dtype=np.uint32), np.zeros((3, count), dtype=np.int64)
    prints = Fingerprints(np.zeros(count, dtype=np.uint64), sketches, np.zeros(count, dtype=bool), *numbers)
    # Filled in part by part: two copies of all sketches would not fit.
    for rows, part in in_order(partial(_fingerprint, min_words), texts.parts(np.arange(count))):
        for whole, some in zip(map(np.asarray, prints), part, strict=True):
            whole[rows] = some
    return prints


def _fingerprint(min_words: int, part: Part) -> tuple[Rows, Fingerprints]:
    from datasketch import MinHash

    texts = part.read()
    hashed = hash_words(texts)
    hashes, counts = ngram_hashes(hashed, NGRAM)
    sketches = np.zeros((len(texts), PERMUTATIONS), dtype=np.uint32)
    sketched = hashed.counts >= max(min_words, NGRAM)
    # datasketch hashes 32 bits; the upper half of a product is the better mixed one.
    grams = np.split((hashes >> np.uint64(32)).astype(np.uint32), np.cumsum(counts)[:-1])
    rows = np.flatnonzero(sketched)
    made = MinHash.generator((grams[row].tolist() for row in rows), num_perm=PERMUTATIONS, hashfunc=int)
    for row, sketch in zip(rows, made, strict=True):
        sketches[row] = sketch.hashvalues
    sizes = [(count_words(text), count_characters(text), len(text.encode())) for text in texts]
    return part.rows, Fingerprints(hashed.keys, sketches, sketched, *np.array(sizes, dtype=np.int64).T)


def exact_repeats(corpus: Rows, keys: Codes) -> Flags:
    """Whether the same key came before in the same corpus; rows are in the order of the debates."""
    return pd.DataFrame({"corpus": corpus, "key": keys}).duplicated(keep="first").to_numpy(dtype=bool)


def copies_of_later_splits(keys: Codes, split: NDArray[np.int8]) -> Flags:
    """Whether the same key occurs in a split nearer to the test: training gives way to validation, both to test."""
    return np.asarray(split < pd.Series(split).groupby(keys).transform("max").to_numpy(), dtype=bool)


def near_pairs(texts: Texts, prints: Fingerprints, rows: Rows, threshold: float) -> Rows:
    """Pairs (k, 2) of `rows`, the smaller first, whose sets of word 5-grams have at least this Jaccard similarity.

    Candidates by banded MinHash (Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, section 3.4), verified on
    the texts. The sketches are datasketch's; its index is not used: it takes 5 kB a speech, sorting each band 8 bytes.
    """
    rows = rows[prints.sketched[rows]]
    pairs = rows[_candidates(prints.sketches[rows], threshold)]
    sketches = prints.sketches
    blocks = (sketches[block.T] for block in np.array_split(pairs, len(pairs) // PAIRS + 1))
    agreement = np.concatenate([(first == second).mean(axis=1) for first, second in blocks])
    # An estimate of the similarity: its standard error is at most 1/16, so that 0.25 below the threshold loses nothing.
    pairs = pairs[agreement >= threshold - 0.25]
    return pairs[_similarities(texts, pairs) >= threshold]


def _candidates(sketches: NDArray[np.uint32], threshold: float) -> Rows:
    """Pairs of positions that agree in all values of at least one band."""
    # The widest band, hence the fewest candidates, with which a pair at the threshold is found with RECALL.
    widths = (width for width in range(1, 17) if 1 - (1 - threshold**width) ** (PERMUTATIONS // width) >= RECALL)
    size, width = len(sketches), max(widths)
    found = [np.zeros(0, dtype=np.int64)]
    for start in range(0, PERMUTATIONS - width + 1, width):
        band = np.zeros(size, dtype=np.uint64)
        for column in range(start, start + width):
            band = band * _BASE + sketches[:, column]
        # Equal bands lie side by side once they are sorted: no table of buckets in memory.
        order = np.argsort(band, kind="stable")
        band = band[order]
        for lag in range(1, min(NEIGHBOURS + 1, size)):
            same = np.flatnonzero(band[lag:] == band[:-lag])
            found.append(order[same] * size + order[same + lag])
            # Nor are there any further apart.
            if not len(same):
                break
    codes = np.unique(np.concatenate(found))
    return np.stack(np.divmod(codes, max(size, 1)), axis=1)


def _similarities(texts: Texts, pairs: Rows) -> NDArray[np.float64]:
    grams: dict[int, Codes] = {}
    for rows, sets in in_order(_gram_sets, texts.parts(np.unique(pairs))):
        grams.update(zip(rows.tolist(), sets, strict=True))
    both = [len(np.intersect1d(grams[a], grams[b], assume_unique=True)) for a, b in pairs.tolist()]
    either = [len(grams[a]) + len(grams[b]) for a, b in pairs.tolist()]
    return np.array(both, dtype=np.float64) / (np.array(either) - both)


def _gram_sets(part: Part) -> tuple[Rows, list[Codes]]:
    hashes, counts = ngram_hashes(hash_words(part.read()), NGRAM)
    # Sets, not counts: how often a phrase is repeated says nothing of a copy.
    return part.rows, [np.unique(own) for own in np.split(hashes, np.cumsum(counts)[:-1])]


def near_repeats(pairs: Rows, corpus: Rows) -> Rows:
    """Rows that nearly repeat an earlier speech of their corpus, itself kept or not: no two near copies stay."""
    within = corpus[pairs[:, 0]] == corpus[pairs[:, 1]]
    return np.unique(pairs[within, 1])


def near_copies_of_later_splits(pairs: Rows, split: NDArray[np.int8]) -> Rows:
    """Rows with a near copy in a split nearer to the test."""
    of_pairs = split[pairs]
    return np.unique(pairs[of_pairs < of_pairs.max(axis=1, keepdims=True)])
