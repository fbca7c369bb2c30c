"""The adapter to the statistics, doses, planted truth and verdict, on made-up measurements with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hansard_bias.calibration.config import DOSES, FIELDS, CalibrationConfig, Measured, load_calibration
from hansard_bias.calibration.grammar import LEGISLATURES, associations
from hansard_bias.calibration.studies import dose_response, null_groups, planted_truth, responses, study_of
from hansard_bias.calibration.verdict import TRUSTED, UNTRUSTED, judge
from helpers.project import ROOT

SITTINGS, PARAPHRASES = 8, 6
STUDIES, SEEDS = 6, 2


@pytest.fixture(scope="module")
def config() -> CalibrationConfig:
    """The shipped settings, with fewer comparisons."""
    shipped = load_calibration(ROOT)
    return replace(
        shipped,
        halves=replace(shipped.halves, texts=10, splits=3, seeds=3),
        dose=replace(shipped.dose, studies=STUDIES, seeds=SEEDS),
        verdict=replace(shipped.verdict, draws=400),
    )


def made_up(shape: tuple[int, ...], loss: np.ndarray, preference: np.ndarray, noise: float, seed: int = 1) -> Measured:
    """Sums around a loss [models, texts] and L* around a preference [models, prompts], with noise of every kind."""
    rng = np.random.default_rng(seed)
    models = len(loss)
    tokens = np.full((*shape, 2, SITTINGS), 500.0)
    sitting = rng.normal(0, noise, (*shape[:1], *(1,) * (len(shape) - 1), 1, 2, SITTINGS))
    run = rng.normal(0, noise, (*shape, models, 2, 1))
    rest = rng.normal(0, noise, (*shape, models, 2, SITTINGS))
    nats = (loss[:, :, None] + sitting + run + rest) * 500.0
    wording = rng.normal(0, noise, (*shape, models, preference.shape[1], PARAPHRASES))
    return Measured(nats, tokens, 5 * tokens, preference[:, :, None] + wording)


def truth() -> np.ndarray:
    """Planted log-odds of every dose, shape [doses, prompts]."""
    return np.array([[each.mixed_log_odds(dose) for each in associations()] for dose in DOSES])


def dosed(noise: float = 0.02, slope: float = 1.0, seed: int = 1) -> Measured:
    doses = np.array(DOSES)
    loss = np.stack([2.0 + 0.5 * doses**2, 2.2 + 0.5 * (1 - doses) ** 2], axis=1)
    return made_up((STUDIES, SEEDS), loss, slope * truth(), noise, seed)


def nothing_there(config: CalibrationConfig, noise: float = 0.02) -> Measured:
    shape = (config.halves.texts, config.halves.splits, config.halves.seeds)
    return made_up(shape, np.full((3, 2), 2.0), np.zeros((3, len(associations()))), noise)


def test_a_study_answers_the_dose_as_it_was_made() -> None:
    found = responses(study_of(dosed(noise=0.0), 0))
    assert found["excess_text1"] == pytest.approx(0.5 * np.array(DOSES) ** 2)
    assert found["excess_text2"] == pytest.approx(0.5 * (1 - np.array(DOSES)) ** 2)
    assert found["tilt"] == pytest.approx(np.array(DOSES) - 0.5)
    assert found["preference"] == pytest.approx(truth().mean(axis=1))
    assert found["any_prompt"] == pytest.approx(np.sqrt(((truth() - truth()[0]) ** 2).mean(axis=1)))
    # 2.2 + 0.5 against 2.0, then 2.5 against 2.2: worse at home than abroad in neither.
    assert found["bias_ratio"][[0, -1]] == pytest.approx(np.exp([0.7, 0.3]))


def test_monotone_metrics_are_told_from_the_bias_ratio(config: CalibrationConfig) -> None:
    curves = dose_response(dosed(), config.verdict)
    assert all(curve["monotone"] for name in ("excess", "tilt", "preference", "any_prompt") for curve in curves[name])
    assert not curves["bias_ratio"][0]["monotone"]
    tilt = curves["tilt"][0]["slope"]
    assert tilt["low"] < 1.0 < tilt["high"]
    assert curves["tilt"][0]["spearman"] == pytest.approx(1.0, abs=0.05)


def test_noise_hides_the_order(config: CalibrationConfig) -> None:
    (curve,) = dose_response(dosed(noise=3.0), config.verdict)["tilt"]
    assert not curve["monotone"] and curve["monotone_draws"] < 0.95


@pytest.mark.parametrize(("slope", "recovered"), [(1.0, True), (0.5, False), (1.6, False), (-1.0, False)])
def test_planted_truth_is_a_line_of_known_slope(config: CalibrationConfig, slope: float, recovered: bool) -> None:
    found = planted_truth(dosed(slope=slope), config.verdict)
    assert found["slope"]["value"] == pytest.approx(slope, abs=0.03)
    assert found["recovered"] is recovered
    assert found["signs"] == sum(each.log_odds[name] != 0 for each in associations() for name in LEGISLATURES)
    assert found["signs_right"] == (found["signs"] if slope > 0 else 0)
    assert found["false_preferences"]["shown"] == 0 < found["false_preferences"]["prompts"]
    models, decisions = STUDIES * 2, found["decisions"]
    assert decisions["large"] == models // 2 * np.count_nonzero(np.abs(truth()[[0, -1]]) > np.log(2))
    if slope == 1:
        assert decisions["shown"] > 0.9 * decisions["large"]
        assert found["rate"]["estimated"] == pytest.approx(found["rate"]["true"], abs=0.05)
        assert found["rate"]["models"] == models and found["rate"]["inside"] > 0.8 * models
    assert (decisions["wrong"] > 0) == (slope < 0)


def test_each_replicate_of_a_comparison_has_a_half_of_its_own_or_they_share_one(config: CalibrationConfig) -> None:
    shape = (2, 3, 3)
    measured = nothing_there(replace(config, halves=replace(config.halves, texts=2)))
    marked = np.arange(18.0).reshape(*shape, 1, 1, 1) + np.zeros_like(measured.nats)
    measured = replace(measured, nats=marked)
    own = [set(group.nats[:, 0, 0, 0]) for group in null_groups(measured, own_halves=True)]
    shared = [set(group.nats[:, 0, 0, 0]) for group in null_groups(measured, own_halves=False)]
    assert shared[1] == {3.0, 4.0, 5.0}
    # Number 3 * halving + seed: all halvings and all seeds, each once.
    assert all({int(n) // 3 % 3 for n in group} == {0, 1, 2} == {int(n) % 3 for n in group} for group in own)
    assert sorted(n for group in own for n in group) == list(range(18))


def test_the_verdict_trusts_what_is_sound(config: CalibrationConfig) -> None:
    judged = judge(nothing_there(config), dosed(noise=0.002), config)
    words = {name: record["verdict"] for name, record in judged["metrics"].items()}
    assert words["excess"] == words["tilt"] == words["preference"] == words["any_prompt"] == TRUSTED
    assert words["bias_ratio"] == UNTRUSTED
    excess = judged["metrics"]["excess"]
    assert excess["false_positives"]["comparisons"] == 30
    assert excess["false_positives"]["band"] == {"share": 0.99, "low": 0, "high": 5}
    assert [each["dose"] for each in excess["power"]] == [0.25, 0.5, 0.75, 1.0]
    assert [each["dose"] for each in judged["metrics"]["tilt"]["power"]] == [0.25, 0.75]
    assert excess["power"][-1]["found"]["rejected"] == STUDIES


def test_a_metric_that_finds_nothing_is_untrusted_however_rarely_it_cries_wolf(config: CalibrationConfig) -> None:
    # Wordings alone: what the two legislatures have planted is in none of the models.
    noise = np.random.default_rng(4).normal(0, 0.1, dosed().preferences.shape)
    flat = replace(dosed(), preferences=noise)
    preference = judge(nothing_there(config), flat, config)["metrics"]["preference"]
    assert preference["verdict"] == UNTRUSTED
    assert "it finds too little: at 100% foreign text 0 of 6 studies notice it, expected 80%" in preference["reasons"]


def test_the_band_knows_that_comparisons_of_one_text_go_together(config: CalibrationConfig) -> None:
    measured = nothing_there(config)
    nats = measured.nats.copy()
    # In three texts of ten all comparisons find something: as much news as three comparisons, not as nine.
    nats[:3, ..., 1, :, :] *= 1.2
    excess = judge(replace(measured, nats=nats), dosed(), config)["metrics"]["excess"]
    alone = judge(measured, dosed(), config)["metrics"]["excess"]
    assert excess["false_positives"]["rejected"] >= 9
    assert excess["false_positives"]["band"]["high"] > alone["false_positives"]["band"]["high"]


def test_a_difference_between_the_halves_makes_a_metric_untrusted(config: CalibrationConfig) -> None:
    measured = nothing_there(config)
    nats = measured.nats.copy()
    nats[..., 1, :, :] *= 1.2
    judged = judge(replace(measured, nats=nats), dosed(), config)
    excess = judged["metrics"]["excess"]
    assert excess["verdict"] == UNTRUSTED
    assert excess["reasons"] == [
        "30 of 30 true null hypotheses were rejected, expected 0 to 5",
        "30 of 30 true null hypotheses were rejected with the same halves for all seeds, expected at most 5",
    ]


def test_arrays_come_back_as_they_were_written(tmp_path, config: CalibrationConfig) -> None:
    measured = nothing_there(config)
    measured.write(tmp_path / "halves")
    again = Measured.read(tmp_path / "halves", "halves")
    assert all(np.array_equal(getattr(again, name), getattr(measured, name)) for name in FIELDS)
    with pytest.raises(ValueError, match=r"no such file; run `dvc repro calibration/dvc.yaml:dose` first"):
        Measured.read(tmp_path / "dose", "dose")


def test_replicates_are_counted_and_named_apart(config: CalibrationConfig) -> None:
    for part, count in (("halves", 90), ("dose", STUDIES * SEEDS)):
        assert len({replicate.name for replicate in config.replicates(part)}) == count
