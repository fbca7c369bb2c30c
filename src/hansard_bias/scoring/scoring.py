"""Which tokens of a speech are masked together: a pure function of (evaluation seed, speech, position)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hansard_bias.models.scorer import Ids, Question, Reader
from hansard_bias.params import ScoreConfig
from hansard_bias.randomness import UInt64, mix, stable_hashes
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows
from hansard_bias.tokens.tokenizer import SpecialIds

_FOLDS = 211


def deal_folds(seed: int, speech: UInt64, position: npt.NDArray[np.int64], folds: int) -> npt.NDArray[np.int64]:
    """The fold, 0 to folds - 1, of every position of every speech.

    speech: hashes of speech ids, shape [n]; position: pieces since the speech's beginning, shape [n, m].
    Every run of `folds` consecutive positions (from a multiple of `folds` on) is dealt one position a fold,
    in an order drawn from the hash: so each pass masks 1 / folds of a speech, however short. The model
    is no argument: scores of different models on one speech are paired (method.md section 1).
    """
    block, slot = np.divmod(position, folds)
    keys = mix(seed, _FOLDS, speech[:, None, None], block[:, :, None], np.arange(folds))
    ranks = np.argsort(np.argsort(keys, axis=-1), axis=-1)
    return np.take_along_axis(ranks, slot[:, :, None], axis=-1)[:, :, 0]


# Copies of speech windows with some pieces masked, asked in batches sorted by length.

Flags = npt.NDArray[np.bool_]
Masks = Callable[[Ids, Ids], tuple[Flags, Flags]]
"""From copies, shape [n], and columns, shape [width], to what is masked and what of it is scored, [n, width] each;
columns count the pieces of the window and may go past its end."""


@dataclass(frozen=True)
class Copies:
    """All that is asked of a model about some windows of one corpus."""

    corpus: EncodedCorpus
    windows: Windows
    window: Ids
    """Which window each copy shows, shape [copies]."""
    masks: Masks


@dataclass(frozen=True)
class Answers:
    """Surprisals of one batch, in nats, shape [scored] each."""

    copy: Ids
    column: Ids
    nats: npt.NDArray[np.float32]


def ask(reader: Reader, copies: Copies, batch_tokens: int, special: SpecialIds) -> Iterator[Answers]:
    """Ask everything, longest windows first, in batches of at most `batch_tokens` pieces with padding and ends."""
    lengths = copies.windows.length[copies.window]
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        count = max(1, batch_tokens // (int(lengths[order[begin]]) + 2))
        chosen = order[begin : begin + count]
        begin += count
        question, columns = _question(copies, chosen, special)
        yield Answers(chosen[question.rows], columns, reader.surprisals(question))


def flat_starts(windows: Windows) -> Ids:
    """Where each window begins in the flat array of all pieces of all windows."""
    return np.cumsum(windows.length) - windows.length


def padded(values: Ids, windows: Windows) -> Ids:
    """Values of all pieces of all windows, flat, as a table [windows, longest]; -1 past a window's end."""
    table = np.full((len(windows), int(windows.length.max(initial=0))), -1, dtype=np.int64)
    table[np.arange(table.shape[1]) < windows.length[:, None]] = values
    return table


def _question(copies: Copies, chosen: Ids, special: SpecialIds) -> tuple[Question, Ids]:
    """The chosen copies with their masks; and the columns of what is scored, counted without the first end."""
    shown, back = np.unique(copies.window[chosen], return_inverse=True)
    windows = copies.windows.take(shown)
    width = int(windows.length.max())
    pieces = np.full((len(windows), width), special.pad, dtype=np.int64)
    for row, (start, length) in enumerate(zip(windows.start, windows.length, strict=True)):
        pieces[row, :length] = copies.corpus.pieces[start : start + length]
    lengths, own = windows.length[back], pieces[back]
    columns = np.arange(width)
    inside = columns < lengths[:, None]
    masked, scored = copies.masks(chosen, columns)
    inputs = _with_ends(np.where(masked & inside, special.mask, own), lengths, special)
    rows, places = np.nonzero(scored & inside)
    return Question(inputs, lengths + 2, rows, places + 1, own[rows, places]), places


def _with_ends(pieces: Ids, lengths: Ids, special: SpecialIds) -> Ids:
    """Add the tokens of beginning and end to every row."""
    framed = np.pad(pieces, ((0, 0), (1, 1)), constant_values=special.pad)
    framed[:, 0] = special.cls
    np.put_along_axis(framed, lengths[:, None] + 1, special.sep, axis=1)
    return framed


# Masked-token surprisal of every piece of every test speech, each scored exactly once (method.md section 1).


def score_speeches(
    reader: Reader, corpus: EncodedCorpus, rows: Ids, config: ScoreConfig, special: SpecialIds
) -> npt.NDArray[np.float32]:
    """Surprisal in nats of every piece of the chosen speeches, one after the other in the order of `rows`.

    A speech is masked in K = config.folds copies, [MASK] only, and each piece is scored in the copy that hides it.
    Speeches longer than the model's window are scored in consecutive windows. Special tokens are never scored.
    """
    windows = cut_windows([corpus], [rows], reader.positions)
    columns = np.arange(int(windows.length.max(initial=0)))
    folds = deal_folds(config.seed, windows.speech, windows.offset[:, None] + columns, config.folds)
    window = np.repeat(np.arange(len(windows)), config.folds)
    own = np.tile(np.arange(config.folds), len(windows))

    def masks(copies: Ids, columns: Ids) -> tuple[Flags, Flags]:
        hidden = folds[window[copies]][:, columns] == own[copies][:, None]
        return hidden, hidden

    starts = flat_starts(windows)
    surprisals = np.full(int(windows.length.sum()), np.nan, dtype=np.float32)
    for answers in ask(reader, Copies(corpus, windows, window, masks), config.batch_tokens, special):
        surprisals[starts[window[answers.copy]] + answers.column] = answers.nats
    assert not np.isnan(surprisals).any(), "a piece was not scored"
    return surprisals


# Exact pseudo-log-likelihood, one piece masked at a time, and within words from left to right (method.md section 1).

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
