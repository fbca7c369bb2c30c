"""Which metrics can be trusted: false positives, power, answer to the dose, planted truth (method.md section 6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.stats import binom

from hansard_bias.calibration import studies
from hansard_bias.calibration.config import DOSES, CalibrationConfig, Measured, VerdictConfig
from hansard_bias.calibration.studies import CURVES, Group, null_groups, p_values, study_of
from hansard_bias.statistics.intervals import wilson_interval

TRUSTED, UNTRUSTED = "trusted", "untrusted"
# What there is to be found where the power of a test is measured.
EFFECTS = {
    "excess": "a model of the first legislature against one with this share of the second, reading the first",
    "tilt": "the tilt of a model with this share of the second legislature",
    "preference": "a model of the first legislature against one with this share of the second, over all prompts",
    "any_prompt": "a model of the first legislature against one with this share of the second, in any prompt",
    "bias_ratio": "a model of the first legislature against one with this share of the second",
}
# The share of studies in which a test must find what is there at the full dose (method.md section 6).
LEAST_POWER = 0.8
# A mixture of equal parts has no tilt, and a model of one legislature is no mixture.
TILTED = (1, 3)


def judge(null: Measured, dose: Measured, config: CalibrationConfig) -> dict[str, Any]:
    """The content of metrics/calibration.json.

    Parameters
    ----------
    null : leading axes [texts, halvings, seeds], models as in `config.HALVES`.
    dose : leading axes [studies, seeds], models as in `config.DOSES`.
    """
    settings = config.verdict
    own, shared = (_p_table(null_groups(null, own_halves=own), settings) for own in (True, False))
    powers, curves = _powers(dose, settings), studies.dose_response(dose, settings)
    planted = studies.planted_truth(dose, settings)
    metrics = {}
    for metric in CURVES:
        record = {
            "false_positives": _null(own[metric], null, settings),
            "false_positives_same_text": _null(shared[metric], null, settings),
            "power": powers[metric],
            "dose": curves[metric],
        }
        reasons = _faults(metric, record, planted)
        metrics[metric] = record | {"verdict": UNTRUSTED if reasons else TRUSTED, "reasons": reasons}
    return {"metrics": metrics, "planted": planted, "design": asdict(config)}


def _p_table(groups: Sequence[Group], settings: VerdictConfig) -> dict[str, list[float]]:
    """The p of every comparison, by metric."""
    found = [p_values(group, settings) for group in groups]
    return {metric: [p[metric] for p in found] for metric in CURVES}


def _powers(dose: Measured, settings: VerdictConfig) -> dict[str, list[dict[str, Any]]]:
    """By metric and share of the second legislature: how many studies notice it."""
    numbers, found = range(len(dose.nats)), {metric: list[dict[str, Any]]() for metric in CURVES}
    last = len(DOSES) - 1
    for place in range(1, len(DOSES)):
        # As third model any other one will do: the tilt is asked for apart, of the own models of both legislatures.
        other = 1 if place != 1 else 2
        p = _p_table([study_of(dose, n, (0, place, other)) for n in numbers], settings)
        if place in TILTED:
            p |= {"tilt": _p_table([study_of(dose, n, (0, last, place)) for n in numbers], settings)["tilt"]}
        for metric, values in p.items():
            if metric != "tilt" or place in TILTED:
                told = _rejections(values, settings) | {"effect": EFFECTS[metric]}
                found[metric].append({"dose": DOSES[place], "found": told})
    return found


def _rejections(p: Sequence[float], settings: VerdictConfig) -> dict[str, Any]:
    """How many tests reject, and the share with Wilson's interval."""
    rejected = int(np.count_nonzero(np.array(p) < settings.level))
    share = wilson_interval(rejected, len(p), settings.confidence)
    return {"comparisons": len(p), "rejected": rejected, "rate": share.as_dict()}


def _null(p: Sequence[float], null: Measured, settings: VerdictConfig) -> dict[str, Any]:
    """Rejections of true null hypotheses, and the fewest and most that chance allows.

    Comparisons of one text share their test text and, halving by halving, sittings: where their rejections go together,
    the binomial band is one of fewer comparisons (the design effect, Kish 1965; estimated from the texts, at least 1).
    """
    found, level, tail = _rejections(p, settings), settings.level, (1 - settings.band) / 2
    texts = (np.array(p) < level).reshape(len(null.nats), -1).sum(axis=1)
    effect = max(1.0, float(texts.var(ddof=1)) / (len(p) / len(texts) * level * (1 - level))) if len(texts) > 1 else 1.0
    count = len(p) / effect
    low, high = (float(binom.ppf(part, round(count), level)) * effect for part in (tail, 1 - tail))
    return found | {"level": level, "band": {"share": settings.band, "low": int(low), "high": math.ceil(high)}}


def _faults(metric: str, record: dict[str, Any], planted: dict[str, Any]) -> list[str]:
    """Why a metric cannot be trusted, one sentence each; none where it can."""
    faults = []
    own, shared = (record[name] for name in ("false_positives", "false_positives_same_text"))
    # Too few rejections are a fault as well, where the text cannot be blamed: such a test finds nothing.
    if not own["band"]["low"] <= own["rejected"] <= own["band"]["high"]:
        expected = f"expected {own['band']['low']} to {own['band']['high']}"
        faults.append(f"{own['rejected']} of {own['comparisons']} true null hypotheses were rejected, {expected}")
    if shared["rejected"] > shared["band"]["high"]:
        told = f"{shared['rejected']} of {shared['comparisons']} true null hypotheses were rejected"
        faults.append(f"{told} with the same halves for all seeds, expected at most {shared['band']['high']}")
    full = record["power"][-1]
    if full["found"]["rate"]["value"] < LEAST_POWER:
        told = f"{full['found']['rejected']} of {full['found']['comparisons']} studies notice it"
        faults.append(f"it finds too little: at {full['dose']:.0%} foreign text {told}, expected {LEAST_POWER:.0%}")
    if not all(curve["monotone"] for curve in record["dose"]):
        faults.append("it does not follow the dose")
    if metric == "preference" and not planted["recovered"]:
        slope, signs = planted["slope"]["value"], f"{planted['signs_right']} of {planted['signs']} signs"
        low, high = studies.SLOPES
        faults.append(f"planted associations: {signs} right, slope {slope:.2f}, expected all and {low} to {high}")
    return faults
