"""What word frequencies alone would give: the surprisal of the test text under a unigram model of the training text.

A masked language model that has learned nothing but how often each token occurs ends on this plateau; one that does not
leave it has learned nothing else that could be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.analysis.inputs import Losses, StudyData
from hansard_bias.analysis.metrics import Found, metric
from hansard_bias.analysis.records import UnigramRecord
from hansard_bias.base.files import ENCODED, MIXTURES, require_path
from hansard_bias.statistics.design import CorpusSums
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.tests import TestRecord, correct
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded

Counts = npt.NDArray[np.int64]
Offsets = npt.NDArray[np.int64]
UNIGRAMS = "unigrams"
# Speeches whose tokens are in memory at once.
_CHUNK = 20_000


@metric("unigrams", dict[str, UnigramRecord])
def unigram_findings(data: StudyData) -> Found:
    """By row of the matrix, with tests.

    A row holds the `perplexity` of every column under the token frequencies of the model's own training text, and
    `gain_nats`: how much less the model itself is surprised, in nats per token, with an interval that draws sittings
    and seeds anew as the matrix does. The tests ask, for every model and corpus, whether the gain is zero.
    """
    corpora, vocabulary = data.config.corpora, len(data.vocabulary.begins)
    texts = {corpus: data.test_tokens(corpus) for corpus in corpora}
    encoded = {corpus: read_encoded(data.root / ENCODED / corpus) for corpus in corpora}
    mixtures = pq.read_table(require_path(data.root / MIXTURES, "align"))
    rows: dict[str, UnigramRecord] = {}
    tests: list[TestRecord] = []
    for index, (model, row) in enumerate(zip(data.config.models, data.design.models, strict=True)):
        surprisals = unigram_surprisals(training_counts(model, encoded, mixtures, vocabulary))
        sums = {name: _beside(each, index, by_speech(surprisals, *texts[name])) for name, each in data.losses.items()}
        # Model and frequencies as the two rows of a matrix of their own: the excess is then the gain, with minus.
        own = dict.fromkeys(corpora, UNIGRAMS)
        measured = measure(sums, replace(data.design, models=(row, UNIGRAMS), own=own, mixtures={}))
        gain = {column: -excess for column, excess in measured.models[row].excess_nats.items()}
        rows[row] = UnigramRecord(measured.models[UNIGRAMS].perplexity, gain)
        tests += [_test(record, row) for record in measured.tests]
    # One family over all models: each of them asks the same question.
    return Found(rows, correct(tests))


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


def by_speech(surprisals: FloatArray, offsets: Offsets, tokens: npt.NDArray[np.uint16]) -> FloatArray:
    """The sum over the tokens of every speech, in nats, shape [speeches]."""
    # Differences of one cumulative sum, because reduceat gives an empty speech its neighbour's first token.
    cumulative = np.concatenate([[0.0], np.cumsum(surprisals[tokens])])
    return np.asarray(cumulative[offsets[1:]] - cumulative[offsets[:-1]])


def _beside(losses: Losses, model: int, guessed: FloatArray) -> CorpusSums:
    """Sums of one model and of the frequencies, which are the same for every seed."""
    nats = np.stack([losses.nats[model], np.broadcast_to(guessed, losses.nats[model].shape)])
    return CorpusSums.of_speeches(nats, losses.tokens, losses.bytes_, losses.sittings)


def _test(record: TestRecord, row: str) -> TestRecord:
    gain = -record.interval
    verb = "better" if gain.value > 0 else "worse"
    what = f"{row} reads {record.corpus} {verb} than the frequencies of its training text"
    return replace(record, family=UNIGRAMS, what=what, effect=gain.value, low=gain.low, high=gain.high)
