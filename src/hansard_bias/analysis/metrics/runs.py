"""The matrix looked at again: the perplexity of every single run, and all of it on text that no training shares."""

from __future__ import annotations

import numpy as np

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.records import LeftOut, WithoutShared
from hansard_bias.statistics.matrix import measure


@metric("runs", dict[str, dict[str, dict[str, float]]])
def run_perplexities(data: StudyData) -> dict[str, dict[str, dict[str, float]]]:
    """The perplexity of every single run on every column, by row, seed and column."""
    config = data.config
    # Nats are averaged before the exponent, in columns of several corpora too: exp of a mean, not a mean of exps.
    losses = {corpus: part.nats.sum(axis=-1) / part.tokens.sum() for corpus, part in data.sums.items()}
    return {
        config.row_key(model): {
            str(seed): {
                f"on_{column}": float(np.exp(sum(share * losses[corpus][row, run] for corpus, share in shares.items())))
                for column, shares in config.columns().items()
            }
            for run, seed in enumerate(config.train.seeds)
        }
        for row, model in enumerate(config.models)
    }


@metric("without_shared_13grams", WithoutShared)
def without_shared(data: StudyData) -> WithoutShared:
    """What was left out, and the same numbers without it; a reason in their place where a corpus has nothing left."""
    sharing = {corpus: facts.sharing for corpus, facts in data.facts.items()}
    tokens = {corpus: losses.tokens for corpus, losses in data.losses.items()}
    left_out = {
        corpus: LeftOut(int(shared.sum()), len(shared), float(tokens[corpus][shared].sum() / tokens[corpus].sum()))
        for corpus, shared in sharing.items()
    }
    # A matrix with a hole would look like a result: the reason takes its place.
    empty = [corpus for corpus, shared in sharing.items() if not tokens[corpus][~shared].any()]
    if empty:
        return WithoutShared(left_out, f"every test speech of {empty[0]} shares 13 words with training text")
    # The design stays that of the whole study: only the text is another.
    sums = {corpus: losses.sums(~sharing[corpus]) for corpus, losses in data.losses.items()}
    return WithoutShared(left_out, **vars(measure(sums, data.design)))
