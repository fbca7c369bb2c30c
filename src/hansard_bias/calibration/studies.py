"""One calibration study in the terms of `statistics`: the public functions whose results are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hansard_bias.calibration.arrays import FloatArray
from hansard_bias.calibration.config import VerdictConfig
from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.preferences import compare_models
from hansard_bias.statistics.resampling import generator
from hansard_bias.statistics.study import Study

TEXTS = ("text1", "text2")
METRICS = ("excess", "tilt", "preference", "bias_ratio")


@dataclass(frozen=True)
class Group:
    """The replicates of some models on two test texts."""

    models: tuple[str, ...]
    """Row names: the own model of the first text, then that of the second, then mixtures of both."""
    nats: FloatArray
    """Shape [seeds, models, texts, sittings]."""
    tokens: FloatArray
    """Shape [texts, sittings], as `bytes_`."""
    bytes_: FloatArray
    preferences: FloatArray
    """L*, shape [seeds, models, prompts, paraphrases]."""

    def sums(self) -> dict[str, CorpusSums]:
        """The sums of both texts, as the statistics take them."""
        names = tuple(f"{number:06d}" for number in range(self.tokens.shape[1]))
        return {
            name: CorpusSums(self.nats[:, :, text].swapaxes(0, 1), self.tokens[text], self.bytes_[text], names)
            for text, name in enumerate(TEXTS)
        }

    def design(self, settings: VerdictConfig, mixtures: Mapping[str, Mapping[str, float]]) -> Design:
        """Both texts as columns, the first two models as their own models."""
        return Design(
            models=self.models,
            columns={name: {name: 1.0} for name in TEXTS},
            own=dict(zip(TEXTS, self.models, strict=False)),
            mixtures=mixtures,
            draws=settings.draws,
            confidence=settings.confidence,
            seed=settings.seed,
        )

    def values(self, model: str) -> FloatArray:
        """L* of one model, shape [prompts, paraphrases, seeds]."""
        return np.moveaxis(self.preferences[:, self.models.index(model)], 0, -1)


def p_values(group: Group, settings: VerdictConfig) -> dict[str, float]:
    """p of every test for three models: those of text 1 and text 2, and a mixture of both.

    "excess": the second model against the first on text 1; "tilt": the third model's; "preference": the first against
    the second, paired over prompts; "bias_ratio": the first against the second, where p is the smallest 1 - confidence
    whose interval of the difference leaves out 0 (the tool has no test of it).
    """
    first, second, mixture = group.models
    sums, design = group.sums(), group.design(settings, {group.models[2]: {name: 0.5 for name in TEXTS}})
    tests = measure(sums, design)["tests"]
    compared = compare_models(
        group.values(first), group.values(second), settings.draws, generator(settings.seed, "preference")
    )
    ratios = Study.of(sums, design).bias_ratio()
    return {
        "excess": _test(tests, "excess", model=second, corpus=TEXTS[0]),
        "tilt": _test(tests, "tilt", model=mixture),
        "preference": float(compared["p"]),
        "bias_ratio": _p_of_interval(ratios[:, 0] - ratios[:, 1]),
    }


def responses(group: Group) -> dict[str, FloatArray]:
    """The point estimates whose answer to the dose is judged, each of shape [models], pooled over seeds.

    The first and the last model are those of text 1 and text 2 alone. "excess_text1" rises from 0 and "excess_text2"
    falls to 0; "tilt" is the first minus the second; "preference" is the mean L* over all prompts.
    """
    losses = group.nats.mean(axis=0).sum(axis=-1) / group.tokens.sum(axis=-1)
    excess = losses - np.array([losses[0, 0], losses[-1, 1]])
    return {
        "excess_text1": excess[:, 0],
        "excess_text2": excess[:, 1],
        "tilt": excess[:, 0] - excess[:, 1],
        "preference": group.preferences.mean(axis=(0, 2, 3)),
        "bias_ratio": np.exp(losses.max(axis=1) - losses.min(axis=1)),
    }


def _test(tests: list[dict[str, Any]], family: str, **about: str) -> float:
    """p of the one test of a family that is about this model (and corpus)."""
    wanted = {"family": family, **about}
    (found,) = (test for test in tests if wanted.items() <= test.items())
    return float(found["p"])


def _p_of_interval(replicates: FloatArray) -> float:
    """Twice the smaller share of draws on one side of 0, the percentile interval turned into a p; never 0."""
    drawn = replicates[1:]
    sides = (np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0))
    return min(1.0, 2 * (1 + min(sides)) / (1 + drawn.size))
