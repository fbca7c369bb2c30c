"""What the other stages write to metrics/ and the report reads: corpora, alignment, training, calibration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hansard_bias.statistics.intervals import Interval


@dataclass(frozen=True)
class CorpusRecord:
    """metrics/corpora/<corpus>.json: every record of an archive accounted for."""

    read: int
    kept: int
    dropped: dict[str, int]
    unknown_roles: dict[str, int]
    sittings: int
    speakers: int
    tokens: int
    first_day: str
    last_day: str
    digest: str
    first_dropped: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    encodings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    first_day: str
    last_day: str
    sittings: dict[str, int]


@dataclass(frozen=True)
class Period:
    first_day: str
    last_day: str


@dataclass(frozen=True)
class SplitSizes:
    name: str
    split: str
    speeches: int
    words: int
    bytes: int
    speakers: int
    sittings: int
    first_day: str | None
    last_day: str | None


@dataclass(frozen=True)
class Kept:
    read: int
    kept: int


@dataclass(frozen=True)
class Leakage:
    shared_speeches: int
    shared_13grams: dict[str, float | None]


@dataclass(frozen=True)
class FormFeature:
    feature: str
    weight_before: float
    weight_after: float


@dataclass(frozen=True)
class FormatAudit:
    """How well form alone tells the corpora apart; no area with a single corpus, and then the reason."""

    auc_before: float | None
    auc_after: float | None
    features: tuple[FormFeature, ...]
    reason: str | None = None


@dataclass(frozen=True)
class ContentAudit:
    auc: float | None
    telling: dict[str, tuple[str, ...]]
    reason: str | None = None


@dataclass(frozen=True)
class Budget:
    kind: str
    words_per_model: dict[str, int]


@dataclass(frozen=True)
class AlignmentRecord:
    """metrics/alignment.json."""

    window: Window
    different_periods: dict[str, Period]
    statistics: tuple[SplitSizes, ...]
    speeches: dict[str, Kept]
    dropped: dict[str, dict[str, int]]
    duplicates: dict[str, dict[str, int]]
    counted_by_character: dict[str, float]
    leakage: Leakage
    format_audit: FormatAudit
    content_audit: ContentAudit
    budget: Budget
    digests: dict[str, str]


@dataclass(frozen=True)
class TrainingRecord:
    """metrics/training/<model>-<seed>.json: the summary of a run."""

    tokens: int
    updates: int
    epochs: float
    wall_seconds: float
    tokens_per_second: float
    model_flop_utilisation: float
    peak_memory_bytes: int
    device: str
    precision: str
    train_loss: float
    validation_loss: float
    best_update: int
    skipped_updates: int
    stopped_by: str
    started_from: str
    parameters: int
    run: str
    fingerprint: str


@dataclass(frozen=True)
class CurveRow:
    """One line of metrics/curves/<model>-<seed>.csv; None where nothing was evaluated."""

    update: int
    epoch: float
    learning_rate: float
    train_loss: float | None
    validation_loss: float | None


@dataclass(frozen=True)
class Band:
    share: float
    low: int
    high: int


@dataclass(frozen=True)
class Rejections:
    """How many comparisons a test rejects; level and band where the null hypothesis is true, effect where it is not."""

    comparisons: int
    rejected: int
    rate: Interval
    level: float | None = None
    band: Band | None = None
    effect: str | None = None


@dataclass(frozen=True)
class Power:
    """How many studies notice this share of the second legislature."""

    dose: float
    found: Rejections


@dataclass(frozen=True)
class DoseCurve:
    curve: str
    doses: tuple[float, ...]
    values: tuple[Interval, ...]
    slope: Interval
    monotone_draws: float
    monotone_studies: float
    spearman: float
    monotone: bool


@dataclass(frozen=True)
class MetricVerdict:
    false_positives: Rejections
    false_positives_same_text: Rejections
    power: tuple[Power, ...]
    dose: tuple[DoseCurve, ...]
    verdict: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RecoveredAssociation:
    subject: str
    legislature: str
    planted_log_odds: float
    measured: Interval


@dataclass(frozen=True)
class FalsePreferences:
    prompts: int
    shown: int


@dataclass(frozen=True)
class Decisions:
    """Of the prompts planted beyond odds of 2 to 1, over all studies: called a preference; of all prompts, wrongly."""

    large: int
    shown: int
    wrong: int


@dataclass(frozen=True)
class RateFound:
    """Estimated rates of all studies: the true share and the mean estimate, and how many intervals hold the truth."""

    models: int
    inside: int
    true: float | None
    estimated: float | None


@dataclass(frozen=True)
class PlantedTruth:
    associations: tuple[RecoveredAssociation, ...]
    slope: Interval
    intercept: Interval
    correlation: float
    signs: int
    signs_right: int
    false_preferences: FalsePreferences
    decisions: Decisions
    rate: RateFound
    recovered: bool


@dataclass(frozen=True)
class CalibrationRecord:
    """metrics/calibration.json; `design` repeats calibration/params.yaml."""

    metrics: dict[str, MetricVerdict]
    planted: PlantedTruth
    design: dict[str, Any]
