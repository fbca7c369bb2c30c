"""What a model reads in each update: order and masks as pure functions of (seed, epoch, speech, position)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hansard_bias.encoded import EncodedCorpus, Windows
from hansard_bias.randomness import mix, uniform
from hansard_bias.tokenization import SpecialIds

# Streams of random numbers that must not meet.
_ORDER, _MASKED, _KIND, _REPLACEMENT = range(4)


@dataclass(frozen=True)
class Batch:
    """One padded micro-batch.

    inputs, attention: shape [rows, columns]. positions: shape [masked], into the flattened rows x columns.
    labels: shape [masked], the pieces that stood there.
    """

    inputs: npt.NDArray[np.int64]
    attention: npt.NDArray[np.bool_]
    positions: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    pieces: int
    """Real word pieces, special tokens and padding not counted."""

    @property
    def is_padded(self) -> bool:
        """Whether some row is shorter than the longest."""
        return not bool(self.attention.all())


@dataclass(frozen=True)
class MaskedText:
    """Windows of one or more encoded corpora, and the rule by which they are masked."""

    corpora: list[EncodedCorpus]
    windows: Windows
    seed: int
    mask_rate: float
    vocab_size: int
    special: SpecialIds

    @cached_property
    def ordinary(self) -> npt.NDArray[np.int64]:
        """Ids of all pieces that are no special tokens, in their order."""
        return self.special.ordinary(self.vocab_size)

    def epoch_order(self, epoch: int) -> npt.NDArray[np.int64]:
        """All windows, shuffled for this epoch, shape [windows]."""
        return np.argsort(mix(self.seed, _ORDER, epoch, self.windows.speech, self.windows.offset), kind="stable")

    def batch(self, rows: npt.NDArray[np.int64], epoch: int) -> Batch:
        """Pad, mask and label the windows at these positions for this epoch."""
        windows = self.windows.take(rows)
        inputs, attention, offsets = self._pad(windows)
        labels = inputs.copy()
        maskable = attention & (inputs != self.special.cls) & (inputs != self.special.sep)
        place = (windows.speech[:, None], offsets)
        masked = maskable & (uniform(self.seed, _MASKED, epoch, *place) < self.mask_rate)
        kind = uniform(self.seed, _KIND, epoch, *place)
        replacement = self.ordinary[mix(self.seed, _REPLACEMENT, epoch, *place) % np.uint64(len(self.ordinary))]
        # Devlin et al. 2019: of the masked, 80 % become [MASK], 10 % another piece, 10 % stay.
        inputs = np.where(masked & (kind < 0.8), self.special.mask, inputs)
        inputs = np.where(masked & (kind >= 0.8) & (kind < 0.9), replacement, inputs)
        positions = np.flatnonzero(masked)
        return Batch(inputs, attention, positions, labels.ravel()[positions], int(windows.length.sum()))

    def _pad(self, windows: Windows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Rows [CLS] pieces [SEP] [PAD]..., their attention, and each column's position in its speech."""
        width = int(windows.length.max()) + 2
        columns = np.arange(width)
        length = windows.length[:, None]
        inputs = np.full((len(windows), width), self.special.pad, dtype=np.int64)
        inputs[:, 0] = self.special.cls
        for row, (corpus, start, size) in enumerate(zip(windows.corpus, windows.start, windows.length, strict=True)):
            inputs[row, 1 : size + 1] = self.corpora[corpus].pieces[start : start + size]
        np.put_along_axis(inputs, length + 1, self.special.sep, axis=1)
        return inputs, columns < length + 2, windows.offset[:, None] + columns - 1


def update_rows(order: npt.NDArray[np.int64], updates: int, update: int) -> npt.NDArray[np.int64]:
    """The windows of one update of an epoch: the order cut into `updates` parts that differ by one window at most."""
    bounds = np.linspace(0, len(order), updates + 1).round().astype(np.int64)
    return order[bounds[update] : bounds[update + 1]]


def length_buckets(
    lengths: npt.NDArray[np.int64], budget: int, least: int = 1, overhead: int = 1024
) -> Iterator[npt.NDArray[np.int64]]:
    """Deal rows into micro-batches of similar length, longest first.

    budget: the most padded tokens of one micro-batch. least: at least this many micro-batches, as
    far as there are rows. overhead: what one more micro-batch costs, in tokens; a micro-batch is cut where that
    saves the most padding, if it saves more than this.
    """
    rows = np.argsort(-lengths, kind="stable")
    widths = lengths[rows] + 2
    most_rows = -(-len(rows) // least)
    start = 0
    while start < len(rows):
        stop = min(start + most_rows, start + max(1, budget // int(widths[start])), len(rows))
        inside = np.arange(start, stop)
        saved = (stop - inside) * (widths[start] - widths[inside])
        if saved.max() > overhead:
            stop = start + int(saved.argmax())
        yield rows[start:stop]
        start = stop
