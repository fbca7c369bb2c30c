"""The tests of the matrix: excess of every model, tilt of every mixture, each over sittings and over seeds too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hansard_bias.statistics.intervals import Interval, bca_interval, percentile_interval
from hansard_bias.statistics.resampling import FloatArray, generator
from hansard_bias.statistics.study import CorpusSums, Design, Study
from hansard_bias.statistics.tests import Groups, Training, crossed_sign_flip_test, holm, sign_flip_test
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
        for name in ("p", "p_sittings"):
            for record, p in zip(family, holm([record[name] for record in family]), strict=True):
                record[f"{name}_holm"] = float(p)
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
            if row == own:
                continue
            verb = "better" if excess[0, index] < 0 else "worse"
            interval = percentile_interval(excess[:, index], study.design.confidence)
            sums = _sitting_excess(study, row, corpus)
            p_sittings = _flip(study, sums / tokens, tokens, "excess", row, corpus)
            p = _crossed(study, _part(parts, index), [Groups.of(sums, tokens)], p_sittings, "excess", row, corpus)
            what = f"{row} reads {corpus} {verb} than {own}"
            about = {"what": what, "model": row, "corpus": corpus}
            records.append(_record("excess", about, interval, p, p_sittings, study.seeds))
    return records


def _tilt_tests(study: Study) -> list[dict[str, Any]]:
    """Whether a mixture is even-handed, by the sittings of both corpora.

    Under the null hypothesis both excesses are equal but not zero, so their common mean is taken away before the signs
    are flipped; it cancels in the difference. Flipping the raw excesses would test that both are zero.
    """
    records = []
    for row in study.design.models:
        tilt = study.tilt(row)
        if tilt is None:
            continue
        corpora = tuple(study.design.mixtures[row])
        excesses = [_sitting_excess(study, row, corpus) for corpus in corpora]
        tokens = [study.sums[corpus].tokens for corpus in corpora]
        shares = [each / each.sum() for each in tokens]
        common = sum(float(sums.sum() / each.sum()) for sums, each in zip(excesses, tokens, strict=True)) / 2
        differences = [excesses[0] / tokens[0] - common, common - excesses[1] / tokens[1]]
        p_sittings = _flip(study, np.concatenate(differences), np.concatenate(shares), "tilt", row)
        groups = [Groups.of(excesses[0], tokens[0]), Groups.of(-excesses[1], tokens[1])]
        p = _crossed(
            study, _part(study.tilt_components(row), study.design.models.index(row)), groups, p_sittings, "tilt", row
        )
        verb = "less" if tilt[0] < 0 else "more"
        what = f"{row} pays {verb} to read {corpora[0]} than to read {corpora[1]}"
        interval = percentile_interval(tilt, study.design.confidence)
        records.append(_record("tilt", {"what": what, "model": row}, interval, p, p_sittings, study.seeds))
    return records


def _flip(study: Study, differences: FloatArray, weights: FloatArray, *purpose: str) -> float:
    """method.md's p over sittings."""
    return sign_flip_test(differences, weights, study.design.draws, generator(study.design.seed, *purpose))


def _crossed(study: Study, parts: Components, groups: list[Groups], p_sittings: float, *purpose: str) -> float:
    """p over sittings and seeds; that over sittings where there is one seed, or one sitting (it is 1 then)."""
    if study.seeds == 1 or min(each.shares.size for each in groups) == 1:
        return p_sittings
    rng = generator(study.design.seed, "crossed", *purpose)
    training = Training(float(parts.seeds), parts.df_seeds, float(parts.interaction))
    return crossed_sign_flip_test(float(parts.value), groups, training, study.design.draws, rng)


def _part(parts: Components, index: int) -> Components:
    """The components of one model."""
    return Components(
        parts.by_seed[index], *(each[index] for each in (parts.groups, parts.interaction, parts.df_groups))
    )


def _sitting_excess(study: Study, row: str, corpus: str) -> FloatArray:
    """Sum of the difference between a model and the own model, shape [sittings], averaged over seeds; nats."""
    models = study.design.models
    nats = study.sums[corpus].nats.mean(axis=1)
    return np.asarray(nats[models.index(row)] - nats[models.index(study.design.own[corpus])])


def _record(
    family: str, about: dict[str, str], effect: Interval, p: float, p_sittings: float, seeds: int
) -> dict[str, Any]:
    """One test: what it is about, the effect and its interval, and p after them."""
    covers = "sittings and seeds" if seeds > 1 else "sittings only"
    bounds = {"effect": effect.value, "low": effect.low, "high": effect.high, "unit": "nats per token"}
    return {"family": family, **about, **bounds, "p": p, "p_covers": covers, "p_sittings": p_sittings}


# The bias matrix with its uncertainty: how every model reads every corpus and mixture (method.md sections 2 and 3).

__all__ = ["CorpusSums", "Design", "cells", "measure", "perplexity_matrix"]


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
    the ratio. Both numbers are small and are corrected for (`resampled_corpus`, `Luck`). One seed is not
    resampled; a corpus with one sitting gives no interval to anything that it enters.

    Raises ValueError for a column of an unknown corpus or for corpora that disagree on models or seeds.
    """
    study = Study.of(sums, design)
    return {"models": _models(study), "tests": tests_of(study), "uncertainty": _uncertainty(study)}


def perplexity_matrix(measured: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The content of bias_matrix.json: only the perplexities, row by column, from what `measure` returned."""
    return {
        row: {column: interval["value"] for column, interval in numbers["perplexity"].items()}
        for row, numbers in measured["models"].items()
    }


def cells(measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The matrix in long form, one record a cell, from what `measure` returned; no excess is None."""
    records = []
    for row, numbers in measured["models"].items():
        for column, perplexity in numbers["perplexity"].items():
            excess = numbers["excess_nats"].get(column, {"value": None, "low": None, "high": None})
            records.append(
                {
                    "model": row,
                    "corpus": column.removeprefix("on_"),
                    "perplexity": perplexity["value"],
                    "low": perplexity["low"],
                    "high": perplexity["high"],
                    "bits_per_byte": numbers["bits_per_byte"][column]["value"],
                    "excess_nats": excess["value"],
                    "excess_low": excess["low"],
                    "excess_high": excess["high"],
                }
            )
    return records


def _models(study: Study) -> dict[str, dict[str, Any]]:
    """Every number of every row, as intervals."""
    design = study.design
    names = ("perplexity", "bits_per_byte", "excess_nats", "excess_bits_per_byte")
    rows: dict[str, dict[str, Any]] = {row: {name: {} for name in names} for row in design.models}
    for column in design.columns:
        for name, replicates in study.quantities(column).items():
            for row, values in zip(design.models, replicates.T, strict=True):
                interval = percentile_interval(values, design.confidence)
                rows[row][name][f"on_{column}"] = interval.as_dict()
    for row, ratio in _bias_ratios(study).items():
        rows[row]["bias_ratio"] = ratio.as_dict()
    for row in design.models:
        tilt = study.tilt(row)
        if tilt is not None:
            rows[row]["tilt"] = percentile_interval(tilt, design.confidence).as_dict()
    return rows


def _bias_ratios(study: Study) -> dict[str, Interval]:
    """The bias ratio of every row with its BCa interval; none with fewer than two single corpora."""
    if len(study.design.singles) < 2:
        return {}
    ratios, jackknife = study.bias_ratio(), study.bias_ratio_jackknife()
    return {
        row: bca_interval(ratios[:, index], [sample[:, index] for sample in jackknife], study.design.confidence)
        for index, row in enumerate(study.design.models)
    }


def _uncertainty(study: Study) -> dict[str, Any]:
    """What was resampled, whose variance it is, and what the design could have seen."""
    design = study.design
    sittings = {corpus: len(sums.sittings) for corpus, sums in study.sums.items()}
    units = "sittings and seeds" if study.seeds > 1 else "sittings only"
    return {
        "draws": design.draws,
        "confidence": design.confidence,
        "seeds": study.seeds,
        "sittings": sittings,
        "resampled": units if max(sittings.values()) > 1 else "none",
        "notes": _notes(study.seeds, sittings),
        "variance_shares": _variance_shares(study),
        "smallest_detectable_effect_nats": _smallest_effects(study),
    }


def _notes(seeds: int, sittings: Mapping[str, int]) -> list[str]:
    """What could not be resampled, in words."""
    single = [corpus for corpus, count in sittings.items() if count == 1]
    notes = [f"one sitting in the test text of {corpus}: no interval for what is read there" for corpus in single]
    if seeds == 1:
        notes.append("one seed: intervals and p cover sittings only, not the luck of a training run")
    return notes


def _variance_shares(study: Study) -> dict[str, dict[str, dict[str, float]]]:
    """Shares of seeds and sittings in the variance of each cell's cross-entropy (statistics/components.py).

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
