"""How many updates a run takes, and the learning rate of each."""

from __future__ import annotations

import math

from hansard_bias.config import TrainConfig

MOST_WARMUP_UPDATES = 1000


def updates_per_epoch(windows: int, batch_size: int) -> int:
    """Updates that read every window once."""
    return max(1, math.ceil(windows / batch_size))


def total_updates(config: TrainConfig, per_epoch: int) -> int:
    """Updates of the whole run: `epochs`, bounded by `max_steps` where that is not 0."""
    planned = max(1, round(config.epochs * per_epoch))
    return min(planned, config.max_steps) if config.max_steps else planned


def learning_rate(config: TrainConfig, update: int, total: int) -> float:
    """Linear warm-up over min(1,000, warmup * total) updates, then linear to 0; `update` counts from 0."""
    warmup = min(MOST_WARMUP_UPDATES, round(config.warmup * total))
    if update < warmup:
        return config.lr * (update + 1) / warmup
    return config.lr * (total - update) / max(1, total - warmup)
