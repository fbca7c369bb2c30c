"""The bias matrix with its uncertainty and tests: how every model reads every corpus and mixture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import FloatArray, bca_interval, percentile_interval
from hansard_bias.statistics.resampling import generator
from hansard_bias.statistics.study import Study
from hansard_bias.statistics.tests import Groups, Training, correct, crossed_sign_flip_test, sign_flip_test
from hansard_bias.statistics.variance import Components


def tests_of(study: Study) -> list[dict[str, Any]]:
    """The tests of both families, corrected within each by Holm's method.

    Each record names its `model` (and with an excess, its `corpus`) and holds the effect with its interval, then `p`
    and `p_holm`, which cover what `p_covers` says: "sittings and seeds" (`crossed_sign_flip_test`), or with one seed
    "sittings only". `p_sittings` and `p_sittings_holm` are the sign flip over per-sitting means of method.md section 3,
    which takes the training runs at hand as given.
    """
    records = []
    for family in (_excess_tests(study), _tilt_tests(study)):
        # Each family answers one question, so that Holm's correction is within it.
        correct(family, "p", "p_sittings")
        records += family
    return records


def _excess_tests(study: Study) -> list[dict[str, Any]]:
    """Every model against the own model of every corpus."""
    records = []
    for corpus, own in study.design.own.items():
        excess = study.corpus_excess(corpus)
        tokens = study.sums[corpus].tokens
        parts = study.components(corpus, study.design.models.index(own))
        for index, row in enumerate(study.design.models):
            # A model is no better or worse than itself: nothing to test.
            if row != own:
                verb = "better" if excess[0, index] < 0 else "worse"
                about = {"what": f"{row} reads {corpus} {verb} than {own}", "model": row, "corpus": corpus}
                sums = _sitting_excess(study, row, corpus)
                flipped, groups = (sums / tokens, tokens), [Groups.of(sums, tokens)]
                purpose = ("excess", row, corpus)
                records.append(_record(study, purpose, about, excess[:, index], parts.of(index), flipped, groups))
    return records


def _tilt_tests(study: Study) -> list[dict[str, Any]]:
    """Whether a mixture is even-handed, by the sittings of both corpora.

    Under the null hypothesis both excesses are equal but not zero, so their common mean is taken away before the signs
    are flipped; it cancels in the difference. Flipping the raw excesses would test that both are zero.
    """
    records = []
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
        records.append(_record(study, ("tilt", row), about, tilt, parts, flipped, groups))
    return records


def _record(
    study: Study,
    purpose: tuple[str, ...],
    about: dict[str, str],
    effect: FloatArray,
    parts: Components,
    flipped: tuple[FloatArray, FloatArray],
    groups: list[Groups],
) -> dict[str, Any]:
    """One test, of the family that `purpose` begins with; `flipped`: differences and weights of the sittings."""
    seed, draws = study.design.seed, study.design.draws
    interval = percentile_interval(effect, study.design.confidence)
    p = p_sittings = sign_flip_test(*flipped, draws, generator(seed, *purpose))
    # With one sitting nothing can be flipped; p over sittings is 1 then.
    if study.seeds > 1 and min(each.shares.size for each in groups) > 1:
        training = Training(float(parts.seeds), parts.df_seeds, float(parts.interaction))
        rng = generator(seed, "crossed", *purpose)
        p = crossed_sign_flip_test(float(parts.value), groups, training, draws, rng)
    bounds = {"effect": interval.value, "low": interval.low, "high": interval.high, "unit": "nats per token"}
    covers = "sittings and seeds" if study.seeds > 1 else "sittings only"
    return {"family": purpose[0], **about, **bounds, "p": p, "p_covers": covers, "p_sittings": p_sittings}


def _sitting_excess(study: Study, row: str, corpus: str) -> FloatArray:
    """Sum of the difference between a model and the own model, shape [sittings], averaged over seeds; nats."""
    models = study.design.models
    nats = study.sums[corpus].nats.mean(axis=1)
    return np.asarray(nats[models.index(row)] - nats[models.index(study.design.own[corpus])])


def measure(sums: Mapping[str, CorpusSums], design: Design) -> dict[str, Any]:
    """The content of bias.json that comes from the matrix: `models`, `tests` and `uncertainty`.

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
    return {"models": _models(study), "tests": tests_of(study), "uncertainty": _uncertainty(study)}


def _models(study: Study) -> dict[str, dict[str, Any]]:
    """Every number of every row, as intervals."""
    design = study.design
    names = ("perplexity", "bits_per_byte", "excess_nats", "excess_bits_per_byte")
    # All names in every row: an excess that no column has is an empty section, not a missing one.
    rows: dict[str, dict[str, Any]] = {row: {name: {} for name in names} for row in design.models}
    for column in design.columns:
        for name, replicates in study.quantities(column).items():
            for row, values in zip(design.models, replicates.T, strict=True):
                interval = percentile_interval(values, design.confidence)
                rows[row][name][f"on_{column}"] = interval.as_dict()
    if len(design.singles) > 1:
        # A maximum over a minimum is biased and skewed, which a percentile interval ignores.
        ratios, jackknife = study.bias_ratio(), study.bias_ratio_jackknife()
        for index, row in enumerate(design.models):
            left_out = [sample[:, index] for sample in jackknife]
            rows[row]["bias_ratio"] = bca_interval(ratios[:, index], left_out, design.confidence).as_dict()
    for row in design.models:
        tilt = study.tilt(row)
        if tilt is not None:
            rows[row]["tilt"] = percentile_interval(tilt, design.confidence).as_dict()
    return rows


def _uncertainty(study: Study) -> dict[str, Any]:
    """What was resampled, whose variance it is, and what the design could have seen."""
    design = study.design
    sittings = {corpus: len(sums.sittings) for corpus, sums in study.sums.items()}
    units = "sittings and seeds" if study.seeds > 1 else "sittings only"
    single = [corpus for corpus, count in sittings.items() if count == 1]
    notes = [f"one sitting in the test text of {corpus}: no interval for what is read there" for corpus in single]
    if study.seeds == 1:
        notes.append("one seed: intervals and p cover sittings only, not the luck of a training run")
    return {
        "draws": design.draws,
        "confidence": design.confidence,
        "seeds": study.seeds,
        "sittings": sittings,
        "resampled": units if max(sittings.values()) > 1 else "none",
        "notes": notes,
        "variance_shares": _variance_shares(study),
        "smallest_detectable_effect_nats": _smallest_effects(study),
    }


def _variance_shares(study: Study) -> dict[str, dict[str, dict[str, float]]]:
    """Shares of seeds and sittings in the variance of each cell's cross-entropy (`Components`).

    Cells in which one of them could not be resampled are left out: their shares are unknown, not 0 and 1.
    """
    shares: dict[str, dict[str, dict[str, float]]] = {row: {} for row in study.design.models}
    for column in study.design.columns if study.seeds > 1 else ():
        parts = study.column_components(column)
        for index, row in enumerate(study.design.models):
            total = parts.variance[index]
            if total > 0:
                shares[row][f"on_{column}"] = {
                    "seeds": float(parts.seeds[index] / total),
                    "sittings": float(parts.groups_alone[index] / total),
                }
    return shares


def _smallest_effects(study: Study) -> dict[str, dict[str, float]]:
    """The smallest excess that this design finds in 80 % of studies (`Components.smallest_effect`), in nats per token.

    Left out for the own model, whose excess is zero by definition, and where nothing was resampled.
    """
    effects: dict[str, dict[str, float]] = {row: {} for row in study.design.models}
    for column, weights in study.design.columns.items():
        if not all(corpus in study.design.own for corpus in weights):
            continue
        smallest = study.column_components(column, excess=True).smallest_effect(study.design.confidence)
        for row, effect in zip(study.design.models, smallest, strict=True):
            if effect > 0:
                effects[row][f"on_{column}"] = float(effect)
    return effects
