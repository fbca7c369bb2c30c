"""Which tokens of a speech are masked together: a pure function of (evaluation seed, speech, position)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hansard_bias.randomness import UInt64, mix

_FOLDS = 211


def deal_folds(seed: int, speech: UInt64, position: npt.NDArray[np.int64], folds: int) -> npt.NDArray[np.int64]:
    """The fold, 0 to folds - 1, of every position of every speech.

    speech: hashes of speech ids, shape [n]; position: pieces since the speech's beginning, shape [n, m].
    Every run of `folds` consecutive positions (from a multiple of `folds` on) is dealt one position a fold,
    in an order drawn from the hash: so each pass masks 1 / folds of a speech, however short. The model
    is no argument: scores of different models on one speech are paired (METHOD section 1).
    """
    block, slot = np.divmod(position, folds)
    keys = mix(seed, _FOLDS, speech[:, None, None], block[:, :, None], np.arange(folds))
    ranks = np.argsort(np.argsort(keys, axis=-1), axis=-1)
    return np.take_along_axis(ranks, slot[:, :, None], axis=-1)[:, :, 0]
