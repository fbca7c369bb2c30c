"""All numbers of the comparison, from scores and probes, without any model: `dvc repro bias`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from hansard_bias.config import Config
from hansard_bias.findings.likelihoods import likelihood_findings
from hansard_bias.findings.probes import probe_findings
from hansard_bias.paths import METRICS, SCORES, needed, run_name, write_json
from hansard_bias.scores import FOLDS_KEY, TOKENIZER_KEY, read_sums
from hansard_bias.statistics.matrix import cells, measure, perplexity_matrix
from hansard_bias.statistics.study import CorpusSums, Design


def run(config: Config, root: Path = Path(".")) -> None:
    """Write bias_matrix.json, bias.json and cells.json."""
    sums = corpus_sums(config, root)
    design = comparison_design(config)
    study = measure(sums, design)
    probes = probe_findings(config, root)
    for row, rate in probes["rates"].items():
        study["models"][row]["cultural_bias_rate"] = rate
    study["runs"] = run_perplexities(config, sums)
    study["tests"] = [*study["tests"], *probes["tests"]]
    study["likelihoods"] = likelihood_findings(config, root)
    write_json(root / METRICS / "bias_matrix.json", perplexity_matrix(study))
    write_json(root / METRICS / "cells.json", cells(study))
    write_json(root / METRICS / "bias.json", study | probes["sections"])


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


def corpus_sums(config: Config, root: Path) -> dict[str, CorpusSums]:
    """Sums of surprisal per model, seed and sitting; every model must have read the same tokens."""
    tables: dict[tuple[str, int], pd.DataFrame] = {}
    fingerprints = set()
    for model in config.models:
        for seed in config.train.seeds:
            name = run_name(model, seed)
            table, fingerprint = read_sums(needed(root / SCORES / f"{name}.parquet", f"score@{name}"))
            tables[model, seed] = table.to_pandas()
            fingerprints.add((fingerprint.get(FOLDS_KEY), fingerprint.get(TOKENIZER_KEY)))
    if len(fingerprints) != 1:
        raise ValueError(f"{SCORES}: the models' scores come from different folds or tokenizers; run `dvc repro score`")
    return {corpus: _stack(corpus, config, tables) for corpus in config.corpora}


def run_perplexities(config: Config, sums: dict[str, CorpusSums]) -> dict[str, dict[str, dict[str, float]]]:
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


def _stack(corpus: str, config: Config, tables: dict[tuple[str, int], pd.DataFrame]) -> CorpusSums:
    """One corpus's sums over all models and seeds, sittings in order of date."""
    parts = {key: table[table["corpus"] == corpus] for key, table in tables.items()}
    first = next(iter(parts.values()))
    for (model, seed), part in parts.items():
        if (
            not part[["sitting", "tokens", "bytes"]]
            .reset_index(drop=True)
            .equals(first[["sitting", "tokens", "bytes"]].reset_index(drop=True))
        ):
            raise ValueError(f"{SCORES}/{run_name(model, seed)}.parquet: other test tokens of {corpus} than the first")
    nats = [[parts[model, seed]["nats"].to_numpy() for seed in config.train.seeds] for model in config.models]
    return CorpusSums(
        nats=np.array(nats),
        tokens=first["tokens"].to_numpy(),
        bytes_=first["bytes"].to_numpy(),
        sittings=tuple(first["sitting"]),
    )
