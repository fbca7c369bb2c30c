"""The same matrix by the companions: n-gram models of the same texts, which learn from little and know no luck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import Found, metric
from hansard_bias.analysis.records import ModelRecord, TestRecord
from hansard_bias.statistics.design import CorpusSums, Design
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.matrix import covers, measure
from hansard_bias.statistics.study import Study
from hansard_bias.statistics.tests import correct
from hansard_bias.statistics.variance import Estimate, combined
from hansard_bias.yardsticks.tables import OWN

# The family of the tests of tilts.
TILT = "tilt at its dose, n-gram models"


@dataclass(frozen=True)
class Companion:
    """What n-gram models say of the same comparison."""

    models: dict[str, ModelRecord]
    """By row: the numbers of the matrix, of the n-gram model (order 4, modified Kneser-Ney) of the row's training text;
    nats per token. It reads from left to right, a masked model both sides: perplexities of the
    two are not alike, excesses may be compared; its bits per byte are code lengths, which can be compared between
    tokenizers."""
    tests: tuple[TestRecord, ...]
    """The tests of the matrix, of the n-gram models; corrected by Holm's method among themselves."""
    agrees: dict[str, dict[str, bool]]
    """By row, then `on_<corpus>`: whether masked and n-gram model have an excess of the same sign; own models left
    out."""
    tilt_at_dose: dict[str, Interval]
    """By row of a mixture of two: its tilt where each own model has learned from the mixture's own text of that corpus
    and from nothing else. A tilt against the full models compares learning curves, too."""


@metric("companion", Companion)
def companion(data: StudyData) -> Found:
    """The matrix of the companions, and where it agrees with that of the masked models.

    Raises ValueError for scores of another tokenizer or of other speeches than those of the masked models.
    """
    design = data.design
    sums = {corpus: losses.sums(nats=data.companion[corpus]) for corpus, losses in data.losses.items()}
    found = measure(sums, design)
    signs = [{corpus: _signs(each[corpus], design, corpus) for corpus in design.own} for each in (sums, data.sums)]
    agrees = {
        row: {
            f"on_{corpus}": bool(signs[0][corpus][at] == signs[1][corpus][at])
            for corpus, own in design.own.items()
            if own != row
        }
        for at, row in enumerate(design.models)
    }
    tilts = dict(_tilts(data))
    confidence = data.config.bias.confidence
    at_dose = {row: tilt.interval(confidence) for row, tilt in tilts.items()}
    told = {"family": TILT, "unit": "nats per token", "p_covers": covers(Study.of(sums, design))}
    tests = [
        TestRecord.of(
            at_dose[row], float(tilt.p), what=f"tilt of {row}, against own models at its dose", model=row, **told
        )
        for row, tilt in tilts.items()
        if at_dose[row].known
    ]
    return Found(Companion(found.models, found.tests, agrees, at_dose), correct(tests))


def _tilts(data: StudyData) -> Iterator[tuple[str, Estimate]]:
    """The tilt of every mixture over two corpora against own models at its dose."""
    for model, (name, spec) in enumerate(data.config.models.items()):
        own = {corpus: data.parts.nats.get((OWN, name, corpus)) for corpus in spec.mixture}
        excess = {
            corpus: data.losses[corpus].mean(data.companion[corpus][model] - nats)
            for corpus, nats in own.items()
            if nats is not None
        }
        if len(spec.mixture) == len(excess) == 2:
            yield data.design.models[model], combined([*zip((1.0, -1.0), excess.values(), strict=True)])


def _signs(sums: CorpusSums, design: Design, corpus: str) -> FloatArray:
    """The sign of every model's excess on a corpus, shape [models]; every seed reads the same tokens."""
    nats = sums.nats.mean(axis=1).sum(axis=-1)
    return np.asarray(np.sign(nats - nats[design.models.index(design.own[corpus])]))
