"""What the verdict says of this text where there is nothing to find: random halves of one legislature, as two."""

from __future__ import annotations

from dataclasses import dataclass

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.record_files import read_record
from hansard_bias.analysis.stage_records import HalvingsOf
from hansard_bias.base.files import HALVINGS


@dataclass(frozen=True)
class Halvings:
    """Studies of two random halves of one legislature, by n-gram models."""

    corpora: dict[str, HalvingsOf]
    """By corpus: halvings made, how many the verdict answers with "Yes", tests of the excess and how many reject."""


@metric("halvings", Halvings)
def halving_findings(data: StudyData) -> Halvings:
    """What the stage `halvings` found, in the order of params.yaml."""
    found = read_record(data.root / HALVINGS, dict[str, HalvingsOf], "halvings")
    return Halvings({name: found[name] for name in data.config.corpora})
