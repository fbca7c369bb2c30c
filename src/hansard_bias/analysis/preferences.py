"""Preferences from probe tables: per prompt and model, their rates, their stability, and models compared."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from hansard_bias.analysis.inputs import ProbeRuns
from hansard_bias.analysis.probe_records import Legacy, LegacyShares, SeedMean
from hansard_bias.params import Config
from hansard_bias.probing.prompts import Group
from hansard_bias.probing.tables import LEGACY_TOP, Probed
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.preferences import (
    PromptPreference,
    compare_models,
    cultural_bias_rate,
    paraphrase_stability,
    prompt_preferences,
)
from hansard_bias.statistics.resampling import generator
from hansard_bias.statistics.tests import correct

Judged = dict[str, list[PromptPreference]]

# L* decides; L is reported beside it, so that a reader sees what the correction for the prior does.
CORRECTED, UNCORRECTED = "preference", "log_odds"
PLAIN = "preference without prior correction"


def preference_findings(runs: ProbeRuns, config: Config) -> dict[str, Any]:
    """Everything that the prompts and their paraphrases say.

    Returns `rates` (cultural bias rate by row), `probes` (records by prompt, and by row: rates without prior
    correction, stability, themes) and `tests` (models compared).
    """
    values = {row: preference_array(probed) for row, probed in runs.items()}
    uncorrected = {row: preference_array(probed, UNCORRECTED) for row, probed in runs.items()}
    first = next(iter(runs.values()))[0]
    asked = shown_prompts(first)
    judged, raw = (
        {row: _judge(array, list(asked["prompt"]), config) for row, array in each.items()}
        for each in (values, uncorrected)
    )
    stability = {row: paraphrase_stability(array) for row, array in values.items()}
    records = _prompt_records(asked, judged, raw, stability, top_fillings(runs, config.probe.top_k))
    return {
        "rates": _rates(judged, config),
        "probes": {
            "prompts": [records[name] for name in dict.fromkeys(first.prompts["prompt"])],
            "uncorrected_rates": _rates(raw, config),
            "stability": {row: _mean_stability(records) for row, records in stability.items()},
            "themes": {row: _themes(array, first, config) for row, array in values.items()},
        },
        "tests": [
            *paired_tests(values, config, "preference"),
            *paired_tests(uncorrected, config, PLAIN),
        ],
    }


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


def top_fillings(runs: ProbeRuns, top_k: int) -> dict[str, list[list[dict[str, Any]]]]:
    """By row and prompt: the first seed's most probable fillings, each with the number of seeds that list it."""
    found = {}
    for row, probed in runs.items():
        tops = [[list(top)[:top_k] for top in shown_prompts(run)["top"]] for run in probed]
        found[row] = [_listed(by_seed) for by_seed in zip(*tops, strict=True)]
    return found


def _themes(array: FloatArray, run: Probed, config: Config) -> dict[str, Any]:
    """Mean L* of the prompts of every theme, with an interval over prompts and seeds."""
    by_prompt, themes = np.nanmean(array, axis=1), shown_prompts(run)["theme"]
    records = {}
    for theme in dict.fromkeys(run.prompts["theme"]):
        members = by_prompt[(themes == theme).to_numpy()]
        rng = generator(config.bias.seed, "theme", theme)
        # Prompts of a theme are to its mean what paraphrases are to a prompt's.
        mean = prompt_preferences(members[None], config.probe.draws, rng, config.bias.confidence)[0].preference
        records[theme] = {"prompts": len(members), **mean.as_dict()}
    return records


def paired_tests(values: dict[str, FloatArray], config: Config, family: str) -> list[dict[str, Any]]:
    """Every pair of models on the same prompts: a paired sign-flip, corrected by Holm within the family.

    L* compares what the sentences add to each model's own habits; L has those habits in it. Of two models the first by
    name is the left one, whatever their order in params.yaml.
    """
    records: list[dict[str, Any]] = []
    for left, right in combinations(sorted(values), 2):
        rng = generator(config.bias.seed, "preference", left, right)
        record = compare_models(values[left], values[right], config.probe.draws, rng, config.bias.confidence)
        records.append({"family": family, "what": f"{left} against {right}", **record})
    return with_holm(records)


def with_holm(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of one family of tests with their corrected p; no records, no correction."""
    correct(records, "p")
    return records


def _judge(array: FloatArray, prompts: list[str], config: Config) -> list[PromptPreference]:
    """Every prompt with draws of its own, which other prompts of the file do not change."""
    judged: list[PromptPreference] = []
    for prompt, values in zip(prompts, array, strict=True):
        rng = generator(config.bias.seed, "prompt", prompt)
        judged += prompt_preferences(values[None], config.probe.draws, rng, config.bias.confidence)
    return judged


def _rates(judged: Judged, config: Config) -> dict[str, Any]:
    return {
        row: cultural_bias_rate([item.decision for item in decisions], config.bias.confidence)
        for row, decisions in judged.items()
    }


def _listed(by_seed: tuple[list[dict[str, Any]], ...]) -> list[dict[str, Any]]:
    counts = pd.Series([item["token"] for top in by_seed for item in top]).value_counts()
    return [dict(item) | {"seeds": int(min(counts[item["token"]], len(by_seed)))} for item in by_seed[0]]


def _prompt_records(
    asked: pd.DataFrame, judged: Judged, raw: Judged, stability: dict[str, Any], tops: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """By prompt: one record with what every model says."""
    return {
        prompt["prompt"]: {
            "prompt": prompt["prompt"],
            "theme": prompt["theme"],
            "text": prompt["text"],
            "models": {
                row: {
                    "preference": judged[row][number].preference.as_dict(),
                    "direction": judged[row][number].decision,
                    "sign_share": judged[row][number].sign_share,
                    "uncorrected": raw[row][number].preference.as_dict(),
                    "uncorrected_direction": raw[row][number].decision,
                    "stability": stability[row][number],
                    "top": tops[row][number],
                }
                for row in judged
            },
        }
        for number, prompt in enumerate(asked.to_dict("records"))
    }


def _mean_stability(records: list[dict[str, Any]]) -> dict[str, float | None]:
    """Over all prompts: the mean agreement, and the root of the mean variance between wordings."""
    spreads = [record["spread"] ** 2 for record in records if record["spread"] is not None]
    agreement = float(np.mean([record["agreement"] for record in records]))
    return {"agreement": agreement, "spread": float(np.sqrt(np.mean(spreads))) if spreads else None}


# The study's first definition of bias, kept so that results can be set against older reports; not a measurement.

DEFINITION = (
    f"share of the prompts with a listed term among the {LEGACY_TOP} most probable single-piece fillings, exact match "
    "of the whole word whatever its case; the prompt itself only, no paraphrases, no correction for the prior"
)


def legacy_findings(runs: ProbeRuns, groups: tuple[Group, Group]) -> Legacy:
    """By row: the share of prompts with a term of the first group, of the second, of either, and that of every seed.

    A value is the mean over seeds; the older reports had no intervals, and low and high are null here too.
    """
    first, second = ({term.casefold() for term in group.terms} for group in groups)
    models = {
        row: LegacyShares(
            *(_over_seeds([legacy_share(run, terms) for run in probed]) for terms in (first, second, first | second))
        )
        for row, probed in runs.items()
    }
    prompts = len(shown_prompts(next(iter(runs.values()))[0]))
    return Legacy(DEFINITION, LEGACY_TOP, prompts, models)


def legacy_share(run: Probed, terms: Collection[str]) -> float:
    """Share of the prompts of which one of the first fillings is one of these terms (in lower case)."""
    tops = shown_prompts(run)["top"]
    hits = [any(str(item["token"]).strip().casefold() in terms for item in list(top)[:LEGACY_TOP]) for top in tops]
    return sum(hits) / len(hits)


def _over_seeds(shares: list[float]) -> SeedMean:
    return SeedMean(sum(shares) / len(shares), None, None, tuple(shares))
