"""The trainings behind the calibration: `dvc repro calibration/dvc.yaml:halves` (or base, dose)."""

from __future__ import annotations

from hansard_bias.base.files import CALIBRATION, require_path
from hansard_bias.calibration.config import CalibrationConfig
from hansard_bias.calibration.running import run_part, train_base

BASE = CALIBRATION / "base"


def run(part: str, config: CalibrationConfig) -> None:
    """Train the model that all others go on from ("base"), or train and ask all models of "halves" or "dose"."""
    if part == "base":
        train_base(config, BASE)
    else:
        run_part(part, config, require_path(BASE, "calibration/dvc.yaml:base"), CALIBRATION / part)
