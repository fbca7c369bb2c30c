"""What the comparison writes and the report reads: metrics/bias.json, cells.json, slices.csv and words.csv.

docs/results.md says what each field means and in which unit. A field with a default may be missing from the file, and
is left out where it has it; null in a file is None here. Rows are named as in `Config.row_key`, columns `on_<column>`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from hansard_bias.analysis.probe_records import Associations, Legacy, Planted, Probes

# Readers of records get the types of their numbers here, and need not know statistics.
from hansard_bias.statistics.intervals import Interval as Interval
from hansard_bias.statistics.matrix import ByColumn as ByColumn
from hansard_bias.statistics.matrix import ModelRecord as ModelRecord
from hansard_bias.statistics.matrix import Uncertainty as Uncertainty
from hansard_bias.statistics.preferences import BenchmarkShares as BenchmarkShares
from hansard_bias.statistics.tests import TestRecord as TestRecord

T = TypeVar("T")

# Of bias.json: raised with every change of these records, so that an older file is refused and not misread.
SCHEMA = 3


@dataclass(frozen=True)
class LeftOut:
    speeches: int
    of_speeches: int
    share_of_tokens: float


@dataclass(frozen=True)
class WithoutShared:
    """The comparison without them; instead of it the reason why there is none."""

    left_out: dict[str, LeftOut]
    reason: str | None = None
    models: dict[str, ModelRecord] | None = None
    tests: tuple[TestRecord, ...] | None = None
    uncertainty: Uncertainty | None = None


@dataclass(frozen=True)
class WordSummary:
    """How many words of a corpus one model reads otherwise than the corpus's own model."""

    text: str
    corpus: str
    model: str
    against: str
    words: int
    tested: int
    more_surprising: int
    less_surprising: int
    least_occurrences: int
    correction: str


@dataclass(frozen=True)
class UnigramRecord:
    perplexity: ByColumn
    gain_nats: ByColumn


@dataclass(frozen=True)
class BenchmarkMeasure:
    all: BenchmarkShares
    themes: dict[str, BenchmarkShares]


@dataclass(frozen=True)
class BenchmarkAnswer:
    plain: Interval
    corrected: Interval
    direction: str


@dataclass(frozen=True)
class BenchmarkItem:
    line: int
    theme: str
    prompt: str
    favorable: str
    unfavorable: str
    favorable_pieces: int
    unfavorable_pieces: int
    models: dict[str, BenchmarkAnswer]


@dataclass(frozen=True)
class BenchmarkRecord:
    """One benchmark; of every model the answers as they are (`plain`) and less those to any prompt (`corrected`)."""

    name: str
    unlike_pieces: int
    models: dict[str, dict[str, BenchmarkMeasure]]
    items: tuple[BenchmarkItem, ...]


@dataclass(frozen=True)
class LikelihoodRecord:
    speeches: int
    tokens: int
    pll: Interval
    pll_within_word: Interval


@dataclass(frozen=True)
class BiasResults:
    """The content of metrics/bias.json."""

    schema: int
    models: dict[str, ModelRecord]
    tests: tuple[TestRecord, ...]
    uncertainty: Uncertainty
    runs: dict[str, dict[str, dict[str, float]]]
    without_shared_13grams: WithoutShared
    words: tuple[WordSummary, ...]
    unigrams: dict[str, UnigramRecord]
    likelihoods: dict[str, dict[str, LikelihoodRecord]]
    probes: Probes
    benchmarks: tuple[BenchmarkRecord, ...]
    associations: Associations
    legacy: Legacy
    planted: Planted
    # By name, the records of all metrics that are no field here; in the file each has a key of its own.
    more: dict[str, Any] = field(default_factory=dict)

    def metric(self, kind: type[T]) -> T:
        """The metric whose record is of this class."""
        return next(found for found in self.more.values() if isinstance(found, kind))


@dataclass(frozen=True)
class Cell:
    """One entry of metrics/cells.json, the matrix in long form."""

    model: str
    corpus: str
    perplexity: float
    low: float | None
    high: float | None
    bits_per_byte: float
    excess_nats: float | None
    excess_low: float | None
    excess_high: float | None


@dataclass(frozen=True)
class SliceRow:
    """One line of metrics/slices.csv: a model on a year, topic, role or speaker."""

    text: str
    corpus: str
    slice: str
    value: str
    model: str
    speeches: int
    sittings: int
    tokens: int
    perplexity: float
    perplexity_low: float | None
    perplexity_high: float | None
    excess_nats: float | None
    excess_nats_low: float | None
    excess_nats_high: float | None


@dataclass(frozen=True)
class WordRow:
    """One line of metrics/words.csv: a word behind the gap between two models."""

    text: str
    corpus: str
    model: str
    against: str
    word: str
    occurrences: int
    sittings: int
    difference: float
    low: float | None
    high: float | None
    contribution: float
    p: float | None
    p_holm: float | None
