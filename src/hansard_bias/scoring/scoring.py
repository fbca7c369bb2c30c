"""The surprisal of every token of a speech: masked in folds, and exactly, one token at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hansard_bias.models.scorer import Ids, MaskedBatch, Scorer
from hansard_bias.params import ScoreConfig
from hansard_bias.randomness import UInt64, mix, stable_hashes
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows
from hansard_bias.tokens.tokenizer import SpecialIds

# What the folds and the sample are drawn for, so that no two draws share their numbers.
_FOLDS, _SAMPLE = 211, 223


def deal_folds(seed: int, speech: UInt64, position: Ids, folds: int) -> Ids:
    """The fold, 0 to folds - 1, of every position of every speech.

    speech: hashes of speech ids, shape [n]; position: tokens since the speech's beginning, shape [n, m].
    Every run of `folds` consecutive positions (from a multiple of `folds` on) is dealt one position a fold,
    in an order drawn from the hash: so each pass masks 1 / folds of a speech, however short. The model
    is no argument: scores of different models on one speech are paired (method.md section 1).
    """
    block, slot = np.divmod(position, folds)
    keys = mix(seed, _FOLDS, speech[:, None, None], block[:, :, None], np.arange(folds))
    ranks = np.argsort(np.argsort(keys, axis=-1), axis=-1)
    return np.take_along_axis(ranks, slot[:, :, None], axis=-1)[:, :, 0]


# Copies of speech windows with some tokens masked, scored in batches sorted by length.

Flags = npt.NDArray[np.bool_]
# From copies, shape [n], and columns, shape [width], to what is masked and what of it is scored, [n, width] each;
# columns count the tokens of the window and may go past its end.
Masks = Callable[[Ids, Ids], tuple[Flags, Flags]]


@dataclass(frozen=True)
class MaskedCopies:
    """All that a model scores about some windows of one corpus."""

    corpus: EncodedCorpus
    windows: Windows
    window: Ids
    """Which window each copy shows, shape [copies]."""
    masks: Masks


def score_copies(
    scorer: Scorer, copies: MaskedCopies, batch_tokens: int, special: SpecialIds
) -> Iterator[tuple[Ids, Ids, npt.NDArray[np.float32]]]:
    """Of each batch the copy and the column of what is scored, and its surprisal in nats, shape [scored] each.

    The longest windows come first; a batch holds at most `batch_tokens` tokens with padding and ends.
    """
    lengths = copies.windows.length[copies.window]
    # Rows of like length share a batch: little padding. The longest first: what needs most memory fails at once.
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        count = max(1, batch_tokens // (int(lengths[order[begin]]) + 2))
        chosen = order[begin : begin + count]
        begin += count
        batch, labels = _masked_batch(copies, chosen, special)
        yield chosen[batch.rows], batch.columns - 1, scorer.surprisals(batch, labels)


def _masked_batch(copies: MaskedCopies, chosen: Ids, special: SpecialIds) -> tuple[MaskedBatch, Ids]:
    """The chosen copies between their ends, with their masks, and the tokens that stood where something is scored."""
    # Copies of one window differ in their masks alone: its tokens are read once.
    shown, back = np.unique(copies.window[chosen], return_inverse=True)
    windows = copies.windows.take(shown)
    width = int(windows.length.max())
    tokens = np.full((len(windows), width), special.pad, dtype=np.int64)
    for row, (start, length) in enumerate(zip(windows.start, windows.length, strict=True)):
        tokens[row, :length] = copies.corpus.tokens[start : start + length]
    lengths, own = windows.length[back], tokens[back]
    columns = np.arange(width)
    inside = columns < lengths[:, None]
    masked, scored = copies.masks(chosen, columns)
    rows, scored_columns = np.nonzero(scored & inside)
    input_ids = np.pad(np.where(masked & inside, special.mask, own), ((0, 0), (1, 1)), constant_values=special.pad)
    input_ids[:, 0] = special.cls
    np.put_along_axis(input_ids, lengths[:, None] + 1, special.sep, axis=1)
    return MaskedBatch(input_ids, lengths + 2, rows, scored_columns + 1), own[rows, scored_columns]


# Masked-token surprisal of every token of every test speech, each scored exactly once (method.md section 1).


def score_speeches(
    scorer: Scorer, corpus: EncodedCorpus, rows: Ids, config: ScoreConfig, special: SpecialIds
) -> npt.NDArray[np.float32]:
    """Surprisal in nats of every token of the chosen speeches, one after the other in the order of `rows`.

    A speech is masked in K = config.folds copies, [MASK] only, and each token is scored in the copy that hides it.
    Speeches longer than the model's window are scored in consecutive windows. Special tokens are never scored.
    """
    windows = cut_windows([corpus], [rows], scorer.positions)
    columns = np.arange(int(windows.length.max(initial=0)))
    folds = deal_folds(config.seed, windows.speech, windows.offset[:, None] + columns, config.folds)
    window = np.repeat(np.arange(len(windows)), config.folds)
    own = np.tile(np.arange(config.folds), len(windows))

    def masks(copies: Ids, columns: Ids) -> tuple[Flags, Flags]:
        hidden = folds[window[copies]][:, columns] == own[copies][:, None]
        return hidden, hidden

    starts = np.cumsum(windows.length) - windows.length
    surprisals = np.full(int(windows.length.sum()), np.nan, dtype=np.float32)
    copies = MaskedCopies(corpus, windows, window, masks)
    for copy, column, nats in score_copies(scorer, copies, config.batch_tokens, special):
        surprisals[starts[window[copy]] + column] = nats
    assert not np.isnan(surprisals).any(), "a token was not scored"
    return surprisals


# Exact pseudo-log-likelihood, one token masked at a time, and within words from left to right (method.md section 1).


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


def token_likelihoods(
    scorer: Scorer, corpus: EncodedCorpus, rows: Ids, words: list[Ids], batch_tokens: int, special: SpecialIds
) -> npt.NDArray[np.float32]:
    """-log P(token | the rest) in nats, both forms, shape [2, tokens of these speeches in the order of `rows`].

    First form: the token alone is masked (Salazar et al. 2020, arXiv 1910.14659). Second: the rest of its word is
    masked too (Kauf & Ivanova 2023, arXiv 2305.10588); it differs where a token is not the last of its word, and is
    computed there only. A pseudo-log-likelihood is minus the sum of a row.

    words: for each speech the number of the word that each token belongs to. Speeches longer than the model's window
    go on in the next one, where the rest of a word that was cut is not seen.
    """
    windows = cut_windows([corpus], [rows], scorer.positions)
    starts = np.cumsum(windows.length) - windows.length
    window_of = np.repeat(np.arange(len(windows)), windows.length)
    column_of = np.arange(len(window_of)) - starts[window_of]
    word = np.concatenate([*words, np.zeros(0, dtype=np.int64)])
    assert len(word) == len(window_of), "one word number a token"
    goes_on = np.zeros(len(word), dtype=np.bool_)
    goes_on[:-1] = (word[:-1] == word[1:]) & (window_of[:-1] == window_of[1:])
    # The words as a table [windows, longest], -1 past a window's end.
    table = np.full((len(windows), int(windows.length.max(initial=0))), -1, dtype=np.int64)
    table[window_of, column_of] = word
    # One copy a token, and a second one of each that its word goes on after.
    token = np.concatenate([np.arange(len(word)), np.flatnonzero(goes_on)])
    within = np.arange(len(token)) >= len(word)

    def masks(copies: Ids, columns: Ids) -> tuple[Flags, Flags]:
        chosen = token[copies]
        scored = columns == column_of[chosen][:, None]
        same = table[window_of[chosen]][:, columns] == word[chosen][:, None]
        rest = same & (columns > column_of[chosen][:, None]) & within[copies][:, None]
        return scored | rest, scored

    found = np.full((2, len(word)), np.nan, dtype=np.float32)
    copies = MaskedCopies(corpus, windows, window_of[token], masks)
    for copy, _, nats in score_copies(scorer, copies, batch_tokens, special):
        found[within[copy].astype(np.int64), token[copy]] = nats
    found[1] = np.where(goes_on, found[1], found[0])
    assert not np.isnan(found).any(), "a token was not scored"
    return found
