"""Common window, no duplicates, splits by sitting, mixtures, audits: `dvc repro align`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from hansard_bias.config import Config
from hansard_bias.corpora.alignment import align
from hansard_bias.paths import ALIGNED, METRICS, MIXTURES, SPEECHES, needed, write_json
from hansard_bias.tables import write_table


def run(config: Config, root: Path = Path(".")) -> None:
    """Align all corpora and write them, the mixtures and the audits."""
    speeches = {
        corpus: pd.read_parquet(needed(root / SPEECHES / f"{corpus}.parquet", f"corpus@{corpus}"))
        for corpus in config.corpora
    }
    aligned = align(speeches, config)
    for corpus, table in aligned.corpora.items():
        write_table(root / ALIGNED / f"{corpus}.parquet", table)
    write_table(root / MIXTURES, aligned.mixtures)
    _remove_others(root / ALIGNED, {f"{corpus}.parquet" for corpus in config.corpora} | {MIXTURES.name})
    write_json(root / METRICS / "alignment.json", aligned.report)


def _remove_others(folder: Path, expected: set[str]) -> None:
    """Drop tables of corpora that params.yaml no longer names: the folder is one output."""
    for path in folder.iterdir():
        if path.name not in expected:
            path.unlink()
