"""What is made of the probe tables: the arrays, the records of bias.json, and runs that do not belong together."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hansard_bias.analysis.inputs import StudyData, check_alike
from hansard_bias.analysis.metrics.associations import association_findings
from hansard_bias.analysis.metrics.benchmarks import benchmark_findings
from hansard_bias.analysis.metrics.planted import planted_findings
from hansard_bias.analysis.metrics.probes import (
    legacy_findings,
    legacy_share,
    preference_array,
    preference_findings,
    top_fillings,
)
from hansard_bias.analysis.probe_records import ANY_PROMPT, SPLIT, GroupRecord, Planted
from hansard_bias.analysis.record_files import to_json
from hansard_bias.params import Config, parse_config
from hansard_bias.probing.prompts import Group
from hansard_bias.probing.tables import Probed, probed_paths, read_probed, write_probed
from hansard_bias.statistics.associations import effect_size, permutation_test
from hansard_bias.statistics.preferences import Stability
from hansard_bias.statistics.tests import holm
from helpers.score_files import known

PROMPTS = [("a", "roads", 6), ("b", "roads", 5), ("c", "snow", 6)]
TOP = ["Icy", "road", "mild", "ice", "old", "snowy", "new"]
GROUPS = (Group("cold", "cold", "", ("icy", "snowy")), Group("warm", "warm", "", ("mild", "sunny")))
TEST = {"test": "t", "targets": ["cold", "warm"], "attributes": ["good", "bad"]}


@pytest.fixture
def config(tiny: dict[str, Any]) -> Config:
    return parse_config(tiny)


def probed(shift: float = 0.0, top: list[str] = TOP) -> Probed:
    """Tables of one run, every number a plain function of its place."""
    rows = [(name, theme, n, f"{name} {n} [MASK]") for name, theme, wordings in PROMPTS for n in range(wordings)]
    prompts = pd.DataFrame(rows, columns=["prompt", "theme", "paraphrase", "text"])
    level = prompts["prompt"].map({"a": 2.0, "b": -2.0, "c": 0.1}) + 0.01 * prompts["paraphrase"] + shift
    fillings = [{"token": token, "probability": 0.3 / (n + 1)} for n, token in enumerate(top)]
    prompts = prompts.assign(
        **dict(log_odds=level + 1, prior_log_odds=1.0, preference=level, p_first=0.25, p_second=0.05),
        top=pd.Series([fillings] * len(rows), dtype=object),
    )
    asked = [("bench", 2, "roads", "p [MASK]", "open", "shut"), ("bench", 3, "snow", "q [MASK]", "good", "bad")]
    names = ["benchmark", "line", "theme", "prompt", "favorable", "unfavorable"]
    benchmarks = pd.DataFrame(asked, columns=names).assign(
        favorable_pieces=[1, 2],
        unfavorable_pieces=1,
        log_odds=[1.0 + shift, -3.0],
        prior_log_odds=[0.5, 0.0],
        preference=[0.5 + shift, -3.0],
    )
    words = [("first", "icy", 0.5), ("first", "snowy", 0.3), ("second", "mild", -0.2), ("second", "sunny", 0.1)]
    lines = [
        (space, "association", "t", side, word, "", value + shift * (word == "icy"))
        for space in ("input", "contextual")
        for side, word, value in words
    ]
    lines += [(space, "cosine", "", "", "icy", "road", 0.25 + shift) for space in ("input", "contextual")]
    associations = pd.DataFrame(lines, columns=["space", "kind", "test", "side", "word", "other", "value"])
    planted = prompts.drop(columns="top")
    known_of_it = {"pieces": 1, "usage": {"canada": 3}, "warnings": []}
    audits = ([{"group": "cold", "term": "icy", **known_of_it}], [{"word": "icy", **known_of_it}], [TEST])
    return Probed(prompts, benchmarks, associations, *audits, planted)


@pytest.fixture
def runs() -> dict[str, list[Probed]]:
    return {"A_nunavut": [probed(0.0), probed(0.2)], "B_canada": [probed(-3.0), probed(-3.2)]}


@pytest.fixture
def data(runs: dict[str, list[Probed]], config: Config) -> StudyData:
    return known(StudyData(config, Path()), probes=runs, groups=GROUPS)


def test_preference_array_keeps_the_order_and_marks_missing_paraphrases(runs: dict[str, list[Probed]]) -> None:
    array = preference_array(runs["A_nunavut"])
    assert array.shape == (3, 6, 2)
    assert array[1, 2].tolist() == pytest.approx([-0.98, -0.78])
    assert np.isnan(array[1, 5]).all() and np.isnan(array).sum() == 2
    np.testing.assert_allclose(preference_array(runs["A_nunavut"], "preference"), array - 1)


def test_preferences_their_two_parts_ties_and_stability(data: StudyData) -> None:
    close = {**data.probes, "A_nunavut": [probed(0.09), probed(0.11)]}
    found = preference_findings(known(data, probes=close, groups=GROUPS))
    rate = found.models["A_nunavut"]["cultural_bias_rate"]
    # One nat of habit makes the tie of the content a preference for the first group.
    assert (rate.prompts, rate.tied, rate.undecided) == (3, 0, 0)
    assert (rate.first.count, rate.second.count) == (2, 1)
    probes = found.section
    assert probes.content_rates["A_nunavut"].first.count == 1
    told = probes.prompts[2].models["A_nunavut"]
    assert told.direction == "first"
    assert told.content.value == pytest.approx(0.1 + 0.025 + 0.1)
    assert told.log_odds.value == pytest.approx(told.habit.value + told.content.value)
    assert told.mass == pytest.approx(0.3)
    assert told.stability == Stability(1.0, pytest.approx(np.std(0.01 * np.arange(6), ddof=1)), 6)
    roads, snow = (probes.themes["A_nunavut"][theme] for theme in ("roads", "snow"))
    assert roads.prompts == 2
    assert roads.value == pytest.approx((2.125 - 1.88) / 2 + 1)
    assert snow.low is None, "one prompt says nothing of other prompts"


def with_mass(run: Probed, prompt: str, share: float) -> Probed:
    table = run.prompts.copy()
    table.loc[table["prompt"] == prompt, ["p_first", "p_second"]] = share / 2
    return replace(run, prompts=table)


@pytest.mark.parametrize(("share", "asked"), [(0.0499, 2), (0.0501, 3)])
def test_a_prompt_that_hardly_asks_counts_nowhere(data: StudyData, share: float, asked: int) -> None:
    runs = {**data.probes, "A_nunavut": [with_mass(run, "a", share) for run in data.probes["A_nunavut"]]}
    found = preference_findings(known(data, probes=runs, groups=GROUPS))
    assert found.section.not_asked == {"A_nunavut": 3 - asked, "B_canada": 0}
    assert found.models["A_nunavut"]["cultural_bias_rate"].prompts == asked
    assert found.models["B_canada"]["cultural_bias_rate"].prompts == 3
    assert {test.prompts for test in found.tests} == {asked}
    told = found.section.prompts[0].models["A_nunavut"]
    assert (told.direction == "not_asked") == (told.p_corrected is None) == (asked == 2)
    assert found.section.themes["A_nunavut"]["roads"].prompts == asked - 1


def test_prompts_of_which_none_asks_give_no_rate_and_no_test(data: StudyData) -> None:
    runs = {row: [with_mass(run, name, 0.01) for run in each] for row, each in data.probes.items() for name in "a"}
    for name in "bc":
        runs = {row: [with_mass(run, name, 0.01) for run in each] for row, each in runs.items()}
    found = preference_findings(known(data, probes=runs, groups=GROUPS))
    assert found.tests == [] and found.models["A_nunavut"]["cultural_bias_rate"] is None
    assert found.section.themes == {"A_nunavut": {}, "B_canada": {}}


def test_two_runs_that_agree_less_decide_nothing(data: StudyData) -> None:
    """0.2 nats between two runs, with three prompts to correct for, and a mean of two nats is not sure enough."""
    found = preference_findings(data)
    rate = found.models["A_nunavut"]["cultural_bias_rate"]
    assert (rate.prompts, rate.tied, rate.undecided) == (3, 0, 3)
    told = [prompt.models["A_nunavut"] for prompt in found.section.prompts]
    assert all(answer.p_corrected > 0.05 for answer in told if answer.direction == "undecided")


def test_models_are_compared_in_both_parts_and_in_any_prompt(data: StudyData) -> None:
    *split, any_prompt = preference_findings(data).tests
    assert [test.family for test in split] == list(SPLIT)
    assert [test.effect for test in split] == pytest.approx([3.2, 0.0, 3.2])
    for test in (split[0], split[2]):
        assert test.what == "A_nunavut against B_canada"
        # The only test of its family: nothing to correct for.
        assert 0 < test.p == test.p_holm < 1
        assert test.p_covers == "prompts and seeds"
    assert (any_prompt.family, any_prompt.p_covers, any_prompt.low) == (ANY_PROMPT, "seeds only", None)
    assert any_prompt.effect == pytest.approx(3.2, abs=0.01)


def test_fillings_are_of_all_seeds_and_say_how_many_list_them(runs: dict[str, list[Probed]]) -> None:
    other = probed(top=["icy", "road", "sun"])
    (first, *_) = top_fillings([runs["A_nunavut"][0], other], 3)
    # 0.15 of the second place in both, then 0.3 and 0.3 of the first place in one: by the mean, then by name.
    assert [(item.token, item.seeds) for item in first] == [("Icy", 1), ("icy", 1), ("road", 2)]
    assert [item.probability for item in first] == pytest.approx([0.15, 0.15, 0.15])


def test_legacy_is_an_exact_word_among_the_first_five(runs: dict[str, list[Probed]], data: StudyData) -> None:
    assert legacy_share(runs["A_nunavut"][0], {"icy"}) == 1.0
    # "ice" is no "icy", and "snowy" is the sixth.
    assert legacy_share(runs["A_nunavut"][0], {"snowy", "roads", "ic", "sunny"}) == 0.0
    mixed = probed()
    tops = [list(top) for top in mixed.prompts["top"]]
    tops[0] = [{"token": "no", "probability": 0.1}] * 7
    tops[1] = [{"token": "icy", "probability": 0.1}] * 7
    mixed.prompts["top"] = pd.Series(tops, dtype=object)
    found = legacy_findings(known(data, probes={"A": [probed(), mixed]}, groups=GROUPS))
    # Row 0 is the prompt a itself, row 1 a paraphrase of it: paraphrases do not count.
    first, any_group = found.models["A"].first, found.models["A"].any
    assert (first.value, first.low, first.high) == (pytest.approx(5 / 6), None, None)
    assert first.by_seed == (1.0, pytest.approx(2 / 3))
    assert (found.top, found.prompts) == (5, 3)
    assert any_group.value >= found.models["A"].second.value


def test_benchmarks_by_theme_and_item(data: StudyData) -> None:
    (found,) = benchmark_findings(data)
    plain, corrected = (found.models["A_nunavut"][measure] for measure in ("plain", "corrected"))
    assert (found.name, plain.all.prompts, list(plain.themes)) == ("bench", 2, ["roads", "snow"])
    assert plain.all.log_odds.value == pytest.approx((1.1 - 3) / 2)
    assert [each.count for each in (plain.all.favourable, plain.all.unfavourable, plain.all.tied)] == [1, 1, 0]
    shares = corrected.all
    assert [each.count for each in (shares.favourable, shares.unfavourable, shares.tied)] == [0, 1, 1]
    item = found.items[0]
    assert found.unlike_pieces == 1
    assert (item.line, item.favorable, item.models["A_nunavut"].direction) == (2, "open", "favourable")
    told = item.models["A_nunavut"].plain
    assert told.value == pytest.approx(1.1)
    assert told.low is not None and told.high is not None and told.low < 1.0 < 1.2 < told.high


def test_associations_by_model_with_values_over_seeds(data: StudyData) -> None:
    found = association_findings(data)
    tests = found.section.tests
    assert [(test.space, test.targets) for test in tests] == [
        ("input", ["cold", "warm"]),
        ("contextual", ["cold", "warm"]),
    ]
    told = tests[0].models["A_nunavut"]
    first, second = np.array([0.6, 0.3]), np.array([-0.2, 0.1])
    assert told.effect_size.value == pytest.approx(effect_size(first, second))
    assert told.by_seed == pytest.approx([effect_size([0.5, 0.3], second), effect_size([0.7, 0.3], second)])
    assert told.p == permutation_test(first, second, 10, np.random.default_rng(1)).p
    family = found.tests
    assert len(family) == 4 and {record.family for record in family} == {"association"}
    assert [record.p_holm for record in family] == pytest.approx(holm([record.p for record in family]).tolist())
    assert told.p_holm == family[0].p_holm
    pair = found.section.pairs[0]
    assert (pair.word, pair.other, pair.models["A_nunavut"].by_seed) == ("icy", "road", (0.25, pytest.approx(0.45)))
    json.dumps(to_json(found.section), allow_nan=False)


@pytest.mark.parametrize("kind", ["prompts", "benchmarks", "associations", "planted"])
def test_runs_that_were_asked_other_things_are_refused(kind: str) -> None:
    other = probed(1.0)
    check_alike(["n-1", "n-2"], [probed(), other])
    shorter = replace(other, **{kind: getattr(other, kind).iloc[:-1]})
    with pytest.raises(ValueError, match=f"n-2: other {kind} than n-1; run `dvc repro probe` for all models"):
        check_alike(["n-1", "n-2"], [probed(), shorter])


def test_tables_come_back_as_they_were_written(tmp_path: Path) -> None:
    before = probed(0.5)
    write_probed(before, "nunavut", 3, tmp_path)
    assert all((tmp_path / path).is_file() for path in probed_paths("nunavut", 3))
    after = read_probed("nunavut", 3, tmp_path)
    pd.testing.assert_frame_equal(after.prompts.drop(columns="top"), before.prompts.drop(columns="top"))
    assert [list(top) for top in after.prompts["top"]] == [list(top) for top in before.prompts["top"]]
    pd.testing.assert_frame_equal(after.benchmarks, before.benchmarks)
    pd.testing.assert_frame_equal(after.associations, before.associations)
    pd.testing.assert_frame_equal(after.planted, before.planted)
    assert (after.audit, after.words, after.tests) == (before.audit, before.words, before.tests)
    with pytest.raises(ValueError, match=r"nunavut-4.parquet: no such file; run `dvc repro probe@nunavut-4` first"):
        read_probed("nunavut", 4, tmp_path)


@pytest.fixture
def stored(tmp_path: Path, config: Config) -> Callable[[], Path]:
    def write() -> Path:
        for place, model in enumerate(config.models):
            for seed in config.train.seeds:
                write_probed(
                    replace(probed(float(place)), benchmarks=probed().benchmarks.iloc[:0]), model, seed, tmp_path
                )
        return tmp_path

    return write


def test_without_benchmarks_there_is_no_record_of_one(stored: Callable[[], Path], config: Config) -> None:
    root = stored()
    groups = {
        group.name: {"label": group.label, "note": "n", "terms": dict.fromkeys(group.terms, "x")} for group in GROUPS
    }
    (root / "groups.yaml").write_text(json.dumps(groups))
    archives = {name: replace(corpus, path=f"archive/{name}") for name, corpus in config.corpora.items()}
    named = replace(config, corpora=archives, probe=replace(config.probe, groups="groups.yaml"))
    data = StudyData(named, root)
    assert planted_findings(data) == Planted(), "nothing is planted in other archives"
    assert benchmark_findings(data) == []
    found = preference_findings(data)
    assert list(found.models) == ["A_nunavut", "B_canada", "C_mixed"]
    assert found.section.groups.first == GroupRecord("cold", "cold", ("icy", "snowy"))
    assert math.isclose(found.section.themes["C_mixed"]["snow"].value, 3.125)
