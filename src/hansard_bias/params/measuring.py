"""The sections of params.yaml about what is asked and told: `score`, `probe`, `bias`, `report`, `tracking`."""

from __future__ import annotations

from dataclasses import dataclass

from hansard_bias.params.validation import require, require_each


@dataclass(frozen=True)
class ScoreConfig:
    """How the test speeches are scored."""

    seed: int
    """Evaluation seed: deals every speech's tokens into folds, the same for all models."""
    mask_rate: float
    batch_tokens: int
    """Tokens in one forward pass."""
    likelihood_speeches: int
    """Test speeches of each corpus whose exact pseudo-log-likelihood is computed; 0: none."""

    def __post_init__(self) -> None:
        require(0.01 <= self.mask_rate <= 0.5, "score.mask_rate", self.mask_rate, "0.01 to 0.5")
        require(self.batch_tokens >= 64, "score.batch_tokens", self.batch_tokens, "64 or more tokens")
        speeches = self.likelihood_speeches
        require(speeches >= 0, "score.likelihood_speeches", speeches, "0 (none) or more speeches of each corpus")

    @property
    def folds(self) -> int:
        """Passes after which every token was masked once: K = round(1 / mask_rate), method.md section 1."""
        return round(1 / self.mask_rate)


@dataclass(frozen=True)
class ProbeConfig:
    """The masked-prompt preference probes."""

    prompts: str
    groups: str
    top_k: int
    draws: int
    """Bootstrap draws over paraphrases and seeds."""
    benchmarks: tuple[str, ...] = ()
    """CSV or XLSX files with prompt, favorable_answer, unfavorable_answer and theme."""
    associations: str = ""
    """YAML with the word sets of the association tests; empty: no association tests."""

    def __post_init__(self) -> None:
        require(self.top_k >= 1, "probe.top_k", self.top_k, "1 or more fillings")
        require(self.draws >= 200, "probe.draws", self.draws, "at least 200 draws")


@dataclass(frozen=True)
class BiasConfig:
    """Resampling of the comparison."""

    draws: int
    confidence: float
    seed: int
    slices: int = 20
    """Topics and speakers reported of each corpus, those with most text; 0 for all."""
    slice_sittings: int = 5
    """Sittings that a slice or a word needs for an interval."""
    words: int = 200
    """Words reported for each corpus and model, those that contribute most to the gap; 0 for all."""
    word_occurrences: int = 50
    """Occurrences in the test text of a corpus from which on a word is looked at."""

    def __post_init__(self) -> None:
        require_each("bias", self, ("slices", "words"), lambda count: count >= 0, "0 (all) or more")
        require(self.slice_sittings >= 2, "bias.slice_sittings", self.slice_sittings, "2 or more sittings")
        require(self.word_occurrences >= 1, "bias.word_occurrences", self.word_occurrences, "1 or more")
        # With fewer draws, the bounds of a 95 % interval rest on five of them.
        require(self.draws >= 200, "bias.draws", self.draws, "at least 200 draws (2,000 for a report)")
        require(0.5 <= self.confidence < 1, "bias.confidence", self.confidence, "0.5 or more and below 1")


@dataclass(frozen=True)
class ReportConfig:
    """The page."""

    title: str


@dataclass(frozen=True)
class TrackingConfig:
    """MLflow."""

    experiment: str
