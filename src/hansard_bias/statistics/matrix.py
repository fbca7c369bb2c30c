"""The bias matrix with its uncertainty and tests: how every model predicts every corpus and mixture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.preferences import PreferenceRate
from hansard_bias.statistics.study import Study, perplexity
from hansard_bias.statistics.tests import TestRecord, correct
from hansard_bias.statistics.variance import Estimate

ByColumn = dict[str, Interval]


@dataclass(frozen=True)
class ModelRecord:
    """The numbers of one model; no bias ratio with one corpus, a tilt for mixtures of two."""

    perplexity: ByColumn
    bits_per_byte: ByColumn
    excess_nats: ByColumn
    excess_bits_per_byte: ByColumn
    bias_ratio: Interval | None = None
    tilt: Interval | None = None
    cultural_bias_rate: PreferenceRate | None = None


@dataclass(frozen=True)
class Uncertainty:
    """What intervals and tests cover."""

    confidence: float
    seeds: int
    sittings: dict[str, int]
    speakers: dict[str, int]
    covers: str
    notes: tuple[str, ...]
    variance_shares: dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Matrix:
    """The parts of bias.json that come from the matrix."""

    models: dict[str, ModelRecord]
    tests: tuple[TestRecord, ...]
    uncertainty: Uncertainty


def tests_of(study: Study) -> tuple[TestRecord, ...]:
    """The tests of all families, corrected within each by Holm's method.

    Each record names its `model` (and with an excess, its `corpus`) and holds the effect with its interval, then `p`
    and `p_holm`. Interval and p are one distribution (`Pivot`); `p_covers` says what they cover. Where nothing is known
    of other sittings there is no test.
    """
    # Each family answers one question, so that Holm's correction is within it.
    families = _excess_tests(study), _tilt_tests(study), _ratio_tests(study)
    return tuple(test for family in families for test in correct([*family]))


def _excess_tests(study: Study) -> Iterator[TestRecord]:
    """Every model against the own model of every corpus."""
    for corpus, own in study.design.own.items():
        excess = study.excess({corpus: 1.0})
        for index, row in enumerate(study.design.models):
            # A model is no better or worse than itself: nothing to test.
            if row != own:
                verb = "better" if excess.value[index] < 0 else "worse"
                about = {"what": f"{row} predicts {corpus} {verb} than {own}", "model": row, "corpus": corpus}
                yield from _record(study, "excess", about, excess.of(index))


def _tilt_tests(study: Study) -> Iterator[TestRecord]:
    """Whether a mixture is even-handed, by the sittings of both corpora."""
    for row in study.design.models:
        tilt = study.tilt(row)
        if tilt is not None:
            first, second = study.design.mixtures[row]
            verb = "less" if tilt.value < 0 else "more"
            what = f"{row} pays {verb} to predict {first} than to predict {second}"
            yield from _record(study, "tilt", {"what": what, "model": row}, tilt)


def _ratio_tests(study: Study) -> Iterator[TestRecord]:
    """Whether a model finds both of two corpora equally hard; of more corpora there is an interval alone."""
    if len(study.design.singles) != 2:
        return
    first, second = sorted(study.design.singles)
    ratio = study.log_ratio(first, second)
    for index, row in enumerate(study.design.models):
        verb = "harder" if ratio.value[index] > 0 else "easier"
        about = {"what": f"{row} finds {first} {verb} than {second}", "model": row}
        yield from _record(study, "bias ratio", about, ratio.of(index))


def _record(study: Study, family: str, about: dict[str, str], effect: Estimate) -> Iterator[TestRecord]:
    """One test, or none where nothing is known of the error of the effect."""
    interval, p = effect.interval(study.design.confidence), float(effect.p)
    if interval.known:
        yield TestRecord.of(interval, p, family=family, unit="nats per token", p_covers=covers(study), **about)


def covers(study: Study, *, seeds: bool = True) -> str:
    """What intervals and p take into account, in words; seeds: whether they are of models that have some."""
    named = [corpus for corpus, sums in study.sums.items() if sums.speakers is not None]
    whose = "" if len(named) == len(study.sums) else f" of {', '.join(sorted(named))}"
    parts = ["sittings"] + [f"speakers{whose}"] * bool(named) + ["seeds"] * (seeds and study.seeds > 1)
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "sittings only"


def measure(sums: Mapping[str, CorpusSums], design: Design) -> Matrix:
    """The matrix: every number of every model, the tests, and what they cover.

    Definitions (method.md sections 2 and 3), all pooled over seeds and sittings before the one division:
    CE(m,c) = Σ surprisal / Σ tokens; perplexity = exp CE. Bits per byte = Σ surprisal / (ln 2 · Σ bytes): comparable
    between models of one tokenizer; of n-gram models, whose surprisal is a code length, between tokenizers. A mixture
    column is a text whose tokens come from its corpora in the given shares: nats and bytes per token are averaged with
    these weights, then divided. Excess X(m,c) = CE(m,c) - CE(own(c),c), exactly zero for the own model, absent where
    a corpus has none. Tilt of a mixture over two corpora = X(m,c1) - X(m,c2), in the order of its mixture. Bias
    ratio = largest / smallest perplexity over the single corpora, absent with fewer than two.

    Parameters
    ----------
    sums : corpus to its sums; the same models and seeds in all of them.
    design : rows and columns.

    Intervals cover other sittings (independent between corpora), other speakers where they are known, and other
    training runs (`Estimate`), paired over models. Of one seed nothing is known; a corpus with one sitting gives no
    interval to anything that it enters.

    Raises ValueError for a column of an unknown corpus or for corpora that disagree on models or seeds.
    """
    study = Study.of(sums, design)
    return Matrix(_models(study), tests_of(study), _uncertainty(study))


def _models(study: Study) -> dict[str, ModelRecord]:
    design, confidence = study.design, study.design.confidence
    names = ("perplexity", "bits_per_byte", "excess_nats", "excess_bits_per_byte")
    # All names in every row: an excess that no column has is an empty section, not a missing one.
    rows: dict[str, dict[str, Any]] = {row: {name: {} for name in names} for row in design.models}
    for column in design.columns:
        for name, intervals in _column(study, column).items():
            for row, interval in zip(design.models, intervals, strict=True):
                rows[row][name][f"on_{column}"] = interval
    ratios = study.bias_ratios() if len(design.singles) > 1 else [None] * len(rows)
    for row, ratio in zip(design.models, ratios, strict=True):
        tilt = study.tilt(row)
        rows[row] |= {"bias_ratio": ratio, "tilt": None if tilt is None else tilt.interval(confidence)}
    return {row: ModelRecord(**numbers) for row, numbers in rows.items()}


def _column(study: Study, column: str) -> dict[str, list[Interval]]:
    """Everything said of a column, of every model: perplexity, bits per byte, and the excess where there is one."""
    weights, confidence = study.design.columns[column], study.design.confidence
    found = {
        "perplexity": [perplexity(each) for each in study.cross_entropy(weights).intervals(confidence)],
        "bits_per_byte": study.bits_per_byte(weights).intervals(confidence),
    }
    if study.design.has_excess(column):
        found["excess_nats"] = study.excess(weights).intervals(confidence)
        found["excess_bits_per_byte"] = study.bits_per_byte(weights, excess=True).intervals(confidence)
    return found


def _uncertainty(study: Study) -> Uncertainty:
    sittings = {corpus: len(set(sums.sittings)) for corpus, sums in study.sums.items()}
    speakers = {corpus: sums.named_speakers for corpus, sums in study.sums.items() if sums.named_speakers}
    single = [corpus for corpus, count in sittings.items() if count == 1]
    notes = [f"one sitting in the test text of {corpus}: no interval for what is predicted there" for corpus in single]
    unnamed = [corpus for corpus in study.sums if corpus not in speakers]
    notes += [f"no two speakers are known in the test text of {corpus}: its sittings only" for corpus in unnamed]
    if study.seeds == 1:
        notes.append("one seed: intervals and p do not cover the luck of a training run")
    return Uncertainty(
        study.design.confidence,
        study.seeds,
        sittings,
        speakers,
        covers=covers(study) if max(sittings.values()) > 1 else "nothing",
        notes=tuple(notes),
        variance_shares=_variance_shares(study),
    )


def _variance_shares(study: Study) -> dict[str, dict[str, dict[str, float]]]:
    """Shares of seeds, sittings and speakers in the variance of each cell's cross-entropy (`Estimate.shares`).

    Cells of which one of them is not known are left out.
    """
    columns = study.design.columns if study.seeds > 1 else ()
    parts = {f"on_{column}": study.cross_entropy(study.design.columns[column]).shares for column in columns}
    return {
        row: {
            column: {name: float(share[index]) for name, share in shares.items()}
            for column, shares in parts.items()
            if np.isfinite(shares["seeds"][index])
        }
        for index, row in enumerate(study.design.models)
    }
