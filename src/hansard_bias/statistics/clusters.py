"""The variance of a mean whose parts depend on each other by sitting, and by speaker: two-way clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.intervals import FloatArray

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Way:
    """One way in which cells depend on each other: those of one group do. The groups of a mean lie side by side."""

    order: Codes
    """The cells, group by group, shape [cells]."""
    groups: Codes
    """Where each group begins in that order, shape [groups]."""
    means: Codes
    """Where the groups of each mean begin, shape [means]."""

    @classmethod
    def of(cls, codes: npt.ArrayLike, mean: npt.ArrayLike = 0) -> Way:
        """From the group of every cell and the mean to which it belongs, both whole numbers, shape [cells].

        Means are numbered from 0 on, and each has a cell.
        """
        group, owner = np.broadcast_arrays(np.asarray(codes, dtype=np.int64), np.asarray(mean, dtype=np.int64))
        order = np.lexsort((group, owner))
        group, owner = group[order], owner[order]
        starts = np.flatnonzero(np.concatenate(([True], (group[1:] != group[:-1]) | (owner[1:] != owner[:-1]))))
        return cls(order, starts, np.searchsorted(owner[starts], np.arange(owner[-1] + 1)))

    def variance(self, deviations: FloatArray, shares: FloatArray) -> FloatArray:
        """Variance that the groups give to each mean: the delete-one jackknife (Cameron & Miller 2015, section VI).

        V = (G - 1) / G Σ (D / (1 - w))² over G groups: D is what a group adds to the mean, w its share of it. Unbiased
        where groups differ by one normal effect each, however unequal they are, if there are two; else nearly so, and
        too large rather than too small.

        Parameters
        ----------
        deviations : what each cell adds to its mean, shape [..., cells]; they sum to 0.
        shares : of each cell in its mean, shape [cells]; they sum to 1 for every mean.

        Returns shape [..., means]; nan where all cells with a share are of one group.
        """
        present, by_group = self._shares(shares)
        added = np.add.reduceat(deviations[..., self.order], self.groups, axis=-1)
        # A group without a share is not there: nothing it adds is 0 already.
        squares = (added / np.where(by_group < 1, 1 - by_group, np.nan)) ** 2
        return np.asarray((present - 1) / present * np.add.reduceat(squares, self.means, axis=-1))

    def df(self, shares: FloatArray) -> FloatArray:
        """Degrees of freedom of that variance where groups differ by one normal effect each, shape [means].

        2 E² / Var of the quadratic form y'My (Bell & McCaffrey 2002, Survey Methodology 28, 169) = (tr M)² / tr M²,
        with M = Σ b (e - w)(e - w)', b = (w / (1 - w))² and w all shares; G - 1 for equal groups, and never more.
        """
        present, w = self._shares(shares)
        b = (w / np.where(w < 1, 1 - w, np.nan)) ** 2

        def total(values: FloatArray) -> FloatArray:
            return np.asarray(np.add.reduceat(values, self.means))

        squares = total(w**2)
        each = np.repeat(squares, np.diff(self.means, append=len(w)))
        first, second, third = (total(b * w**power) for power in range(3))
        trace = total(b * (1 - 2 * w + each))
        between = squares**2 * first**2 + 2 * first * third + 2 * second**2 - 4 * squares * first * second
        within = total(b**2 * (1 + 2 * each - 4 * w))
        # Where one group has nearly all, differences of large sums leave no digit: G - 1 is the most there can be.
        square = np.maximum(between + within, trace**2 / np.maximum(present - 1, 1))
        # One group alone has none.
        found = np.divide(trace**2, square, out=np.full_like(trace, np.nan), where=present > 1)
        # Not outside what there can be by a rounding either.
        return np.asarray(np.clip(found, 1.0, np.maximum(present - 1, 1.0)))

    def _shares(self, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How many groups each mean has, shape [means], and the share of each group, nan where it is the only one."""
        by_group = np.add.reduceat(shares[self.order], self.groups)
        present = np.add.reduceat((by_group > 0).astype(np.float64), self.means)
        # Not by the share itself: rounding may leave a little less than 1.
        only = np.repeat(present < 2, np.diff(self.means, append=len(by_group)))
        return present, np.where(only, np.nan, by_group)


@dataclass(frozen=True)
class Clusters:
    """Sittings, and speakers where they are known: speeches that share either depend on each other."""

    sittings: Way
    speakers: Way | None
    cells: Way
    """Speeches of one speaker in one sitting, which both ways count."""

    @classmethod
    def of(cls, sittings: npt.ArrayLike, speakers: npt.ArrayLike | None = None, mean: npt.ArrayLike = 0) -> Clusters:
        """From the sitting and the speaker of every cell (whole numbers from 0 on), and the mean it belongs to.

        Without speakers, or with one speaker alone for some mean, only sittings count.
        """
        sitting = np.asarray(sittings, dtype=np.int64)
        way = Way.of(sitting, mean)
        if speakers is None:
            return cls(way, None, way)
        speaker = np.asarray(speakers, dtype=np.int64)
        return cls(way, Way.of(speaker, mean), Way.of(sitting * (int(speaker.max()) + 1) + speaker, mean))

    def variances(self, deviations: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Variance of the means, and the part that speakers add to that of sittings; shape [..., means] each.

        Sittings + speakers - both (Cameron, Gelbach & Miller 2011, J. Bus. Econ. Stat. 29, 238), and never less than
        either way alone: the difference of three estimates may be small by chance. A mean with one speaker has sittings
        alone.
        """
        sittings = self.sittings.variance(deviations, shares)
        if self.speakers is None:
            return sittings, np.zeros_like(sittings)
        speakers, cells = (way.variance(deviations, shares) for way in (self.speakers, self.cells))
        added = np.fmax(np.fmax(speakers - cells, speakers - sittings), 0.0)
        return sittings + added, added

    def df(self, shares: FloatArray, variances: FloatArray, added: FloatArray) -> FloatArray:
        """Degrees of freedom of these variances, of which speakers added a part (Satterthwaite 1946); [..., means]."""
        spread = (variances - added) ** 2 / self.sittings.df(shares)
        if self.speakers is not None:
            spread = spread + np.where(added > 0, added**2 / np.nan_to_num(self.speakers.df(shares), nan=1.0), 0.0)
        # Where nothing varies, any number will do.
        return np.divide(variances**2, spread, out=np.ones_like(variances), where=spread > 0)
