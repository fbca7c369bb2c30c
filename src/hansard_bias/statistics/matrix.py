"""The bias matrix with its uncertainty and tests: how every model reads every corpus and mixture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import FloatArray, Interval, bca_interval, percentile_interval
from hansard_bias.statistics.preferences import PreferenceRate
from hansard_bias.statistics.resampling import generator
from hansard_bias.statistics.study import Study
from hansard_bias.statistics.tests import Groups, TestRecord, Training, correct, crossed_sign_flip_test, sign_flip_test
from hansard_bias.statistics.variance import Components

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
    """What was resampled, and what the design could have seen."""

    draws: int
    confidence: float
    seeds: int
    sittings: dict[str, int]
    resampled: str
    notes: tuple[str, ...]
    variance_shares: dict[str, dict[str, dict[str, float]]]
    smallest_detectable_effect_nats: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Matrix:
    """The parts of bias.json that come from the matrix."""

    models: dict[str, ModelRecord]
    tests: tuple[TestRecord, ...]
    uncertainty: Uncertainty


def tests_of(study: Study) -> tuple[TestRecord, ...]:
    """The tests of both families, corrected within each by Holm's method.

    Each record names its `model` (and with an excess, its `corpus`) and holds the effect with its interval, then `p`
    and `p_holm`, which cover what `p_covers` says: "sittings and seeds" (`crossed_sign_flip_test`), or with one seed
    "sittings only". `p_sittings` and `p_sittings_holm` are the sign flip over per-sitting means of method.md section 3,
    which takes the training runs at hand as given.
    """
    # Each family answers one question, so that Holm's correction is within it.
    return tuple(correct([*_excess_tests(study)]) + correct([*_tilt_tests(study)]))


def _excess_tests(study: Study) -> Iterator[TestRecord]:
    """Every model against the own model of every corpus."""
    for corpus, own in study.design.own.items():
        excess, tokens = study.corpus_excess(corpus), study.sums[corpus].tokens
        parts = study.components(corpus, study.design.models.index(own))
        for index, row in enumerate(study.design.models):
            # A model is no better or worse than itself: nothing to test.
            if row != own:
                verb = "better" if excess[0, index] < 0 else "worse"
                about = {"what": f"{row} reads {corpus} {verb} than {own}", "model": row, "corpus": corpus}
                sums = _sitting_excess(study, row, corpus)
                flipped, groups = (sums / tokens, tokens), [Groups.of(sums, tokens)]
                purpose = ("excess", row, corpus)
                yield _record(study, purpose, about, excess[:, index], parts.of(index), flipped, groups)


def _tilt_tests(study: Study) -> Iterator[TestRecord]:
    """Whether a mixture is even-handed, by the sittings of both corpora.

    Under the null hypothesis both excesses are equal but not zero, so their common mean is taken away before the signs
    are flipped; it cancels in the difference. Flipping the raw excesses would test that both are zero.
    """
    for index, row in enumerate(study.design.models):
        tilt = study.tilt(row)
        if tilt is None:
            continue
        corpora = tuple(study.design.mixtures[row])
        excesses = [_sitting_excess(study, row, corpus) for corpus in corpora]
        tokens = [study.sums[corpus].tokens for corpus in corpora]
        common = sum(float(sums.sum() / each.sum()) for sums, each in zip(excesses, tokens, strict=True)) / 2
        differences = [excesses[0] / tokens[0] - common, common - excesses[1] / tokens[1]]
        # Each corpus weighs the same, however much of it there is.
        flipped = np.concatenate(differences), np.concatenate([each / each.sum() for each in tokens])
        groups = [Groups.of(excesses[0], tokens[0]), Groups.of(-excesses[1], tokens[1])]
        verb = "less" if tilt[0] < 0 else "more"
        about = {"what": f"{row} pays {verb} to read {corpora[0]} than to read {corpora[1]}", "model": row}
        parts = study.tilt_components(row).of(index)
        yield _record(study, ("tilt", row), about, tilt, parts, flipped, groups)


def _record(
    study: Study,
    purpose: tuple[str, ...],
    about: dict[str, str],
    effect: FloatArray,
    parts: Components,
    flipped: tuple[FloatArray, FloatArray],
    groups: list[Groups],
) -> TestRecord:
    """One test, of the family that `purpose` begins with; `flipped`: differences and weights of the sittings."""
    seed, draws = study.design.seed, study.design.draws
    p = p_sittings = sign_flip_test(*flipped, draws, generator(seed, *purpose))
    # With one sitting nothing can be flipped; p over sittings is 1 then.
    if study.seeds > 1 and min(each.shares.size for each in groups) > 1:
        training = Training(float(parts.seeds), parts.df_seeds, float(parts.interaction))
        rng = generator(seed, "crossed", *purpose)
        p = crossed_sign_flip_test(float(parts.value), groups, training, draws, rng)
    interval = percentile_interval(effect, study.design.confidence)
    told = {"family": purpose[0], "unit": "nats per token", "p_covers": _resampled(study)}
    return TestRecord.of(interval, p, p_sittings=p_sittings, **about, **told)


def _resampled(study: Study) -> str:
    return "sittings and seeds" if study.seeds > 1 else "sittings only"


def _sitting_excess(study: Study, row: str, corpus: str) -> FloatArray:
    """Sum of the difference between a model and the own model, shape [sittings], averaged over seeds; nats."""
    nats = dict(zip(study.design.models, study.sums[corpus].nats.mean(axis=1), strict=True))
    return np.asarray(nats[row] - nats[study.design.own[corpus]])


def measure(sums: Mapping[str, CorpusSums], design: Design) -> Matrix:
    """The matrix: every number of every model, the tests, and what was resampled.

    Definitions (method.md sections 2 and 3), all pooled over seeds and sittings before the one division:
    CE(m,c) = Σ surprisal / Σ tokens; perplexity = exp CE; bits per byte = Σ surprisal / (ln 2 · Σ bytes). A mixture
    column is a text whose tokens come from its corpora in the given shares: nats and bytes per token are averaged with
    these weights, then divided. Excess X(m,c) = CE(m,c) - CE(own(c),c), exactly zero for the own model, absent where
    a corpus has none. Tilt of a mixture over two corpora = X(m,c1) - X(m,c2), in the order of its mixture. Bias
    ratio = largest / smallest perplexity over the single corpora, absent with fewer than two.

    Parameters
    ----------
    sums : corpus to its sums; the same models and seeds in all of them.
    design : rows, columns and resampling.

    Intervals: percentile over draws of sittings (independent between corpora) and seeds, paired over models; BCa for
    the ratio. Both numbers are small and are corrected for (`resampled_corpus`, `SeedVariance`). One seed is not
    resampled; a corpus with one sitting gives no interval to anything that it enters.

    Raises ValueError for a column of an unknown corpus or for corpora that disagree on models or seeds.
    """
    study = Study.of(sums, design)
    return Matrix(_models(study), tests_of(study), _uncertainty(study))


def _models(study: Study) -> dict[str, ModelRecord]:
    design = study.design
    names = ("perplexity", "bits_per_byte", "excess_nats", "excess_bits_per_byte")
    # All names in every row: an excess that no column has is an empty section, not a missing one.
    rows: dict[str, dict[str, Any]] = {row: {name: {} for name in names} for row in design.models}
    for column in design.columns:
        for name, replicates in study.quantities(column).items():
            for row, values in zip(design.models, replicates.T, strict=True):
                rows[row][name][f"on_{column}"] = percentile_interval(values, design.confidence)
    ratios, jackknife = (study.bias_ratio(), study.bias_ratio_jackknife()) if len(design.singles) > 1 else (None, [])
    for index, row in enumerate(design.models):
        if ratios is not None:
            # A maximum over a minimum is biased and skewed, which a percentile interval ignores.
            left_out = [sample[:, index] for sample in jackknife]
            rows[row]["bias_ratio"] = bca_interval(ratios[:, index], left_out, design.confidence)
        if (tilt := study.tilt(row)) is not None:
            rows[row]["tilt"] = percentile_interval(tilt, design.confidence)
    return {row: ModelRecord(**numbers) for row, numbers in rows.items()}


def _uncertainty(study: Study) -> Uncertainty:
    design, sittings = study.design, {corpus: len(sums.sittings) for corpus, sums in study.sums.items()}
    single = [corpus for corpus, count in sittings.items() if count == 1]
    notes = [f"one sitting in the test text of {corpus}: no interval for what is read there" for corpus in single]
    if study.seeds == 1:
        notes.append("one seed: intervals and p cover sittings only, not the luck of a training run")
    return Uncertainty(
        design.draws,
        design.confidence,
        study.seeds,
        sittings,
        resampled=_resampled(study) if max(sittings.values()) > 1 else "none",
        notes=tuple(notes),
        variance_shares=_variance_shares(study),
        smallest_detectable_effect_nats=_smallest_effects(study),
    )


def _variance_shares(study: Study) -> dict[str, dict[str, dict[str, float]]]:
    """Shares of seeds and sittings in the variance of each cell's cross-entropy (`Components`).

    Cells in which one of them could not be resampled are left out: their shares are unknown, not 0 and 1.
    """
    columns = study.design.columns if study.seeds > 1 else ()
    parts = {f"on_{column}": study.column_components(column) for column in columns}
    return {
        row: {
            column: {
                "seeds": float(part.seeds[index] / part.variance[index]),
                "sittings": float(part.groups_alone[index] / part.variance[index]),
            }
            for column, part in parts.items()
            if part.variance[index] > 0
        }
        for index, row in enumerate(study.design.models)
    }


def _smallest_effects(study: Study) -> dict[str, dict[str, float]]:
    """The smallest excess that this design finds in 80 % of studies (`Components.smallest_effect`), in nats per token.

    Left out for the own model, whose excess is zero by definition, and where nothing was resampled.
    """
    smallest = {
        f"on_{column}": study.column_components(column, excess=True).smallest_effect(study.design.confidence)
        for column in study.design.columns
        if study.design.has_excess(column)
    }
    return {
        row: {column: float(effects[index]) for column, effects in smallest.items() if effects[index] > 0}
        for index, row in enumerate(study.design.models)
    }
