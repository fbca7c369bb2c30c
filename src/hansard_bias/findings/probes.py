"""All that bias.json says of the probes, from the tables of all runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hansard_bias.config import Config
from hansard_bias.findings.associations import association_findings
from hansard_bias.findings.benchmarks import benchmark_findings
from hansard_bias.findings.legacy import legacy_findings
from hansard_bias.findings.planted import planted_findings
from hansard_bias.findings.preferences import preference_findings
from hansard_bias.findings.probe_runs import read_probe_runs
from hansard_bias.measurement.prompts import Group, load_groups
from hansard_bias.planted import planted_frames


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
