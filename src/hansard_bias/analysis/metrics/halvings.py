"""What the verdict says of this text where there is nothing to find: random halves of one legislature, as two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.metrics.yardsticks import yardstick_findings
from hansard_bias.analysis.record_files import read_json
from hansard_bias.analysis.speeches import Losses
from hansard_bias.base.files import HALVINGS
from hansard_bias.yardsticks.houses import HOUSES, as_two
from hansard_bias.yardsticks.tables import PartFacts, Parts


@dataclass(frozen=True)
class HalvingsOf:
    """Random halves of one corpus, each read as a study of two legislatures."""

    halvings: int = 0
    """Made."""
    yes: int = 0
    """Which the verdict, by n-gram models, answers with "Yes"."""
    tests: int = 0
    """Of the excess, two of each halving."""
    rejected: int = 0
    """Of them, below 1 - `bias.confidence`."""
    excess: float | None = None
    """Mean, at half of the text as the yardsticks are, in nats per token."""
    yardstick: float | None = None
    """Mean of the larger ones, in nats per token."""
    reason: str = ""
    """Why there are none."""


@dataclass(frozen=True)
class Halvings:
    """Studies of two random halves of one legislature, by n-gram models."""

    corpora: dict[str, HalvingsOf]
    """By corpus, in the order of params.yaml."""


@metric("halvings", Halvings)
def halving_findings(data: StudyData) -> Halvings:
    """What the rule of the verdict says of every halving that the stage `halvings` has read."""
    found = read_json(data.root / HALVINGS, "halvings")
    return Halvings({name: _judged(data, found[name]) for name in data.config.corpora})


def _judged(data: StudyData, found: dict[str, Any]) -> HalvingsOf:
    if not found["halvings"]:
        return HalvingsOf(reason=found["reason"])
    outcomes = [_outcome(_study(data, each)) for each in found["halvings"]]
    yes, *lists = (list(each) for each in zip(*outcomes, strict=True))
    p, excess, yardstick = ([value for of_one in each for value in of_one if math.isfinite(value)] for each in lists)
    rejected = sum(value < 1 - data.config.bias.confidence for value in p)
    return HalvingsOf(len(outcomes), sum(yes), len(p), rejected, _mean_or_none(excess), _mean_or_none(yardstick))


def _mean_or_none(values: list[float]) -> float | None:
    """Where no halving had a yardstick, there is nothing to tell of them."""
    return float(np.mean(values)) if values else None


def _study(data: StudyData, halving: dict[str, Any]) -> StudyData:
    """A study of the two houses, each sitting as one speech, whose masked models are n-gram models, too."""
    study = StudyData(as_two(data.config), data.root)
    losses, companion, nats = {}, {}, {}
    for house, sums in halving["houses"].items():
        companion[house] = np.array([[sums[f"model {model}"]] for model in HOUSES])
        days, tokens, bytes_ = np.array(sums["sittings"]), np.array(sums["tokens"]), np.array(sums["bytes"])
        losses[house] = Losses(companion[house], tokens, bytes_, days, np.full(len(days), ""), tuple(sums["sittings"]))
        for name, values in sums.items():
            kind, _, part = name.partition(" ")
            if part and kind != "model":
                nats[kind, part, house] = np.array(values)
    facts = tuple(PartFacts(**each | {"reads": tuple(each["reads"])}) for each in halving["facts"])
    study.__dict__.update(losses=losses, companion=companion, parts=Parts(facts, nats))
    return study


def _outcome(study: StudyData) -> tuple[bool, list[float], list[float], list[float]]:
    """Whether the verdict is "Yes"; p of the excess in either house; excesses and yardsticks, nan where none is."""
    found = yardstick_findings(study).section.excess
    each = [against for row in found.values() for against in row.values()]
    p = []
    for place, house in enumerate(HOUSES):
        own, other = study.companion[house][place], study.companion[house][1 - place]
        p.append(float(study.losses[house].mean(other - own).p))
    excess, yardstick = (
        [against.value if against else float("nan") for against in some]
        for some in ([a.companion_half for a in each], [a.yardstick for a in each])
    )
    return all(against.companion_beyond for against in each), p, excess, yardstick
