"""One calibration study in the terms of `statistics`: the public functions whose results are judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from hansard_bias.calibration.config import DOSES, HALVES, FloatArray, Measured, VerdictConfig
from hansard_bias.calibration.grammar import LEGISLATURES, associations
from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import percentile_interval
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.preferences import (
    THRESHOLD_NATS,
    compare_models,
    cultural_bias_rate,
    prompt_preferences,
)
from hansard_bias.statistics.prompts import any_difference
from hansard_bias.statistics.resampling import bootstrap_weights, generator
from hansard_bias.statistics.study import Study
from hansard_bias.statistics.tests import TestRecord

TEXTS = ("text1", "text2")
# By metric, its curves over the doses, and whether each must rise with the share of the second legislature, or fall.
CURVES = {
    "excess": {"excess_text1": True, "excess_text2": False},
    "tilt": {"tilt": True},
    "preference": {"preference": False},
    "any_prompt": {"any_prompt": True},
    "bias_ratio": {"bias_ratio": True},
}
SLOPES = (0.8, 1.2)  # where the slope of measured against planted log-odds must lie
SINGLE = (0, -1)  # the doses that are one legislature alone


@dataclass(frozen=True)
class Group(Measured):
    """The replicates of some models on two test texts: nats and preferences begin with [seeds]."""

    models: tuple[str, ...]
    """Row names: the own model of the first text, then that of the second, then mixtures of both."""

    @classmethod
    def of(
        cls, names: Sequence[str], measured: Measured, members: Sequence[tuple[int, ...]], models: Any = slice(None)
    ) -> Group:
        """The replicates with these numbers, and of their models some."""
        where = tuple(zip(*members, strict=True))
        # The test texts of one legislature are the same for all replicates.
        tokens, bytes_ = measured.tokens[members[0]], measured.bytes_[members[0]]
        return cls(
            measured.nats[where][:, models], tokens, bytes_, measured.preferences[where][:, models], tuple(names)
        )

    def values(self, model: int) -> FloatArray:
        """L of one model, shape [prompts, paraphrases, seeds]."""
        return np.moveaxis(self.preferences[:, model], 0, -1)


def p_values(group: Group, settings: VerdictConfig) -> dict[str, float]:
    """p of every test for three models: those of text 1 and text 2, and a mixture of both.

    "excess": the second model against the first on text 1; "tilt": the third model's; "preference": the first against
    the second, paired over prompts; "any_prompt": whether they differ in any; "bias_ratio": the first's signed log
    ratio against the second's.
    """
    first, second, mixture = group.models
    own, mixtures = dict(zip(TEXTS, (first, second), strict=True)), {mixture: dict.fromkeys(TEXTS, 0.5)}
    columns = {name: {name: 1.0} for name in TEXTS}
    design = Design(group.models, columns, own, mixtures, settings.confidence)
    # All of one width: the statistics order sittings by name.
    sittings = tuple(f"{number:06d}" for number in range(group.tokens.shape[1]))
    sums = {
        name: CorpusSums(group.nats[:, :, text].swapaxes(0, 1), group.tokens[text], group.bytes_[text], sittings)
        for text, name in enumerate(TEXTS)
    }
    tests = measure(sums, design).tests
    compared = compare_models(group.values(0), group.values(1), settings.confidence)
    means = [group.values(model).mean(axis=1) for model in (0, 1)]
    # The difference of their two log ratios, paired by what both have read.
    paired = Study.of(sums, replace(design, own=dict.fromkeys(TEXTS, second)))
    ratios = paired.excess(dict(zip(TEXTS, (1.0, -1.0), strict=True)))
    return {
        "excess": _test(tests, "excess", model=second, corpus=TEXTS[0]),
        "tilt": _test(tests, "tilt", model=mixture),
        "preference": compared.p,
        # Of one seed nothing is known of other runs.
        "any_prompt": any_difference(*means)[1] if means[0].shape[1] > 1 else 1.0,
        "bias_ratio": float(ratios.of(0).p),
    }


def responses(group: Group) -> dict[str, FloatArray]:
    """The point estimates whose answer to the dose is judged, each of shape [models], pooled over seeds.

    The first and the last model are those of text 1 and text 2 alone. "excess_text1" rises from 0 and "excess_text2"
    falls to 0; "tilt" is the first minus the second; "preference" is the mean L over all prompts, "any_prompt" the root
    mean square difference from the first model.
    """
    # Sums first, then one division, as the matrix pools its seeds.
    losses = group.nats.mean(axis=0).sum(axis=-1) / group.tokens.sum(axis=-1)
    excess = losses - np.array([losses[0, 0], losses[-1, 1]])
    prompts = group.preferences.mean(axis=(0, 3))
    return {
        "excess_text1": excess[:, 0],
        "excess_text2": excess[:, 1],
        "tilt": excess[:, 0] - excess[:, 1],
        "preference": prompts.mean(axis=1),
        "any_prompt": np.sqrt(((prompts - prompts[0]) ** 2).mean(axis=1)),
        "bias_ratio": np.exp(losses.max(axis=1) - losses.min(axis=1)),
    }


def _test(tests: Sequence[TestRecord], family: str, **about: str) -> float:
    """p of the one test of a family that is about this model (and corpus)."""
    wanted = {"family": family, **about}
    (found,) = (test for test in tests if wanted.items() <= vars(test).items())
    return found.p


# Does a metric follow the dose? Slope, and how surely its order is monotone.


def study_of(measured: Measured, number: int, doses: Sequence[int] = range(len(DOSES))) -> Group:
    """One study's models of these doses, with all its seeds."""
    names = [f"dose{round(100 * DOSES[dose])}" for dose in doses]
    return Group.of(names, measured, [(number, seed) for seed in range(measured.nats.shape[1])], list(doses))


def null_groups(null: Measured, *, own_halves: bool) -> list[Group]:
    """Comparisons of two halves of one legislature; `null` has leading axes [texts, halvings, seeds].

    With `own_halves` every replicate has learned from a halving of its own: the two groups differ in nothing but
    chance (which half, which order, which masks), a replicate's halves could change places without anybody noticing,
    and every test must reject at its nominal rate. Without, all replicates of a group have learned from the same half,
    as the seeds of a study do; the two halves themselves differ a little then, which more seeds only make clearer.
    """
    texts, splits, seeds = null.nats.shape[:3]
    names = [name.replace(" ", "_") for name in HALVES]
    return [
        Group.of(names, null, [(text, (split + own_halves * seed) % splits, seed) for seed in range(seeds)])
        for text in range(texts)
        for split in range(splits)
    ]


def dose_response(measured: Measured, settings: VerdictConfig) -> dict[str, list[dict[str, Any]]]:
    """Every metric's curves over the doses, from all studies; `measured` has leading axes [studies, seeds]."""
    answers = [responses(study_of(measured, number)) for number in range(len(measured.nats))]
    return {
        metric: [
            _curve(name, rises, np.array([each[name] for each in answers]), settings) for name, rises in curves.items()
        ]
        for metric, curves in CURVES.items()
    }


def _curve(name: str, rises: bool, values: FloatArray, settings: VerdictConfig) -> dict[str, Any]:
    """One curve; values: [studies, doses].

    Slope: least squares, per whole dose (from 0 to 1), with the percentile interval of draws over studies. Monotone:
    the share of these draws in which the means of all doses are in the expected order, and that of single studies.
    """
    sign = 1 if rises else -1
    weights = bootstrap_weights(len(values), settings.draws, generator(settings.seed, "dose", name)) / len(values)
    means = np.vstack([values.mean(axis=0), weights @ values])
    slopes, _ = _line(np.array(DOSES), means)
    # The first row is the point estimate; the others are the draws.
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


# Is what was planted found again? Measured L against planted log-odds (method.md section 6).


def planted_truth(measured: Measured, settings: VerdictConfig) -> dict[str, Any]:
    """Sign and size of every association in the models of one legislature; `measured` begins with [studies, seeds].

    Slope and intercept: least squares over associations and legislatures; intervals from draws over studies.
    """
    values = measured.preferences[:, :, SINGLE].mean(axis=(1, 4))
    truth = np.array([[each.log_odds[name] for each in associations()] for name in LEGISLATURES])
    weights = bootstrap_weights(len(values), settings.draws, generator(settings.seed, "planted")) / len(values)
    means = np.concatenate([values.mean(axis=0)[None], np.einsum("ds,slp->dlp", weights, values)])
    slopes, intercepts = _line(truth.ravel(), means.reshape(len(means), -1))
    # Even odds have no sign to get right.
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
        "decisions": _decisions(measured, truth, settings),
        "rate": _rates(measured, truth, settings),
        "recovered": bool(right[decided].all() and SLOPES[0] <= slope.value <= SLOPES[1]),
    }


def _records(truth: FloatArray, means: FloatArray, settings: VerdictConfig) -> list[dict[str, Any]]:
    return [
        {
            "subject": each.noun,
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


def _single_models(measured: Measured) -> Iterator[tuple[int, str, FloatArray]]:
    """Every study's models of one legislature: the legislature's place, a name, L of [prompts, wordings, seeds]."""
    for study in range(len(measured.preferences)):
        for row, dose in enumerate(SINGLE):
            yield row, f"{study} {row}", study_of(measured, study).values(dose)


def _false_preferences(measured: Measured, even: Any, settings: VerdictConfig) -> dict[str, int]:
    """Among the prompts planted at even odds, how often a study of one legislature shows a preference."""
    found = asked = 0
    for row, _, values in _single_models(measured):
        judged = prompt_preferences(values[even[row]], settings.confidence)
        found += sum(prompt.decision in ("first", "second") for prompt in judged)
        asked += len(judged)
    return {"prompts": asked, "shown": found}


def _decisions(measured: Measured, truth: FloatArray, settings: VerdictConfig) -> dict[str, int]:
    """Of the prompts planted beyond odds of 2 to 1, how many are called a preference, and of these the wrong way."""
    large = shown = wrong = 0
    for row, _, values in _single_models(measured):
        judged = prompt_preferences(values, settings.confidence)
        signs = np.array([{"first": 1, "second": -1}.get(prompt.decision, 0) for prompt in judged])
        beyond = np.abs(truth[row]) > THRESHOLD_NATS
        large += int(beyond.sum())
        shown += int(np.count_nonzero(signs[beyond]))
        wrong += int(np.count_nonzero(signs * truth[row] < 0))
    return {"large": large, "shown": shown, "wrong": wrong}


def _rates(measured: Measured, truth: FloatArray, settings: VerdictConfig) -> dict[str, Any]:
    """The share of prompts planted beyond odds of 2 to 1, the mean of the estimated rates, and how many hold it."""
    estimates, inside, true = [], 0, []
    for row, name, values in _single_models(measured):
        judged, rng = prompt_preferences(values, settings.confidence), generator(settings.seed, "rate", name)
        rate = cultural_bias_rate(values, judged, settings.draws, rng, settings.confidence)
        # With one seed there is no rate to be judged.
        if rate is None or rate.any.rate.low is None or rate.any.rate.high is None:
            continue
        true.append(float(np.mean(np.abs(truth[row]) > THRESHOLD_NATS)))
        estimates.append(rate.any.rate.value)
        inside += rate.any.rate.low <= true[-1] <= rate.any.rate.high
    told = {"true": float(np.mean(true)), "estimated": float(np.mean(estimates))} if true else {}
    return {"models": len(true), "inside": int(inside), "true": None, "estimated": None} | told
