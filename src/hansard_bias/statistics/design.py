"""What the matrix is computed from: sums by sitting and speaker, and which rows and columns it has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.intervals import FloatArray

StrArray = npt.NDArray[np.str_]

# How the name begins that stands for a speaker who is not known: no name holds this sign. (numpy drops a "\0".)
_NOBODY = "\x1f"


@dataclass(frozen=True)
class CorpusSums:
    """The scored test speeches of one corpus, summed by cell; ValueError where shapes or values are impossible.

    A cell is one sitting, or where speakers are known what one of them says in one sitting.
    """

    nats: FloatArray  # Σ surprisal in nats, shape [models, seeds, cells]
    tokens: FloatArray  # Scored tokens, shape [cells]: the same for all models and seeds
    bytes_: FloatArray  # UTF-8 bytes of the scored text, shape [cells]
    sittings: tuple[str, ...]  # The sitting of each cell
    speakers: tuple[str, ...] | None = None  # The speaker of each cell; None where the corpus has none

    def __post_init__(self) -> None:
        count, cells = len(self.sittings), set(zip(self.sittings, self.speakers or self.sittings, strict=True))
        require(0 < count == len(cells), f"{count} cells: expected at least one, all of different sittings or speakers")
        shape = np.shape(self.nats)
        right = len(shape) == 3 and min(shape) > 0 and shape[2] == count
        require(right, f"nats have shape {shape}, expected [models, seeds, {count} cells]")
        require(bool(np.isfinite(self.nats).all()), "nats hold nan or infinity: score every token before summing")
        for name, sums in (("tokens", self.tokens), ("bytes", self.bytes_)):
            require(np.shape(sums) == (count,), f"{name} have shape {np.shape(sums)}, expected [{count} cells]")
            positive = bool(np.all(np.asarray(sums) > 0) and np.isfinite(sums).all())
            require(positive, f"a cell has no {name}: leave out those without scored tokens")

    @classmethod
    def of_speeches(
        cls,
        nats: FloatArray,
        tokens: FloatArray,
        bytes_: FloatArray,
        sittings: StrArray,
        speakers: StrArray | None = None,
    ) -> CorpusSums:
        """Sum speeches by sitting and speaker; cells without a scored token are left out.

        nats: shape [models, seeds, speeches]; tokens, bytes_, sittings, speakers (names, "" where one is not known:
        such a speech depends on no other by its speaker): shape [speeches]. Raises ValueError where no speech has a
        token.
        """
        named = known_speakers(speakers)
        labels = [sittings] if named is None else [sittings, named]
        order, starts = _groups(labels)
        rows = np.vstack([nats.reshape(-1, len(tokens)), tokens, bytes_])[:, order]
        sums = np.add.reduceat(rows, starts, axis=1) if len(starts) else rows
        kept = sums[-2] > 0
        names = [tuple(label[order][starts][kept].tolist()) for label in labels]
        return cls(sums[:-2, kept].reshape(*nats.shape[:2], -1), sums[-2, kept], sums[-1, kept], *names)

    def ordered(self) -> CorpusSums:
        """The same sums with the cells in the order of their names, as floats."""
        names = [self.sittings] if self.speakers is None else [self.sittings, self.speakers]
        order = sorted(range(len(self.sittings)), key=lambda cell: [each[cell] for each in names])
        sums = self.nats, self.tokens, self.bytes_
        nats, tokens, bytes_ = (np.asarray(each, dtype=np.float64)[..., order] for each in sums)
        return CorpusSums(nats, tokens, bytes_, *(tuple(each[cell] for cell in order) for each in names))

    @property
    def named_speakers(self) -> int:
        """How many speakers are known by name."""
        return sum(not name.startswith(_NOBODY) for name in set(self.speakers or ()))

    @cached_property
    def clusters(self) -> Clusters:
        """Which cells depend on each other."""
        names = [self.sittings] if self.speakers is None else [self.sittings, self.speakers]
        return Clusters.of(*(np.unique(each, return_inverse=True)[1] for each in names))


def known_speakers(names: StrArray | None) -> StrArray | None:
    """Names, with one of its own for each speech whose speaker is not known; None unless two are known."""
    if names is None or len(np.unique(names[names != ""])) < 2:
        return None
    return np.where(names == "", np.char.add(_NOBODY, np.arange(len(names)).astype(str)), names)


def _groups(labels: Sequence[StrArray]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """An order of the speeches in which those with equal labels follow each other, and where each group begins."""
    order = np.lexsort(labels[::-1])
    differ = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for label in labels:
        differ |= label[order][1:] != label[order][:-1]
    return order, np.flatnonzero(np.concatenate(([True] * bool(len(order)), differ)))


@dataclass(frozen=True)
class Design:
    """Which rows and columns the matrix has; ValueError where names or numbers do not fit."""

    models: tuple[str, ...]  # Row names such as A_nunavut, in the order of `CorpusSums.nats`
    # Column name (without `on_`) to weights over corpora: single corpora, then mixtures. Weights are token shares.
    columns: Mapping[str, Mapping[str, float]]
    own: Mapping[str, str]  # Corpus to the row of the model trained on it alone; corpora without one are left out
    mixtures: Mapping[str, Mapping[str, float]]  # Row to its training mixture, for the rows that are mixtures
    confidence: float

    def __post_init__(self) -> None:
        require(0 < len(self.models) == len(set(self.models)), f"models {self.models}: expected different names")
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
