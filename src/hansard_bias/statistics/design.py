"""What the matrix is computed from: sums by sitting, and which rows and columns it has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.intervals import FloatArray

StrArray = npt.NDArray[np.str_]


@dataclass(frozen=True)
class CorpusSums:
    """The scored test speeches of one corpus, summed by sitting; ValueError where shapes or values are impossible."""

    nats: FloatArray  # Σ surprisal in nats, shape [models, seeds, sittings]
    tokens: FloatArray  # Scored tokens, shape [sittings]: the same for all models and seeds
    bytes_: FloatArray  # UTF-8 bytes of the scored text, shape [sittings]
    sittings: tuple[str, ...]  # Names of the sittings, all different: they, not their order, decide what is drawn

    def __post_init__(self) -> None:
        count = len(self.sittings)
        require(0 < count == len(set(self.sittings)), f"{count} sittings: expected at least one, all different")
        shape = np.shape(self.nats)
        right = len(shape) == 3 and min(shape) > 0 and shape[2] == count
        require(right, f"nats have shape {shape}, expected [models, seeds, {count} sittings]")
        require(bool(np.isfinite(self.nats).all()), "nats hold nan or infinity: score every token before summing")
        for name, sums in (("tokens", self.tokens), ("bytes", self.bytes_)):
            require(np.shape(sums) == (count,), f"{name} have shape {np.shape(sums)}, expected [{count} sittings]")
            positive = bool(np.all(np.asarray(sums) > 0) and np.isfinite(sums).all())
            require(positive, f"a sitting has no {name}: leave out the sittings without scored tokens")

    @classmethod
    def of_speeches(cls, nats: FloatArray, tokens: FloatArray, bytes_: FloatArray, sittings: StrArray) -> CorpusSums:
        """Sum speeches by sitting; sittings without a scored token are left out.

        nats: shape [models, seeds, speeches]; tokens, bytes_, sittings (names): shape [speeches].
        Raises ValueError where no speech has a token.
        """
        names, codes = np.unique(sittings, return_inverse=True)
        rows = np.vstack([nats.reshape(-1, len(tokens)), tokens, bytes_])
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(names)))
        sums = np.add.reduceat(rows[:, order], starts, axis=1) if len(names) else rows
        sums, names = sums[:, sums[-2] > 0], names[sums[-2] > 0]
        return cls(sums[:-2].reshape(*nats.shape[:2], -1), sums[-2], sums[-1], tuple(names.tolist()))

    def ordered(self) -> CorpusSums:
        """The same sums with the sittings in the order of their names, as floats."""
        order = sorted(range(len(self.sittings)), key=self.sittings.__getitem__)
        sums = self.nats, self.tokens, self.bytes_
        nats, tokens, bytes_ = (np.asarray(each, dtype=np.float64)[..., order] for each in sums)
        return CorpusSums(nats, tokens, bytes_, tuple(self.sittings[index] for index in order))


@dataclass(frozen=True)
class Design:
    """Which rows and columns the matrix has, and how it is resampled; ValueError where names or numbers do not fit."""

    models: tuple[str, ...]  # Row names such as A_nunavut, in the order of `CorpusSums.nats`
    # Column name (without `on_`) to weights over corpora: single corpora, then mixtures. Weights are token shares.
    columns: Mapping[str, Mapping[str, float]]
    own: Mapping[str, str]  # Corpus to the row of the model trained on it alone; corpora without one are left out
    mixtures: Mapping[str, Mapping[str, float]]  # Row to its training mixture, for the rows that are mixtures
    draws: int
    confidence: float
    seed: int

    def __post_init__(self) -> None:
        require(0 < len(self.models) == len(set(self.models)), f"models {self.models}: expected different names")
        require(self.draws >= 2, f"draws is {self.draws}, expected 2 or more (2,000 for a report)")
        require(0 < self.confidence < 1, f"confidence is {self.confidence}, expected above 0 and below 1")
        for name, weights in self.columns.items():
            sound = all(w > 0 for w in weights.values()) and math.isclose(sum(weights.values()), 1, abs_tol=1e-6)
            require(sound, f"column {name} has weights {dict(weights)}, expected shares above 0 that sum to 1")
        for row in (*self.own.values(), *self.mixtures):
            require(row in self.models, f"{row!r} is no row of the matrix, expected one of {', '.join(self.models)}")

    @property
    def singles(self) -> dict[str, str]:
        """Corpus to column, for the columns that are one corpus."""
        return {next(iter(weights)): name for name, weights in self.columns.items() if len(weights) == 1}

    def has_excess(self, column: str) -> bool:
        """Whether every corpus of a column has an own model."""
        return all(corpus in self.own for corpus in self.columns[column])


def require(holds: bool, problem: str) -> None:
    """Raise ValueError with the problem unless the condition holds."""
    if not holds:
        raise ValueError(problem)
