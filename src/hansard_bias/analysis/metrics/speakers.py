"""Known and new speakers: the excess over test speeches of people whom the text's own model has read, and of others."""

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

KNOWN, NEW, UNNAMED = "known speakers", "new speakers", "no speaker named"


@dataclass(frozen=True)
class Speakers:
    """The excess by whether the own model has read the speaker, by corpus."""

    corpora: dict[str, tuple[Slice, ...]]
    """By corpus with an own model: the groups that hold test speeches; none where no speaker is known."""
    reasons: dict[str, str]
    """By corpus, why there are none."""


@metric("speakers", Speakers)
def speaker_findings(data: StudyData) -> Speakers:
    """Every model's excess over known, new and unnamed speakers."""
    named = {corpus: _groups(data, corpus) for corpus in data.design.own}
    reasons = {
        corpus: "no speech of its test text names a speaker" for corpus, each in named.items() if each[UNNAMED].all()
    }
    told = {corpus: slices(data, corpus, each) for corpus, each in named.items() if corpus not in reasons}
    return Speakers(told, reasons)


def _groups(data: StudyData, corpus: str) -> dict[str, Flags]:
    speakers = data.losses[corpus].speakers
    path = data.root / ALIGNED / f"{corpus}.parquet"
    table = pq.read_table(path, columns=["speaker"], filters=pc.field("split") == "train")
    read = set(pc.unique(table["speaker"].combine_chunks().cast("string")).to_pylist())
    unnamed, known = speakers == "", np.isin(speakers, [name for name in read if name])
    return {KNOWN: known, NEW: ~known & ~unnamed, UNNAMED: unnamed}
