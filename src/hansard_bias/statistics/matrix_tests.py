"""The tests of the matrix: excess of every model, tilt of every mixture, each over sittings and over seeds too."""

from __future__ import annotations

from typing import Any

import numpy as np

from hansard_bias.statistics.components import Components
from hansard_bias.statistics.intervals import Interval, percentile_interval
from hansard_bias.statistics.resampling import FloatArray, generator
from hansard_bias.statistics.significance import Groups, Training, crossed_sign_flip_test, holm, sign_flip_test
from hansard_bias.statistics.study import Study


def tests_of(study: Study) -> list[dict[str, Any]]:
    """The tests of both families, corrected within each by Holm's method.

    Each record names its `model` (and with an excess, its `corpus`) and holds the effect with its interval, then `p`
    and `p_holm`, which cover what `p_covers` says: "sittings and seeds" (`crossed_sign_flip_test`), or with one seed
    "sittings only". `p_sittings` and `p_sittings_holm` are the sign flip over per-sitting means of METHOD section 3,
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
    """METHOD's p over sittings."""
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
