"""The page says what the calibration found, and nothing where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.report.results import Results, load_results
from hansard_bias.report.tables.calibration import dose_table, planted_sentence, reasons, verdict_table
from helpers.report_page import page_of


def rate(rejected: int, comparisons: int = 200) -> dict[str, Any]:
    share = rejected / comparisons
    return {
        "rejected": rejected,
        "comparisons": comparisons,
        "rate": {"value": share, "low": share - 0.01, "high": share + 0.01},
    }


def metric(rejected: int, monotone: bool, faults: list[str]) -> dict[str, Any]:
    number = {"value": 0.5, "low": 0.4, "high": 0.6}
    curve = {
        "curve": "tilt",
        "doses": [0.0, 0.5, 1.0],
        "values": [number] * 3,
        "slope": number,
        "monotone": monotone,
        "monotone_draws": 0.97,
        "monotone_studies": 0.75,
        "spearman": 0.9,
    }
    return {
        "false_positives": rate(rejected) | {"level": 0.05, "band": {"share": 0.99, "low": 3, "high": 19}},
        "false_positives_same_text": rate(14),
        "power": rate(9, 10) | {"effect": "a quarter"},
        "dose": [curve],
        "verdict": "untrusted" if faults else "trusted",
        "reasons": faults,
    }


CALIBRATION = {
    "metrics": {"tilt": metric(11, True, []), "bias_ratio": metric(60, False, ["60 of 200 were <rejected>"])},
    "planted": {
        "slope": {"value": 0.91, "low": 0.8, "high": 1.0},
        "signs": 20,
        "signs_right": 19,
        "false_preferences": {"prompts": 40, "shown": 1},
    },
}


@pytest.fixture
def calibrated(load: Callable[..., Results]) -> Results:
    return replace(load(), calibration=CALIBRATION)


def test_every_metric_gets_its_word(calibrated: Results) -> None:
    rows = verdict_table(calibrated).rows
    assert [(*row[:2], row[-1]) for row in rows] == [
        ("Tilt", "trusted", "yes"),
        ("Bias ratio", "untrusted", "no"),
    ]
    assert rows[0][2].startswith("11 of 200, ") and rows[0][3] == "3 to 19 of 200"
    assert reasons(calibrated) == ["Bias ratio is untrusted: 60 of 200 were <rejected>."]


def test_doses_and_planted_truth_are_told(calibrated: Results) -> None:
    assert dose_table(calibrated).columns[1:4] == ("0\u00a0%", "50\u00a0%", "100\u00a0%")
    said = planted_sentence(calibrated)
    assert "Of 20 planted associations" in said and "0.91 (0.80 to 1.00)" in said


def test_the_page_shows_the_section_only_where_there_is_a_calibration(
    calibrated: Results, load: Callable[..., Results]
) -> None:
    page = page_of(calibrated, figures=False)
    assert 'id="calibration"' in page and "60 of 200 were &lt;rejected&gt;" in page
    without = load()
    assert "calibration" not in page_of(without, figures=False)
    assert verdict_table(without).rows == () == dose_table(without).rows
    assert planted_sentence(without) == "" and reasons(without) == []


def test_the_file_is_read_where_it_is_there(load: Callable[..., Results], tmp_path: Path) -> None:
    before = load()
    path = tmp_path / "metrics" / "calibration.json"
    path.write_text(json.dumps(CALIBRATION), encoding="utf-8")
    assert load_results(tmp_path / "metrics", before.config).calibration == CALIBRATION
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"calibration.json: holds no 'metrics'"):
        load_results(tmp_path / "metrics", before.config)
