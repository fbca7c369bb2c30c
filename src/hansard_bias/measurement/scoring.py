"""Masked-token surprisal of every piece of every test speech, each scored exactly once (METHOD section 1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hansard_bias.config import ScoreConfig
from hansard_bias.encoded import EncodedCorpus, cut_windows
from hansard_bias.measurement.copies import Copies, Flags, ask, flat_starts
from hansard_bias.measurement.folds import deal_folds
from hansard_bias.measurement.reader import Ids, Reader
from hansard_bias.tokenization import SpecialIds


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
