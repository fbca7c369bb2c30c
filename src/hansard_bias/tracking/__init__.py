"""The only package that knows MLflow: runs mirror what metrics/ records, in one store for all workspaces."""

from __future__ import annotations

from hansard_bias.tracking.database import StoreError as StoreError
from hansard_bias.tracking.database import repository_root as repository_root
from hansard_bias.tracking.database import store_uri as store_uri
from hansard_bias.tracking.mirror import backfill as backfill
from hansard_bias.tracking.mirror import record_comparison as record_comparison
from hansard_bias.tracking.results import Results as Results
from hansard_bias.tracking.results import Training as Training
from hansard_bias.tracking.results import flatten as flatten
from hansard_bias.tracking.store import Store as Store
from hansard_bias.tracking.store import serve as serve
from hansard_bias.tracking.training import TrainingRun as TrainingRun
from hansard_bias.tracking.training import training_run as training_run
