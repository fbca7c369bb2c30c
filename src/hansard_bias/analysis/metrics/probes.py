"""Preferences from probe tables: per prompt and model, their rates and stability, and models compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import Found, metric
from hansard_bias.analysis.probe_records import (
    ANY_PROMPT,
    SPLIT,
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
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.preferences import (
    PromptPreference,
    compare_models,
    cultural_bias_rate,
    mean_log_odds,
    paraphrase_stability,
    prompt_means,
    prompt_preferences,
)
from hansard_bias.statistics.prompts import any_difference
from hansard_bias.statistics.tests import TestRecord, correct

# Log-odds L of the two groups, split into the habit P, with the content words hidden, and what these add, L*.
LOG_ODDS, HABIT, CONTENT = "log_odds", "prior_log_odds", "preference"
# Below it both groups together are so improbable that the prompt hardly asks about either (method.md section 4).
LEAST_MASS = 0.05
NOT_ASKED = "not_asked"

ByRow = Mapping[str, FloatArray]
BoolArray = npt.NDArray[np.bool_]


@metric("probes", Probes)
def preference_findings(data: StudyData) -> Found:
    """Everything that the prompts and their paraphrases say, models compared, and their cultural bias rates."""
    values = {name: _arrays(data, name) for name in (LOG_ODDS, HABIT, CONTENT)}
    mass = {row: _mass(probed) for row, probed in data.probes.items()}
    asks = {row: each >= LEAST_MASS for row, each in mass.items()}
    confidence = data.config.bias.confidence
    judged, content = (_judged(values[name], asks, confidence) for name in (LOG_ODDS, CONTENT))
    stability = {row: paraphrase_stability(array) for row, array in values[LOG_ODDS].items()}
    of_content = _rates(values[CONTENT], asks, content, data)
    section = Probes(
        groups=Groups(*(GroupRecord(group.name, group.label, tuple(group.terms)) for group in data.groups)),
        audit=from_json(tuple[TermAudit, ...], data.asked.audit, PROBED, "probe"),
        prompts=_prompt_records(data, values, mass, judged, stability),
        not_asked={row: int((~each).sum()) for row, each in asks.items()},
        content_rates={row: rate for row, rate in of_content.items() if rate is not None},
        stability={row: _mean_stability(records) for row, records in stability.items()},
        themes={row: dict(_themes(array, asks[row], data)) for row, array in values[LOG_ODDS].items()},
    )
    families = zip(SPLIT, (LOG_ODDS, HABIT, CONTENT), strict=True)
    tests = [test for family, name in families for test in paired_tests(values[name], asks, data, family)]
    rates = _rates(values[LOG_ODDS], asks, judged, data)
    models = {row: {"cultural_bias_rate": rate} for row, rate in rates.items()}
    return Found(section, [*tests, *omnibus_tests(values[LOG_ODDS], asks)], models)


def _prompt_records(
    data: StudyData,
    values: Mapping[str, ByRow],
    mass: ByRow,
    judged: Mapping[str, Mapping[int, PromptPreference]],
    stability: Mapping[str, list[Stability]],
) -> tuple[PromptRecord, ...]:
    """Every prompt with the answers of all models, in the order of the file."""
    config = data.config
    tops = {row: top_fillings(probed, config.probe.top_k) for row, probed in data.probes.items()}
    means = {
        row: [_means(values[name][row], mass[row] >= LEAST_MASS, config.bias.confidence) for name in values]
        for row in judged
    }

    def answer(row: str, at: int) -> PromptAnswer:
        decided, share = judged[row].get(at), float(mass[row][at])
        direction, p = (decided.decision, decided.p_corrected) if decided else (NOT_ASKED, None)
        log_odds, habit, content = (each[at] for each in means[row])
        return PromptAnswer(log_odds, habit, content, share, direction, p, stability[row][at], tops[row][at])

    # The answers are in the order of names.
    records = {
        prompt["prompt"]: PromptRecord(
            **{name: prompt[name] for name in ("prompt", "theme", "text")},
            models={row: answer(row, at) for row in judged},
        )
        for at, prompt in enumerate(shown_prompts(data.asked).to_dict("records"))
    }
    return tuple(records[name] for name in dict.fromkeys(data.asked.prompts["prompt"]))


def _arrays(data: StudyData, column: str) -> dict[str, FloatArray]:
    return {row: preference_array(probed, column) for row, probed in data.probes.items()}


def _mass(runs: list[Probed]) -> FloatArray:
    """Probability of both groups together, mean over wordings and runs, shape [prompts]."""
    both = [np.nanmean(preference_array(runs, name), axis=(1, 2)) for name in ("p_first", "p_second")]
    return np.asarray(both[0] + both[1])


def _means(array: FloatArray, asks: BoolArray, confidence: float) -> dict[int, Interval]:
    """By place: the mean of every prompt; those that do not ask tell nothing of the errors of the others."""
    together = [np.flatnonzero(asks), *np.flatnonzero(~asks)[:, None]]
    return {
        int(place): found
        for places in together
        if len(places)
        for place, found in zip(places, prompt_means(array[places], confidence), strict=True)
    }


def _judged(values: ByRow, asks: Mapping[str, BoolArray], confidence: float) -> dict[str, dict[int, PromptPreference]]:
    """By row: of every prompt that asks, by its place, what was decided; the others have no part in the correction."""
    found = {}
    for row, array in values.items():
        places = np.flatnonzero(asks[row]).tolist()
        found[row] = dict(zip(places, prompt_preferences(array[places], confidence) if places else [], strict=True))
    return found


def preference_array(runs: list[Probed], column: str = LOG_ODDS) -> FloatArray:
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
    """By prompt: the most probable fillings over all seeds, each with the number of seeds that list it."""
    tops = [[list(top) for top in shown_prompts(run)["top"]] for run in runs]
    return [tuple(_listed(by_seed, top_k)) for by_seed in zip(*tops, strict=True)]


def _listed(by_seed: tuple[list[dict[str, Any]], ...], top_k: int) -> Iterator[Candidate]:
    """Where a seed does not list a word its probability counts as 0: the mean is a lower bound."""
    listed = pd.DataFrame([item for top in by_seed for item in top])
    found = listed.groupby("token", sort=True)["probability"].agg(["sum", "size"])
    for token, (total, seeds) in found.sort_values("sum", ascending=False, kind="stable").head(top_k).iterrows():
        yield Candidate(str(token), float(total) / len(by_seed), int(min(seeds, len(by_seed))))


def paired_tests(values: ByRow, asks: Mapping[str, BoolArray], data: StudyData, family: str) -> list[TestRecord]:
    """Every pair of models on the prompts that ask both of them, corrected by Holm within the family.

    Of two models the first by name is the left one, whatever their order in params.yaml.
    """
    records = []
    for left, right, both in _pairs(values, asks):
        record = compare_models(values[left][both], values[right][both], data.config.bias.confidence)
        records.append(replace(record, family=family, what=f"{left} against {right}"))
    return correct(records)


def omnibus_tests(values: ByRow, asks: Mapping[str, BoolArray]) -> list[TestRecord]:
    """Whether two models differ in any prompt at all, in opposite directions or in one; none with one seed."""
    records = []
    for left, right, both in _pairs(values, asks):
        means = [np.nanmean(values[row][both], axis=1) for row in (left, right)]
        if means[0].shape[1] < 2:
            continue
        size, p = any_difference(*means)
        about = {"family": ANY_PROMPT, "what": f"{left} against {right}", "unit": "nats", "p_covers": "seeds only"}
        records.append(TestRecord.of(Interval(size, None, None), p, prompts=len(means[0]), **about))
    return correct(records)


def _pairs(values: ByRow, asks: Mapping[str, BoolArray]) -> Iterator[tuple[str, str, BoolArray]]:
    # By name, so that a pair has the same sign whatever the order of params.yaml.
    for left, right in combinations(sorted(values), 2):
        both = asks[left] & asks[right]
        if both.any():
            yield left, right, both


def _rates(
    values: ByRow, asks: Mapping[str, BoolArray], judged: Mapping[str, Mapping[int, PromptPreference]], data: StudyData
) -> dict[str, PreferenceRate | None]:
    """By row; None where no prompt asks the model, or with one seed."""
    return {
        row: cultural_bias_rate(array[asks[row]], [*judged[row].values()], *data.drawn("rate", row))
        if judged[row]
        else None
        for row, array in values.items()
    }


def _themes(array: FloatArray, asks: BoolArray, data: StudyData) -> Iterator[tuple[str, ThemeMean]]:
    """Mean L of the prompts of every theme that ask the model, with an interval over prompts and seeds."""
    by_prompt, themes = np.nanmean(array, axis=1), shown_prompts(data.asked)["theme"].to_numpy()
    for theme in dict.fromkeys(data.asked.prompts["theme"]):
        members = by_prompt[(themes == theme) & asks]
        if len(members):
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
