"""The page says what the calibration found, and nothing where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hansard_bias.analysis.record_files import from_json
from hansard_bias.analysis.stage_records import CalibrationRecord
from hansard_bias.report.results import Results, load_results
from hansard_bias.report.tables.instrument import dose_figures, dose_table, planted_sentence, reasons, verdict_table
from helpers.probe_records import CALIBRATION
from helpers.report_page import page_of

RECORD = from_json(CalibrationRecord, CALIBRATION, "calibration.json", "verdict")


@pytest.fixture
def calibrated(load: Callable[..., Results]) -> Results:
    return replace(load(), calibration=RECORD)


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


def test_one_figure_a_curve(calibrated: Results, load: Callable[..., Results]) -> None:
    found = dose_figures(calibrated)
    assert len(found) == 2 and found[0].label.startswith("Calibration, tilt by share of foreign text: 0.50 at 0")
    assert dose_figures(load()) == []


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
    assert load_results(tmp_path / "metrics", before.config).calibration == RECORD
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"calibration.json: metrics is .*verdict"):
        load_results(tmp_path / "metrics", before.config)
