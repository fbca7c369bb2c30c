"""Same days: the excess by how far a test speech is from the training sittings of its own text's model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.analysis.compared import Slice, slices
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.speeches import Flags
from hansard_bias.base.files import ALIGNED
from hansard_bias.statistics.intervals import FloatArray

# Days to the nearest training sitting, in groups: one agenda, one week, one month.
GROUPS = {"0 to 1 day": (0, 1), "2 to 7 days": (2, 7), "8 to 30 days": (8, 30), "more than 30 days": (31, np.inf)}


@dataclass(frozen=True)
class Days:
    """The excess by distance in days, by corpus; a speech near a training sitting is of the same agenda."""

    corpora: dict[str, tuple[Slice, ...]]
    """By corpus with an own model: the groups that hold test speeches."""


@metric("days", Days)
def day_findings(data: StudyData) -> Days:
    """Every model's excess in each group of days."""
    return Days({corpus: slices(data, corpus, _groups(data, corpus)) for corpus in data.design.own})


def _groups(data: StudyData, corpus: str) -> dict[str, Flags]:
    days = distances(data.losses[corpus].sittings.astype("datetime64[D]"), training_days(data, corpus))
    return {what: (days >= first) & (days <= last) for what, (first, last) in GROUPS.items()}


def training_days(data: StudyData, corpus: str) -> FloatArray:
    """The sitting days of a corpus's training text, which its own model has read; ascending."""
    path = data.root / ALIGNED / f"{corpus}.parquet"
    table = pq.read_table(path, columns=["sitting"], filters=pc.field("split") == "train")
    return np.unique(np.array(table["sitting"].to_pylist(), dtype="datetime64[D]"))


def distances(days: FloatArray, among: FloatArray) -> FloatArray:
    """Days from each of some days to the nearest of others (ascending, at least one), shape [days]."""
    after = np.clip(np.searchsorted(among, days), 0, len(among) - 1)
    before = np.maximum(after - 1, 0)
    apart = np.minimum(np.abs(among[after] - days), np.abs(among[before] - days))
    return np.asarray(apart / np.timedelta64(1, "D"))
