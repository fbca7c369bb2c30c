"""Excesses over parts of the test text, of masked models and of their companions alike: what several metrics need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.speeches import Flags
from hansard_bias.statistics.intervals import FloatArray, Interval

# Masked models, and the n-gram models of the same texts.
MASKED, COMPANIONS = "masked", "companion"
KINDS = (MASKED, COMPANIONS)


@dataclass(frozen=True)
class Excess:
    """An excess in nats per token, by the masked models and by their companions."""

    masked: Interval
    """Of the masked models."""
    companion: Interval
    """Of the n-gram models."""


@dataclass(frozen=True)
class Pair:
    """A model that predicts a corpus it is not the own model of."""

    row: str
    model: int
    corpus: str
    own: int

    @property
    def column(self) -> str:
        """The corpus as results name it."""
        return f"on_{self.corpus}"


def pairs(data: StudyData) -> Iterator[Pair]:
    """All of them, corpus by corpus, for the corpora that have an own model."""
    design = data.design
    for corpus, own in design.own.items():
        for model, row in enumerate(design.models):
            if row != own:
                yield Pair(row, model, corpus, design.models.index(own))


def differences(data: StudyData, pair: Pair) -> dict[str, FloatArray]:
    """What a model needs more than the own model, by kind, shape [seeds, speeches]; nats."""
    nats = {MASKED: data.losses[pair.corpus].nats, COMPANIONS: data.companion[pair.corpus]}
    return {kind: each[pair.model] - each[pair.own] for kind, each in nats.items()}


def excess(data: StudyData, pair: Pair, chosen: Flags, least_sittings: int = 0) -> Excess | None:
    """Over the chosen speeches; None where these hold no token, no bounds where they are of too few sittings."""
    losses = data.losses[pair.corpus]
    if not losses.tokens[chosen].any():
        return None
    few = len(np.unique(losses.clusters[0][chosen & (losses.tokens > 0)])) < least_sittings
    found = {}
    for kind, nats in differences(data, pair).items():
        interval = losses.mean(nats, chosen).interval(data.config.bias.confidence)
        found[kind] = Interval(interval.value, None, None) if few else interval
    return Excess(**found)


@dataclass(frozen=True)
class Slice:
    """Some of the test speeches of a corpus, and every model's excess over them."""

    what: str
    """What these speeches have in common."""
    speeches: int
    """How many they are."""
    sittings: int
    """On how many sitting days."""
    tokens_share: float
    """Of all test tokens of the corpus."""
    excess: dict[str, Excess]
    """By row, own model left out."""


def slices(data: StudyData, corpus: str, groups: Mapping[str, Flags]) -> tuple[Slice, ...]:
    """The excess over each of these groups of test speeches; empty groups are left out. flags: shape [speeches]."""
    losses, least = data.losses[corpus], data.config.bias.slice_sittings
    own = [pair for pair in pairs(data) if pair.corpus == corpus]
    found = []
    for what, chosen in groups.items():
        share = float(losses.tokens[chosen].sum() / losses.tokens.sum())
        if share > 0:
            by_row = {pair.row: excess(data, pair, chosen, least) for pair in own}
            known = {row: each for row, each in by_row.items() if each is not None}
            sittings = len(np.unique(losses.clusters[0][chosen]))
            found.append(Slice(what, int(chosen.sum()), sittings, share, known))
    return tuple(found)
