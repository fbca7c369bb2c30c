"""What the comparison writes and the report reads: metrics/bias.json, cells.json, slices.csv and words.csv.

docs/results.md says what each field means and in which unit. A field with a default may be missing from the file, and
is left out where it has it; null in a file is None here. Rows are named as in `Config.row_key`, columns `on_<column>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hansard_bias.analysis.probe_records import Associations, Count, Legacy, Planted, PreferenceRate, Probes

# Readers of records get the type of their numbers here, and need not know statistics.
from hansard_bias.statistics.intervals import Interval as Interval

SCHEMA = 1
"""Of bias.json: raised with every change of these records, so that an older file is refused and not misread."""

ByColumn = dict[str, Interval]


@dataclass(frozen=True)
class ModelRecord:
    """The numbers of one model; no bias ratio with one corpus, a tilt for mixtures of two."""

    perplexity: ByColumn
    bits_per_byte: ByColumn
    excess_nats: ByColumn
    excess_bits_per_byte: ByColumn
    bias_ratio: Interval | None = None
    tilt: Interval | None = None
    cultural_bias_rate: PreferenceRate | None = None


@dataclass(frozen=True, kw_only=True)
class TestRecord:
    """One test; which fields there are beside effect, p and p_holm depends on the family."""

    __test__: ClassVar[bool] = False

    family: str
    what: str
    model: str | None = None
    corpus: str | None = None
    effect: float
    low: float | None
    high: float | None
    unit: str
    p: float
    p_covers: str | None = None
    p_sittings: float | None = None
    p_prompts: float | None = None
    prompts: int | None = None
    p_holm: float
    p_sittings_holm: float | None = None

    @property
    def interval(self) -> Interval:
        """The effect with its bounds."""
        return Interval(self.effect, self.low, self.high)


@dataclass(frozen=True)
class Uncertainty:
    """What was resampled, and what the design could have seen."""

    draws: int
    confidence: float
    seeds: int
    sittings: dict[str, int]
    resampled: str
    notes: tuple[str, ...]
    variance_shares: dict[str, dict[str, dict[str, float]]]
    smallest_detectable_effect_nats: dict[str, dict[str, float]]


@dataclass(frozen=True)
class LeftOut:
    """The test speeches of one corpus that share 13 words in a row with training text."""

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
    """What token frequencies alone would give, and what the model gains over them."""

    perplexity: ByColumn
    gain_nats: ByColumn


@dataclass(frozen=True)
class BenchmarkShares:
    """Some prompts of a benchmark: the mean log-odds of the favourable answer, and how many lean which way."""

    prompts: int
    log_odds: Interval
    favourable: Count
    unfavourable: Count
    tied: Count
    any_margin: Count


@dataclass(frozen=True)
class BenchmarkMeasure:
    """All prompts together, and theme by theme."""

    all: BenchmarkShares
    themes: dict[str, BenchmarkShares]


@dataclass(frozen=True)
class BenchmarkAnswer:
    """One model on one prompt."""

    plain: Interval
    corrected: Interval
    direction: str


@dataclass(frozen=True)
class BenchmarkItem:
    """One prompt of a benchmark and the answers by model."""

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
    """Exact pseudo-log-likelihoods of the sampled speeches of one corpus."""

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
