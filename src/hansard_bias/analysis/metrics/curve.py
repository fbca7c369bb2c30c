"""The excess grows with the training text: the companions' excess at an eighth, a quarter, half and all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hansard_bias.analysis.compared import COMPANIONS, Pair, differences, pairs
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.records import Interval
from hansard_bias.yardsticks.tables import DOSES

WHOLE = "1"


@dataclass(frozen=True)
class CurvePoint:
    """The excess of n-gram models of one share of the text."""

    share: str
    """Of the training text: 1/8, 1/4, 1/2 or 1."""
    tokens: int | None
    """That each model has learned from; None for the whole."""
    excess: Interval


@dataclass(frozen=True)
class LearningCurve:
    """The companions' excess over the amount of training text."""

    excess: dict[str, dict[str, tuple[CurvePoint, ...]]]
    """By row, then `on_<corpus>`: from little text to all of it; own models left out."""
    reasons: tuple[str, ...] = ()
    """Why points are missing."""


@metric("learning_curve", LearningCurve)
def learning_curve(data: StudyData) -> LearningCurve:
    """Every pair's excess at every share of the text."""
    excess: dict[str, dict[str, tuple[CurvePoint, ...]]] = {}
    for pair in pairs(data):
        excess.setdefault(pair.row, {})[pair.column] = tuple(_points(data, pair))
    missing = (facts.reason for facts in data.parts.facts if facts.kind in DOSES and facts.reason)
    return LearningCurve(excess, tuple(dict.fromkeys(missing)))


def _points(data: StudyData, pair: Pair) -> Iterator[CurvePoint]:
    losses, confidence = data.losses[pair.corpus], data.config.bias.confidence
    names = [[*data.config.models][model] for model in (pair.model, pair.own)]
    for share in sorted(DOSES, key=lambda name: -DOSES[name]):
        model, own = (data.parts.nats.get((share, name, pair.corpus)) for name in names)
        facts = data.parts.of(share, names[0], pair.corpus)
        if model is not None and own is not None and facts is not None:
            yield CurvePoint(share, facts.tokens, losses.mean((model - own)[None]).interval(confidence))
    whole = differences(data, pair)[COMPANIONS]
    yield CurvePoint(WHOLE, None, losses.mean(whole).interval(confidence))
