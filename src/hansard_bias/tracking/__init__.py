"""The only package that knows MLflow: runs mirror what metrics/ records, in one store for all workspaces."""

from __future__ import annotations

from hansard_bias.tracking.database import StoreError, repository_root, store_uri
from hansard_bias.tracking.mirror import backfill, record_comparison
from hansard_bias.tracking.results import Results, Training, flatten
from hansard_bias.tracking.store import Store, serve
from hansard_bias.tracking.training import TrainingRun, training_run

__all__ = [
    "Results",
    "Store",
    "StoreError",
    "Training",
    "TrainingRun",
    "backfill",
    "flatten",
    "record_comparison",
    "repository_root",
    "serve",
    "store_uri",
    "training_run",
]
