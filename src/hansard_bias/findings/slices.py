"""The comparison by year, topic, role and speaker, from the same scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hansard_bias.config import Config
from hansard_bias.findings.comparison import TEXTS, comparison_design
from hansard_bias.findings.losses import Flags, Losses
from hansard_bias.findings.speeches import KINDS, Facts
from hansard_bias.statistics.design import Design, StrArray
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.slices import measure_slice

CAPPED = ("topic", "speaker")
"""Kinds with many values: only those with most text are reported."""
NUMBERS = ("perplexity", "excess_nats")
COLUMNS = (
    *("text", "corpus", "slice", "value", "model", "speeches", "sittings", "tokens"),
    *(name + bound for name in NUMBERS for bound in ("", "_low", "_high")),
)


def slice_records(config: Config, losses: Mapping[str, Losses], facts: Mapping[str, Facts]) -> Iterator[dict[str, Any]]:
    """One record a slice and model, with the keys of COLUMNS; bounds are None in slices of too few sittings."""
    design = comparison_design(config)
    for corpus, each in losses.items():
        for text, allowed in zip(TEXTS, (np.ones(len(each), dtype=bool), ~facts[corpus].sharing), strict=True):
            for kind in KINDS:
                values = facts[corpus].values[kind]
                most = config.bias.slices if kind in CAPPED else 0
                for value in largest(values[allowed], each.tokens[allowed], most):
                    head = {"text": text, "corpus": corpus, "slice": kind, "value": value}
                    yield from _slice(head, each, allowed & (values == value), design, config.bias.slice_sittings)


def largest(values: StrArray, tokens: FloatArray, most: int) -> list[str]:
    """The known values: by name, or the `most` with the most tokens by size; those without a token are none."""
    names, codes = np.unique(values, return_inverse=True)
    sizes = np.bincount(codes, weights=tokens, minlength=len(names))
    kept = [(name, size) for name, size in zip(names.tolist(), sizes.tolist(), strict=True) if name and size > 0]
    if most:
        kept = sorted(kept, key=lambda item: (-item[1], item[0]))[:most]
    return [name for name, _ in kept]


def _slice(head: dict[str, Any], losses: Losses, chosen: Flags, design: Design, least: int) -> Iterator[dict[str, Any]]:
    """The records of one slice."""
    sums = losses.sums(chosen)
    sizes = {"speeches": int(chosen.sum()), "sittings": len(sums.sittings), "tokens": int(sums.tokens.sum())}
    for row, numbers in measure_slice(sums, head["corpus"], design, least).items():
        found = _cells("perplexity", numbers.perplexity) | _cells("excess_nats", numbers.excess_nats)
        yield {**head, "model": row, **sizes, **found}


def _cells(name: str, interval: Interval | None) -> dict[str, float | None]:
    """A number and its bounds as three columns."""
    value, low, high = (None, None, None) if interval is None else (interval.value, interval.low, interval.high)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
