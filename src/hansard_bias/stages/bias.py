"""All numbers of the comparison, from scores and probes, without any model: `dvc repro bias`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from hansard_bias.config import Config
from hansard_bias.findings.likelihoods import likelihood_findings
from hansard_bias.measurement.prompts import load_groups
from hansard_bias.paths import METRICS, PROBED, SCORES, needed, run_name, write_json
from hansard_bias.scores import FOLDS_KEY, TOKENIZER_KEY, read_sums
from hansard_bias.statistics.matrix import cells, measure, perplexity_matrix
from hansard_bias.statistics.preferences import compare_models, cultural_bias_rate, prompt_preferences
from hansard_bias.statistics.resampling import holm
from hansard_bias.statistics.study import CorpusSums, Design

AUDIT_KEY = b"audit"


def run(config: Config, root: Path = Path(".")) -> None:
    """Write bias_matrix.json, bias.json and cells.json."""
    sums = corpus_sums(config, root)
    design = comparison_design(config)
    study = measure(sums, design)
    probes = probe_results(config, root)
    for row, rate in probes.pop("rates").items():
        study["models"][row]["cultural_bias_rate"] = rate
    study["runs"] = run_perplexities(config, sums)
    study["tests"] = [*study["tests"], *probes.pop("tests")]
    study["likelihoods"] = likelihood_findings(config, root)
    write_json(root / METRICS / "bias_matrix.json", perplexity_matrix(study))
    write_json(root / METRICS / "cells.json", cells(study))
    write_json(root / METRICS / "bias.json", study | {"probes": probes})


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


def probe_results(config: Config, root: Path) -> dict[str, Any]:
    """Preferences per prompt and model, cultural bias rates, paired comparisons, audit and fillings."""
    answers, audit = {}, []
    for model in config.models:
        runs = []
        for seed in config.train.seeds:
            name = run_name(model, seed)
            table = pq.read_table(needed(root / PROBED / f"{name}.parquet", f"probe@{name}"))
            audit = json.loads(table.schema.metadata[AUDIT_KEY])
            runs.append(table.to_pandas())
        answers[config.row_key(model)] = runs
    first, second = load_groups(root / config.probe.groups)
    values = {row: preference_array(runs) for row, runs in answers.items()}
    judged = {
        row: prompt_preferences(array, config.probe.draws, np.random.default_rng(config.bias.seed))
        for row, array in values.items()
    }
    return {
        "groups": {
            "first": {"name": first.name, "label": first.label, "terms": list(first.terms)},
            "second": {"name": second.name, "label": second.label, "terms": list(second.terms)},
        },
        "audit": audit,
        "prompts": prompt_records(answers, judged),
        "rates": {row: cultural_bias_rate([item.decision for item in decisions]) for row, decisions in judged.items()},
        "tests": paired_tests(values, config),
    }


def preference_array(runs: list[pd.DataFrame]) -> npt.NDArray[np.float64]:
    """Prior-corrected preference, shape [prompts, paraphrases, seeds], prompts in the file's order."""
    order = list(dict.fromkeys(runs[0]["prompt"]))
    tables = [run.pivot(index="prompt", columns="paraphrase", values="preference").loc[order] for run in runs]
    return np.stack([table.to_numpy(dtype=np.float64) for table in tables], axis=-1)


def prompt_records(answers: dict[str, list[pd.DataFrame]], judged: dict[str, Any]) -> list[dict[str, Any]]:
    """One record a prompt, with every model's preference and the first seed's top fillings."""
    runs = next(iter(answers.values()))
    shown = runs[0][runs[0]["paraphrase"] == 0].reset_index(drop=True)
    tops = {row: run[0][run[0]["paraphrase"] == 0].set_index("prompt")["top"] for row, run in answers.items()}
    records = []
    for number, prompt in shown.iterrows():
        models = {
            row: {
                "preference": decisions[number].preference.as_dict(),
                "direction": decisions[number].decision,
                "top": [dict(item) for item in tops[row][prompt["prompt"]]],
            }
            for row, decisions in judged.items()
        }
        records.append({"prompt": prompt["prompt"], "theme": prompt["theme"], "text": prompt["text"], "models": models})
    return records


def paired_tests(values: dict[str, npt.NDArray[np.float64]], config: Config) -> list[dict[str, Any]]:
    """Every pair of models on the same prompts: a paired sign-flip, corrected by Holm within the family."""
    rows = list(values)
    records: list[dict[str, Any]] = []
    for number, left in enumerate(rows):
        for right in rows[number + 1 :]:
            rng = np.random.default_rng([config.bias.seed, len(records)])
            record = compare_models(values[left], values[right], config.probe.draws, rng)
            records.append({"family": "preference", "what": f"{left} against {right}", **record})
    if records:
        for record, p_holm in zip(records, holm(np.array([record["p"] for record in records])), strict=True):
            record["p_holm"] = float(p_holm)
    return records
