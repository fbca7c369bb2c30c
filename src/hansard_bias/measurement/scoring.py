"""Masked-token surprisal of every piece of every test speech, each scored exactly once (METHOD section 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hansard_bias.config import ScoreConfig
from hansard_bias.encoded import EncodedCorpus, Windows, cut_windows
from hansard_bias.masked_lm import masked_surprisals
from hansard_bias.measurement.folds import deal_folds
from hansard_bias.tokenization import SpecialIds

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Pass:
    """One forward pass: window by fold pairs, padded."""

    inputs: npt.NDArray[np.int64]
    attention: npt.NDArray[np.bool_]
    masked: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    """Where each masked piece stands in the flat array of surprisals."""


def score_speeches(
    model: Any, corpus: EncodedCorpus, rows: Rows, config: ScoreConfig, positions: int, special: SpecialIds
) -> list[npt.NDArray[np.float32]]:
    """Surprisal in nats of every piece of the chosen speeches, one array a speech in the order of `rows`.

    A speech is masked in K = config.folds passes, [MASK] only, and each piece is scored in the pass that hides it.
    Speeches longer than the model's window are scored in consecutive windows. Special tokens are never scored.
    """
    windows = cut_windows([corpus], [rows], positions)
    window_start = np.cumsum(windows.length) - windows.length
    surprisals = np.full(int(windows.length.sum()), np.nan, dtype=np.float32)
    model.eval()
    with torch.inference_mode():
        for part in _passes(corpus, windows, window_start, config, special):
            surprisals[part.place] = _ask(model, part)
    assert not np.isnan(surprisals).any(), "a piece was not scored"
    bounds = np.cumsum(corpus.lengths[rows])[:-1]
    return np.split(surprisals, bounds)


def _passes(
    corpus: EncodedCorpus, windows: Windows, starts: Rows, config: ScoreConfig, special: SpecialIds
) -> Iterator[_Pass]:
    """All window by fold pairs, longest windows first, in passes of at most `batch_tokens` padded tokens."""
    order = np.argsort(-windows.length, kind="stable")
    begin = 0
    while begin < len(order):
        width = int(windows.length[order[begin]]) + 2
        count = max(1, config.batch_tokens // (width * config.folds))
        rows = order[begin : begin + count]
        yield _build_pass(corpus, windows.take(rows), starts[rows], config, special)
        begin += count


def _build_pass(
    corpus: EncodedCorpus, windows: Windows, starts: Rows, config: ScoreConfig, special: SpecialIds
) -> _Pass:
    """The same windows once per fold, each with its fold's pieces masked."""
    width = int(windows.length.max())
    columns = np.arange(width)
    inside = columns < windows.length[:, None]
    pieces = np.full((len(windows), width), special.pad, dtype=np.int64)
    for row, (start, length) in enumerate(zip(windows.start, windows.length, strict=True)):
        pieces[row, :length] = corpus.pieces[start : start + length]
    fold = deal_folds(config.seed, windows.speech, windows.offset[:, None] + columns, config.folds)
    masked = inside & (fold == np.arange(config.folds)[:, None, None])
    place = np.broadcast_to(starts[:, None] + columns, masked.shape)
    labels = np.broadcast_to(pieces, masked.shape)
    shown = np.where(masked, special.mask, pieces).reshape(-1, width)
    inputs = _with_ends(shown, np.tile(windows.length, config.folds), special)
    attention = np.arange(width + 2) < np.tile(windows.length, config.folds)[:, None] + 2
    hidden = np.pad(masked.reshape(-1, width), ((0, 0), (1, 1)))
    return _Pass(inputs, attention, hidden, labels[masked], place[masked])


def _with_ends(pieces: npt.NDArray[np.int64], lengths: Rows, special: SpecialIds) -> npt.NDArray[np.int64]:
    """Add the tokens of beginning and end to every row."""
    framed = np.pad(pieces, ((0, 0), (1, 1)), constant_values=special.pad)
    framed[:, 0] = special.cls
    np.put_along_axis(framed, lengths[:, None] + 1, special.sep, axis=1)
    return framed


def _ask(model: Any, part: _Pass) -> npt.NDArray[np.float32]:
    device = next(model.parameters()).device
    attention = None if part.attention.all() else torch.from_numpy(part.attention).to(device)
    inputs = torch.from_numpy(part.inputs).to(device)
    positions = torch.from_numpy(np.flatnonzero(part.masked)).to(device)
    nats = masked_surprisals(model, inputs, attention, positions, torch.from_numpy(part.labels).to(device))
    scores: npt.NDArray[np.float32] = nats.cpu().numpy()
    return scores
