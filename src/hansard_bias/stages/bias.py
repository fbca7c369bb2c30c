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
from hansard_bias.findings.comparison import compare
from hansard_bias.findings.losses import read_losses
from hansard_bias.findings.slices import COLUMNS as SLICE_COLUMNS
from hansard_bias.findings.slices import slice_records
from hansard_bias.findings.speeches import read_facts
from hansard_bias.findings.words import COLUMNS as WORD_COLUMNS
from hansard_bias.findings.words import word_records
from hansard_bias.measurement.prompts import load_groups
from hansard_bias.paths import METRICS, PROBED, needed, run_name, write_json
from hansard_bias.records import write_records
from hansard_bias.statistics.matrix import cells, perplexity_matrix
from hansard_bias.statistics.preferences import compare_models, cultural_bias_rate, prompt_preferences
from hansard_bias.statistics.resampling import holm

AUDIT_KEY = b"audit"


def run(config: Config, root: Path = Path(".")) -> None:
    """Write bias_matrix.json, bias.json, cells.json, slices.csv and words.csv."""
    losses = read_losses(config, root)
    facts = read_facts(losses, root)
    study = compare(config, losses, facts)
    words, study["words"] = word_records(config, losses, facts, root)
    probes = probe_results(config, root)
    for row, rate in probes.pop("rates").items():
        study["models"][row]["cultural_bias_rate"] = rate
    study["tests"] = [*study["tests"], *probes.pop("tests")]
    write_records(root / METRICS / "slices.csv", SLICE_COLUMNS, slice_records(config, losses, facts))
    write_records(root / METRICS / "words.csv", WORD_COLUMNS, words)
    write_json(root / METRICS / "bias_matrix.json", perplexity_matrix(study))
    write_json(root / METRICS / "cells.json", cells(study))
    write_json(root / METRICS / "bias.json", study | {"probes": probes})


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
