"""All numbers of the comparison, from scores and probes, without any model: `dvc repro bias`."""

from __future__ import annotations

from pathlib import Path

from hansard_bias.config import Config
from hansard_bias.findings.arrangement import arranged
from hansard_bias.findings.comparison import compare
from hansard_bias.findings.likelihoods import likelihood_findings
from hansard_bias.findings.losses import read_losses
from hansard_bias.findings.probes import probe_findings
from hansard_bias.findings.slices import COLUMNS as SLICE_COLUMNS
from hansard_bias.findings.slices import slice_records
from hansard_bias.findings.speeches import read_facts
from hansard_bias.findings.unigrams import unigram_findings
from hansard_bias.findings.words import COLUMNS as WORD_COLUMNS
from hansard_bias.findings.words import word_records
from hansard_bias.paths import METRICS, write_json
from hansard_bias.records import write_records
from hansard_bias.statistics.matrix import cells, perplexity_matrix


def run(config: Config, root: Path = Path(".")) -> None:
    """Write bias_matrix.json, bias.json, cells.json, slices.csv and words.csv."""
    told, config = config, config.in_order_of_names()
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
    study = arranged(study | probes["sections"], told)
    write_records(root / METRICS / "slices.csv", SLICE_COLUMNS, slice_records(config, losses, facts))
    write_records(root / METRICS / "words.csv", WORD_COLUMNS, words)
    write_json(root / METRICS / "bias_matrix.json", for_comparing(perplexity_matrix(study)))
    write_json(root / METRICS / "cells.json", cells(study))
    write_json(root / METRICS / "bias.json", study)


def for_comparing(matrix: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Three decimals, as `dvc metrics diff` then prints them; bias.json and cells.json hold the full numbers."""
    return {row: {column: round(value, 3) for column, value in cells.items()} for row, cells in matrix.items()}
