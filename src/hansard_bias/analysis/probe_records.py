"""What the probes found, as metrics/bias.json holds it: prompts, associations, planted truth.

See `records` for how a record and its file belong together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hansard_bias.statistics.associations import AssociationEffect as AssociationEffect
from hansard_bias.statistics.intervals import Count as Count
from hansard_bias.statistics.intervals import Interval
from hansard_bias.statistics.preferences import PreferenceRate as PreferenceRate
from hansard_bias.statistics.preferences import Stability as Stability

# The families of tests of two models: of L, then of its two parts, which add up to it; and of any difference at all.
SPLIT = ("preference", "preference: habit", "preference: content")
ANY_PROMPT = "preference: any prompt"


@dataclass(frozen=True)
class GroupRecord:
    name: str
    label: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Groups:
    """Both groups; a positive preference favours the first."""

    first: GroupRecord
    second: GroupRecord


@dataclass(frozen=True)
class TermAudit:
    group: str
    term: str
    pieces: int
    usage: dict[str, int]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    token: str
    probability: float
    seeds: int


@dataclass(frozen=True)
class PromptAnswer:
    log_odds: Interval
    habit: Interval
    content: Interval
    mass: float
    direction: str
    p_corrected: float | None
    stability: Stability
    top: tuple[Candidate, ...]


@dataclass(frozen=True)
class PromptRecord:
    prompt: str
    theme: str
    text: str
    models: dict[str, PromptAnswer]


@dataclass(frozen=True)
class ThemeMean:
    prompts: int
    value: float
    low: float | None
    high: float | None

    @property
    def interval(self) -> Interval:
        """The mean with its bounds."""
        return Interval(self.value, self.low, self.high)


@dataclass(frozen=True)
class Probes:
    groups: Groups
    audit: tuple[TermAudit, ...]
    prompts: tuple[PromptRecord, ...]
    not_asked: dict[str, int]
    content_rates: dict[str, PreferenceRate]
    stability: dict[str, Stability]
    themes: dict[str, dict[str, ThemeMean]]


@dataclass(frozen=True)
class AssociationTest:
    test: str
    targets: tuple[str, ...]
    attributes: tuple[str, ...]
    space: str
    models: dict[str, AssociationEffect]


@dataclass(frozen=True)
class SeedMean(Interval):
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class PairRecord:
    word: str
    other: str
    space: str
    models: dict[str, SeedMean]


@dataclass(frozen=True)
class WordAudit:
    word: str
    pieces: int
    usage: dict[str, int]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Associations:
    tests: tuple[AssociationTest, ...]
    pairs: tuple[PairRecord, ...]
    audit: tuple[WordAudit, ...]


@dataclass(frozen=True)
class LegacyShares:
    first: SeedMean
    second: SeedMean
    any: SeedMean


@dataclass(frozen=True)
class Legacy:
    definition: str
    top: int
    prompts: int
    models: dict[str, LegacyShares]


@dataclass(frozen=True)
class PlantedAssociation:
    association: str
    topic: str
    prompts: tuple[str, ...]
    model: str
    planted_log_odds: float
    log_odds: Interval
    preference: Interval


@dataclass(frozen=True)
class Recovery:
    models: tuple[str, ...]
    signs: int
    signs_right: int
    slope: Interval | None
    intercept: Interval | None


@dataclass(frozen=True)
class PlantedDifference:
    what: str
    planted: float
    measured: Interval
    error: Interval


@dataclass(frozen=True, kw_only=True)
class PlantedMeasure:
    single: Recovery | None = None
    all: Recovery
    differences: tuple[PlantedDifference, ...]


@dataclass(frozen=True)
class Planted:
    """The planted truth of the sample against what was measured; empty for other archives."""

    associations: tuple[PlantedAssociation, ...] = ()
    summary: dict[str, PlantedMeasure] = field(default_factory=dict)
