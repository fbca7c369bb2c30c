"""What is measured of the rows and columns of the matrix: each formula of method.md section 2, with its errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from hansard_bias.statistics.design import CorpusSums, Design, require
from hansard_bias.statistics.intervals import FloatArray, Interval
from hansard_bias.statistics.variance import Estimate, Source, combined, linear, pooled

# Of a logarithm: a corpus of two sittings may have bounds that no float can hold.
_LARGEST = 700.0


@dataclass(frozen=True)
class Study:
    """The sums and their design; build it with `Study.of`. Estimates are arrays [models]."""

    sums: Mapping[str, CorpusSums]
    design: Design

    @classmethod
    def of(cls, sums: Mapping[str, CorpusSums], design: Design) -> Study:
        """Check that sums and design fit each other."""
        # In the order of their names, so that no bit depends on the order of the file.
        ordered = {corpus: sums[corpus].ordered() for corpus in sums}
        _check_fit(ordered, design)
        return cls(ordered, design)

    @property
    def seeds(self) -> int:
        """Training seeds of every model."""
        return int(next(iter(self.sums.values())).nats.shape[1])

    def cross_entropy(self, weights: Mapping[str, float]) -> Estimate:
        """Of every model on a text whose tokens come from these corpora in these shares, nats per token."""
        return combined([(weight, self._pooled(corpus)) for corpus, weight in weights.items()])

    def excess(self, weights: Mapping[str, float]) -> Estimate:
        """X of every model: the same, less what each corpus's own model needs; nats per token."""
        return combined([(weight, self._pooled(corpus, self._own(corpus))) for corpus, weight in weights.items()])

    def bits_per_byte(self, weights: Mapping[str, float], excess: bool = False) -> Estimate:
        """Cross-entropy, or excess, of every model in bits per UTF-8 byte of the text."""
        whole = self.excess(weights) if excess else self.cross_entropy(weights)
        bits = math.log(2) * sum(weight * self._bytes_per_token(corpus) for corpus, weight in weights.items())
        ratio = whole.by_seed / bits
        sources = [self._byte_source(corpus, weight / bits, ratio, excess) for corpus, weight in weights.items()]
        return Estimate(ratio, tuple(sources))

    def _byte_source(self, corpus: str, weight: float, ratio: FloatArray, excess: bool) -> Source:
        """What one corpus adds to the variance of bits per byte: a ratio of two sums, linearised in both."""
        sums, against = self.sums[corpus], self._own(corpus) if excess else None
        shares = sums.tokens / sums.tokens.sum()
        nats = self._nats(corpus, against) / sums.tokens.sum()
        off = nats - nats.sum(axis=-1, keepdims=True) * shares
        bits_off = math.log(2) * (sums.bytes_ / sums.tokens.sum() - self._bytes_per_token(corpus) * shares)
        deviations = weight * (off - ratio[..., None] * bits_off)
        (source,) = linear(ratio[:, None], deviations, shares, sums.clusters).of(slice(None), 0).sources
        return source if against is None else _without_error(source, np.flatnonzero((ratio == 0).all(axis=1)))

    def _bytes_per_token(self, corpus: str) -> float:
        return float(self.sums[corpus].bytes_.sum() / self.sums[corpus].tokens.sum())

    def log_ratio(self, first: str, second: str) -> Estimate:
        """ln PPL(m,c1) - ln PPL(m,c2) of every model."""
        return combined([(1.0, self._pooled(first)), (-1.0, self._pooled(second))])

    def tilt(self, row: str) -> Estimate | None:
        """X(m,c1) - X(m,c2) of a mixture over two corpora; None where it is not defined."""
        corpora = tuple(self.design.mixtures.get(row, ()))
        if len(corpora) != 2 or not all(corpus in self.design.own for corpus in corpora):
            return None
        return self.excess(dict(zip(corpora, (1.0, -1.0), strict=True))).of(self.design.models.index(row))

    def bias_ratios(self) -> list[Interval]:
        """Largest over smallest perplexity of every model over the single corpora, with the interval of its logarithm.

        The logarithm is a difference of two cross-entropies, signed; of its interval the ratio has the larger end, and
        the smaller or, where that holds 0, 1. Of more than two corpora every pair is looked at, each at a level that
        Bonferroni's correction lowers, because the data choose the pair.
        """
        pairs = [*combinations(sorted(self.design.singles), 2)]
        level = 1 - (1 - self.design.confidence) / len(pairs)
        found = [self.log_ratio(*pair).intervals(level) for pair in pairs]
        return [_ratio([of_pair[index] for of_pair in found]) for index in range(len(self.design.models))]

    def _pooled(self, corpus: str, against: int | None = None) -> Estimate:
        """Cross-entropies on one corpus, or their differences from a model."""
        sums = self.sums[corpus]
        found = pooled(self._nats(corpus, against), sums.tokens, sums.clusters).of(slice(None), 0)
        if against is None:
            return found
        # The difference of a model from itself is zero by definition, also where nothing is known of other sittings.
        return Estimate(found.by_seed, tuple(_without_error(source, [against]) for source in found.sources))

    def _nats(self, corpus: str, against: int | None) -> FloatArray:
        nats = self.sums[corpus].nats
        return nats if against is None else nats - nats[against]

    def _own(self, corpus: str) -> int:
        return self.design.models.index(self.design.own[corpus])


def _without_error(source: Source, models: npt.ArrayLike) -> Source:
    """The same, with no variance for these models."""
    chosen = np.isin(np.arange(len(source.df)), models)
    parts = source.variance, source.speakers, source.interaction
    variance, speakers, interaction = (np.where(chosen, 0.0, part) for part in parts)
    return Source(variance, speakers, interaction, np.where(chosen, 1.0, source.df))


def perplexity(nats: Interval) -> Interval:
    """exp of a cross-entropy in nats per token, bounds too."""
    return nats.map(lambda value: math.exp(min(value, _LARGEST)))


def _ratio(signed: list[Interval]) -> Interval:
    """exp of the largest of some signed logarithms, taken without sign."""
    value = math.exp(min(max(abs(each.value) for each in signed), _LARGEST))
    if not all(each.known for each in signed):
        return Interval(value, None, None)
    ends = [(each.low or 0.0, each.high or 0.0) for each in signed]
    low = max(0.0, *(max(low, -high) for low, high in ends))
    high = max(max(abs(low), abs(high)) for low, high in ends)
    return Interval(value, *(math.exp(min(end, _LARGEST)) for end in (low, high)))


def _check_fit(sums: Mapping[str, CorpusSums], design: Design) -> None:
    """Raise ValueError unless every corpus named has sums of the same models and seeds."""
    named = {c for weights in (*design.columns.values(), *design.mixtures.values()) for c in weights} | set(design.own)
    missing = sorted(named - set(sums))
    require(not missing, f"no sums for {', '.join(missing)}: score the test speeches of every corpus in the design")
    shapes = {corpus: each.nats.shape[:2] for corpus, each in sums.items()}
    agree = len(set(shapes.values())) == 1 and all(shape[0] == len(design.models) for shape in shapes.values())
    require(agree, f"[models, seeds] are {shapes}, expected {len(design.models)} models and equally many seeds in all")


# Perplexity and excess of every model on a part of a corpus: a year, a topic, a role, a speaker.


def measure_slice(
    sums: CorpusSums, corpus: str, design: Design, least_sittings: int
) -> dict[str, tuple[Interval, Interval | None]]:
    """Row to perplexity and excess in nats per token (`matrix.measure`), for the sittings in which the slice occurs.

    Parameters
    ----------
    sums : of the slice's speeches.
    design : of the whole study; its models and own models are used.
    least_sittings : with fewer the numbers have no intervals: a handful of days says nothing about other days.

    The excess is None where the corpus has no own model. Intervals are one by one: of a hundred, five miss the truth.
    No slice is tested.
    """
    few = len(set(sums.sittings)) < least_sittings
    # Neither columns nor own models of other corpora: they have no text here.
    own = {corpus: design.own[corpus]} if corpus in design.own else {}
    study = Study.of({corpus: sums}, replace(design, columns={corpus: {corpus: 1.0}}, own=own, mixtures={}))
    whole = {corpus: 1.0}

    def told(estimate: Estimate) -> list[Interval]:
        found = estimate.intervals(design.confidence)
        return [Interval(each.value, None, None) for each in found] if few else found

    perplexities = [perplexity(each) for each in told(study.cross_entropy(whole))]
    excesses = told(study.excess(whole)) if own else [None] * len(design.models)
    return dict(zip(design.models, zip(perplexities, excesses, strict=True), strict=True))
