"""Simulated corpora with a known truth, for `coverage.py`: many studies at once, and what the matrix says of them.

Speeches cluster in sittings and by speaker. Random are the difficulty of a sitting, how it suits a model, the luck of a
run, how a sitting suits a run, what speakers add to difficulty and suiting (few speak much), and each speech. Studies
are computed together by the functions that `measure` is made of; some of every batch are put through `measure` itself,
which must say the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.clusters import Clusters, Codes
from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.matrix import measure
from hansard_bias.statistics.variance import Estimate, combined, linear

CONFIDENCE = 0.95

# Studies that are computed together, and those of them that `measure` sees.
BATCH, CHECKED = 250, 2

# Of every estimate, or test: 1 where the interval holds the truth or the test rejects, nan where it is refused.
Results = dict[str, npt.ArrayLike]

ROWS = ("A_north", "B_south", "C_mixed")
# B predicts the north as well as A does, and C pays 0.4 nats everywhere: two true nulls.
LEVELS = {"north": (3.0, 3.0, 3.4), "south": (4.0, 3.8, 4.2)}
RATIOS = (1, 1.03, 1.1, 2)
SPEECHES, SPEAKERS = 9, 30


@dataclass(frozen=True)
class MatrixStudies:
    """One kind of study; standard deviations in nats per token."""

    sittings: tuple[int, int]
    """Of the two corpora."""
    seeds: int = 1
    speakers: float | None = 0.0
    """What they add to the difficulty of a speech, and to how it suits a model; None where they are not known."""
    run: float = 0.02
    suits: float = 0.1
    both: float = 0.03


@dataclass(frozen=True)
class Corpora:
    """The test text of one corpus in many studies."""

    nats: FloatArray
    """Shape [models, seeds, cells]."""
    tokens: FloatArray
    study: Codes
    sitting: Codes
    speaker: Codes | None

    def mean(self, nats: FloatArray) -> Estimate:
        """Per token, of every study; nats: shape [seeds, cells]."""
        starts = np.searchsorted(self.study, np.arange(self.study[-1] + 1))
        total = np.add.reduceat(self.tokens, starts)[self.study]
        by_seed, shares = np.add.reduceat(nats / total, starts, axis=1), self.tokens / total
        clusters = Clusters.of(self.sitting, self.speaker, self.study)
        return linear(by_seed.T, nats / total - by_seed[:, self.study] * shares, shares, clusters)

    def sums(self, study: int) -> CorpusSums:
        """What `measure` is given."""
        rows = self.study == study
        names = [each[rows].astype(str) for each in (self.sitting, self.speaker) if each is not None]
        return CorpusSums.of_speeches(self.nats[:, :, rows], self.tokens[rows], self.tokens[rows], *names)


def simulate(kind: MatrixStudies, corpus: str, runs: FloatArray, rng: np.random.Generator) -> Corpora:
    """One corpus; runs: the luck of every run, shape [models, seeds, studies]."""
    models, seeds, studies = runs.shape
    sittings = studies * kind.sittings[list(LEVELS).index(corpus)]
    sitting = np.repeat(np.arange(sittings), rng.poisson(SPEECHES - 1, size=sittings) + 1)
    study = sitting // (sittings // studies)
    speaker = speakers_of(study, rng)
    tokens = rng.lognormal(4, 0.8, size=len(study))
    day = rng.normal(0, 0.3, size=sittings) + rng.normal(0, kind.suits, size=(models, 1, sittings))
    day = day + rng.normal(0, kind.both, size=(models, seeds, sittings))
    voice = rng.normal(0, 1, size=studies * SPEAKERS) + rng.normal(0, 1, size=(models, 1, studies * SPEAKERS))
    level = np.array(LEVELS[corpus])[:, None, None] + runs[:, :, study] + day[:, :, sitting]
    level = level + (kind.speakers or 0) * voice[:, :, speaker]
    speech = rng.normal(0, 0.3, size=len(study)) + rng.normal(0, 0.1, size=(models, seeds, len(study)))
    return Corpora((level + speech) * tokens, tokens, study, sitting, None if kind.speakers is None else speaker)


def speakers_of(study: Codes, rng: np.random.Generator) -> Codes:
    """Of every speech; a few speak much, most little, as in a legislature."""
    shares = rng.pareto(1.5, size=(study[-1] + 1, SPEAKERS)) + 0.2
    below = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    return np.asarray(study * SPEAKERS + (rng.random(len(study))[:, None] > below[study]).sum(axis=1))


def matrix_studies(kind: MatrixStudies, rng: np.random.Generator) -> Results:
    """Many studies of one kind."""
    runs = rng.normal(0, kind.run if kind.seeds > 1 else 0, size=(len(ROWS), kind.seeds, BATCH))
    north, south = (simulate(kind, corpus, runs, rng) for corpus in LEVELS)
    estimates = {
        "perplexity": north.mean(north.nats[1]),
        "excess": north.mean(north.nats[1] - north.nats[0]),
        "tilt": combined(
            [(1, north.mean(north.nats[2] - north.nats[0])), (-1, south.mean(south.nats[2] - south.nats[1]))]
        ),
        "ratio": combined([(1, north.mean(north.nats[2])), (-1, south.mean(south.nats[2]))]),
    }
    truths = {"perplexity": LEVELS["north"][1], "ratio": LEVELS["north"][2] - LEVELS["south"][2]}
    errors = {name: each.value - truths.get(name, 0) for name, each in estimates.items()}
    halves = {name: each.pivot.half_width(CONFIDENCE) for name, each in estimates.items()}
    _check(north, south, estimates, halves)
    found: Results = {name: held(errors[name], halves[name]) for name in ("perplexity", "excess", "tilt")}
    # More nats for every token of a corpus move a mean, and change nothing of its error: one study serves all ratios.
    # Of the signed logarithm's interval a ratio has the larger end, and the smaller, or 1.
    for ratio in map(math.log, RATIOS):
        found[f"ratio {math.exp(ratio):g}"] = held(abs(errors["ratio"] + ratio) - ratio, halves["ratio"])
    return found | {
        f"p {name}": rejected(estimates[name].pivot.p(errors[name])) for name in ("excess", "tilt", "ratio")
    }


def held(error: FloatArray, half: FloatArray) -> FloatArray:
    """Where intervals that reach so far to either side hold the truth."""
    return np.where(np.isnan(half), np.nan, abs(error) <= half)


def rejected(p: FloatArray) -> FloatArray:
    """Where a test rejects."""
    return np.where(np.isnan(p), np.nan, p < 1 - CONFIDENCE)


def _check(north: Corpora, south: Corpora, estimates: dict[str, Estimate], halves: dict[str, FloatArray]) -> None:
    """Raise ValueError unless `measure` finds the same intervals in some of the studies."""
    own, mixture = {"north": ROWS[0], "south": ROWS[1]}, {ROWS[2]: {"north": 0.5, "south": 0.5}}
    design = Design(ROWS, {corpus: {corpus: 1.0} for corpus in LEVELS}, own, mixture, CONFIDENCE)
    for study in range(CHECKED):
        found = measure({"north": north.sums(study), "south": south.sums(study)}, design).models
        told = dict(
            perplexity=_bounds(found["B_south"].perplexity["on_north"].map(math.log)),
            excess=_bounds(found["B_south"].excess_nats["on_north"]),
            tilt=_bounds(found["C_mixed"].tilt),
            ratio=_bounds(found["C_mixed"].bias_ratio),
        )
        for name, measured in told.items():
            middle, far = estimates[name].value[study], halves[name][study]
            here = middle - far, middle + far
            if name == "ratio":
                here = math.exp(np.maximum(abs(middle) - far, 0)), math.exp(abs(middle) + far)
            if not np.allclose(here, measured, rtol=1e-9, equal_nan=True):
                raise ValueError(f"{name} of study {study}: {here} here, {measured} of measure, expected the same")


def _bounds(interval: Interval | None) -> tuple[float, float]:
    if interval is None or interval.low is None or interval.high is None:
        return math.nan, math.nan
    return interval.low, interval.high
