"""The matrix and its tests, on all test text and on that which shares no run of 13 words with training text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hansard_bias.config import Config
from hansard_bias.findings.losses import Losses
from hansard_bias.findings.speeches import Facts
from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.matrix import measure

TEXTS = ("all", "without_shared")
"""The test text looked at: all of it, or without the speeches that share 13 words in a row with training text."""


def comparison_design(config: Config) -> Design:
    """Rows, columns and own models as the statistics name them."""
    own = {corpus: config.own_model(corpus) for corpus in config.corpora}
    return Design(
        models=tuple(config.row_key(model) for model in config.models),
        columns=config.columns(),
        own={corpus: config.row_key(model) for corpus, model in own.items() if model is not None},
        mixtures={config.row_key(name): model.mixture for name, model in config.models.items()},
        draws=config.bias.draws,
        confidence=config.bias.confidence,
        seed=config.bias.seed,
    )


def compare(config: Config, losses: Mapping[str, Losses], facts: Mapping[str, Facts]) -> dict[str, Any]:
    """`models`, `tests` and `uncertainty` of bias.json, the perplexity of every run, and all of it on unshared text."""
    sums = {corpus: each.sums() for corpus, each in losses.items()}
    study = measure(sums, comparison_design(config))
    return study | {"runs": run_perplexities(config, sums), "without_shared_13grams": _unshared(config, losses, facts)}


def run_perplexities(config: Config, sums: Mapping[str, CorpusSums]) -> dict[str, dict[str, dict[str, float]]]:
    """The perplexity of every single run on every column, by row, seed and column."""
    losses = {corpus: part.nats.sum(axis=-1) / part.tokens.sum() for corpus, part in sums.items()}
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


def _unshared(config: Config, losses: Mapping[str, Losses], facts: Mapping[str, Facts]) -> dict[str, Any]:
    """What was left out, and the same numbers without it; a reason in their place where a corpus has nothing left."""
    left_out = {
        corpus: {
            "speeches": int(each.sharing.sum()),
            "of_speeches": len(each.sharing),
            "share_of_tokens": float(losses[corpus].tokens[each.sharing].sum() / losses[corpus].tokens.sum()),
        }
        for corpus, each in facts.items()
    }
    empty = [corpus for corpus, each in facts.items() if not losses[corpus].tokens[~each.sharing].any()]
    if empty:
        return {"left_out": left_out, "reason": f"every test speech of {empty[0]} shares 13 words with training text"}
    sums = {corpus: each.sums(~facts[corpus].sharing) for corpus, each in losses.items()}
    study = measure(sums, comparison_design(config))
    return {"left_out": left_out, **study}
