"""What is known of the test speeches beside their text: year, topic, role, speaker, and text shared with training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.corpora.schemas import SHARING
from hansard_bias.findings.losses import Flags, Losses
from hansard_bias.paths import ALIGNED, needed
from hansard_bias.statistics.design import StrArray

KINDS = ("year", "topic", "role", "speaker")


@dataclass(frozen=True)
class Facts:
    """Of the test speeches of one corpus, in the order of their losses."""

    values: dict[str, StrArray]
    """Each of KINDS to its value, shape [speeches]; empty where it is not known."""
    sharing: Flags
    """Whether a run of 13 words occurs in training text, too, shape [speeches]."""


def read_facts(losses: dict[str, Losses], root: Path) -> dict[str, Facts]:
    """Corpus to facts; ValueError where scores and aligned speeches do not fit each other."""
    return {corpus: _facts(corpus, each, root) for corpus, each in losses.items()}


def _facts(corpus: str, losses: Losses, root: Path) -> Facts:
    path = needed(root / ALIGNED / f"{corpus}.parquet", "align")
    if SHARING.name not in pq.read_schema(path).names:
        raise ValueError(
            f"{path}: has no column {SHARING.name}, expected it since speeches are marked; run `dvc repro align`"
        )
    columns = ["speech_id", "topic", "role", "speaker", SHARING.name]
    table = pq.read_table(path, columns=columns, filters=pc.field("split") == "test").to_pandas()
    rows = pd.Index(table["speech_id"]).get_indexer(list(losses.speech_ids))
    if (rows < 0).any():
        unknown = losses.speech_ids[int(np.argmax(rows < 0))]
        raise ValueError(f"{path}: no test speech {unknown}, which was scored; run `dvc repro score`")
    table = table.iloc[rows]
    known = {kind: table[kind].fillna("").to_numpy(dtype=str) for kind in KINDS[1:]}
    years = np.array([day[:4] for day in losses.sittings])
    return Facts({"year": years, **known}, table[SHARING.name].to_numpy(dtype=bool))
