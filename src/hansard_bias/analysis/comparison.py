"""The matrix and its tests, on all test text and on that which shares no run of 13 words with training text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hansard_bias.analysis.losses import KINDS, Facts, Losses
from hansard_bias.analysis.records import Cell, ModelRecord, SliceRow
from hansard_bias.params import Config
from hansard_bias.statistics.design import CorpusSums, Design, StrArray
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.study import measure_slice

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


def perplexity_matrix(models: Mapping[str, ModelRecord]) -> dict[str, dict[str, float]]:
    """The content of bias_matrix.json: only the perplexities, row by column.

    Three decimals, as `dvc metrics diff` then prints them; bias.json and cells.json hold the full numbers.
    """
    return {
        row: {column: round(interval.value, 3) for column, interval in numbers.perplexity.items()}
        for row, numbers in models.items()
    }


def cells(models: Mapping[str, ModelRecord]) -> list[Cell]:
    """The content of cells.json: the matrix in long form."""
    return [
        Cell(
            row,
            column.removeprefix("on_"),
            *_bounds(perplexity),
            numbers.bits_per_byte[column].value,
            *_bounds(numbers.excess_nats.get(column)),
        )
        for row, numbers in models.items()
        for column, perplexity in numbers.perplexity.items()
    ]


def _bounds(interval: Interval | None) -> tuple[Any, Any, Any]:
    """Value, low and high; nothing where there is no number."""
    return (None, None, None) if interval is None else (interval.value, interval.low, interval.high)


# The comparison by year, topic, role and speaker, from the same scores.

CAPPED = ("topic", "speaker")
"""Kinds with many values: only those with most text are reported."""


def slice_rows(config: Config, losses: Mapping[str, Losses], facts: Mapping[str, Facts]) -> Iterator[SliceRow]:
    """One row a slice and model; bounds are None in slices of too few sittings."""
    design = comparison_design(config)
    for corpus, each in losses.items():
        for text, allowed in zip(TEXTS, (np.ones(len(each), dtype=bool), ~facts[corpus].sharing), strict=True):
            for kind in KINDS:
                values = facts[corpus].values[kind]
                most = config.bias.slices if kind in CAPPED else 0
                for value in largest(values[allowed], each.tokens[allowed], most):
                    chosen = allowed & (values == value)
                    sums = each.sums(chosen)
                    sizes = int(chosen.sum()), len(sums.sittings), int(sums.tokens.sum())
                    for row, numbers in measure_slice(sums, corpus, design, config.bias.slice_sittings).items():
                        found = *_bounds(numbers.perplexity), *_bounds(numbers.excess_nats)
                        yield SliceRow(text, corpus, kind, value, row, *sizes, *found)


def largest(values: StrArray, tokens: FloatArray, most: int) -> list[str]:
    """The known values: by name, or the `most` with the most tokens by size; those without a token are none."""
    names, codes = np.unique(values, return_inverse=True)
    sizes = np.bincount(codes, weights=tokens, minlength=len(names))
    kept = [(name, size) for name, size in zip(names.tolist(), sizes.tolist(), strict=True) if name and size > 0]
    if most:
        # Equal sizes by name: which of them is shown may not depend on their order in the text.
        kept = sorted(kept, key=lambda item: (-item[1], item[0]))[:most]
    return [name for name, _ in kept]
