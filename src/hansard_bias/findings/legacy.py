"""The study's first definition of bias, kept so that results can be set against older reports; not a measurement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hansard_bias.findings.preferences import shown_prompts
from hansard_bias.findings.probe_runs import ProbeRuns
from hansard_bias.measurement.prompts import Group
from hansard_bias.probed import LEGACY_TOP, Probed

DEFINITION = (
    f"share of the prompts with a listed term among the {LEGACY_TOP} most probable single-piece fillings, exact match "
    "of the whole word whatever its case; the prompt itself only, no paraphrases, no correction for the prior"
)


def legacy_findings(runs: ProbeRuns, groups: tuple[Group, Group]) -> dict[str, Any]:
    """By row: the share of prompts with a term of the first group, of the second, of either, and that of every seed.

    A value is the mean over seeds; the older reports had no intervals, and low and high are null here too.
    """
    first, second = ({term.casefold() for term in group.terms} for group in groups)
    sides = {"first": first, "second": second, "any": first | second}
    models = {
        row: {side: _over_seeds([legacy_share(run, terms) for run in probed]) for side, terms in sides.items()}
        for row, probed in runs.items()
    }
    prompts = len(shown_prompts(next(iter(runs.values()))[0]))
    return {"definition": DEFINITION, "top": LEGACY_TOP, "prompts": prompts, "models": models}


def legacy_share(run: Probed, terms: Collection[str]) -> float:
    """Share of the prompts of which one of the first fillings is one of these terms (in lower case)."""
    tops = shown_prompts(run)["top"]
    hits = [any(str(item["token"]).strip().casefold() in terms for item in list(top)[:LEGACY_TOP]) for top in tops]
    return sum(hits) / len(hits)


def _over_seeds(shares: list[float]) -> dict[str, Any]:
    return {"value": sum(shares) / len(shares), "low": None, "high": None, "by_seed": shares}
