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
