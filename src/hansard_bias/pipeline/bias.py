"""All numbers of the comparison, from scores and probes, without any model: `dvc repro bias`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hansard_bias.analysis.arrangement import arranged
from hansard_bias.analysis.associations import association_findings
from hansard_bias.analysis.benchmarks import benchmark_findings
from hansard_bias.analysis.comparison import cells, compare, likelihood_findings, perplexity_matrix, slice_rows
from hansard_bias.analysis.inputs import read_facts, read_losses, read_probe_runs
from hansard_bias.analysis.planted import planted_findings
from hansard_bias.analysis.preferences import legacy_findings, preference_findings
from hansard_bias.analysis.probe_records import GroupRecord, Groups
from hansard_bias.analysis.record_files import columns, from_json, to_json
from hansard_bias.analysis.records import SCHEMA, BiasResults, SliceRow, WordRow
from hansard_bias.analysis.unigrams import unigram_findings
from hansard_bias.analysis.words import word_findings
from hansard_bias.base.files import METRICS, write_json, write_records
from hansard_bias.params import Config
from hansard_bias.probing.files import planted_frames
from hansard_bias.probing.prompts import load_groups


def probe_findings(config: Config, root: Path) -> dict[str, Any]:
    """Returns `rates` (by row), `tests` (two families) and `sections`: the parts of bias.json by name.

    Raises ValueError for a missing table, or for models that were asked different things.
    """
    runs = read_probe_runs(config, root)
    groups = load_groups(root / config.probe.groups)
    preferences, associations = preference_findings(runs, config), association_findings(runs, config)
    sides = Groups(*(GroupRecord(group.name, group.label, tuple(group.terms)) for group in groups))
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


def run(config: Config, root: Path = Path(".")) -> None:
    """Write bias_matrix.json, bias.json, cells.json, slices.csv and words.csv."""
    told, config = config, config.in_order_of_names()
    losses = read_losses(config, root)
    facts = read_facts(losses, root)
    study = compare(config, losses, facts)
    words, study["words"] = word_findings(config, losses, facts, root)
    study["unigrams"], unigram_tests = unigram_findings(config, losses, root)
    study["likelihoods"] = likelihood_findings(config, root)
    probes = probe_findings(config, root)
    for row, rate in probes["rates"].items():
        study["models"][row]["cultural_bias_rate"] = rate
    study["tests"] = [*study["tests"], *unigram_tests, *probes["tests"]]
    # What does not fit the records is a mistake of the code: it stops here, before anything is written.
    content = to_json(as_records({"schema": SCHEMA} | study | probes["sections"]))
    results = as_records(arranged(content, told))
    slices = slice_rows(config, losses, facts)
    write_records(root / METRICS / "slices.csv", columns(SliceRow), (vars(row) for row in slices))
    write_records(root / METRICS / "words.csv", columns(WordRow), (vars(row) for row in words))
    write_json(root / METRICS / "bias_matrix.json", perplexity_matrix(results.models))
    write_json(root / METRICS / "cells.json", to_json(cells(results.models)))
    write_json(root / METRICS / "bias.json", to_json(results))


def as_records(content: Any) -> BiasResults:
    """The content of bias.json as its records, which refuse what they do not know."""
    return from_json(BiasResults, content, METRICS / "bias.json", "bias")
