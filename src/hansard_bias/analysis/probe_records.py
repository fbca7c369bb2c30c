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


@dataclass(frozen=True)
class GroupRecord:
    """One of the two groups of terms."""

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
    """What is known of a term before anything is asked."""

    group: str
    term: str
    pieces: int
    usage: dict[str, int]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """A word that a model would put in the gap."""

    token: str
    probability: float
    seeds: int


@dataclass(frozen=True)
class PromptAnswer:
    """What one model says to one prompt."""

    preference: Interval
    direction: str
    sign_share: float | None
    uncorrected: Interval
    uncorrected_direction: str
    stability: Stability
    top: tuple[Candidate, ...]


@dataclass(frozen=True)
class PromptRecord:
    """One prompt and the answers by model."""

    prompt: str
    theme: str
    text: str
    models: dict[str, PromptAnswer]


@dataclass(frozen=True)
class ThemeMean:
    """The mean preference over the prompts of a theme."""

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
    """All that the prompts of the groups say."""

    groups: Groups
    audit: tuple[TermAudit, ...]
    prompts: tuple[PromptRecord, ...]
    uncorrected_rates: dict[str, PreferenceRate]
    stability: dict[str, Stability]
    themes: dict[str, dict[str, ThemeMean]]


@dataclass(frozen=True)
class AssociationTest:
    """One test of word sets, in one space of vectors."""

    test: str
    targets: tuple[str, ...]
    attributes: tuple[str, ...]
    space: str
    models: dict[str, AssociationEffect]


@dataclass(frozen=True)
class SeedMean(Interval):
    """A mean over seeds, and that of every seed."""

    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class PairRecord:
    """The cosine of two words, by model."""

    word: str
    other: str
    space: str
    models: dict[str, SeedMean]


@dataclass(frozen=True)
class WordAudit:
    """What is known of a word of the association tests."""

    word: str
    pieces: int
    usage: dict[str, int]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Associations:
    """Word embedding association tests and cosines."""

    tests: tuple[AssociationTest, ...]
    pairs: tuple[PairRecord, ...]
    audit: tuple[WordAudit, ...]


@dataclass(frozen=True)
class LegacyShares:
    """Shares of prompts with a term among the first words."""

    first: SeedMean
    second: SeedMean
    any: SeedMean


@dataclass(frozen=True)
class Legacy:
    """The study's first definition of bias."""

    definition: str
    top: int
    prompts: int
    models: dict[str, LegacyShares]


@dataclass(frozen=True)
class PlantedAssociation:
    """A planted log-odds and what a model shows of it."""

    association: str
    topic: str
    prompts: tuple[str, ...]
    model: str
    planted_log_odds: float
    log_odds: Interval
    preference: Interval


@dataclass(frozen=True)
class Recovery:
    """Signs found again, and the line of measured on planted log-odds."""

    models: tuple[str, ...]
    signs: int
    signs_right: int
    slope: Interval | None
    intercept: Interval | None


@dataclass(frozen=True)
class PlantedDifference:
    """Two models of one legislature each, compared over all frames."""

    what: str
    planted: float
    measured: Interval
    error: Interval


@dataclass(frozen=True, kw_only=True)
class PlantedMeasure:
    """What one measure finds again: in the models of one legislature, and in all."""

    single: Recovery | None = None
    all: Recovery
    differences: tuple[PlantedDifference, ...]


@dataclass(frozen=True)
class Planted:
    """The planted truth of the sample against what was measured; empty for other archives."""

    associations: tuple[PlantedAssociation, ...] = ()
    summary: dict[str, PlantedMeasure] = field(default_factory=dict)
