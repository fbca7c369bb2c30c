"""What a training run tells while it runs: the curve's rows, and who listens to them."""

from __future__ import annotations

import csv
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

COLUMNS = ("update", "epoch", "learning_rate", "train_loss", "validation_loss")


@dataclass(frozen=True)
class CurvePoint:
    """One row of a training curve; losses in nats per masked piece, mean since the row before."""

    update: int
    epoch: float
    learning_rate: float
    train_loss: float
    validation_loss: float | None


class RunLog(Protocol):
    """Whoever wants to follow a run: MLflow, a test, nobody."""

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Take one row of the curve."""


class Silent:
    """A log that keeps nothing."""

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Drop the row."""


def write_curve(path: Path, points: list[CurvePoint]) -> None:
    """Write the whole curve so far; a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for point in points:
            writer.writerow({name: "" if value is None else value for name, value in asdict(point).items()})
    os.replace(partial, path)
