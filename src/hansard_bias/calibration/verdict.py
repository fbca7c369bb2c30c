"""Which metrics can be trusted: false positives, power, answer to the dose, planted truth (method.md section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.stats import binom

from hansard_bias.calibration import studies
from hansard_bias.calibration.config import CalibrationConfig, Measured, VerdictConfig
from hansard_bias.calibration.studies import CURVES, Group, null_groups, p_values, study_of
from hansard_bias.statistics.intervals import wilson_interval

TRUSTED, UNTRUSTED = "trusted", "untrusted"
# What there is to be found where the power of a test is measured.
EFFECTS = {
    "excess": "a model of the first legislature against one with a quarter of the second, reading the first",
    "tilt": "the tilt of a model with a quarter of the second legislature",
    "preference": "a model of the first legislature against one with a quarter of the second, over all prompts",
    "bias_ratio": "a model of the first legislature against one with a quarter of the second",
}


def judge(null: Measured, dose: Measured, config: CalibrationConfig) -> dict[str, Any]:
    """The content of metrics/calibration.json.

    Parameters
    ----------
    null : leading axes [texts, halvings, seeds], models as in `config.HALVES`.
    dose : leading axes [studies, seeds], models as in `config.DOSES`.
    """
    settings = config.verdict
    own, shared = (_p_table(null_groups(null, own_halves=own), settings) for own in (True, False))
    powers, curves = _power_table(dose, settings), studies.dose_response(dose, settings)
    planted = studies.planted_truth(dose, settings)
    metrics = {}
    # The band is for own halves alone: halves that all seeds share do differ a little.
    for metric in CURVES:
        record = {
            "false_positives": _rejections(own[metric], settings) | _band(len(own[metric]), settings),
            "false_positives_same_text": _rejections(shared[metric], settings),
            "power": _rejections(powers[metric], settings) | {"effect": EFFECTS[metric]},
            "dose": curves[metric],
        }
        reasons = _faults(metric, record, planted)
        metrics[metric] = record | {"verdict": UNTRUSTED if reasons else TRUSTED, "reasons": reasons}
    return {"metrics": metrics, "planted": planted, "design": asdict(config)}


def _p_table(groups: Sequence[Group], settings: VerdictConfig) -> dict[str, list[float]]:
    """The p of every comparison, by metric."""
    found = [p_values(group, settings) for group in groups]
    return {metric: [p[metric] for p in found] for metric in CURVES}


def _power_table(dose: Measured, settings: VerdictConfig) -> dict[str, list[float]]:
    """The p of every study where there is an effect: a quarter of the text from the other legislature."""
    numbers = range(len(dose.nats))
    # Models 0, 1, 2, 4 are those of 0, 25, 50 and 100 %; a tilt needs the own models of both legislatures.
    quarter = _p_table([study_of(dose, number, (0, 1, 2)) for number in numbers], settings)
    tilted = _p_table([study_of(dose, number, (0, 4, 1)) for number in numbers], settings)
    return quarter | {"tilt": tilted["tilt"]}


def _rejections(p: Sequence[float], settings: VerdictConfig) -> dict[str, Any]:
    """How many tests reject, and the share with Wilson's interval."""
    rejected = int(np.count_nonzero(np.array(p) < settings.level))
    share = wilson_interval(rejected, len(p), settings.confidence)
    return {"comparisons": len(p), "rejected": rejected, "rate": share.as_dict()}


def _band(comparisons: int, settings: VerdictConfig) -> dict[str, Any]:
    """The fewest and the most rejections that the binomial band around the nominal level allows."""
    tail = (1 - settings.band) / 2
    low, high = (int(binom.ppf(level, comparisons, settings.level)) for level in (tail, 1 - tail))
    return {"level": settings.level, "band": {"share": settings.band, "low": low, "high": high}}


def _faults(metric: str, record: dict[str, Any], planted: dict[str, Any]) -> list[str]:
    """Why a metric cannot be trusted, one sentence each; none where it can."""
    null, faults = record["false_positives"], []
    # Too few rejections are a fault as well: such a test finds nothing.
    band = null["band"]
    if not band["low"] <= null["rejected"] <= band["high"]:
        expected = f"expected {band['low']} to {band['high']}"
        faults.append(f"{null['rejected']} of {null['comparisons']} true null hypotheses were rejected, {expected}")
    if not all(curve["monotone"] for curve in record["dose"]):
        faults.append("it does not follow the dose")
    if metric == "preference" and not planted["recovered"]:
        slope, signs = planted["slope"]["value"], f"{planted['signs_right']} of {planted['signs']} signs"
        faults.append(f"planted associations: {signs} right, slope {slope:.2f}, expected all and 0.7 to 1.3")
    return faults
