"""What a training run is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hansard_bias.config import TrainConfig
from hansard_bias.training.batches import MaskedText
from hansard_bias.training.identity import RunIdentity


@dataclass(frozen=True)
class Task:
    """What to train: text, seed and places."""

    config: TrainConfig
    seed: int
    training: MaskedText
    validation: MaskedText
    updates_per_epoch: int
    checkpoints: Path
    curve: Path
    run: RunIdentity = field(default_factory=RunIdentity)
    """Whose checkpoints are resumed."""
    resume_from: Path | None = None
    """A named checkpoint, of this run or of another."""

    def diverged(self, what: str, update: int, saved: int) -> ValueError:
        """What to try after divergence at this update; the checkpoint of update `saved` stays (0: there is none)."""
        kept = f"; the checkpoint of update {saved} is kept" if saved else ""
        return ValueError(
            f"training diverged: {what} (update {update}); lower train.lr ({self.config.lr}) or raise "
            f"train.warmup ({self.config.warmup}){kept}"
        )
