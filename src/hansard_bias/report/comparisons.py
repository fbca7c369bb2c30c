"""Which differences hold: an effect beyond chance needs its interval and its corrected test to say so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from hansard_bias.analysis.metrics.companion import TILT, Companion
from hansard_bias.analysis.records import Interval
from hansard_bias.params import Config
from hansard_bias.report.formats import model_names, p_value, title
from hansard_bias.report.results import Results

# Nats a piece: with a smaller gain over word frequencies a model is said to have learned hardly anything else.
PLATEAU = 0.1
FINDINGS = {1: "predicts worse", -1: "predicts better", 0: "no difference found", None: "not decided"}


@dataclass(frozen=True)
class Effect:
    """A measured difference from 0 in nats per token, with its p corrected for the family; None without a test."""

    size: Interval
    p: float | None
    alpha: float

    @property
    def side(self) -> int | None:
        """+1 or -1 where the effect lies above or below 0 beyond chance, 0 if not, None if not decided."""
        # Beyond chance is what holds in both: the interval excludes 0, and so does the corrected test.
        return 0 if self.only_uncorrected else self.size.side(0.0)

    @property
    def only_uncorrected(self) -> bool:
        """Whether the interval excludes 0, but the test, corrected for its family, does not."""
        return bool(self.size.side(0.0)) and self.p is not None and self.p >= self.alpha


@dataclass(frozen=True)
class Comparison:
    """A model that reads a legislature it was not trained on, against the model trained on it."""

    model: str
    corpus: str
    # Its side is +1 where the model from outside predicts worse, -1 where it predicts better.
    excess: Effect
    # Those of the two models that have hardly learned: with one, the excess says nothing of the legislatures.
    unlearned: tuple[str, ...] = ()

    @property
    def factor(self) -> Interval:
        """How many times as many equally likely words the model has to choose from: exp(excess)."""
        return self.excess.size.map(math.exp)


def comparisons(results: Results) -> list[Comparison]:
    """Every single-corpus model on every other corpus for which there is an own model."""
    config, found = results.config, []
    for model, corpus in product((m for m, spec in config.models.items() if spec.is_single), config.corpora):
        excess = excess_effect(results, model, corpus)
        if corpus not in config.models[model].mixture and excess is not None:
            found.append(Comparison(model, corpus, excess, unlearned(results, model, config.own_model(corpus))))
    return found


def excess_effect(results: Results, model: str, column: str) -> Effect | None:
    """A model's excess on a corpus with its test; without one on the test text of a mixture, which has none."""
    excess = results.excess(model, column)
    return None if excess is None else _tested(results, "excess", excess, model, column)


def unigram_gain(results: Results, model: str, corpus: str) -> Effect:
    """How much less a model is surprised by a corpus than the word frequencies of its training text, with its test."""
    return _tested(results, "unigrams", results.unigrams(model).gain_nats[f"on_{corpus}"], model, corpus)


def has_learned(results: Results, model: str, corpus: str) -> bool:
    """Whether a model reads a corpus that it was trained on better than word frequencies do, by more than `PLATEAU`."""
    gain = unigram_gain(results, model, corpus)
    # Without an interval the size alone decides.
    return gain.side in (1, None) and gain.size.value >= PLATEAU


def unlearned(results: Results, *models: str | None) -> tuple[str, ...]:
    """Those of the models that have hardly learned some corpus of their own; None is no model."""
    named = [(model, results.config.models[model].mixture) for model in models if model is not None]
    return tuple(model for model, mixture in named if not all(has_learned(results, model, each) for each in mixture))


def tilts(results: Results) -> dict[str, Interval]:
    """The tilt of every mixture of two that has one, against own models at its dose: that of the n-gram models."""
    found = results.bias.metric(Companion).tilt_at_dose
    rows = {model: found.get(results.config.row_key(model)) for model in results.config.models}
    return {model: tilt for model, tilt in rows.items() if tilt is not None}


def tilt_effect(results: Results, model: str) -> Effect | None:
    """A mixture's tilt with its test; None for a model that is no mixture of two, or whose dose is too small."""
    tilt = tilts(results).get(model)
    return None if tilt is None else _tested(results, TILT, tilt, model)


def tilt_sentence(results: Results, model: str) -> str | None:
    """Which way a mixture leans, in words."""
    tilt = tilt_effect(results, model)
    if tilt is None:
        return None
    if tilt.side is None:
        return "no interval, so not decided"
    if tilt.side == 0:
        return f"no lean found (p is {p_value(tilt.p)} after correction)" if tilt.only_uncorrected else "no lean found"
    first, second = map(title, results.config.models[model].mixture)
    return f"leans to {second if tilt.side > 0 else first}"


def unlearned_text(config: Config, models: Sequence[str]) -> str:
    """What there is to find with models that have hardly learned."""
    return f"says nothing: {model_names(config, models)} learned too little"


def _tested(results: Results, family: str, size: Interval, model: str, corpus: str | None = None) -> Effect:
    # A tilt has no corpus, an excess has; the same test is never made twice.
    wanted = family, results.config.row_key(model), corpus
    found = (test.p_holm for test in results.bias.tests if (test.family, test.model, test.corpus) == wanted)
    return Effect(size, next(found, None), 1 - results.config.bias.confidence)


def at_most(size: Interval) -> float | None:
    """How large an effect can still be, in either direction: the far end of its interval; None without one."""
    return None if size.low is None or size.high is None else max(abs(size.low), abs(size.high))
