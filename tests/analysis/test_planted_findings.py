"""What was planted against what was measured: the truth of mixtures, signs, slope, and no dependence on order."""

from __future__ import annotations

import json
import math
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hansard_bias.analysis.inputs import ProbeRuns, StudyData
from hansard_bias.analysis.metrics.planted import line, planted_findings, planted_log_odds
from hansard_bias.analysis.probe_records import Planted
from hansard_bias.analysis.record_files import from_json, to_json
from hansard_bias.params import Config, parse_config
from hansard_bias.probing.files import PLANTED, PlantedFrame, planted_frames, planted_shares
from hansard_bias.probing.tables import Probed
from helpers.project import merged
from helpers.score_files import known

SLOPES = {"log_odds": 1.1, "preference": -0.5}


def frame(name: str, nunavut: float, canada: float, occurrences: tuple[int, int] = (100, 100)) -> PlantedFrame:
    groups = {"northern": ("ice",), "southern": ("road",)}
    counts = dict(zip(("nunavut", "canada"), occurrences, strict=True))
    texts = tuple(f"{name} {n} [MASK]" for n in range(3))
    return PlantedFrame(name, "land", texts, groups, {"nunavut": nunavut, "canada": canada}, counts)


EVEN = frame("even", 0.5, 0.5)
ODDS = [(0.2, 0.4), (0.9, 0.6), (0.6, 0.7), (0.3, 0.2), (0.7, 0.15), (0.1, 0.25)]
FRAMES = (frame("a", 0.8, 0.3, (150, 50)), EVEN, *(frame(f"f{n}", *odds) for n, odds in enumerate(ODDS)))


@pytest.fixture
def config(tiny: dict[str, Any]) -> Config:
    return parse_config(tiny)


def probed(truth: dict[str, float], shift: float) -> Probed:
    """A run whose L is 1.1 times the truth and whose L* has the wrong sign and half of the size."""
    rows = [(name, "land", n, f"{name} {n} [MASK]") for name in truth for n in range(3)]
    table = pd.DataFrame(rows, columns=["prompt", "theme", "paraphrase", "text"])
    level, wording = table["prompt"].map(truth), 0.01 * (table["paraphrase"] - 1)
    table = table.assign(**{name: slope * level + wording + shift for name, slope in SLOPES.items()})
    return Probed(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), [], [], [], table)


def runs_of(config: Config, frames: tuple[PlantedFrame, ...]) -> ProbeRuns:
    truth = planted_log_odds(config, frames)
    names = [each.id for each in frames]
    return {
        row: [probed(dict(zip(names, values, strict=True)), shift) for shift in (-0.005, 0.005)]
        for row, values in truth.items()
    }


def findings(runs: ProbeRuns, config: Config, frames: tuple[PlantedFrame, ...]) -> Planted:
    return planted_findings(known(StudyData(config, Path()), probes=runs, frames=frames))


def test_the_truth_of_a_mixture_is_that_of_the_mean_by_occurrences() -> None:
    a = FRAMES[0]
    assert a.log_odds({"nunavut": 1.0}) == pytest.approx(math.log(0.8 / 0.2))
    p = (150 * 0.8 + 50 * 0.3) / 200
    assert a.log_odds({"nunavut": 0.5, "canada": 0.5}) == pytest.approx(math.log(p / (1 - p)))
    p = (0.2 * 150 * 0.8 + 0.8 * 50 * 0.3) / (0.2 * 150 + 0.8 * 50)
    assert a.log_odds({"nunavut": 0.2, "canada": 0.8}) == pytest.approx(math.log(p / (1 - p)))


def test_signs_slope_and_difference(config: Config) -> None:
    found = findings(runs_of(config, FRAMES), config, FRAMES)
    assert len(found.associations) == 8 * 3
    told = found.associations[2]
    assert (told.association, told.model, told.prompts[1]) == ("a", "C_mixed", "a 1 [MASK]")
    assert told.log_odds.value == pytest.approx(1.1 * told.planted_log_odds)
    assert told.log_odds.low < told.log_odds.value < told.log_odds.high
    plain, corrected = (found.summary[measure] for measure in SLOPES)
    # The even frame has no sign.
    assert (plain.single.signs, plain.single.signs_right, plain.all.signs) == (14, 14, 21)
    assert corrected.single.signs_right == corrected.all.signs_right == 0
    planted = np.mean([each.log_odds({"nunavut": 1}) - each.log_odds({"canada": 1}) for each in FRAMES])
    for summary, slope in ((plain, 1.1), (corrected, -0.5)):
        assert astuple(summary.single.slope) == pytest.approx((slope, slope, slope))
        assert summary.all.intercept.value == pytest.approx(0.0, abs=1e-9)
        (difference,) = summary.differences
        assert (difference.what, difference.planted) == ("A_nunavut against B_canada", pytest.approx(planted))
        assert difference.measured.value == pytest.approx(slope * planted)
        assert difference.error.value == pytest.approx((slope - 1) * planted)
    assert from_json(Planted, json.loads(json.dumps(to_json(found), allow_nan=False)), "f", "bias") == found


def test_a_line_is_that_of_least_squares_over_all_models() -> None:
    rng = np.random.default_rng(3)
    truth, measured = rng.normal(size=(2, 2, 5))
    weights = np.array([[1, 1, 1, 1, 1], [0, 2, 1, 0, 2], [5, 0, 0, 0, 0]])
    slopes, intercepts = line(truth, measured, weights)
    for sample in (0, 1):
        again = np.repeat(np.arange(5), weights[sample])
        slope, intercept = np.polyfit(truth[:, again].ravel(), measured[:, again].ravel(), 1)
        assert (slopes[sample], intercepts[sample]) == (pytest.approx(slope), pytest.approx(intercept))
    assert np.isnan(line(truth[:1], measured[:1], weights[2:])[0]).all(), "one truth has no line"


def test_no_number_depends_on_the_order_of_models(config: Config) -> None:
    found = findings(runs_of(config, FRAMES), config, FRAMES)
    turned = replace(config, models=dict(reversed(config.models.items())))
    other = findings(runs_of(turned, FRAMES), turned, FRAMES)
    by_key = {(each.association, each.model): each for each in other.associations}
    assert all(by_key[each.association, each.model] == each for each in found.associations)
    for measure in SLOPES:
        before, after = found.summary[measure], other.summary[measure]
        for scope in ("single", "all"):
            assert astuple(getattr(after, scope).slope) == pytest.approx(astuple(getattr(before, scope).slope))
        here, there = before.differences[0].error, after.differences[0].error
        assert (there.value, there.low) == (pytest.approx(-here.value), pytest.approx(-here.high))


def test_no_association_depends_on_the_others(config: Config) -> None:
    found, backwards = (
        findings(runs_of(config, frames), config, frames).associations for frames in (FRAMES, FRAMES[:0:-1])
    )
    by_key = {(each.association, each.model): each for each in found}
    assert all(by_key[each.association, each.model] == each for each in backwards)


def test_frames_that_are_all_alike_have_no_slope(config: Config) -> None:
    one = (FRAMES[0],)
    mixed = {name: model for name, model in config.models.items() if not model.is_single}
    found = findings(runs_of(config, one), replace(config, models=mixed), one)
    assert found.summary["log_odds"].all.slope is None
    assert to_json(found)["summary"]["log_odds"]["all"]["slope"] == {"value": None, "low": None, "high": None}


def test_models_that_were_asked_other_frames_are_refused(config: Config) -> None:
    with pytest.raises(ValueError, match=r"A_nunavut: was asked other frames.*dvc repro probe"):
        findings(runs_of(config, FRAMES[:3]), config, FRAMES)


def test_only_models_of_the_sample_have_a_truth(tiny: dict[str, Any], config: Config) -> None:
    both = {"nunavut": 0.5, "canada": 0.5}
    assert planted_shares(config) == {"nunavut": {"nunavut": 1.0}, "canada": {"canada": 1.0}, "mixed": both}
    own = parse_config(merged(tiny, {"corpora": {"canada": {"path": "data/raw/own"}}}))
    assert planted_shares(own) == {"nunavut": {"nunavut": 1.0}}


def test_nothing_is_planted_in_other_archives(tiny: dict[str, Any], tmp_path: Path) -> None:
    changes = {name: {"path": f"archive/{name}"} for name in ("nunavut", "canada")}
    other = parse_config(merged(tiny, {"corpora": changes}))
    assert planted_frames(other, tmp_path) == ()
    nothing = Probed(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), [], [], [])
    assert nothing.planted.empty
    assert findings({row: [nothing] for row in ("A_nunavut", "B_canada", "C_mixed")}, other, ()) == Planted()


def test_the_record_of_the_sample_is_needed_and_must_be_one(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"planted.json: no such file; run `dvc repro sample` first"):
        planted_frames(config, tmp_path)
    path = tmp_path / PLANTED
    path.parent.mkdir(parents=True)
    for content in ("{", "[]", '{"associations": [{}]}'):
        path.write_text(content)
        with pytest.raises(ValueError, match=r"planted.json: no record of what was planted .*dvc repro -f sample"):
            planted_frames(config, tmp_path)
