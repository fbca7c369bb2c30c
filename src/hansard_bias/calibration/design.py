"""What is trained: halves of one legislature, doses of another, each with several seeds; knows no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hansard_bias.calibration.config import CalibrationConfig

DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Share of the second legislature in what a model learns from."""
HALVES = ("first half", "second half", "both")


@dataclass(frozen=True)
class Replicate:
    """Some models trained with one seed, and the texts that they are tested on."""

    part: str
    """"halves" or "dose"."""
    number: tuple[int, ...]
    """Of halves: text, halving, seed; of dose: study, seed."""

    @property
    def name(self) -> str:
        """Its name in files: `halves-3-0-2`."""
        return "-".join([self.part, *map(str, self.number)])

    @property
    def text_seed(self) -> int:
        """What the generated text is derived from: the same for all seeds of a study, as in any study."""
        return self.number[0]


def replicates(part: str, config: CalibrationConfig) -> list[Replicate]:
    """All replicates of a part, in the order of its arrays."""
    shape = shape_of(part, config)
    return [Replicate(part, tuple(int(i) for i in number)) for number in np.ndindex(*shape)]


def shape_of(part: str, config: CalibrationConfig) -> tuple[int, ...]:
    """How many of each: [texts, halvings, seeds] or [studies, seeds]."""
    if part == "halves":
        return config.halves.texts, config.halves.splits, config.halves.seeds
    return config.dose.studies, config.dose.seeds
