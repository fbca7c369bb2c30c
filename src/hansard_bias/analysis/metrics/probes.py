"""Preferences from probe tables: per prompt and model, their rates, their stability, and models compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import Found, metric
from hansard_bias.analysis.probe_records import (
    Candidate,
    GroupRecord,
    Groups,
    Legacy,
    LegacyShares,
    PreferenceRate,
    Probes,
    PromptAnswer,
    PromptRecord,
    SeedMean,
    Stability,
    TermAudit,
    ThemeMean,
)
from hansard_bias.analysis.record_files import from_json
from hansard_bias.base.files import PROBED
from hansard_bias.probing.tables import LEGACY_TOP, Probed
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.preferences import (
    PromptPreference,
    compare_models,
    cultural_bias_rate,
    mean_log_odds,
    paraphrase_stability,
    prompt_preferences,
)
from hansard_bias.statistics.tests import TestRecord, correct

# L* decides; L is reported beside it, so that a reader sees what the correction for the prior does.
CORRECTED, UNCORRECTED = "preference", "log_odds"
PLAIN = "preference without prior correction"

ByRow = Mapping[str, FloatArray]


@metric("probes", Probes)
def preference_findings(data: StudyData) -> Found:
    """Everything that the prompts and their paraphrases say, models compared, and their cultural bias rates."""
    config, first = data.config, data.asked
    asked = shown_prompts(first)
    values, uncorrected = (
        {row: preference_array(probed, column) for row, probed in data.probes.items()}
        for column in (CORRECTED, UNCORRECTED)
    )
    judged, raw = (
        {row: prompt_preferences(array, config.bias.confidence) for row, array in each.items()}
        for each in (values, uncorrected)
    )
    stability = {row: paraphrase_stability(array) for row, array in values.items()}
    tops = {row: top_fillings(probed, config.probe.top_k) for row, probed in data.probes.items()}
    prompts = {
        prompt["prompt"]: PromptRecord(
            **{name: prompt[name] for name in ("prompt", "theme", "text")},
            models={row: _answer(judged[row][at], raw[row][at], stability[row][at], tops[row][at]) for row in judged},
        )
        for at, prompt in enumerate(asked.to_dict("records"))
    }
    rates, plain = (
        {row: _rate(array, decisions[row], data, row) for row, array in each.items()}
        for each, decisions in ((values, judged), (uncorrected, raw))
    )
    section = Probes(
        groups=Groups(*(GroupRecord(group.name, group.label, tuple(group.terms)) for group in data.groups)),
        audit=from_json(tuple[TermAudit, ...], first.audit, PROBED, "probe"),
        # The answers are in the order of names, the page in that of the file.
        prompts=tuple(prompts[name] for name in dict.fromkeys(first.prompts["prompt"])),
        uncorrected_rates={row: rate for row, rate in plain.items() if rate is not None},
        stability={row: _mean_stability(records) for row, records in stability.items()},
        themes={row: dict(_themes(array, data)) for row, array in values.items()},
    )
    tests = [*paired_tests(values, data, "preference"), *paired_tests(uncorrected, data, PLAIN)]
    return Found(section, tests, {row: {"cultural_bias_rate": rate} for row, rate in rates.items()})


def preference_array(runs: list[Probed], column: str = CORRECTED) -> FloatArray:
    """One column of the prompts' tables, shape [prompts, paraphrases, seeds].

    nan, for all seeds alike, where a prompt has fewer paraphrases than another. Prompts come by their ids and their
    wordings by their texts: what is drawn, and the last digits of sums, must not depend on the order of the file.
    """
    tables = [run.prompts.sort_values(["prompt", "text"]) for run in runs]
    places = [table.assign(place=table.groupby("prompt").cumcount()) for table in tables]
    wide = [table.pivot(index="prompt", columns="place", values=column) for table in places]
    return np.stack([table.to_numpy(dtype=np.float64) for table in wide], axis=-1)


def shown_prompts(run: Probed) -> pd.DataFrame:
    """The prompts themselves, without their paraphrases, by their ids."""
    return run.prompts[run.prompts["paraphrase"] == 0].sort_values("prompt").reset_index(drop=True)


def top_fillings(runs: list[Probed], top_k: int) -> list[tuple[Candidate, ...]]:
    """By prompt: the first seed's most probable fillings, each with the number of seeds that list it."""
    tops = [[list(top)[:top_k] for top in shown_prompts(run)["top"]] for run in runs]
    return [tuple(_listed(by_seed)) for by_seed in zip(*tops, strict=True)]


def _listed(by_seed: tuple[list[dict[str, Any]], ...]) -> Iterator[Candidate]:
    counts = pd.Series([item["token"] for top in by_seed for item in top]).value_counts()
    for item in by_seed[0]:
        yield Candidate(**item, seeds=int(min(counts[item["token"]], len(by_seed))))


def paired_tests(values: ByRow, data: StudyData, family: str) -> list[TestRecord]:
    """Every pair of models on the same prompts, corrected by Holm within the family.

    L* compares what the sentences add to each model's own habits; L has those habits in it. Of two models the first by
    name is the left one, whatever their order in params.yaml.
    """
    records = []
    # By name, so that a pair has the same sign whatever the order of params.yaml.
    for left, right in combinations(sorted(values), 2):
        record = compare_models(values[left], values[right], data.config.bias.confidence)
        records.append(replace(record, family=family, what=f"{left} against {right}"))
    return correct(records)


def _rate(values: FloatArray, judged: list[PromptPreference], data: StudyData, *names: str) -> PreferenceRate | None:
    return cultural_bias_rate(values, judged, *data.drawn("rate", *names))


def _answer(
    judged: PromptPreference, raw: PromptPreference, stability: Stability, top: tuple[Candidate, ...]
) -> PromptAnswer:
    corrected = judged.preference, judged.decision, judged.p_corrected
    return PromptAnswer(*corrected, raw.preference, raw.decision, stability, top)


def _themes(array: FloatArray, data: StudyData) -> Iterator[tuple[str, ThemeMean]]:
    """Mean L* of the prompts of every theme, with an interval over prompts and seeds."""
    by_prompt, themes = np.nanmean(array, axis=1), shown_prompts(data.asked)["theme"]
    for theme in dict.fromkeys(data.asked.prompts["theme"]):
        members = by_prompt[(themes == theme).to_numpy()]
        yield theme, ThemeMean(len(members), **vars(mean_log_odds(members, data.config.bias.confidence)))


def _mean_stability(records: list[Stability]) -> Stability:
    """Over all prompts: the mean agreement, and the root of the mean variance between wordings."""
    spreads = [record.spread**2 for record in records if record.spread is not None]
    agreement = float(np.mean([record.agreement for record in records]))
    return Stability(agreement, float(np.sqrt(np.mean(spreads))) if spreads else None)


# The study's first definition of bias, kept so that results can be set against older reports; not a measurement.

DEFINITION = (
    f"share of the prompts with a listed term among the {LEGACY_TOP} most probable single-piece fillings, exact match "
    "of the whole word whatever its case; the prompt itself only, no paraphrases, no correction for the prior"
)


@metric("legacy", Legacy)
def legacy_findings(data: StudyData) -> Legacy:
    """By row: the share of prompts with a term of the first group, of the second, of either, and that of every seed.

    A value is the mean over seeds; the older reports had no intervals, and low and high are null here too.
    """
    first, second = ({term.casefold() for term in group.terms} for group in data.groups)
    models = {
        row: LegacyShares(*(_mean_share(probed, terms) for terms in (first, second, first | second)))
        for row, probed in data.probes.items()
    }
    return Legacy(DEFINITION, LEGACY_TOP, len(shown_prompts(data.asked)), models)


def legacy_share(run: Probed, terms: set[str]) -> float:
    """Share of the prompts of which one of the first fillings is one of these terms (in lower case)."""
    tops = shown_prompts(run)["top"]
    hits = [any(str(item["token"]).strip().casefold() in terms for item in list(top)[:LEGACY_TOP]) for top in tops]
    return sum(hits) / len(hits)


def _mean_share(runs: list[Probed], terms: set[str]) -> SeedMean:
    shares = [legacy_share(run, terms) for run in runs]
    return SeedMean(sum(shares) / len(shares), None, None, tuple(shares))
