"""Does a metric follow the dose? Slope, and how surely its order is monotone (METHOD section 6)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from hansard_bias.calibration.arrays import FloatArray, Measured
from hansard_bias.calibration.config import VerdictConfig
from hansard_bias.calibration.design import DOSES
from hansard_bias.calibration.studies import Group, responses
from hansard_bias.statistics.resampling import bootstrap_weights, generator, percentile_interval

CURVES = {
    "excess": ("excess_text1", "excess_text2"),
    "tilt": ("tilt",),
    "preference": ("preference",),
    "bias_ratio": ("bias_ratio",),
}
RISES = {"excess_text1": True, "excess_text2": False, "tilt": True, "preference": False, "bias_ratio": True}
"""Whether a curve must rise with the share of the second legislature, or fall."""


def study_of(measured: Measured, number: int, doses: tuple[int, ...] = tuple(range(len(DOSES)))) -> Group:
    """One study's models of these doses, with all its seeds."""
    chosen = list(doses)
    return Group(
        tuple(f"dose{round(100 * DOSES[dose])}" for dose in doses),
        measured.nats[number][:, chosen],
        measured.tokens[number, 0],
        measured.bytes_[number, 0],
        measured.preferences[number][:, chosen],
    )


def dose_response(measured: Measured, settings: VerdictConfig) -> dict[str, list[dict[str, Any]]]:
    """Every metric's curves over the doses, from all studies; `measured` has leading axes [studies, seeds]."""
    answers = [responses(study_of(measured, number)) for number in range(len(measured.nats))]
    return {
        metric: [_curve(name, np.array([answer[name] for answer in answers]), settings) for name in names]
        for metric, names in CURVES.items()
    }


def _curve(name: str, values: FloatArray, settings: VerdictConfig) -> dict[str, Any]:
    """One curve; values: [studies, doses].

    Slope: least squares, per whole dose (from 0 to 1), with the percentile interval of draws over studies. Monotone:
    the share of these draws in which the means of all doses are in the expected order (of a curve that counts as
    monotone, at least the confidence), and that of single studies.
    """
    sign = 1 if RISES[name] else -1
    weights = bootstrap_weights(len(values), settings.draws, generator(settings.seed, "dose", name)) / len(values)
    means = np.vstack([values.mean(axis=0), weights @ values])
    centred = np.array(DOSES) - np.mean(DOSES)
    slopes = means @ centred / np.sum(centred**2)
    ordered = np.all(np.diff(sign * means, axis=1) > 0, axis=1)
    return {
        "curve": name,
        "doses": list(DOSES),
        "values": [percentile_interval(column, settings.confidence).as_dict() for column in means.T],
        "slope": percentile_interval(slopes, settings.confidence).as_dict(),
        "monotone_draws": float(np.mean(ordered[1:])),
        "monotone_studies": float(np.mean(np.all(np.diff(sign * values, axis=1) > 0, axis=1))),
        "spearman": float(np.mean([spearmanr(DOSES, row).statistic for row in values])),
        "monotone": bool(ordered[0] and np.mean(ordered[1:]) >= settings.confidence),
    }
