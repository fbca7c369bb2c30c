"""What word frequencies alone would give: the surprisal of the test text under a unigram model of the training text.

A masked language model that has learned nothing but how often each token occurs ends on this plateau; one that does not
leave it has learned nothing else that could be compared.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import Found, metric
from hansard_bias.analysis.records import UnigramRecord
from hansard_bias.analysis.speeches import Losses
from hansard_bias.statistics.design import CorpusSums
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.tests import TestRecord, correct

Offsets = npt.NDArray[np.int64]
UNIGRAMS = "unigrams"


@metric("unigrams", dict[str, UnigramRecord])
def unigram_findings(data: StudyData) -> Found:
    """By row of the matrix, with tests.

    A row holds the `perplexity` of every column under the token frequencies of the model's own training text, and
    `gain_nats`: how much less the model itself is surprised, in nats per token, with an interval as in the
    matrix. The tests ask, for every model and corpus, whether the gain is zero.
    """
    corpora = data.config.corpora
    texts = {corpus: data.test_tokens(corpus) for corpus in corpora}
    rows: dict[str, UnigramRecord] = {}
    tests: list[TestRecord] = []
    for index, row in enumerate(data.design.models):
        guessed = {name: by_speech(data.frequencies[index], *text) for name, text in texts.items()}
        sums = {name: _beside(each, index, guessed[name]) for name, each in data.losses.items()}
        # Model and frequencies as the two rows of a matrix of their own: the excess is then the gain, with minus.
        own = dict.fromkeys(corpora, UNIGRAMS)
        measured = measure(sums, replace(data.design, models=(row, UNIGRAMS), own=own, mixtures={}))
        gain = {column: -excess for column, excess in measured.models[row].excess_nats.items()}
        rows[row] = UnigramRecord(measured.models[UNIGRAMS].perplexity, gain)
        tests += [_test(record, row) for record in measured.tests if record.corpus is not None]
    # One family over all models: each of them asks the same question.
    return Found(rows, correct(tests))


def by_speech(surprisals: FloatArray, offsets: Offsets, tokens: npt.NDArray[np.uint16]) -> FloatArray:
    """The sum over the tokens of every speech, in nats, shape [speeches]."""
    # Differences of one cumulative sum, because reduceat gives an empty speech its neighbour's first token.
    cumulative = np.concatenate([[0.0], np.cumsum(surprisals[tokens])])
    return np.asarray(cumulative[offsets[1:]] - cumulative[offsets[:-1]])


def _beside(losses: Losses, model: int, guessed: FloatArray) -> CorpusSums:
    """Sums of one model and of the frequencies, which are the same for every seed."""
    nats = np.stack([losses.nats[model], np.broadcast_to(guessed, losses.nats[model].shape)])
    return losses.sums(nats=nats)


def _test(record: TestRecord, row: str) -> TestRecord:
    gain = -record.interval
    verb = "better" if gain.value > 0 else "worse"
    what = f"{row} predicts {record.corpus} {verb} than the frequencies of its training text"
    return replace(record, family=UNIGRAMS, what=what, effect=gain.value, low=gain.low, high=gain.high)
