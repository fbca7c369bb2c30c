"""Associations from probe tables: effect sizes, permutation tests and cosines, by model (method.md section 5)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from hansard_bias.analysis.inputs import ProbeRuns, over_seeds
from hansard_bias.analysis.preferences import with_holm
from hansard_bias.params import Config
from hansard_bias.statistics.associations import association_summary
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.resampling import generator
from hansard_bias.statistics.variance import seed_means

FAMILY = "association"


def association_findings(runs: ProbeRuns, config: Config) -> dict[str, Any]:
    """Returns `associations` {tests, pairs, audit} for bias.json, and `tests`, the family of all their tests."""
    first = next(iter(runs.values()))[0]
    tests = [
        {**test, "space": space, "models": _summaries(runs, test["test"], space, config)}
        for test in first.tests
        for space in dict.fromkeys(first.associations["space"])
    ]
    family = with_holm(list(_family(tests)))
    for record in family:
        # The corrected p belongs to the effect, wherever it is read.
        record.pop("summary")["p_holm"] = record["p_holm"]
    found = {"tests": tests, "pairs": _pairs(runs, config), "audit": first.words}
    return {"associations": found, "tests": family}


def _summaries(runs: ProbeRuns, test: str, space: str, config: Config) -> dict[str, Any]:
    """By row: effect size, p and the effect sizes of the seeds."""
    asked = next(iter(runs.values()))[0].associations
    # By name, so that what is drawn does not depend on the order of a set's words.
    members = asked[(asked["test"] == test) & (asked["space"] == space)].sort_values(["side", "word"])
    first_words = int((members["side"] == "first").sum())
    return {
        row: association_summary(
            over_seeds((run.associations.loc[members.index] for run in probed), "value"),
            first_words,
            config.probe.draws,
            generator(config.bias.seed, "association", test, space, row),
            config.bias.confidence,
        )
        for row, probed in runs.items()
    }


def _family(tests: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The records of the tests; where all words associate alike there is no effect to test."""
    for test in tests:
        for row, summary in test["models"].items():
            effect = summary["effect_size"]
            if effect["value"] is not None:
                bounds = {"effect": effect["value"], "low": effect["low"], "high": effect["high"]}
                what = f"{row}: {test['test']}, {test['space']}"
                yield {"family": FAMILY, "what": what, **bounds, "p": summary["p"], "unit": "d", "summary": summary}


def _pairs(runs: ProbeRuns, config: Config) -> list[dict[str, Any]]:
    """One record a pair of words and space: every model's mean cosine over seeds."""
    asked = next(iter(runs.values()))[0].associations
    members = asked[asked["kind"] == "cosine"]
    cosines = {
        row: over_seeds((run.associations.loc[members.index] for run in probed), "value")
        for row, probed in runs.items()
    }
    return [
        {
            "word": pair["word"],
            "other": pair["other"],
            "space": pair["space"],
            "models": {row: _cosine(array[number], pair, row, config) for row, array in cosines.items()},
        }
        for number, pair in enumerate(members.to_dict("records"))
    ]


def _cosine(by_seed: FloatArray, pair: Mapping[Hashable, Any], row: str, config: Config) -> dict[str, Any]:
    """The mean over seeds, with draws that this pair of words, whichever comes first, shares with no other."""
    rng = generator(config.bias.seed, "cosine", pair["space"], *sorted((pair["word"], pair["other"])), row)
    (mean,) = seed_means(by_seed[None], config.probe.draws, rng, config.bias.confidence)
    return mean.as_dict() | {"by_seed": by_seed.tolist()}
