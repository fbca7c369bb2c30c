"""The comparison beside bias.json: the matrix in its two other forms, and the same numbers by slices of the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.records import Cell, ModelRecord, SliceRow
from hansard_bias.analysis.speeches import KINDS
from hansard_bias.statistics.design import StrArray
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.study import measure_slice

# Kinds of slices with many values: only those with most text are reported.
CAPPED = ("topic", "speaker")


def perplexity_matrix(models: Mapping[str, ModelRecord], companions: Mapping[str, ModelRecord]) -> dict[str, Any]:
    """The content of bias_matrix.json: only the perplexities, row by column; the companions' under a key of their own.

    Three decimals, as `dvc metrics diff` then prints them; bias.json and cells.json hold the full numbers.
    """
    return {**_perplexities(models), "companion": _perplexities(companions)}


def _perplexities(models: Mapping[str, ModelRecord]) -> dict[str, dict[str, float]]:
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
    return (None, None, None) if interval is None else (interval.value, interval.low, interval.high)


def slice_rows(data: StudyData) -> Iterator[SliceRow]:
    """One row a year, topic, role or speaker and model; bounds are None in slices of too few sittings."""
    bias = data.config.bias
    for corpus, losses in data.losses.items():
        for text, allowed in data.facts[corpus].texts.items():
            for kind in KINDS:
                values = data.facts[corpus].values[kind]
                most = bias.slices if kind in CAPPED else 0
                for value in largest(values[allowed], losses.tokens[allowed], most):
                    chosen = allowed & (values == value)
                    sums = losses.sums(chosen)
                    sizes = int(chosen.sum()), len(set(sums.sittings)), int(sums.tokens.sum())
                    measured = measure_slice(sums, corpus, data.design, bias.slice_sittings)
                    for row, (perplexity, excess) in measured.items():
                        yield SliceRow(text, corpus, kind, value, row, *sizes, *_bounds(perplexity), *_bounds(excess))


def largest(values: StrArray, tokens: FloatArray, most: int) -> list[str]:
    """The known values: by name, or the `most` with the most tokens by size; those without a token are none."""
    names, codes = np.unique(values, return_inverse=True)
    sizes = np.bincount(codes, weights=tokens, minlength=len(names))
    kept = [(name, size) for name, size in zip(names.tolist(), sizes.tolist(), strict=True) if name and size > 0]
    if most:
        # Equal sizes by name: which of them is shown may not depend on their order in the text.
        kept = sorted(kept, key=lambda item: (-item[1], item[0]))[:most]
    return [name for name, _ in kept]
