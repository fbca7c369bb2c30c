"""Word frequencies: how often each token occurs in a model's training text, and what they make of any token."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.tokens.encoded import EncodedCorpus

Counts = npt.NDArray[np.int64]
# Speeches whose tokens are in memory at once.
_CHUNK = 20_000


def training_counts(model: str, encoded: Mapping[str, EncodedCorpus], mixtures: pa.Table, vocabulary: int) -> Counts:
    """How often each token occurs in the training text of a model, shape [vocabulary]."""
    chosen = pc.and_(pc.equal(mixtures["model"], model), pc.equal(mixtures["split"], "train"))
    learned = mixtures.filter(chosen)
    total = np.zeros(vocabulary, dtype=np.int64)
    for name, corpus in encoded.items():
        inside = np.zeros(len(corpus.lengths), dtype=bool)
        inside[corpus.rows(learned.filter(pc.equal(learned["corpus"], name))["speech_id"])] = True
        # A chunk at a time: the tokens of a large corpus stay on disk.
        for at in range(0, len(inside), _CHUNK):
            start, lengths = int(corpus.starts[at]), corpus.lengths[at : at + _CHUNK]
            tokens = np.asarray(corpus.tokens[start : start + int(lengths.sum())])
            total += np.bincount(tokens[np.repeat(inside[at : at + _CHUNK], lengths)], minlength=vocabulary)
    return total


def unigram_surprisals(counts: Counts) -> FloatArray:
    """-ln of each token's share in nats, with one added to every count (Laplace), so that no token is impossible."""
    return np.asarray(np.log(counts.sum() + len(counts)) - np.log(counts + 1.0))
