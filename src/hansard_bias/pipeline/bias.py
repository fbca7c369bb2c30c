"""All that bias.json says of the probes, from the tables of all runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hansard_bias.analysis.associations import association_findings
from hansard_bias.analysis.benchmarks import benchmark_findings
from hansard_bias.analysis.comparison import COLUMNS as SLICE_COLUMNS
from hansard_bias.analysis.comparison import compare, slice_records
from hansard_bias.analysis.likelihoods import likelihood_findings
from hansard_bias.analysis.losses import read_facts, read_losses
from hansard_bias.analysis.planted import planted_findings
from hansard_bias.analysis.preferences import legacy_findings, preference_findings
from hansard_bias.analysis.probes import read_probe_runs
from hansard_bias.analysis.record_files import from_json, to_json
from hansard_bias.analysis.records import SCHEMA, BiasResults
from hansard_bias.analysis.unigrams import unigram_findings
from hansard_bias.analysis.words import COLUMNS as WORD_COLUMNS
from hansard_bias.analysis.words import word_records
from hansard_bias.base.files import METRICS, write_json, write_records
from hansard_bias.params import Config
from hansard_bias.probing.planted import planted_frames
from hansard_bias.probing.prompts import Group, load_groups
from hansard_bias.statistics.matrix import cells, perplexity_matrix


def probe_findings(config: Config, root: Path) -> dict[str, Any]:
    """Returns `rates` (by row), `tests` (two families) and `sections`: the parts of bias.json by name.

    Raises ValueError for a missing table, or for models that were asked different things.
    """
    runs = read_probe_runs(config, root)
    groups = load_groups(root / config.probe.groups)
    preferences, associations = preference_findings(runs, config), association_findings(runs, config)
    sides = {side: _group(group) for side, group in zip(("first", "second"), groups, strict=True)}
    # One tokenizer and one text for all models: the audit of any run is that of all.
    audit = next(iter(runs.values()))[0].audit
    return {
        "rates": preferences["rates"],
        "tests": [*preferences["tests"], *associations["tests"]],
        "sections": {
            "probes": {"groups": sides, "audit": audit, **preferences["probes"]},
            "benchmarks": benchmark_findings(runs, config),
            "associations": associations["associations"],
            "legacy": legacy_findings(runs, groups),
            "planted": planted_findings(runs, config, planted_frames(config, root)),
        },
    }


def _group(group: Group) -> dict[str, Any]:
    return {"name": group.name, "label": group.label, "terms": list(group.terms)}


# All numbers of the comparison, from scores and probes, without any model: `dvc repro bias`.


def run(config: Config, root: Path = Path(".")) -> None:
    """Write bias_matrix.json, bias.json, cells.json, slices.csv and words.csv."""
    losses = read_losses(config, root)
    facts = read_facts(losses, root)
    study = compare(config, losses, facts)
    words, study["words"] = word_records(config, losses, facts, root)
    study["unigrams"], unigram_tests = unigram_findings(config, losses, root)
    probes = probe_findings(config, root)
    for row, rate in probes["rates"].items():
        study["models"][row]["cultural_bias_rate"] = rate
    study["tests"] = [*study["tests"], *unigram_tests, *probes["tests"]]
    study["likelihoods"] = likelihood_findings(config, root)
    write_records(root / METRICS / "slices.csv", SLICE_COLUMNS, slice_records(config, losses, facts))
    write_records(root / METRICS / "words.csv", WORD_COLUMNS, words)
    write_json(root / METRICS / "bias_matrix.json", for_comparing(perplexity_matrix(study)))
    write_json(root / METRICS / "cells.json", cells(study))
    results = from_json(
        BiasResults, {"schema": SCHEMA} | study | probes["sections"], "results of the comparison", "bias"
    )
    write_json(root / METRICS / "bias.json", to_json(results))


def for_comparing(matrix: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Three decimals, as `dvc metrics diff` then prints them; bias.json and cells.json hold the full numbers."""
    return {row: {column: round(value, 3) for column, value in cells.items()} for row, cells in matrix.items()}
