"""Exact pseudo-log-likelihoods of the sampled test speeches, per model and corpus, from the likelihood tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hansard_bias.base.files import LIKELIHOODS, require_path, run_name
from hansard_bias.params import Config
from hansard_bias.scoring.tables import FORMS, SAMPLE_KEY, TEXTS_KEY, TOKENIZER_KEY, read_likelihood_sums
from hansard_bias.statistics.intervals import FloatArray, percentile_interval
from hansard_bias.statistics.resampling import generator, resampled_sums

_SHARED = {SAMPLE_KEY: "sample", TOKENIZER_KEY: "tokenizer", TEXTS_KEY: "test speeches"}
"""What all runs must have in common, in words."""


def likelihood_findings(config: Config, root: Path) -> dict[str, Any]:
    """Row of the matrix -> `on_<corpus>` -> `speeches`, `tokens`, and `pll` and `pll_within_word` in nats per token.

    Each is {value, low, high}: the sum over the sampled speeches by their tokens, 0 or less, the mean over seeds; the
    interval resamples sittings alone (null where there is one). Empty where no likelihoods were asked for.

    Raises ValueError for tables of different samples, tokenizers or speeches.
    """
    if not config.score.likelihood_speeches:
        return {}
    tables = {model: [_read(config, root, model, seed) for seed in config.train.seeds] for model in config.models}
    _require_one_sample(tables, config)
    return {
        config.row_key(model): {
            f"on_{corpus}": _corpus(corpus, [table for table, _ in runs], config) for corpus in config.corpora
        }
        for model, runs in tables.items()
    }


def _read(config: Config, root: Path, model: str, seed: int) -> tuple[pd.DataFrame, dict[bytes, bytes]]:
    name = run_name(model, seed)
    table, fingerprint = read_likelihood_sums(require_path(root / LIKELIHOODS / f"{name}.parquet", f"score@{name}"))
    return table.to_pandas(), fingerprint


def _require_one_sample(tables: dict[str, list[tuple[pd.DataFrame, dict[bytes, bytes]]]], config: Config) -> None:
    """Raise ValueError where a run differs from the first in what all must share."""
    _, first = next(iter(tables.values()))[0]
    for model, runs in tables.items():
        for seed, (_, fingerprint) in zip(config.train.seeds, runs, strict=True):
            for key, words in _SHARED.items():
                if key not in fingerprint or fingerprint[key] != first.get(key):
                    name = run_name(model, seed)
                    raise ValueError(
                        f"{LIKELIHOODS / name}.parquet: other {words} than the first model's; "
                        f"run `dvc repro score@{name}`"
                    )


def _corpus(corpus: str, runs: list[pd.DataFrame], config: Config) -> dict[str, Any]:
    """One model on one corpus."""
    parts = [run[run["corpus"] == corpus] for run in runs]
    tokens = parts[0]["tokens"].to_numpy(dtype=np.float64)
    found: dict[str, Any] = {"speeches": int(parts[0]["speeches"].sum()), "tokens": int(tokens.sum())}
    for form in FORMS:
        nats = np.mean([part[form].to_numpy(dtype=np.float64) for part in parts], axis=0)
        # The same sittings for every model and form.
        rng = generator(config.bias.seed, "likelihoods", corpus)
        drawn = _drawn(np.array([nats, tokens]), config.bias.draws, rng)
        found[form] = percentile_interval(drawn, config.bias.confidence).as_dict()
    return found


def _drawn(sums: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Nats per token, the estimate first, then draws of sittings; sums: nats and tokens by sitting, shape [2, n]."""
    observed = sums.sum(axis=1)
    if sums.shape[1] < 2:
        return np.concatenate([[observed[0] / observed[1]], np.full(draws, np.nan)])
    both = np.vstack([observed, resampled_sums(sums, draws, rng)])
    return np.asarray(both[:, 0] / both[:, 1])
