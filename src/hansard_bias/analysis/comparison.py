"""How every model reads every text: the matrix and its tests, slices of the text, exact likelihoods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hansard_bias.analysis.inputs import KINDS, Facts, Losses
from hansard_bias.analysis.records import Cell, LikelihoodRecord, ModelRecord, SliceRow
from hansard_bias.base.files import LIKELIHOODS, require_path, run_name
from hansard_bias.params import Config
from hansard_bias.scoring.tables import FORMS, SAMPLE_KEY, TEXTS_KEY, TOKENIZER_KEY, read_likelihood_sums
from hansard_bias.statistics.design import CorpusSums, Design, StrArray
from hansard_bias.statistics.intervals import FloatArray, Interval, percentile_interval
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.resampling import generator, resampled_sums
from hansard_bias.statistics.study import measure_slice


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
    # Nats are averaged before the exponent, in columns of several corpora too: exp of a mean, not a mean of exps.
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
    # A matrix with a hole would look like a result: the reason takes its place.
    empty = [corpus for corpus, each in facts.items() if not losses[corpus].tokens[~each.sharing].any()]
    if empty:
        return {"left_out": left_out, "reason": f"every test speech of {empty[0]} shares 13 words with training text"}
    # The design stays that of the whole study: only the text is another.
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
        for text, allowed in facts[corpus].texts.items():
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


# Exact pseudo-log-likelihoods of the sampled test speeches, per model and corpus, from the likelihood tables.

IN_COMMON = {SAMPLE_KEY: "sample", TOKENIZER_KEY: "tokenizer", TEXTS_KEY: "test speeches"}
"""What all runs must have in common, in words."""


def likelihood_findings(config: Config, root: Path) -> dict[str, dict[str, LikelihoodRecord]]:
    """Row of the matrix -> `on_<corpus>` -> likelihoods; empty where none were asked for.

    Sums over the sampled speeches by their tokens, in nats per token, 0 or less, the mean over seeds; intervals
    resample sittings alone (no bounds where there is one).

    Raises ValueError for tables of different samples, tokenizers or speeches.
    """
    if not config.score.likelihood_speeches:
        return {}
    seeds = config.train.seeds
    tables = {model: [_read_likelihoods(config, root, model, seed) for seed in seeds] for model in config.models}
    _require_one_sample(tables, config)
    return {
        config.row_key(model): {
            f"on_{corpus}": _likelihoods_of(corpus, [table for table, _ in runs], config) for corpus in config.corpora
        }
        for model, runs in tables.items()
    }


def _read_likelihoods(config: Config, root: Path, model: str, seed: int) -> tuple[pd.DataFrame, dict[bytes, bytes]]:
    name = run_name(model, seed)
    table, fingerprint = read_likelihood_sums(require_path(root / LIKELIHOODS / f"{name}.parquet", f"score@{name}"))
    return table.to_pandas(), fingerprint


def _require_one_sample(tables: dict[str, list[tuple[pd.DataFrame, dict[bytes, bytes]]]], config: Config) -> None:
    """Raise ValueError where a run differs from the first in what all must share."""
    _, first = next(iter(tables.values()))[0]
    for model, runs in tables.items():
        for seed, (_, fingerprint) in zip(config.train.seeds, runs, strict=True):
            for key, words in IN_COMMON.items():
                if key not in fingerprint or fingerprint[key] != first.get(key):
                    name = run_name(model, seed)
                    raise ValueError(
                        f"{LIKELIHOODS / name}.parquet: other {words} than the first model's; "
                        f"run `dvc repro score@{name}`"
                    )


def _likelihoods_of(corpus: str, runs: list[pd.DataFrame], config: Config) -> LikelihoodRecord:
    """One model on one corpus."""
    parts = [run[run["corpus"] == corpus] for run in runs]
    tokens = parts[0]["tokens"].to_numpy(dtype=np.float64)
    found = {}
    for form in FORMS:
        nats = np.mean([part[form].to_numpy(dtype=np.float64) for part in parts], axis=0)
        # The same sittings for every model and form.
        rng = generator(config.bias.seed, "likelihoods", corpus)
        drawn = _drawn(np.array([nats, tokens]), config.bias.draws, rng)
        found[form] = percentile_interval(drawn, config.bias.confidence)
    return LikelihoodRecord(int(parts[0]["speeches"].sum()), int(tokens.sum()), **found)


def _drawn(sums: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Nats per token, the estimate first, then draws of sittings; sums: nats and tokens by sitting, shape [2, n]."""
    observed = sums.sum(axis=1)
    if sums.shape[1] < 2:
        return np.concatenate([[observed[0] / observed[1]], np.full(draws, np.nan)])
    both = np.vstack([observed, resampled_sums(sums, draws, rng)])
    return np.asarray(both[:, 0] / both[:, 1])
