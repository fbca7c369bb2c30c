"""Is what the sample planted found again? L and L* of every planted frame against its log-odds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from hansard_bias.analysis.inputs import ProbeRuns, StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.metrics.probes import preference_array
from hansard_bias.analysis.probe_records import Planted, PlantedAssociation, PlantedDifference, PlantedMeasure, Recovery
from hansard_bias.params import Config
from hansard_bias.probing.files import PlantedFrame, planted_shares
from hansard_bias.statistics.intervals import FloatArray, percentile_interval
from hansard_bias.statistics.preferences import compare_models, prompt_preferences
from hansard_bias.statistics.resampling import bootstrap_weights

# L and L*, by their columns in the probe tables.
MEASURES = ("log_odds", "preference")
# Log-odds of even odds, but for rounding: they have no sign to find.
EVEN = 1e-9

ByRow = Mapping[str, FloatArray]


@metric("planted", Planted)
def planted_findings(data: StudyData) -> Planted:
    """The truth of every frame in every model, and what was measured; ValueError where models were asked others."""
    # In order of names, as everything is that draws or sums over items: no bit depends on the order of a file.
    config, runs = data.config, data.probes
    frames = sorted(data.frames, key=lambda frame: frame.id)
    single = [config.row_key(name) for name in planted_shares(config) if config.models[name].is_single]
    truth = planted_log_odds(config, frames)
    if not frames or not truth:
        return Planted()
    values = {measure: {row: _array(runs, row, measure, frames) for row in truth} for measure in MEASURES}
    associations = tuple(
        _record(frame, number, row, float(truth[row][number]), values, data)
        for number, frame in enumerate(frames)
        for row in truth
    )
    summary = {
        measure: PlantedMeasure(
            single=_recovery(truth, values[measure], single, measure, data) if single else None,
            all=_recovery(truth, values[measure], list(truth), measure, data),
            differences=tuple(_differences(truth, values[measure], single, data)),
        )
        for measure in MEASURES
    }
    return Planted(associations, summary)


def planted_log_odds(config: Config, frames: Sequence[PlantedFrame]) -> dict[str, FloatArray]:
    """By row: the log-odds of every frame in what the model was trained on, in nats, shape [frames]."""
    return {
        config.row_key(model): np.array([frame.log_odds(shares) for frame in frames])
        for model, shares in planted_shares(config).items()
    }


def line(truth: FloatArray, measured: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope and intercept of measured on planted log-odds by ordinary (not through the origin) least squares.

    Parameters
    ----------
    truth, measured : nats, shape [models, frames].
    weights : how often each frame counts, with all its models, shape [samples, frames].

    Returns slopes and intercepts, shape [samples]; nan where all that counts has one truth.
    """
    models = len(truth)
    n = models * weights.sum(axis=1)
    x, y = weights @ truth.sum(axis=0) / n, weights @ measured.sum(axis=0) / n
    spread = weights @ (truth**2).sum(axis=0) / n - x**2
    together = weights @ (truth * measured).sum(axis=0) / n - x * y
    slopes = np.divide(together, spread, out=np.full(len(n), np.nan), where=spread > EVEN)
    return slopes, y - slopes * x


def _array(runs: ProbeRuns, row: str, measure: str, frames: Sequence[PlantedFrame]) -> FloatArray:
    """One measure of all frames, shape [frames, paraphrases, seeds]."""
    asked = sorted(set(runs[row][0].planted["prompt"]))
    if asked != [frame.id for frame in frames]:
        raise ValueError(f"{row}: was asked other frames than those planted; run `dvc repro probe` for all models")
    # The frames' table has the form of the prompts'.
    return preference_array([replace(run, prompts=run.planted) for run in runs[row]], measure)


def _record(
    frame: PlantedFrame, number: int, row: str, truth: float, values: Mapping[str, ByRow], data: StudyData
) -> PlantedAssociation:
    """One frame in one model; intervals over paraphrases and seeds."""
    measured = {}
    for measure, by_row in values.items():
        (judged,) = prompt_preferences(by_row[row][number][None], data.config.bias.confidence)
        measured[measure] = judged.preference
    return PlantedAssociation(frame.id, frame.topic, tuple(frame.prompts), row, truth, **measured)


def _recovery(truth: ByRow, values: ByRow, rows: Sequence[str], measure: str, data: StudyData) -> Recovery:
    """How many signs are right where there is one, and the line of measured on planted; intervals over frames."""
    planted = np.stack([truth[row] for row in rows])
    measured = np.stack([np.nanmean(values[row], axis=(1, 2)) for row in rows])
    decided = np.abs(planted) > EVEN
    draws, rng, confidence = data.drawn("planted line", measure, *sorted(rows))
    frames = planted.shape[1]
    weights = np.vstack([np.ones(frames), bootstrap_weights(frames, draws, rng)])
    slopes, intercepts = line(planted, measured, weights)
    # Frames of even odds have no sign to find; they still tell of the slope.
    right = (np.sign(planted) == np.sign(measured))[decided]
    # Frames that are all alike lie on no line.
    fitted = [percentile_interval(each, confidence) for each in (slopes, intercepts)]
    slope, intercept = (None if np.isnan(each.value) else each for each in fitted)
    return Recovery(tuple(rows), int(decided.sum()), int(right.sum()), slope, intercept)


def _differences(truth: ByRow, values: ByRow, rows: Sequence[str], data: StudyData) -> Iterator[PlantedDifference]:
    """Mean differences between models of one legislature each, as planted, as measured, and measured less planted.

    Intervals over frames and seeds. Frames differ in what was planted, which the error's interval has no part of.
    """
    for left, right in combinations(rows, 2):
        # Measured less planted, frame by frame: its interval then says whether the difference is the planted one.
        off = {row: values[row] - truth[row][:, None, None] for row in (left, right)}
        confidence = data.config.bias.confidence
        compared = [compare_models(arrays[left], arrays[right], confidence).interval for arrays in (values, off)]
        planted = float((truth[left] - truth[right]).mean())
        yield PlantedDifference(f"{left} against {right}", planted, *compared)
