"""What a loop feeds its model: each epoch's order, and windows as micro-batches on the device."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from hansard_bias.training.batches import Batch, MaskedText, micro_batches
from hansard_bias.training.packing import Packed, choose_way, grain_of, to_device


class Feed:
    """Batches for one device and precision, in the way of attention that is fastest there."""

    def __init__(self, device: torch.device, precision: str) -> None:
        self.device, self.way = device, choose_way(device, precision)
        self._order = (-1, np.zeros(0, dtype=np.int64))

    def order(self, text: MaskedText, epoch: int) -> npt.NDArray[np.int64]:
        """The epoch's order of all windows, shape [windows]; kept until the next epoch asks."""
        if self._order[0] != epoch:
            self._order = (epoch, text.epoch_order(epoch))
        return self._order[1]

    def micro_batches(
        self, text: MaskedText, rows: npt.NDArray[np.int64], epoch: int, tokens: int, least: int = 1
    ) -> Iterator[Batch]:
        """These windows in micro-batches of at most `tokens` tokens each, at least `least` of them."""
        for part in micro_batches(text.windows.length[rows], tokens, least):
            yield text.batch(rows[part], epoch, grain_of(self.way))

    def on_device(self, batch: Batch) -> Packed:
        """The batch as tensors, with the plan for its attention."""
        return to_device(batch, self.device, self.way)
