"""Exact pseudo-log-likelihood, one piece masked at a time, and within words from left to right (METHOD section 1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hansard_bias.config import ScoreConfig
from hansard_bias.encoded import EncodedCorpus, cut_windows
from hansard_bias.measurement.copies import Copies, Flags, ask, flat_starts, padded
from hansard_bias.measurement.reader import Ids, Reader
from hansard_bias.randomness import mix, stable_hashes
from hansard_bias.tokenization import SpecialIds

_SAMPLE = 223


def likelihood_rows(corpus: EncodedCorpus, rows: Ids, config: ScoreConfig) -> Ids:
    """The `config.likelihood_speeches` of these speeches with the smallest hashes, in the order of `rows`.

    The hash is a pure function of (evaluation seed, speech id), so that models, seeds and the order of a corpus
    change nothing, and a larger sample holds every smaller one.
    """
    ids = corpus.index["speech_id"].take(pa.array(rows))
    # One by one: a column of Python strings takes ten times its room.
    keys = mix(config.seed, _SAMPLE, stable_hashes(each.as_py() for each in ids))
    chosen = np.argsort(keys, kind="stable")[: config.likelihood_speeches]
    return rows[np.sort(chosen)]


def piece_surprisals(
    reader: Reader, corpus: EncodedCorpus, rows: Ids, words: list[Ids], batch_tokens: int, special: SpecialIds
) -> npt.NDArray[np.float32]:
    """-log P(piece | the rest) in nats, both forms, shape [2, pieces of these speeches in the order of `rows`].

    First form: the piece alone is masked (Salazar et al. 2020, arXiv 1910.14659). Second: the rest of its word is
    masked too (Kauf & Ivanova 2023, arXiv 2305.10588); it differs where a piece is not the last of its word, and is
    computed there only. A pseudo-log-likelihood is minus the sum of a row.

    words: for each speech the number of the word that each piece belongs to. Speeches longer than the model's window
    go on in the next one, where the rest of a word that was cut is not seen.
    """
    windows = cut_windows([corpus], [rows], reader.positions)
    starts = flat_starts(windows)
    window_of = np.repeat(np.arange(len(windows)), windows.length)
    column_of = np.arange(len(window_of)) - starts[window_of]
    word = np.concatenate([*words, np.zeros(0, dtype=np.int64)])
    assert len(word) == len(window_of), "one word number a piece"
    goes_on = np.zeros(len(word), dtype=np.bool_)
    goes_on[:-1] = (word[:-1] == word[1:]) & (window_of[:-1] == window_of[1:])
    table = padded(word, windows)
    # One copy a piece, and a second one of each that its word goes on after.
    piece = np.concatenate([np.arange(len(word)), np.flatnonzero(goes_on)])
    within = np.arange(len(piece)) >= len(word)

    def masks(copies: Ids, columns: Ids) -> tuple[Flags, Flags]:
        chosen = piece[copies]
        scored = columns == column_of[chosen][:, None]
        same = table[window_of[chosen]][:, columns] == word[chosen][:, None]
        rest = same & (columns > column_of[chosen][:, None]) & within[copies][:, None]
        return scored | rest, scored

    found = np.full((2, len(word)), np.nan, dtype=np.float32)
    for answers in ask(reader, Copies(corpus, windows, window_of[piece], masks), batch_tokens, special):
        found[within[answers.copy].astype(np.int64), piece[answers.copy]] = answers.nats
    found[1] = np.where(goes_on, found[1], found[0])
    assert not np.isnan(found).any(), "a piece was not scored"
    return found
