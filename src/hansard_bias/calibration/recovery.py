"""Does a metric follow the dose? Slope, and how surely its order is monotone (method.md section 6)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from hansard_bias.calibration.arrays import FloatArray, Measured
from hansard_bias.calibration.config import DOSES, VerdictConfig
from hansard_bias.calibration.grammar import LEGISLATURES, associations
from hansard_bias.calibration.studies import Group, responses
from hansard_bias.statistics.intervals import percentile_interval
from hansard_bias.statistics.preferences import prompt_preferences
from hansard_bias.statistics.resampling import bootstrap_weights, generator

CURVES = {
    "excess": ("excess_text1", "excess_text2"),
    "tilt": ("tilt",),
    "preference": ("preference",),
    "bias_ratio": ("bias_ratio",),
}
RISES = {"excess_text1": True, "excess_text2": False, "tilt": True, "preference": False, "bias_ratio": True}
"""Whether a curve must rise with the share of the second legislature, or fall."""
SURE = 0.95
"""A metric is monotone where this share of the draws over studies is."""


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
    the share of these draws in which the means of all doses are in the expected order, and that of single studies.
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
        "monotone": bool(ordered[0] and np.mean(ordered[1:]) >= SURE),
    }


# Is what was planted found again? Measured L* against planted log-odds (method.md section 6).

SLOPES = (0.7, 1.3)
"""Where the slope of measured against planted log-odds must lie."""
SINGLE = (0, -1)
"""The doses that are one legislature alone."""


def planted_truth(measured: Measured, settings: VerdictConfig) -> dict[str, Any]:
    """Sign and size of every association in the models of one legislature; `measured` begins with [studies, seeds].

    Slope and intercept: least squares over associations and legislatures; intervals from draws over studies.
    """
    values = measured.preferences[:, :, SINGLE].mean(axis=(1, 4))
    truth = np.array([[each.log_odds[name] for each in associations()] for name in LEGISLATURES])
    weights = bootstrap_weights(len(values), settings.draws, generator(settings.seed, "planted")) / len(values)
    means = np.concatenate([values.mean(axis=0)[None], np.einsum("ds,slp->dlp", weights, values)])
    slopes, intercepts = _line(truth.ravel(), means.reshape(len(means), -1))
    decided = truth != 0
    right = np.sign(means[0]) == np.sign(truth)
    slope = percentile_interval(slopes, settings.confidence)
    return {
        "associations": _records(truth, means, settings),
        "slope": slope.as_dict(),
        "intercept": percentile_interval(intercepts, settings.confidence).as_dict(),
        "correlation": float(np.corrcoef(truth.ravel(), means[0].ravel())[0, 1]),
        "signs": int(decided.sum()),
        "signs_right": int(right[decided].sum()),
        "false_preferences": _false_preferences(measured, ~decided, settings),
        "recovered": bool(right[decided].all() and SLOPES[0] <= slope.value <= SLOPES[1]),
    }


def _records(truth: FloatArray, means: FloatArray, settings: VerdictConfig) -> list[dict[str, Any]]:
    return [
        {
            "subject": each.subject.noun,
            "legislature": name,
            "planted_log_odds": float(truth[row, column]),
            "measured": percentile_interval(means[:, row, column], settings.confidence).as_dict(),
        }
        for row, name in enumerate(LEGISLATURES)
        for column, each in enumerate(associations())
    ]


def _line(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope and intercept of y on x by least squares, for every row of y."""
    centred = x - x.mean()
    slopes = y @ centred / np.sum(centred**2)
    return slopes, y.mean(axis=1) - slopes * x.mean()


def _false_preferences(measured: Measured, even: Any, settings: VerdictConfig) -> dict[str, int]:
    """Among the prompts planted at even odds, how often a study of one legislature shows a preference."""
    found = asked = 0
    for study in range(len(measured.preferences)):
        for row, dose in enumerate(SINGLE):
            values = np.moveaxis(measured.preferences[study][:, dose], 0, -1)[even[row]]
            judged = prompt_preferences(values, settings.draws, generator(settings.seed, "even", str(study), str(row)))
            found += sum(prompt.decision in ("first", "second") for prompt in judged)
            asked += len(judged)
    return {"prompts": asked, "shown": found}
