"""The stage `halvings` on the small project: two houses of one legislature, and what the verdict says of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.halvings import halving_findings
from hansard_bias.pipeline import halvings
from hansard_bias.tokens.encoded import read_encoded
from hansard_bias.yardsticks.houses import HOUSES, as_two
from hansard_bias.yardsticks.tables import AT_RANDOM, BY_TIME, HALF
from helpers.project import Project


def test_houses_share_no_sitting_and_their_texts_no_day(project: Project) -> None:
    corpus = read_encoded(project.root / "data/encoded/nunavut")
    days = np.array(corpus.index["sitting"].to_pylist()).astype(str)
    rows = halvings.dealt(corpus, "nunavut", 0)
    parts = [set(days[rows[house][part]]) for house in HOUSES for part in ("train", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(set(days))
    other = halvings.dealt(corpus, "nunavut", 1)
    assert not np.array_equal(rows["first"]["test"], other["first"]["test"])


def test_sums_are_those_of_the_test_text_of_both_houses(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halvings, "LEAST_SITTINGS", 2)
    config = as_two(project.config)
    corpus = read_encoded(project.root / "data/encoded/canada")
    found = halvings.halving(0, "canada", config, project.root)
    assert found is not None
    rows = halvings.dealt(corpus, "canada", 0)
    for house in HOUSES:
        sums = found["houses"][house]
        assert sum(sums["tokens"]) == corpus.lengths[rows[house]["test"]].sum()
        assert len(sums["sittings"]) == len(set(sums["sittings"])) == len(sums["model first"])
        # A bound on what any model may need for a token: it has learned the text's own words.
        assert 0 < sum(sums["model first"]) / sum(sums["tokens"]) < np.log(600)


def test_the_verdict_on_halves_is_told_of_every_corpus(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halvings, "LEAST_SITTINGS", 2)
    for part in ("data/encoded", "models/tokenizer"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part).symlink_to(project.root / part)
    config = project.config.with_sections(bias=replace(project.config.bias, halvings=3))
    halvings.run(config, tmp_path)
    found = halving_findings(StudyData(config, tmp_path)).corpora
    assert list(found) == list(config.corpora)
    for each in found.values():
        assert each.halvings == 3 and each.tests <= 6 and each.yes == 0
        assert each.excess is not None and abs(each.excess) < 0.5


@pytest.mark.parametrize(("times", "reason"), [(0, "bias.halvings is 0"), (5, r"2\d sittings, expected 32 or more")])
def test_without_halvings_there_is_a_reason(project: Project, tmp_path: Path, times: int, reason: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/encoded").symlink_to(project.root / "data/encoded")
    config = project.config.with_sections(bias=replace(project.config.bias, halvings=times))
    halvings.run(config, tmp_path)
    told = json.loads((tmp_path / "data/halvings.json").read_text())
    found = halving_findings(StudyData(config, tmp_path)).corpora
    assert list(found) == list(told)
    for corpus, each in found.items():
        assert each.reason == told[corpus]["reason"] and re.fullmatch(reason, each.reason)


def test_halvings_without_a_yardstick_are_told_without_its_size(project: Project, tmp_path: Path) -> None:
    """Both houses have text, and none of them two halves: nothing to set the excess against."""
    (tmp_path / "data").mkdir()
    part = {"tokens": 0, "sittings": 0, "first_day": "", "last_day": "", "reason": "too few sittings"}
    facts = [
        {"kind": kind, "name": name, "reads": [name], **part} for kind in (*BY_TIME, *AT_RANDOM) for name in HOUSES
    ]
    sums = {"sittings": ["2001-02-03", "2001-02-04", "2001-02-05"], "tokens": [50.0, 60.0, 70.0], "bytes": [200.0] * 3}
    houses = {
        house: sums | {f"model {model}": [100.0 + place, 120.0, 139.0] for place, model in enumerate(HOUSES)}
        for house in HOUSES
    }
    told = {
        corpus: {"reason": "", "halvings": [{"facts": facts, "houses": houses}]} for corpus in project.config.corpora
    }
    (tmp_path / "data/halvings.json").write_text(json.dumps(told))
    for each in halving_findings(StudyData(project.config, tmp_path)).corpora.values():
        assert (each.halvings, each.yes, each.excess, each.yardstick) == (1, 0, None, None)
        assert each.tests == 2


def halving_of(apart: dict[str, float]) -> dict[str, Any]:
    """One halving in which the other house's model pays so many nats a token; halves of a house differ by little."""
    days, tokens = [f"2001-02-{day:02d}" for day in range(1, 13)], np.full(12, 100.0)
    noise, facts, houses = np.random.default_rng(1).normal(0, 1, size=(40, 12)), [], {}
    rows = iter(noise)
    for house in HOUSES:
        other = HOUSES[1 - HOUSES.index(house)]
        sums = {"sittings": days, "tokens": tokens.tolist(), "bytes": (4 * tokens).tolist()}
        for kind in ("model", HALF):
            own = 200 + next(rows)
            sums |= {f"{kind} {house}": own.tolist()}
            sums |= {f"{kind} {other}": (own + next(rows) + apart[house] * tokens).tolist()}
        for kind in (*BY_TIME, *AT_RANDOM):
            sums[f"{kind} {house}"] = (210 + next(rows)).tolist()
            first_day = "2001-02-07" if kind == BY_TIME[1] else "2001-02-01"
            facts.append({"kind": kind, "name": house, "reads": [house], "first_day": first_day, "tokens": 500})
        houses[house] = sums
    facts += [{"kind": HALF, "name": house, "reads": [*HOUSES], "tokens": 500} for house in HOUSES]
    return {"facts": facts, "houses": houses}


@pytest.mark.parametrize(("first", "second", "yes", "rejected"), [(0.5, 0.5, 1, 2), (0.5, 0.0, 0, 1), (0.0, 0.0, 0, 0)])
def test_yes_wants_more_than_the_yardstick_in_both_houses(
    project: Project, tmp_path: Path, first: float, second: float, yes: int, rejected: int
) -> None:
    (tmp_path / "data").mkdir()
    one = {"reason": "", "halvings": [halving_of({"first": first, "second": second})]}
    (tmp_path / "data/halvings.json").write_text(json.dumps(dict.fromkeys(project.config.corpora, one)))
    for each in halving_findings(StudyData(project.config, tmp_path)).corpora.values():
        assert (each.yes, each.tests, each.rejected) == (yes, 2, rejected)
        assert each.excess == pytest.approx((first + second) / 2, abs=0.02)
