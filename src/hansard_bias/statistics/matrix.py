"""The bias matrix with its uncertainty: how every model reads every corpus and mixture (METHOD sections 2 and 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtri

from hansard_bias.statistics.resampling import (
    FloatArray,
    Interval,
    bca_interval,
    generator,
    holm,
    percentile_interval,
    sign_flip_test,
)
from hansard_bias.statistics.study import CorpusSums, Design, Study

__all__ = ["CorpusSums", "Design", "cells", "measure", "perplexity_matrix"]

# Power of the smallest detectable effect, the usual 80 % (Cohen 1988).
_POWER = 0.8


def measure(sums: Mapping[str, CorpusSums], design: Design) -> dict[str, Any]:
    """The content of bias.json that comes from the matrix: `models`, `tests` and `uncertainty`.

    Definitions (METHOD sections 2 and 3), all pooled over seeds and sittings before the one division:
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
    the ratio. One seed is not resampled; a corpus with one sitting gives no interval to anything that it enters.

    Raises ValueError for a column of an unknown corpus or for corpora that disagree on models or seeds.
    """
    study = Study.of(sums, design)
    return {"models": _models(study), "tests": _tests(study), "uncertainty": _uncertainty(study)}


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


def _tests(study: Study) -> list[dict[str, Any]]:
    """The tests of both families, corrected within each by Holm's method."""
    records = []
    for family in (_excess_tests(study), _tilt_tests(study)):
        corrected = holm([record["p"] for record in family])
        for record, p_holm in zip(family, corrected, strict=True):
            records.append(record | {"p_holm": float(p_holm), "unit": "nats per token"})
    return records


def _excess_tests(study: Study) -> list[dict[str, Any]]:
    """Every model against the own model of every corpus, by sign flips of whole sittings.

    The p is about the sittings and holds for the training runs at hand; the interval beside it resamples seeds as well.
    """
    records = []
    for corpus, own in study.design.own.items():
        excess = study.corpus_excess(corpus)
        tokens = study.sums[corpus].tokens
        for index, row in enumerate(study.design.models):
            if row == own:
                continue
            rng = generator(study.design.seed, "excess", row, corpus)
            p = sign_flip_test(_sitting_excess(study, row, corpus), tokens, study.design.draws, rng)
            verb = "better" if excess[0, index] < 0 else "worse"
            interval = percentile_interval(excess[:, index], study.design.confidence)
            records.append(_record("excess", f"{row} reads {corpus} {verb} than {own}", interval, p))
    return records


def _tilt_tests(study: Study) -> list[dict[str, Any]]:
    """Whether a mixture is even-handed, by sign flips of the sittings of both corpora.

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
        shares = [study.sums[corpus].tokens / study.sums[corpus].tokens.sum() for corpus in corpora]
        common = sum(float(share @ excess) for share, excess in zip(shares, excesses, strict=True)) / 2
        differences = np.concatenate([excesses[0] - common, common - excesses[1]])
        rng = generator(study.design.seed, "tilt", row)
        p = sign_flip_test(differences, np.concatenate(shares), study.design.draws, rng)
        verb = "less" if tilt[0] < 0 else "more"
        what = f"{row} pays {verb} to read {corpora[0]} than to read {corpora[1]}"
        records.append(_record("tilt", what, percentile_interval(tilt, study.design.confidence), p))
    return records


def _sitting_excess(study: Study, row: str, corpus: str) -> FloatArray:
    """Mean difference per token between a model and the own model, shape [sittings], averaged over seeds."""
    sums, models = study.sums[corpus], study.design.models
    nats = sums.nats.mean(axis=1)
    return np.asarray((nats[models.index(row)] - nats[models.index(study.design.own[corpus])]) / sums.tokens)


def _record(family: str, what: str, effect: Interval, p: float) -> dict[str, Any]:
    """One test: the effect and its interval first, p after them."""
    return {"family": family, "what": what, "effect": effect.value, "low": effect.low, "high": effect.high, "p": p}


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
        "variance_shares": _variance_shares(study),
        "smallest_detectable_effect_nats": _smallest_effects(study),
    }


def _variance_shares(study: Study) -> dict[str, dict[str, dict[str, float]]]:
    """Shares of seeds and sittings in the variance of each cell's cross-entropy, from bootstrapping each alone.

    Cells in which one of them could not be resampled are left out: their shares are unknown, not 0 and 1.
    """
    shares: dict[str, dict[str, dict[str, float]]] = {row: {} for row in study.design.models}
    for column in study.design.columns if study.seeds > 1 else ():
        seeds, sittings = (study.nats_per_token(column, kind)[1:].var(axis=0) for kind in ("seeds", "sittings"))
        for row, of_seeds, of_sittings in zip(study.design.models, seeds, sittings, strict=True):
            total = of_seeds + of_sittings
            if total > 0:
                shares[row][f"on_{column}"] = {
                    "seeds": float(of_seeds / total),
                    "sittings": float(of_sittings / total),
                }
    return shares


def _smallest_effects(study: Study) -> dict[str, dict[str, float]]:
    """The smallest excess that a test at this confidence finds in 80 % of studies of this size, in nats per token.

    (z_{(1 + confidence) / 2} + z_{0.8}) times the bootstrap standard error (Cohen 1988; Bloom 1995). Left out for the
    own model, whose excess is zero by definition, and where nothing was resampled.
    """
    factor = float(ndtri((1 + study.design.confidence) / 2) + ndtri(_POWER))
    effects: dict[str, dict[str, float]] = {row: {} for row in study.design.models}
    for column in study.design.columns:
        excess = study.excess_nats(column)
        if excess is None:
            continue
        for row, error in zip(study.design.models, excess[1:].std(axis=0, ddof=1), strict=True):
            if error > 0:
                effects[row][f"on_{column}"] = factor * float(error)
    return effects
