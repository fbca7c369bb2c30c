"""What is measured of the rows and columns of the matrix, each quantity with its bootstrap replicates.

A quantity is an array whose index 0 is the estimate and whose other entries are its replicates, so that each formula of
method.md section 2 is written once and carries its uncertainty along.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from hansard_bias.statistics.design import CorpusSums, Design, require
from hansard_bias.statistics.intervals import FloatArray, Interval, percentile_interval
from hansard_bias.statistics.resampling import CorpusReplicates, generator, resampled_corpus
from hansard_bias.statistics.variance import Components, SeedVariance, combined, crossed

# Weight, corpus, and the index of the model from which differences are taken (None: none).
Term = tuple[float, str, int | None]

# Of a logarithm: two seeds may draw a perplexity that no float can hold.
_LARGEST = 700.0


@dataclass(frozen=True)
class Study:
    """The sums under resampling; build it with `Study.of`. Arrays are [1 + draws, models], the estimate first."""

    sums: Mapping[str, CorpusSums]
    design: Design
    replicates: Mapping[str, CorpusReplicates]  # Corpus to its replicates over sittings
    seed_variance: SeedVariance  # Of the training runs: shared by all corpora, because a run reads all of them

    @classmethod
    def of(cls, sums: Mapping[str, CorpusSums], design: Design) -> Study:
        """Check that sums and design fit each other, and resample: the same draws for every model."""
        # In the order of their names, so that the draws do not depend on the order of the file.
        ordered = {corpus: sums[corpus].ordered() for corpus in sums}
        seeds, draws = _check_fit(ordered, design), design.draws
        rngs = {corpus: generator(design.seed, "sittings", corpus) for corpus in ordered}
        drawn = {
            corpus: resampled_corpus(each.nats, each.tokens, each.bytes_, draws, rngs[corpus])
            for corpus, each in ordered.items()
        }
        return cls(ordered, design, drawn, SeedVariance.of(seeds, draws, generator(design.seed, "seeds")))

    @property
    def seeds(self) -> int:
        """Training seeds of every model."""
        return int(next(iter(self.sums.values())).nats.shape[1])

    def components(self, corpus: str, against: int | None = None) -> Components:
        """Parts of the variance of every model's cross-entropy, or of its difference from a model; shape [models]."""
        each = self.sums[corpus]
        return crossed(each.nats if against is None else each.nats - each.nats[against], each.tokens)

    def column_components(self, column: str, excess: bool = False) -> Components:
        """The same for a column: of the cross-entropy, or of the excess."""
        return self._parts(self._terms(self.design.columns[column], excess))

    def tilt_components(self, row: str) -> Components:
        """The same for the tilt of every model, over the two corpora of one model's mixture."""
        return self._parts(self._terms(self._sides(row), excess=True))

    def nats_per_token(self, column: str, excess: bool = False) -> FloatArray:
        """Cross-entropy of every model on a column, or its excess X, in nats per token."""
        return self._linear(self._terms(self.design.columns[column], excess))

    def corpus_excess(self, corpus: str) -> FloatArray:
        """X(m,c) = CE(m,c) - CE(own(c),c) in nats per token, for a corpus with an own model."""
        return self._linear([(1.0, corpus, self._own(corpus))])

    def _terms(self, weights: Mapping[str, float], excess: bool) -> list[Term]:
        return [(weight, corpus, self._own(corpus) if excess else None) for corpus, weight in weights.items()]

    def _parts(self, terms: Sequence[Term]) -> Components:
        return combined([(weight, self.components(corpus, against)) for weight, corpus, against in terms])

    def _linear(self, terms: Sequence[Term]) -> FloatArray:
        """A weighted sum of cross-entropies, or of their differences from a model, with its replicates.

        Each replicate is the estimate plus what other sittings and what other runs add. Their product would be a third
        term, and the interaction of seeds and sittings would be counted three times (the "pigeonhole" bootstrap, Owen
        2007, Ann. Appl. Stat. 1, 386); here it is counted once, since `Components.shrinkage` takes it out of the
        sittings' deviations.
        """
        total = np.asarray(np.sum([weight * self._sittings(corpus, own) for weight, corpus, own in terms], axis=0))
        parts = self._parts(terms)
        total[1:] += self.seed_variance.deviations(parts.by_seed, parts.seeds_share)
        return total

    def _sittings(self, corpus: str, against: int | None = None) -> FloatArray:
        """Cross-entropies, or their differences from a model, with replicates over sittings only."""
        nats = self.replicates[corpus].nats_per_token
        if against is not None:
            nats = nats - nats[:, [against]]
            # Zero by definition, also where nothing could be resampled.
            nats[:, against] = 0.0
        # 1 where a single sitting leaves it unknown: nothing is resampled there.
        shrinkage = np.nan_to_num(self.components(corpus, against).shrinkage, nan=1.0)
        return np.asarray(nats[0] + (nats - nats[0]) * shrinkage)

    def _own(self, corpus: str) -> int:
        return self.design.models.index(self.design.own[corpus])

    def quantities(self, column: str) -> dict[str, FloatArray]:
        """Everything said of a cell: perplexity, bits per byte, and the excess where there is one."""
        nats, weights = self.nats_per_token(column), self.design.columns[column].items()
        bytes_ = np.sum([weight * self.replicates[corpus].bytes_per_token for corpus, weight in weights], axis=0)
        bits = math.log(2) * bytes_[:, None]
        found = {"perplexity": np.exp(np.minimum(nats, _LARGEST)), "bits_per_byte": nats / bits}
        if self.design.has_excess(column):
            found["excess_nats"] = excess = self.nats_per_token(column, excess=True)
            # An own model's zero stays zero, also where bytes per token are unknown.
            found["excess_bits_per_byte"] = np.where(excess == 0, 0.0, excess / bits)
        return found

    def tilt(self, row: str) -> FloatArray | None:
        """X(m,c1) - X(m,c2) of a mixture over two corpora, shape [1 + draws]; None where it is not defined."""
        corpora = tuple(self.design.mixtures.get(row, ()))
        if len(corpora) != 2 or not all(corpus in self.design.own for corpus in corpora):
            return None
        return self._linear(self._terms(self._sides(row), excess=True))[:, self.design.models.index(row)]

    def _sides(self, row: str) -> dict[str, float]:
        return dict(zip(self.design.mixtures[row], (1.0, -1.0), strict=True))

    def bias_ratio(self) -> FloatArray:
        """Largest over smallest perplexity of every model, over the single corpora."""
        parts = [self.components(corpus) for corpus in self.design.singles]
        # One share for all corpora, so that what the seeds share between them cancels in the ratio.
        share = _share_in_range(parts)
        nats = [self._sittings(corpus) for corpus in self.design.singles]
        for each, part in zip(nats, parts, strict=True):
            each[1:] += self.seed_variance.deviations(part.by_seed, share)
        return _ratio(nats)

    def bias_ratio_jackknife(self) -> list[FloatArray]:
        """The bias ratio without one sitting of each corpus, then without one seed; [left out, models] each."""
        chosen = {corpus: self.sums[corpus] for corpus in self.design.singles}
        full = {corpus: each.nats.mean(axis=1).sum(axis=1) / each.tokens.sum() for corpus, each in chosen.items()}
        samples = []
        for corpus, each in chosen.items():
            if len(each.sittings) > 1:
                nats = each.nats.mean(axis=1)
                left = (nats.sum(axis=1) - nats.T) / (each.tokens.sum() - each.tokens)[:, None]
                samples.append(_ratio([left if other == corpus else full[other] for other in full]))
        if self.seeds > 1:
            by_seed = {corpus: each.nats.sum(axis=2).T / each.tokens.sum() for corpus, each in chosen.items()}
            samples.append(_ratio([(x.sum(axis=0) - x) / (self.seeds - 1) for x in by_seed.values()]))
        return samples


def _ratio(nats: list[FloatArray]) -> FloatArray:
    """exp(max - min): the ratio of the largest to the smallest perplexity, elementwise over corpora."""
    stacked = np.stack(np.broadcast_arrays(*nats))
    return np.asarray(np.exp(np.minimum(stacked.max(axis=0) - stacked.min(axis=0), _LARGEST)))


def _share_in_range(parts: Sequence[Components]) -> FloatArray:
    """Share of the seeds in the variance of max - min over corpora, shape [models]; what they share there cancels."""
    values = np.stack([part.value for part in parts])
    ends = np.sort([values.argmax(axis=0), values.argmin(axis=0)], axis=0)
    share = np.zeros(values.shape[1])
    for first, second in combinations(range(len(parts)), 2):
        between = combined([(1.0, parts[first]), (-1.0, parts[second])]).seeds_share
        share = np.where((ends == [[first], [second]]).all(axis=0), between, share)
    return share


def _check_fit(sums: Mapping[str, CorpusSums], design: Design) -> int:
    """Raise ValueError unless every corpus named has sums of the same models and seeds; the number of seeds."""
    named = {c for weights in (*design.columns.values(), *design.mixtures.values()) for c in weights} | set(design.own)
    missing = sorted(named - set(sums))
    require(not missing, f"no sums for {', '.join(missing)}: score the test speeches of every corpus in the design")
    shapes = {corpus: each.nats.shape[:2] for corpus, each in sums.items()}
    agree = len(set(shapes.values())) == 1 and all(shape[0] == len(design.models) for shape in shapes.values())
    require(agree, f"[models, seeds] are {shapes}, expected {len(design.models)} models and equally many seeds in all")
    return int(next(iter(shapes.values()))[1])


# Perplexity and excess of every model on a part of a corpus: a year, a topic, a role, a speaker.


def measure_slice(
    sums: CorpusSums, corpus: str, design: Design, least_sittings: int
) -> dict[str, tuple[Interval, Interval | None]]:
    """Row to perplexity and excess in nats per token (`matrix.measure`), for the sittings in which the slice occurs.

    Parameters
    ----------
    sums : of the slice's speeches, by sitting.
    design : of the whole study; its models, own models and draws are used.
    least_sittings : with fewer the numbers have no intervals: a handful of days says nothing about other days.

    The excess is None where the corpus has no own model. Intervals are one by one: of a hundred, five miss the truth.
    No slice is tested.
    """
    few = len(sums.sittings) < least_sittings
    # Neither columns nor own models of other corpora: they have no text here.
    own = {corpus: design.own[corpus]} if corpus in design.own else {}
    # Where there are no intervals, two draws are all that a study needs to exist.
    draws = 2 if few else design.draws
    alone = replace(design, columns={corpus: {corpus: 1.0}}, own=own, mixtures={}, draws=draws)
    # An estimate without replicates has no bounds.
    found = {
        name: each[: 1 if few else None] for name, each in Study.of({corpus: sums}, alone).quantities(corpus).items()
    }
    return {
        row: (
            percentile_interval(found["perplexity"][:, index], design.confidence),
            percentile_interval(found["excess_nats"][:, index], design.confidence) if own else None,
        )
        for index, row in enumerate(design.models)
    }
