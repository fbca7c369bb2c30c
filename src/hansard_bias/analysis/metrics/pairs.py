"""Sentence pairs and StereoSet from probe tables: the benchmarks' own summaries by model (method.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.probing.tables import OPTIONS, Probed
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.pairs import StereoSet, mean_difference, preferring, stereoset


@dataclass(frozen=True)
class PairScores:
    """What one model prefers in some items of a benchmark."""

    items: int
    """Their number."""
    preferring: Interval
    """Share of them whose first sentence (the stereotype, or the preferred one) has the higher score; 0 to 1."""
    difference: Interval
    """Score of the first less that of the second sentence, the mean, in nats."""
    stereoset: StereoSet | None = None
    """ss, lms and icat, 0 to 100; of StereoSet alone."""


@dataclass(frozen=True)
class PairMeasure:
    """One score of one model on a benchmark."""

    all: PairScores
    """All items."""
    parts: dict[str, PairScores]
    """By direction (CrowS-Pairs: stereo, antistereo) or task (StereoSet); empty for other pairs."""
    themes: dict[str, PairScores]
    """By bias type, or theme."""


@dataclass(frozen=True)
class PairModel:
    """One model on a benchmark."""

    likelihood: PairMeasure
    """By the benchmark's own score: tokens are masked."""
    aul: PairMeasure
    """By the mean log-probability of all tokens, none masked."""


@dataclass(frozen=True)
class PairBenchmark:
    """A benchmark of sentences."""

    name: str
    """Its file, without the ending."""
    form: str
    """crows_pairs, stereoset or pairs."""
    shared_tokens: float
    """Tokens that the two sentences of a pair share, on average; 0 for StereoSet."""
    models: dict[str, PairModel]
    """By row."""


@dataclass(frozen=True)
class LeftOutItem:
    """An item of any benchmark that was not asked."""

    benchmark: str
    """The file, without its ending."""
    problem: str
    """Its line or id, and what is wrong with it."""


@dataclass(frozen=True)
class Pairs:
    """Benchmarks of sentences, and what was left out of all benchmarks."""

    covers: str
    """What the intervals allow for: items and seeds, or items only (one training run)."""
    benchmarks: tuple[PairBenchmark, ...]
    """In the order of params.yaml."""
    left_out: tuple[LeftOutItem, ...]
    """Items of all benchmarks, word lists and answers to prompts too."""


@metric("pairs", Pairs)
def pair_findings(data: StudyData) -> Pairs:
    """One record a benchmark, by model."""
    asked = data.asked.pairs
    left_out = tuple(LeftOutItem(*each) for each in data.asked.left_out)
    covers = "items and seeds" if max(map(len, data.runs.values())) > 1 else "items only"
    names = dict.fromkeys(asked["benchmark"])
    return Pairs(covers, tuple(_benchmark(name, asked[asked["benchmark"] == name], data) for name in names), left_out)


def _benchmark(name: str, asked: pd.DataFrame, data: StudyData) -> PairBenchmark:
    # By what they say, so that the last digits of sums do not depend on the order of the file.
    ordered = asked.sort_values(["part", "theme", "target", "context", *OPTIONS])
    groups = {column: [each for each in dict.fromkeys(asked[column]) if each] for column in ("part", "theme")}
    confidence = data.config.bias.confidence
    models = {
        row: PairModel(
            *(_measure(_array(runs, ordered, kind), ordered, groups, confidence) for kind in ("score", "aul"))
        )
        for row, runs in data.probes.items()
    }
    return PairBenchmark(name, str(asked["form"].iloc[0]), float(asked["shared"].mean()), models)


def _array(runs: list[Probed], ordered: pd.DataFrame, kind: str) -> FloatArray:
    """Scores of all runs, shape [items, options, seeds]."""
    options = OPTIONS if (ordered["third"] != "").all() else OPTIONS[:2]
    columns = [f"{kind}_{option}" for option in options]
    return np.stack([run.pairs.loc[ordered.index, columns].to_numpy(dtype=np.float64) for run in runs], axis=-1)


def _measure(scores: FloatArray, ordered: pd.DataFrame, groups: dict[str, list[str]], confidence: float) -> PairMeasure:
    """scores: of the items as they are ordered; groups: by column, in the order of the file."""
    targets = ordered["target"].to_numpy(dtype=str)

    def scored(chosen: FloatArray | slice) -> PairScores:
        members = scores[chosen]
        own = stereoset(members, targets[chosen], confidence) if members.shape[1] > 2 else None
        return PairScores(len(members), preferring(members, confidence), mean_difference(members, confidence), own)

    by = {column: {each: scored(ordered[column].to_numpy() == each) for each in groups[column]} for column in groups}
    return PairMeasure(scored(slice(None)), by["part"], by["theme"])
