"""Compared with what: what two halves of one legislature's own debates differ by, and whether an excess is more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hansard_bias.analysis.compared import COMPANIONS, KINDS, MASKED, Pair, differences, pairs
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import Found, metric
from hansard_bias.analysis.records import Interval, TestRecord
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.matrix import covers
from hansard_bias.statistics.study import Study
from hansard_bias.statistics.tests import correct
from hansard_bias.statistics.variance import Estimate
from hansard_bias.yardsticks.tables import AT_RANDOM, BY_TIME, HALF

FAMILIES = {MASKED: "more than a yardstick", COMPANIONS: "more than a yardstick, n-gram models"}


@dataclass(frozen=True)
class Yardstick:
    """What n-gram models of two halves of one corpus's training text differ by, in nats per token of its test text."""

    time: Interval | None
    """Early and late half: each test speech by the half of the other period, less by the half of its own."""
    cut: str
    """The first day of the late half; empty without halves."""
    random: Interval | None
    """Two halves of sittings taken at random: one less the other, so signed that it is not below 0."""
    tokens: int
    """Of each half by time; of the training text."""
    reasons: tuple[str, ...] = ()
    """Why one is missing."""

    @property
    def larger(self) -> Interval | None:
        """The larger of those there are."""
        return max((each for each in (self.time, self.random) if each), key=lambda each: each.value, default=None)


@dataclass(frozen=True)
class Against:
    """One excess beside the larger yardstick of the text's own corpus."""

    excess: Interval
    """Of the masked models."""
    companion: Interval
    """Of the n-gram models."""
    companion_half: Interval | None
    """Of n-gram models of half of the text, as the yardstick's are."""
    yardstick: Interval | None
    """The larger one of the corpus; None where there is none."""
    more: Interval | None
    """The excess of the masked models less the yardstick; above 0: more than two halves of one legislature differ."""
    companion_more: Interval | None
    """The same of n-gram models of half of the text."""
    beyond: bool | None
    """Whether `more` is above 0, its test corrected for all models and corpora; None where that cannot be told."""
    companion_beyond: bool | None
    """Whether `companion_more` is above 0, likewise."""


@dataclass(frozen=True)
class Yardsticks:
    """What every excess is compared with."""

    corpora: dict[str, Yardstick]
    """By corpus with an own model."""
    excess: dict[str, dict[str, Against]]
    """By row, then `on_<corpus>`; own models left out."""


@metric("yardsticks", Yardsticks)
def yardstick_findings(data: StudyData) -> Found:
    """The yardsticks of every corpus with an own model, and all excesses beside them, with tests."""
    sticks = {corpus: _yardstick(data, corpus) for corpus in data.design.own}
    larger = {corpus: _larger(data, corpus, stick) for corpus, stick in sticks.items()}
    compared = {pair: _more(data, pair, larger[pair.corpus]) for pair in pairs(data)}
    tests = {kind: _tests(data, {pair: each[kind] for pair, each in compared.items()}, kind) for kind in KINDS}
    excess: dict[str, dict[str, Against]] = {}
    for pair, each in compared.items():
        beyond = {kind: _beyond(tests[kind], pair, 1 - data.config.bias.confidence) for kind in KINDS}
        excess.setdefault(pair.row, {})[pair.column] = _against(data, pair, sticks[pair.corpus], each, beyond)
    return Found(Yardsticks(sticks, excess), [*tests[MASKED], *tests[COMPANIONS]])


def _yardstick(data: StudyData, corpus: str) -> Yardstick:
    confidence, found = data.config.bias.confidence, {}
    for name, nats in (("time", _by_time(data, corpus)), ("random", _at_random(data, corpus))):
        found[name] = None if nats is None else data.losses[corpus].mean(nats).interval(confidence)
    facts = [data.parts.of(kind, corpus, corpus) for kind in (*BY_TIME, *AT_RANDOM)]
    reasons = tuple(dict.fromkeys(each.reason for each in facts if each is not None and each.reason))
    late = data.parts.of(BY_TIME[1], corpus, corpus)
    cut, tokens = (late.first_day, late.tokens) if late is not None else ("", 0)
    return Yardstick(found["time"], cut, found["random"], tokens, reasons)


def _larger(data: StudyData, corpus: str, stick: Yardstick) -> FloatArray | None:
    """The differences of the larger yardstick by speech, shape [1, speeches]; None where there is none."""
    larger = stick.larger
    if larger is None:
        return None
    return _by_time(data, corpus) if larger == stick.time else _at_random(data, corpus)


def _halves(data: StudyData, corpus: str, kinds: tuple[str, ...]) -> list[FloatArray] | None:
    """The test speeches under the models of both halves, shape [speeches] each; None where a half is missing."""
    found = [data.parts.nats.get((kind, corpus, corpus)) for kind in kinds]
    halves = [each for each in found if each is not None]
    return halves if len(halves) == len(kinds) else None


def _by_time(data: StudyData, corpus: str) -> FloatArray | None:
    """Each test speech under the half of the other period, less under that of its own; shape [1, speeches]."""
    halves, late = _halves(data, corpus, BY_TIME), data.parts.of(BY_TIME[1], corpus, corpus)
    if halves is None or late is None:
        return None
    earlier = data.losses[corpus].sittings < late.first_day
    return np.where(earlier, halves[1] - halves[0], halves[0] - halves[1])[None]


def _at_random(data: StudyData, corpus: str) -> FloatArray | None:
    """The test speeches under one half, less under the other: the sign is that of a larger sum; shape [1, speeches]."""
    halves = _halves(data, corpus, AT_RANDOM)
    if halves is None:
        return None
    apart = halves[0] - halves[1]
    return (apart if apart.sum() >= 0 else -apart)[None]


def half_dose(data: StudyData, pair: Pair) -> FloatArray | None:
    """A pair's excess by n-gram models of half of the text, by speech, shape [1, speeches]; None without such."""
    names = [[*data.config.models][model] for model in (pair.model, pair.own)]
    model, own = (data.parts.nats.get((HALF, name, pair.corpus)) for name in names)
    return None if model is None or own is None else (model - own)[None]


def _more(data: StudyData, pair: Pair, yardstick: FloatArray | None) -> dict[str, Estimate | None]:
    """The excess less the yardstick, by kind; both are of the same speeches, so that they are paired."""
    masked, half = differences(data, pair)[MASKED], half_dose(data, pair)
    found: dict[str, Estimate | None] = dict.fromkeys(KINDS)
    for kind, nats in ((MASKED, masked), (COMPANIONS, half)):
        if yardstick is not None and nats is not None:
            found[kind] = data.losses[pair.corpus].mean(nats - yardstick)
    return found


def _tests(data: StudyData, compared: Mapping[Pair, Estimate | None], kind: str) -> list[TestRecord]:
    """One family: does the excess exceed the yardstick? Only what has an interval is tested."""
    told, records = covers(Study.of(data.sums, data.design), seeds=kind == MASKED), []
    for pair, estimate in compared.items():
        interval = None if estimate is None else estimate.interval(data.config.bias.confidence)
        if estimate is not None and interval is not None and interval.known:
            verb = "more" if interval.value > 0 else "no more"
            what = f"{pair.row} pays {verb} on {pair.corpus} than two halves of it differ by"
            about = {"what": what, "model": pair.row, "corpus": pair.corpus, "p_covers": told}
            records.append(
                TestRecord.of(interval, float(estimate.p), family=FAMILIES[kind], unit="nats per token", **about)
            )
    return correct(records)


def _beyond(tests: list[TestRecord], pair: Pair, alpha: float) -> bool | None:
    named = (test for test in tests if (test.model, test.corpus) == (pair.row, pair.corpus))
    return next((test.effect > 0 and test.p_holm < alpha for test in named), None)


def _against(
    data: StudyData,
    pair: Pair,
    stick: Yardstick,
    compared: Mapping[str, Estimate | None],
    beyond: Mapping[str, bool | None],
) -> Against:
    losses, confidence = data.losses[pair.corpus], data.config.bias.confidence
    plain = {kind: losses.mean(nats).interval(confidence) for kind, nats in differences(data, pair).items()}
    half = half_dose(data, pair)
    more = {kind: None if each is None else each.interval(confidence) for kind, each in compared.items()}
    return Against(
        excess=plain[MASKED],
        companion=plain[COMPANIONS],
        companion_half=None if half is None else losses.mean(half).interval(confidence),
        yardstick=stick.larger,
        more=more[MASKED],
        companion_more=more[COMPANIONS],
        beyond=beyond[MASKED],
        companion_beyond=beyond[COMPANIONS],
    )
