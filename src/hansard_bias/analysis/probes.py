"""The probe tables of all runs, read together: every model must have been asked the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hansard_bias.base.files import PROBED, run_name
from hansard_bias.params import Config
from hansard_bias.probing.tables import ASKED, Probed, read_probed
from hansard_bias.statistics.intervals import FloatArray

ProbeRuns = dict[str, list[Probed]]
"""By the model's row in metrics files, one entry a seed in the order of train.seeds."""


def read_probe_runs(config: Config, root: Path) -> ProbeRuns:
    """The probes of every model and seed.

    Raises ValueError for a missing table, or for models that were asked different things.
    """
    runs = {
        config.row_key(model): [read_probed(model, seed, root) for seed in config.train.seeds]
        for model in config.models
    }
    names = [run_name(model, seed) for model in config.models for seed in config.train.seeds]
    check_alike(names, [probed for row in runs.values() for probed in row])
    return runs


def check_alike(names: Sequence[str], runs: Sequence[Probed]) -> None:
    """Raise ValueError for the first run that was asked other prompts, benchmarks or words than the first one."""
    for kind, columns in ASKED.items():
        first: pd.DataFrame = getattr(runs[0], kind)[columns]
        for name, probed in zip(names, runs, strict=True):
            if not first.equals(getattr(probed, kind)[columns]):
                raise ValueError(f"{PROBED}/{name}: other {kind} than {names[0]}; run `dvc repro probe` for all models")


def over_seeds(tables: Iterable[pd.DataFrame], column: str) -> FloatArray:
    """One column of every seed's table side by side, shape [rows, seeds]."""
    return np.stack([table[column].to_numpy(dtype=np.float64) for table in tables], axis=1)
