"""What word frequencies alone would give: the surprisal of the test text under a unigram model of the training text.

A masked language model that has learned nothing but how often each token occurs ends on this plateau; one that does not
leave it cannot misread anything either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.analysis.comparison import comparison_design
from hansard_bias.analysis.inputs import Losses, read_test_tokens
from hansard_bias.base.files import ENCODED, MIXTURES, TOKENIZER, require_path
from hansard_bias.params import Config
from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.tests import correct
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import Vocabulary

Counts = npt.NDArray[np.int64]
Offsets = npt.NDArray[np.int64]
UNIGRAMS = "unigrams"
_CHUNK = 20_000
"""Speeches whose tokens are in memory at once."""


def unigram_findings(config: Config, losses: Mapping[str, Losses], root: Path) -> tuple[dict[str, Any], list[Any]]:
    """The section `unigrams` of bias.json, by row of the matrix, and its tests.

    A row holds the `perplexity` of every column under the token frequencies of the model's own training text, and
    `gain_nats`: how much less the model itself is surprised, in nats per token, with an interval that draws sittings
    and seeds anew as the matrix does. The tests ask, for every model and corpus, whether the gain is zero.
    """
    vocabulary = Vocabulary(require_path(root / TOKENIZER / "tokenizer.json", "tokenizer"))
    texts = {corpus: read_test_tokens(config, root, corpus) for corpus in config.corpora}
    encoded = {corpus: read_encoded(root / ENCODED / corpus) for corpus in config.corpora}
    mixtures = pq.read_table(require_path(root / MIXTURES, "align"))
    rows: dict[str, Any] = {}
    tests: list[Any] = []
    for index, model in enumerate(config.models):
        surprisals = unigram_surprisals(training_counts(model, encoded, mixtures, len(vocabulary.begins)))
        sums = {name: _beside(losses[name], index, by_speech(surprisals, *texts[name])) for name in losses}
        measured = measure(sums, _design(config, model))
        rows[config.row_key(model)] = _row(measured["models"], config.row_key(model))
        tests += [_test(record, config.row_key(model)) for record in measured["tests"]]
    # One family over all models: each of them asks the same question.
    correct(tests, "p", "p_sittings")
    return rows, tests


def training_counts(model: str, encoded: Mapping[str, EncodedCorpus], mixtures: pa.Table, vocabulary: int) -> Counts:
    """How often each token occurs in the training text of a model, shape [vocabulary]."""
    chosen = pc.and_(pc.equal(mixtures["model"], model), pc.equal(mixtures["split"], "train"))
    learned = mixtures.filter(chosen)
    total = np.zeros(vocabulary, dtype=np.int64)
    for name, corpus in encoded.items():
        ids = learned.filter(pc.equal(learned["corpus"], name))["speech_id"]
        total += _counts(corpus, corpus.rows(ids), vocabulary)
    return total


def _counts(corpus: EncodedCorpus, rows: npt.NDArray[np.int64], vocabulary: int) -> Counts:
    """Occurrences in the chosen speeches, a chunk at a time: the tokens of a large corpus stay on disk."""
    chosen = np.zeros(len(corpus.lengths), dtype=bool)
    chosen[rows] = True
    total = np.zeros(vocabulary, dtype=np.int64)
    for at in range(0, len(chosen), _CHUNK):
        start, lengths = int(corpus.starts[at]), corpus.lengths[at : at + _CHUNK]
        tokens = np.asarray(corpus.tokens[start : start + int(lengths.sum())])
        total += np.bincount(tokens[np.repeat(chosen[at : at + _CHUNK], lengths)], minlength=vocabulary)
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


def _design(config: Config, model: str) -> Design:
    """Model and frequencies as the two rows of a matrix of their own: the excess is then the gain, with minus."""
    rows, own = (config.row_key(model), UNIGRAMS), dict.fromkeys(config.corpora, UNIGRAMS)
    return replace(comparison_design(config), models=rows, own=own, mixtures={})


def _row(measured: Mapping[str, Any], row: str) -> dict[str, Any]:
    excess = measured[row]["excess_nats"]
    return {
        "perplexity": measured[UNIGRAMS]["perplexity"],
        "gain_nats": {column: _negative(interval) for column, interval in excess.items()},
    }


def _test(record: Mapping[str, Any], row: str) -> dict[str, Any]:
    bounds = _negative({"value": record["effect"], "low": record["low"], "high": record["high"]})
    verb = "better" if bounds["value"] > 0 else "worse"
    what = f"{row} reads {record['corpus']} {verb} than the frequencies of its training text"
    effect = {"effect": bounds["value"], "low": bounds["low"], "high": bounds["high"]}
    return {**record, "family": UNIGRAMS, "what": what, **effect}


def _negative(interval: Mapping[str, float | None]) -> dict[str, Any]:
    value, low, high = interval["value"], interval["low"], interval["high"]
    assert value is not None, "an excess is always known where the corpus has a model of its own"
    return {"value": -value, "low": None if high is None else -high, "high": None if low is None else -low}
