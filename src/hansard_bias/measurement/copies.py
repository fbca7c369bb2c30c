"""Copies of speech windows with some pieces masked, asked in batches sorted by length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.encoded import EncodedCorpus, Windows
from hansard_bias.measurement.reader import Ids, Question, Reader
from hansard_bias.tokenization import SpecialIds

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
