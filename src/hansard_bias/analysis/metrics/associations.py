"""Associations from probe tables: effect sizes, permutation tests and cosines, by model (method.md section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hansard_bias.analysis.inputs import StudyData, over_seeds
from hansard_bias.analysis.metrics import Found, metric
from hansard_bias.analysis.probe_records import (
    AssociationEffect,
    Associations,
    AssociationTest,
    PairRecord,
    SeedMean,
    WordAudit,
)
from hansard_bias.analysis.record_files import from_json
from hansard_bias.base.files import PROBED
from hansard_bias.statistics.associations import association_summary
from hansard_bias.statistics.tests import TestRecord, correct
from hansard_bias.statistics.variance import seed_means


@metric("associations", Associations)
def association_findings(data: StudyData) -> Found:
    """The tests in every space, which are one family, the cosines of all pairs, and what is known of the words."""
    spaces = dict.fromkeys(data.asked.associations["space"])
    tests = [
        AssociationTest(**test, space=space, models=_effects(data, test["test"], space))
        for test in data.asked.tests
        for space in spaces
    ]
    family = correct(
        [
            TestRecord.of(effect.effect_size, effect.p, family="association", what=_what(test, row), unit="d")
            for test in tests
            for row, effect in test.models.items()
            # Where all words associate alike there is no effect to test.
            if effect.effect_size is not None
        ]
    )
    # The corrected p belongs to the effect, wherever it is read.
    holm = {test.what: test.p_holm for test in family}
    corrected = (
        {row: replace(effect, p_holm=holm.get(_what(test, row))) for row, effect in test.models.items()}
        for test in tests
    )
    tests = [replace(test, models=effects) for test, effects in zip(tests, corrected, strict=True)]
    audit = from_json(tuple[WordAudit, ...], data.asked.words, PROBED, "probe")
    return Found(Associations(tuple(tests), tuple(_pairs(data)), audit), family)


def _what(test: AssociationTest, row: str) -> str:
    return f"{row}: {test.test}, {test.space}"


def _effects(data: StudyData, test: str, space: str) -> dict[str, AssociationEffect]:
    """By row: effect size, p and the effect sizes of the seeds."""
    asked = data.asked.associations
    # By name, so that what is drawn does not depend on the order of a set's words.
    members = asked[(asked["test"] == test) & (asked["space"] == space)].sort_values(["side", "word"])
    first_words = int((members["side"] == "first").sum())
    return {
        row: association_summary(
            over_seeds((run.associations.loc[members.index] for run in probed), "value"),
            first_words,
            *data.drawn("association", test, space, row),
        )
        for row, probed in data.probes.items()
    }


def _pairs(data: StudyData) -> Iterator[PairRecord]:
    """Every pair of words in every space: each model's mean cosine over seeds."""
    asked = data.asked.associations
    for index, pair in asked[asked["kind"] == "cosine"].to_dict("index").items():
        words = pair["word"], pair["other"]
        means = {}
        for row, probed in data.probes.items():
            cosines = over_seeds((run.associations.loc[[index]] for run in probed), "value")
            (mean,) = seed_means(cosines, data.config.bias.confidence)
            means[row] = SeedMean(**vars(mean), by_seed=tuple(cosines[0].tolist()))
        yield PairRecord(*words, pair["space"], means)
