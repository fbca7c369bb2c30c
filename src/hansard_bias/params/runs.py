"""Sections of params.yaml about what is computed: tokenizer, model, train, score, probe, bias, report, tracking."""

from __future__ import annotations

from dataclasses import dataclass

from hansard_bias.params.validation import require

PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True)
class TokenizerConfig:
    """The one byte-level BPE tokenizer that all models share."""

    vocab_size: int
    min_frequency: int

    def __post_init__(self) -> None:
        bounds = "301 to 65535 (256 bytes, 5 special tokens and at least 40 merges; tokens are stored as uint16)"
        require(301 <= self.vocab_size <= 65535, "tokenizer.vocab_size", self.vocab_size, bounds)
        require(self.min_frequency >= 1, "tokenizer.min_frequency", self.min_frequency, "1 or more")


@dataclass(frozen=True)
class BertSettings:
    """The architecture, in the names of transformers.BertConfig."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    hidden_dropout_prob: float
    attention_probs_dropout_prob: float
    initializer_range: float
    """Standard deviation of the first weights. BERT's 0.02 at 768 dimensions is 0.55 / sqrt(hidden_size)."""
    init: str = ""
    """Folder of a masked language model to continue from, with its tokenizer and sizes; empty: random weights."""

    def __post_init__(self) -> None:
        for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"):
            value = getattr(self, name)
            require(value >= 1, f"model.{name}", value, "1 or more")
        heads = self.num_attention_heads
        multiple = f"a multiple of model.num_attention_heads ({heads})"
        require(self.hidden_size % heads == 0, "model.hidden_size", self.hidden_size, multiple)
        positions = self.max_position_embeddings
        require(positions >= 8, "model.max_position_embeddings", positions, "8 or more positions")
        spread = self.initializer_range
        require(0 < spread <= 1, "model.initializer_range", spread, "a number above 0 and at most 1, for example 0.02")
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            value = getattr(self, name)
            require(0 <= value < 1, f"model.{name}", value, "0 or more and below 1")


@dataclass(frozen=True)
class TrainConfig:
    """The training run of every model and seed."""

    lr: float
    epochs: float
    max_steps: int
    """Upper bound on the updates of a run; 0 means that `epochs` alone decides."""
    batch_size: int
    """Speech windows per update."""
    gradient_accumulation: int
    precision: str
    mask_rate: float
    warmup: float
    """Share of the updates over which the learning rate rises, at most 1,000 updates."""
    weight_decay: float
    patience: int
    """Evaluations without a better validation loss after which training stops."""
    eval_every: int
    """Updates between two evaluations on the validation split."""
    save_every: int
    """Updates between two checkpoints."""
    keep: int
    """Checkpoints kept, the newest ones."""
    seeds: tuple[int, ...]
    compile: bool = False
    """Whether the layers are compiled before the first update."""
    eval_windows: int = 0
    """Validation windows that an evaluation reads, the same every time; 0: all."""

    def __post_init__(self) -> None:
        require(0 < self.lr < 1, "train.lr", self.lr, "a rate above 0 and below 1, for example 5e-4")
        require(self.epochs > 0, "train.epochs", self.epochs, "a number above 0")
        require(self.max_steps >= 0, "train.max_steps", self.max_steps, "0 (no bound) or more updates")
        require(self.eval_windows >= 0, "train.eval_windows", self.eval_windows, "0 (all) or more windows")
        for name in ("batch_size", "gradient_accumulation", "patience", "eval_every", "save_every", "keep"):
            value = getattr(self, name)
            require(value >= 1, f"train.{name}", value, "1 or more")
        accumulation = f"at most train.batch_size ({self.batch_size})"
        steps = self.gradient_accumulation
        require(steps <= self.batch_size, "train.gradient_accumulation", steps, accumulation)
        require(self.precision in PRECISIONS, "train.precision", self.precision, "one of " + ", ".join(PRECISIONS))
        require(0.01 <= self.mask_rate <= 0.5, "train.mask_rate", self.mask_rate, "0.01 to 0.5")
        require(0 <= self.warmup < 1, "train.warmup", self.warmup, "a share of the updates, 0 or more and below 1")
        require(self.weight_decay >= 0, "train.weight_decay", self.weight_decay, "0 or more")
        unique = len(set(self.seeds)) == len(self.seeds) > 0 and all(seed >= 0 for seed in self.seeds)
        require(unique, "train.seeds", list(self.seeds), "a list of different whole numbers, at least one")


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
        for name in ("slices", "words"):
            require(getattr(self, name) >= 0, f"bias.{name}", getattr(self, name), "0 (all) or more")
        require(self.slice_sittings >= 2, "bias.slice_sittings", self.slice_sittings, "2 or more sittings")
        require(self.word_occurrences >= 1, "bias.word_occurrences", self.word_occurrences, "1 or more")
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
