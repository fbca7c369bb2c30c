"""The distribution of an estimate about its truth: interval and test come from this one place, and agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtr, stdtr, stdtrit
from scipy.stats import qmc

from hansard_bias.statistics.intervals import FloatArray, check_confidence

# Points at which the unknown variances are taken, and estimates looked at together: arrays of at most 16 MB.
_POINTS, _TOGETHER = 512, 4096

# Points are denser by this power where χ² is small: there the far tails come from.
_POWER = 4

# Degrees of freedom at which χ² is computed, steps of 2 ** (1 / 16): those in between are interpolated.
_DF = 2.0 ** np.arange(-1, 20, 1 / 16)

# With a source of less than two degrees of freedom the matching prior covers 91 to 96 %, Behrens and Fisher's 95 to
# 99 %. This share of its narrower part is given up then (benchmarks/RESULTS.md).
CAUTION, _CAUTIOUS_DF = 0.3, 2

# Newton's method on logarithms needs about six steps.
_STEPS, _CLOSE = 50, 1e-10


@dataclass(frozen=True)
class Pivot:
    """Where estimates may lie about their truths: sums of independent errors whose variances are observed themselves.

    Each source of error (the sittings of a corpus, the training runs) has an observed variance V with ν degrees of
    freedom. Taking the true one as ν V / χ²_ν in every source is the fiducial distribution of Behrens and Fisher
    (Fisher 1935, Ann. Eugen. 6, 391), which covers too much. Under the prior whose posterior matches coverage to second
    order (Ghosh & Kim 2001, Can. J. Stat. 29, 5), with density proportional to 1/A + 1/B times that one for true
    variances A and B, it is a mixture: with the probability of a source's share in the observed variance that source
    keeps ν V / χ²_ν, and the others have ν V / χ²_(ν+2). The same rule stands for three sources and more. One source
    alone is Student's t.
    """

    variances: FloatArray
    """Shape [sources, ...], in the square of the estimates' unit; nan where nothing is known of a source."""
    df: FloatArray
    """Degrees of freedom, above 0; the same shape."""

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Of which estimates something can be said, shape [...]."""
        return np.asarray(np.isfinite(self.variances).all(axis=0))

    def half_width(self, confidence: float) -> FloatArray:
        """How far from the estimate its interval reaches on either side, shape [...]; nan where that is not known.

        Raises ValueError for a confidence outside (0, 1).
        """
        check_confidence(confidence)
        return self._each(lambda errors, _: errors.quantile(1 - confidence), np.zeros(self.known.shape))

    def p(self, distances: npt.ArrayLike) -> FloatArray:
        """Two-sided p of estimates so far from the null value, shape [...]; nan where that is not known.

        It is below α exactly when the interval of confidence 1 - α leaves the null value out.
        """
        return self._each(lambda errors, far: errors.beyond(far), np.abs(np.asarray(distances, dtype=np.float64)))

    def _each(self, asked: Callable[[_Errors, FloatArray], FloatArray], values: FloatArray) -> FloatArray:
        flat = np.broadcast_to(values, self.known.shape).ravel()
        variances, df = (each.reshape(len(each), -1) for each in (self.variances, self.df))
        found, rows = np.full(flat.shape, np.nan), np.flatnonzero(self.known)
        for start in range(0, len(rows), _TOGETHER):
            some = rows[start : start + _TOGETHER]
            found[some] = asked(_Errors.of(variances[:, some], df[:, some]), flat[some])
        return found.reshape(self.known.shape)


@dataclass(frozen=True)
class _Errors:
    """The distribution for some estimates, all of whose sources are known: Student's t, or a mixture of normals."""

    total: FloatArray
    """Observed variance, shape [estimates]."""
    single: FloatArray
    """Degrees of freedom where one source is all of the variance, else 0; shape [estimates]."""
    weights: FloatArray
    """Of every mixture, shape [mixtures, estimates]."""
    masses: FloatArray
    """Of every point, shape [points]."""
    deviations: FloatArray
    """Standard deviation of every normal, shape [mixtures, points, estimates]."""

    @classmethod
    def of(cls, variances: FloatArray, df: FloatArray) -> _Errors:
        """variances, df: shape [sources, estimates]."""
        # In an order of their own, so that the order of corpora changes nothing.
        order = np.lexsort((variances, df), axis=0)
        variances, df = (np.take_along_axis(each, order, axis=0) for each in (variances, df))
        total = variances.sum(axis=0)
        shares = np.divide(variances, total, out=np.zeros_like(variances), where=total > 0)
        single = np.where((shares == 1).any(axis=0), df[shares.argmax(axis=0), np.arange(len(total))], 0.0)
        if (single > 0).all() or not len(total):
            return cls(total, single, np.ones((1, len(total))), np.ones(1), np.ones((1, 1, len(total))))
        masses, table = _points(len(variances))
        df = np.maximum(df, _DF[0])
        kept, more = ((df * variances)[:, None] / np.exp(_interpolated(table, df + further)) for further in (0, 2))
        # All sources with their own degrees of freedom, then one source after the other with the rest's raised.
        parts = [kept.sum(axis=0), *(more.sum(axis=0) - each + own for each, own in zip(more, kept, strict=True))]
        caution = np.where((df < _CAUTIOUS_DF).any(axis=0), CAUTION, 0.0)
        weights = np.vstack([caution, (1 - caution) * shares])
        return cls(total, single, weights, masses, np.sqrt(np.maximum(parts, np.finfo(float).tiny)))

    def beyond(self, distances: FloatArray) -> FloatArray:
        """Probability of an error at least so far from 0 in either direction, shape [estimates]."""
        mixed = self._mean(2 * ndtr(-distances / self.deviations))
        scale = np.sqrt(np.where(self.total > 0, self.total, 1.0))
        student = 2 * stdtr(np.where(self.single > 0, self.single, 1.0), -distances / scale)
        found = np.where(self.single > 0, student, mixed)
        # Without any error every distance is beyond it, but none is not.
        return np.where(self.total > 0, found, np.where(distances == 0, 1.0, 0.0))

    def quantile(self, alpha: float) -> FloatArray:
        """The distance that an error exceeds with this probability, shape [estimates]."""
        scale = np.sqrt(self.total)
        student = scale * stdtrit(np.where(self.single > 0, self.single, 1.0), 1 - alpha / 2)
        if ((self.single > 0) | (self.total == 0)).all():
            return np.asarray(student)
        log = np.log(np.where(self.total > 0, 2 * scale, 1.0))
        for _ in range(_STEPS):
            step = self._newton(np.exp(log), alpha)
            log = log + step
            if np.abs(step).max() < _CLOSE:
                break
        return np.asarray(np.where(self.single > 0, student, np.where(self.total > 0, np.exp(log), 0.0)))

    def _newton(self, far: FloatArray, alpha: float) -> FloatArray:
        """The step of ln distance towards ln tail = ln α: both tails of t and of the normal are near lines there."""
        ratio = far / self.deviations
        tail, slope = self._mean(2 * ndtr(-ratio)), self._mean(ratio * np.exp(-(ratio**2) / 2) * np.sqrt(2 / np.pi))
        unfinished = (self.single == 0) & (self.total > 0)
        tail, slope = (np.where(unfinished, each, 1.0) for each in (tail, slope))
        return np.asarray(np.where(unfinished, np.clip(tail * np.log(tail / alpha) / slope, -2, 2), 0.0))

    def _mean(self, of_normals: FloatArray) -> FloatArray:
        """Over points and mixtures, shape [estimates]; of_normals: shape [mixtures, points, estimates]."""
        return np.asarray((self.weights * np.einsum("p,mpe->me", self.masses, of_normals)).sum(axis=0))


@cache
def _points(sources: int) -> tuple[FloatArray, FloatArray]:
    """Levels of χ² of all sources: their masses, shape [points], and ln χ²_ν, shape [sources, points, df].

    They are no random numbers: an estimate has the same interval, whatever is computed beside it.
    """
    even = np.asarray(qmc.Sobol(sources, scramble=True, rng=np.random.default_rng(7)).random(_POINTS).T)
    masses = np.prod(_POWER * even ** (_POWER - 1), axis=0)
    chi = 2 * gammaincinv(_DF / 2, even[:, :, None] ** _POWER)
    return masses / masses.sum(), np.log(np.maximum(chi, np.finfo(float).tiny))


def _interpolated(table: FloatArray, df: FloatArray) -> FloatArray:
    """ln χ²_ν for these ν, [sources, estimates], at all points; shape [sources, points, estimates]."""
    place = np.interp(np.log(df), np.log(_DF), np.arange(len(_DF)))
    low = np.minimum(place.astype(int), len(_DF) - 2)
    each = np.arange(len(df))[:, None], slice(None)
    between = (place - low)[:, :, None]
    found = (1 - between) * table[(*each, low)] + between * table[(*each, low + 1)]
    return np.asarray(found.swapaxes(1, 2))
