"""What a model reads in each update: order and masks as pure functions of (seed, epoch, speech, position)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hansard_bias.randomness import mix, uniform
from hansard_bias.tokens.encoded import EncodedCorpus, Windows
from hansard_bias.tokens.tokenizer import SpecialIds

Integers = npt.NDArray[np.int64]

# Streams of random numbers that must not meet.
_ORDER, _MASKED, _KIND, _REPLACEMENT = range(4)


@dataclass(frozen=True)
class PaddingPolicy:
    """How coarse the shapes of a batch are: where every new shape costs, few different ones are faster."""

    width: int
    """Windows are as wide as the longest of their bucket, rounded up to a multiple of this."""
    bucket: int
    """A bucket is cut in two where that saves more tokens of padding than this."""
    total: int
    """The whole is filled up to a multiple of this."""


NO_PADDING = PaddingPolicy(width=1, bucket=0, total=1)
"""No padding at all."""


@dataclass(frozen=True)
class Bucket:
    """Windows of one width, one after the other in the flat sequence."""

    start: int
    windows: int
    width: int


@dataclass(frozen=True)
class Batch:
    """Windows packed into one flat sequence: [CLS] text [SEP] and a little padding each, the longest first."""

    input_ids: Integers
    """(tokens,)"""
    position_ids: Integers
    """(tokens,): position in the window, from 0; 0 for padding."""
    lengths: Integers
    """(windows,): tokens of each window with [CLS] and [SEP], without padding."""
    buckets: list[Bucket]
    """What lies behind the last one fills the sequence up and belongs to nobody."""
    masked_positions: Integers
    """(masked,): which tokens are to be predicted."""
    labels: Integers
    """(masked,): the tokens that stood there."""
    real_tokens: int
    """Those of the text, special tokens and padding not counted."""


@dataclass(frozen=True)
class MaskedText:
    """Windows of one or more encoded corpora, and the rule by which they are masked."""

    corpora: list[EncodedCorpus]
    windows: Windows
    seed: int
    mask_rate: float
    vocab_size: int
    special: SpecialIds
    mask_token_share: float = 0.8
    """Of the tokens that are asked for, the share that is shown as [MASK]."""

    @cached_property
    def ordinary(self) -> npt.NDArray[np.int64]:
        """Ids of all tokens that are no special ones, in their order."""
        return self.special.ordinary(self.vocab_size)

    def token_counts(self) -> Integers:
        """How often each token stands in the windows, shape [vocab_size]."""
        counts = np.zeros(self.vocab_size, dtype=np.int64)
        windows = self.windows
        for corpus, start, length in zip(windows.corpus, windows.start, windows.length, strict=True):
            # In place: a bincount of every window would be as long as the vocabulary.
            np.add.at(counts, self.corpora[corpus].tokens[start : start + length], 1)
        return counts

    def epoch_order(self, epoch: int) -> Integers:
        """All windows, shuffled for this epoch, shape [windows]."""
        return np.argsort(mix(self.seed, _ORDER, epoch, self.windows.speech, self.windows.offset), kind="stable")

    def batch(self, rows: Integers, epoch: int, policy: PaddingPolicy = NO_PADDING) -> Batch:
        """Pack, mask and label the windows at these positions for this epoch."""
        # The longest first: windows of like length lie side by side, where a bucket's padding is least.
        windows = self.windows.take(rows[np.argsort(-self.windows.length[rows], kind="stable")])
        lengths = windows.length + 2
        buckets = cut_buckets(lengths, policy)
        widths = np.repeat([bucket.width for bucket in buckets], [bucket.windows for bucket in buckets])
        owner = np.repeat(np.arange(len(windows)), widths)
        column = np.arange(len(owner)) - np.repeat(np.cumsum(widths) - widths, widths)
        tokens = self._read(windows, owner, column)
        shown, masked = self._mask(tokens, windows.speech[owner], windows.offset[owner] + column - 1, epoch)
        fill = (0, -len(shown) % policy.total)
        return Batch(
            np.pad(shown, fill, constant_values=self.special.pad),
            np.pad(np.where(column < lengths[owner], column, 0), fill),
            lengths,
            buckets,
            masked,
            tokens[masked],
            int(windows.length.sum()),
        )

    def _read(self, windows: Windows, owner: Integers, column: Integers) -> Integers:
        """The tokens of the flat sequence, unmasked."""
        tokens = np.full(len(owner), self.special.pad, dtype=np.int64)
        length = windows.length[owner]
        tokens[column == 0] = self.special.cls
        tokens[column == length + 1] = self.special.sep
        inside = (column > 0) & (column <= length)
        source = windows.start[owner] + column - 1
        for number, corpus in enumerate(self.corpora):
            own = inside & (windows.corpus[owner] == number)
            tokens[own] = corpus.tokens[source[own]]
        return tokens

    def _mask(
        self, tokens: Integers, speech: npt.NDArray[np.uint64], offset: Integers, epoch: int
    ) -> tuple[Integers, Integers]:
        """What the model sees, and where it is asked."""
        # Each draw is a hash of what it is for: how windows share batches, or processes, changes no mask.
        maskable = ~np.isin(tokens, (self.special.cls, self.special.sep, self.special.pad))
        positions = np.flatnonzero(maskable & (uniform(self.seed, _MASKED, epoch, speech, offset) < self.mask_rate))
        place = (speech[positions], offset[positions])
        kind = uniform(self.seed, _KIND, epoch, *place)
        replacement = self.ordinary[mix(self.seed, _REPLACEMENT, epoch, *place) % np.uint64(len(self.ordinary))]
        # Of the others half become another token, half stay: 80, 10 and 10 % in Devlin et al. 2019.
        hidden = self.mask_token_share
        others = np.where(kind < (1 + hidden) / 2, replacement, tokens[positions])
        shown = tokens.copy()
        shown[positions] = np.where(kind < hidden, self.special.mask, others)
        return shown, positions


def cut_buckets(lengths: Integers, policy: PaddingPolicy) -> list[Bucket]:
    """Cut windows, the longest first, into buckets of one width each."""
    buckets, first, start = [], 0, 0
    while first < len(lengths):
        after = len(lengths)
        while (cut := _best_cut(lengths[first:after], policy)) > 0:
            after = first + cut
        width = -(-int(lengths[first]) // policy.width) * policy.width
        buckets.append(Bucket(start, after - first, width))
        start += width * (after - first)
        first = after
    return buckets


def _best_cut(lengths: Integers, policy: PaddingPolicy) -> int:
    """How many windows to keep together so that the least padding is left; 0 where a cut saves too little."""
    saved = (len(lengths) - np.arange(len(lengths))) * (lengths[0] - lengths)
    best = int(saved.argmax())
    return best if saved[best] > policy.bucket else 0


def update_rows(order: Integers, updates: int, update: int) -> Integers:
    """The windows of one update of an epoch: the order cut into `updates` parts that differ by one window at most."""
    # Not slices of a fixed size: the last update of an epoch would be a small one with a loud gradient.
    bounds = np.linspace(0, len(order), updates + 1).round().astype(np.int64)
    return order[bounds[update] : bounds[update + 1]]


def micro_batches(lengths: Integers, budget: int, least: int = 1) -> Iterator[Integers]:
    """Deal rows into micro-batches, windows of similar length together.

    budget: the most tokens of one micro-batch, unless it is a single window. least: at least this many, as far as
    there are rows.
    """
    rows = np.argsort(-lengths, kind="stable")
    tokens = np.cumsum(lengths[rows] + 2)
    # Even parts: `least` micro-batches of which the last holds one window would gain nothing.
    limit = min(budget, -(-int(tokens[-1]) // least))
    first = number = 0
    while first < len(rows):
        spent = int(tokens[first - 1]) if first else 0
        fitting = int(np.searchsorted(tokens, spent + limit, side="right"))
        number += 1
        after = max(first + 1, min(fitting, len(rows) - max(0, least - number)))
        yield rows[first:after]
        first = after
