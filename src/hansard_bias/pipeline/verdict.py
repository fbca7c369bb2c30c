"""Which metrics can be trusted, from the calibration's trainings: `dvc repro calibration/dvc.yaml:verdict`."""

from __future__ import annotations

from pathlib import Path

from hansard_bias.base.files import CALIBRATION, METRICS, write_json
from hansard_bias.calibration.config import CalibrationConfig, Measured
from hansard_bias.calibration.verdict import judge


def run(config: CalibrationConfig, root: Path = Path(".")) -> dict[str, str]:
    """Write metrics/calibration.json; returns the word for every metric."""
    halves, dose = (Measured.read(root / CALIBRATION / part, part) for part in ("halves", "dose"))
    judged = judge(halves, dose, config)
    write_json(root / METRICS / "calibration.json", judged)
    return {metric: record["verdict"] for metric, record in judged["metrics"].items()}
