from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hansard_bias.report.figures.calibration import combined_doses, dose_figures
from hansard_bias.report.results import Results


def curve(name: str) -> dict[str, Any]:
    values = [{"value": dose, "low": dose - 0.1, "high": dose + 0.1} for dose in (0.0, 0.5, 1.0)]
    return {"curve": name, "doses": [0.0, 0.5, 1.0], "values": values}


def test_one_figure_a_curve(load: Callable[..., Results]) -> None:
    metrics = {"excess": {"dose": [curve("excess_text1"), curve("excess_text2")]}, "tilt": {"dose": [curve("tilt")]}}
    found = dose_figures(replace(load(), calibration={"metrics": metrics}))
    assert len(found) == 3 and "excess on the first legislature" in found[0].label
    assert "1.00 at 100" in found[2].label


def test_without_a_calibration_there_is_none(load: Callable[..., Results]) -> None:
    assert dose_figures(load()) == [] and combined_doses(load()) is None
