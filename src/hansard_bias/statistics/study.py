"""What is measured of the rows and columns of the matrix, each quantity with its bootstrap replicates.

A quantity is an array whose index 0 is the estimate and whose other entries are its replicates, so that each formula of
METHOD section 2 is written once and carries its uncertainty along.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hansard_bias.statistics.components import Components, combined, crossed
from hansard_bias.statistics.resampling import (
    CorpusReplicates,
    FloatArray,
    generator,
    joined,
    multi_bootstrap,
    seed_weights,
)

# Of a logarithm: two seeds may draw a perplexity that no float can hold.
_LARGEST = 700.0


@dataclass(frozen=True)
class CorpusSums:
    """The scored test speeches of one corpus, summed by sitting; ValueError where shapes or values are impossible."""

    nats: FloatArray
    """Σ surprisal in nats, shape [models, seeds, sittings]."""
    tokens: FloatArray
    """Scored tokens, shape [sittings]: the same for all models and seeds."""
    bytes_: FloatArray
    """UTF-8 bytes of the scored text, shape [sittings]."""
    sittings: tuple[str, ...]
    """Names of the sittings, all different: they, not their order, decide what is drawn."""

    def __post_init__(self) -> None:
        count = len(self.sittings)
        _require(0 < count == len(set(self.sittings)), f"{count} sittings: expected at least one, all different")
        shape = np.shape(self.nats)
        right = len(shape) == 3 and min(shape) > 0 and shape[2] == count
        _require(right, f"nats have shape {shape}, expected [models, seeds, {count} sittings]")
        _require(bool(np.isfinite(self.nats).all()), "nats hold nan or infinity: score every token before summing")
        for name, sums in (("tokens", self.tokens), ("bytes", self.bytes_)):
            _require(np.shape(sums) == (count,), f"{name} have shape {np.shape(sums)}, expected [{count} sittings]")
            positive = bool(np.all(np.asarray(sums) > 0) and np.isfinite(sums).all())
            _require(positive, f"a sitting has no {name}: leave out the sittings without scored tokens")

    def ordered(self) -> CorpusSums:
        """The same sums with the sittings in the order of their names, as floats."""
        order = sorted(range(len(self.sittings)), key=self.sittings.__getitem__)
        names = tuple(self.sittings[index] for index in order)
        nats, tokens, bytes_ = (np.asarray(x, dtype=np.float64) for x in (self.nats, self.tokens, self.bytes_))
        return CorpusSums(nats[:, :, order], tokens[order], bytes_[order], names)


@dataclass(frozen=True)
class Design:
    """Which rows and columns the matrix has, and how it is resampled; ValueError where names or numbers do not fit."""

    models: tuple[str, ...]
    """Row names such as A_nunavut, in the order of `CorpusSums.nats`."""
    columns: Mapping[str, Mapping[str, float]]
    """Column name (without `on_`) to weights over corpora: single corpora, then mixtures. Weights are token shares."""
    own: Mapping[str, str]
    """Corpus to the row of the model trained on it alone; corpora without one are left out."""
    mixtures: Mapping[str, Mapping[str, float]]
    """Row to its training mixture, for the rows that are mixtures."""
    draws: int
    confidence: float
    seed: int

    def __post_init__(self) -> None:
        _require(0 < len(self.models) == len(set(self.models)), f"models {self.models}: expected different names")
        _require(self.draws >= 2, f"draws is {self.draws}, expected 2 or more (2,000 for a report)")
        _require(0 < self.confidence < 1, f"confidence is {self.confidence}, expected above 0 and below 1")
        for name, weights in self.columns.items():
            sound = all(w > 0 for w in weights.values()) and math.isclose(sum(weights.values()), 1, abs_tol=1e-6)
            _require(sound, f"column {name} has weights {dict(weights)}, expected shares above 0 that sum to 1")
        for row in (*self.own.values(), *self.mixtures):
            _require(row in self.models, f"{row!r} is no row of the matrix, expected one of {', '.join(self.models)}")

    @property
    def singles(self) -> dict[str, str]:
        """Corpus to column, for the columns that are one corpus."""
        return {next(iter(weights)): name for name, weights in self.columns.items() if len(weights) == 1}


@dataclass(frozen=True)
class Study:
    """The sums under resampling; build it with `Study.of`. Arrays are [1 + draws, models], the estimate first."""

    sums: Mapping[str, CorpusSums]
    design: Design
    replicates: Mapping[str, Mapping[str, CorpusReplicates]]
    """Corpus to "sittings" or "seeds" (what is resampled) to its replicates."""

    @classmethod
    def of(cls, sums: Mapping[str, CorpusSums], design: Design) -> Study:
        """Check that sums and design fit each other, and resample: the same draws for every model."""
        ordered = {corpus: sums[corpus].ordered() for corpus in sums}
        seeds = _check_fit(ordered, design)
        weights = seed_weights(seeds, design.draws, generator(design.seed, "seeds"))
        drawn = {
            corpus: multi_bootstrap(
                each.nats, each.tokens, each.bytes_, weights, generator(design.seed, "sittings", corpus)
            )
            for corpus, each in ordered.items()
        }
        return cls(ordered, design, drawn)

    @property
    def seeds(self) -> int:
        """Training seeds of every model."""
        return int(next(iter(self.sums.values())).nats.shape[1])

    def components(self, corpus: str, against: int | None = None) -> Components:
        """Parts of the variance of every model's cross-entropy, or of its difference from a model; shape [models]."""
        each = self.sums[corpus]
        return crossed(each.nats if against is None else each.nats - each.nats[against], each.tokens)

    def column_components(self, column: str, excess: bool = False) -> Components:
        """The same for a column: of the cross-entropy, or of the excess where every corpus has an own model."""
        own = {corpus: self._own(corpus) if excess else None for corpus in self.design.columns[column]}
        weights = self.design.columns[column].items()
        return combined([(weight, self.components(corpus, own[corpus])) for corpus, weight in weights])

    def corpus_nats(self, corpus: str) -> FloatArray:
        """Cross-entropy CE(m,c) of every model on a corpus, in nats per token."""
        sittings, seeds = (self.replicates[corpus][kind].nats_per_token for kind in ("sittings", "seeds"))
        return joined(sittings, seeds, _shrinkage(self.components(corpus)))

    def nats_per_token(self, column: str) -> FloatArray:
        """Cross-entropy of every model on a column, in nats per token."""
        return _mean({c: (w, self.corpus_nats(c)) for c, w in self.design.columns[column].items()})

    def excess_nats(self, column: str) -> FloatArray | None:
        """Excess cross-entropy X of every model on a column, in nats per token; None where an own model is missing."""
        weights = self.design.columns[column]
        if not all(corpus in self.design.own for corpus in weights):
            return None
        return _mean({c: (w, self.corpus_excess(c)) for c, w in weights.items()})

    def corpus_excess(self, corpus: str) -> FloatArray:
        """X(m,c) = CE(m,c) - CE(own(c),c) in nats per token, for a corpus with an own model."""
        own = self._own(corpus)
        both = (self.replicates[corpus][kind].nats_per_token for kind in ("sittings", "seeds"))
        sittings, seeds = (nats - nats[:, [own]] for nats in both)
        excess = joined(sittings, seeds, _shrinkage(self.components(corpus, own)))
        # Zero by definition, also where nothing could be resampled.
        excess[:, own] = 0.0
        return excess

    def _own(self, corpus: str) -> int:
        """The row of the own model."""
        return self.design.models.index(self.design.own[corpus])

    def quantities(self, column: str) -> dict[str, FloatArray]:
        """Everything said of a cell: perplexity, bits per byte, and the excess where there is one."""
        corpora, weights = self.replicates, self.design.columns[column].items()
        nats = self.nats_per_token(column)
        bytes_ = _mean({c: (w, corpora[c]["sittings"].bytes_per_token) for c, w in weights})
        bits = math.log(2) * bytes_[:, None]
        found = {"perplexity": np.exp(np.minimum(nats, _LARGEST)), "bits_per_byte": nats / bits}
        excess = self.excess_nats(column)
        if excess is not None:
            found["excess_nats"] = excess
            found["excess_bits_per_byte"] = np.where(excess == 0, 0.0, excess / bits)
        return found

    def tilt(self, row: str) -> FloatArray | None:
        """X(m,c1) - X(m,c2) of a mixture over two corpora, shape [1 + draws]; None where it is not defined."""
        corpora = tuple(self.design.mixtures.get(row, ()))
        if len(corpora) != 2 or not all(corpus in self.design.own for corpus in corpora):
            return None
        first, second = (self.corpus_excess(corpus)[:, self.design.models.index(row)] for corpus in corpora)
        return first - second

    def bias_ratio(self) -> FloatArray:
        """Largest over smallest perplexity of every model, over the single corpora."""
        return _ratio([self.corpus_nats(corpus) for corpus in self.design.singles])

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


def _shrinkage(components: Components) -> FloatArray:
    """`Components.shrinkage`, and 1 where a single sitting leaves it unknown (nothing is resampled there)."""
    return np.nan_to_num(components.shrinkage, nan=1.0)


def _mean(weighted: Mapping[str, tuple[float, FloatArray]]) -> FloatArray:
    """Weighted sum over corpora. Only the corpora named enter, so that a nan elsewhere cannot spread."""
    terms = [weight * values for weight, values in weighted.values()]
    return np.asarray(np.sum(terms, axis=0))


def _check_fit(sums: Mapping[str, CorpusSums], design: Design) -> int:
    """Raise ValueError unless every corpus named has sums of the same models and seeds; the number of seeds."""
    named = {c for weights in (*design.columns.values(), *design.mixtures.values()) for c in weights} | set(design.own)
    missing = sorted(named - set(sums))
    _require(not missing, f"no sums for {', '.join(missing)}: score the test speeches of every corpus in the design")
    shapes = {corpus: each.nats.shape[:2] for corpus, each in sums.items()}
    agree = len(set(shapes.values())) == 1 and all(shape[0] == len(design.models) for shape in shapes.values())
    _require(agree, f"[models, seeds] are {shapes}, expected {len(design.models)} models and equally many seeds in all")
    return int(next(iter(shapes.values()))[1])


def _require(holds: bool, problem: str) -> None:
    """Raise ValueError with the problem unless the condition holds."""
    if not holds:
        raise ValueError(problem)
