"""Perplexity and excess of every model on a part of a corpus: a year, a topic, a role, a speaker."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import FloatArray, Interval, percentile_interval
from hansard_bias.statistics.study import Study


@dataclass(frozen=True)
class SliceNumbers:
    """One model on one slice."""

    perplexity: Interval
    excess_nats: Interval | None
    """Against the corpus's own model; None where there is none."""


def measure_slice(sums: CorpusSums, corpus: str, design: Design, least_sittings: int) -> dict[str, SliceNumbers]:
    """Row to its numbers, as `matrix.measure` defines them, for the sittings in which the slice occurs.

    Parameters
    ----------
    sums : of the slice's speeches, by sitting.
    design : of the whole study; its models, own models and draws are used.
    least_sittings : with fewer the numbers have no intervals: a handful of days says nothing about other days.

    Intervals are one by one: of a hundred, five miss the truth. No slice is tested.
    """
    few = len(sums.sittings) < least_sittings
    own = {corpus: design.own[corpus]} if corpus in design.own else {}
    # Where there are no intervals, two draws are all that a study needs to exist.
    draws = 2 if few else design.draws
    alone = replace(design, columns={corpus: {corpus: 1.0}}, own=own, mixtures={}, draws=draws)
    study = Study.of({corpus: sums}, alone)
    quantities = study.quantities(corpus)
    excess = quantities.get("excess_nats")
    return {
        row: SliceNumbers(
            _interval(quantities["perplexity"][:, index], few, design.confidence),
            None if excess is None else _interval(excess[:, index], few, design.confidence),
        )
        for index, row in enumerate(design.models)
    }


def _interval(replicates: FloatArray, few: bool, confidence: float) -> Interval:
    """The percentile interval, or the value alone."""
    return Interval(float(np.ravel(replicates)[0]), None, None) if few else percentile_interval(replicates, confidence)
