"""params.yaml as typed, frozen, validated objects: an unknown key or a wrong value dies here, by name."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

PARAMS_FILE = Path("params.yaml")
READERS = ("nrc", "lipad")
PERIODS = ("quarter", "year", "none")
BUDGETS = ("balanced", "full")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
SPLITS = ("train", "validation", "test")

T = TypeVar("T")


class ConfigError(ValueError):
    """A mistake in params.yaml: names the key, the value, what was expected and what to do."""

    def __init__(self, key: str, value: object, expected: str, remedy: str = "") -> None:
        advice = f"; {remedy}" if remedy else ""
        super().__init__(f"params.yaml: {key} is {value!r}, expected {expected}{advice}")
        self.key = key


def require(holds: bool, key: str, value: object, expected: str, remedy: str = "") -> None:
    """Raise a ConfigError for `key` unless the condition holds."""
    if not holds:
        raise ConfigError(key, value, expected, remedy)


@dataclass(frozen=True)
class SampleConfig:
    """The generated legislatures."""

    seed: int
    speeches: int
    """Speeches of each legislature, before the dirt is added."""
    sittings: int
    """Sitting days of each legislature."""

    def __post_init__(self) -> None:
        require(self.sittings >= 12, "sample.sittings", self.sittings, "at least 12 sitting days")
        least = 10 * self.sittings
        require(self.speeches >= least, "sample.speeches", self.speeches, f"at least {least}, ten a sitting")


@dataclass(frozen=True)
class CorpusConfig:
    """One archive of debates."""

    label: str
    """One short name, as in tables: A, B."""
    reader: str
    path: str

    def check(self, name: str) -> None:
        """Validate what depends on the corpus's name."""
        key = f"corpora.{name}"
        require(self.reader in READERS, f"{key}.reader", self.reader, "one of " + ", ".join(READERS))
        require(bool(self.path), f"{key}.path", self.path, "the path of the archive")


@dataclass(frozen=True)
class MixtureConfig:
    """One model to train: its label and the share of its training text that each corpus gives."""

    label: str
    mixture: dict[str, float]

    def check(self, name: str, corpora: Mapping[str, CorpusConfig]) -> None:
        """Validate the corpora named and their weights."""
        key = f"models.{name}.mixture"
        known = ", ".join(corpora)
        require(bool(self.mixture), key, self.mixture, f"at least one of the corpora {known}")
        for corpus, weight in self.mixture.items():
            require(
                corpus in corpora, key, corpus, f"a corpus of params.yaml ({known})", _did_you_mean(corpus, corpora)
            )
            require(0 < weight <= 1, f"{key}.{corpus}", weight, "a weight above 0 and at most 1")
        total = sum(self.mixture.values())
        require(
            math.isclose(total, 1.0, abs_tol=1e-6), key, self.mixture, f"weights that sum to 1 (these sum to {total:g})"
        )

    @property
    def is_single(self) -> bool:
        """Whether one corpus alone makes this model's training text."""
        return len(self.mixture) == 1


@dataclass(frozen=True)
class CleanConfig:
    """One surface form for all corpora."""

    lowercase: bool
    min_characters: int
    drop_procedural: bool
    """Leave out formulas such as "Agreed." and "Thank you."."""
    drop_roles: tuple[str, ...]
    """Roles left out: any of member, chair, minister, witness, crowd."""

    def __post_init__(self) -> None:
        require(self.min_characters >= 1, "clean.min_characters", self.min_characters, "1 or more characters")
        for role in self.drop_roles:
            known = ("member", "chair", "minister", "witness", "crowd")
            require(role in known, "clean.drop_roles", role, "one of " + ", ".join(known))


@dataclass(frozen=True)
class SplitShares:
    """Shares of the sittings that go to each split."""

    train: float
    validation: float
    test: float

    def __post_init__(self) -> None:
        shares = {name: getattr(self, name) for name in SPLITS}
        for name, share in shares.items():
            require(0 < share < 1, f"align.split.{name}", share, "a share between 0 and 1")
        total = sum(shares.values())
        require(math.isclose(total, 1.0, abs_tol=1e-6), "align.split", shares, f"shares that sum to 1 (not {total:g})")


@dataclass(frozen=True)
class AlignConfig:
    """Common window, periods, budget, splits and near-duplicates."""

    first_day: datetime.date
    last_day: datetime.date
    period: str
    budget: str
    split: SplitShares
    seed: int
    near_duplicate: float
    """Jaccard similarity of word 5-grams from which two speeches are near-duplicates."""
    near_duplicate_min_words: int
    """Shorter speeches are formulaic: only exact repetitions are removed."""

    def __post_init__(self) -> None:
        days = f"{self.first_day} to {self.last_day}"
        require(self.first_day <= self.last_day, "align.first_day", days, "a first day not after the last")
        require(self.period in PERIODS, "align.period", self.period, "one of " + ", ".join(PERIODS))
        require(self.budget in BUDGETS, "align.budget", self.budget, "one of " + ", ".join(BUDGETS))
        require(0.5 <= self.near_duplicate <= 1, "align.near_duplicate", self.near_duplicate, "0.5 to 1")
        words = self.near_duplicate_min_words
        require(words >= 5, "align.near_duplicate_min_words", words, "5 or more words")


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

    def __post_init__(self) -> None:
        require(0 < self.lr < 1, "train.lr", self.lr, "a rate above 0 and below 1, for example 5e-4")
        require(self.epochs > 0, "train.epochs", self.epochs, "a number above 0")
        require(self.max_steps >= 0, "train.max_steps", self.max_steps, "0 (no bound) or more updates")
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

    def __post_init__(self) -> None:
        require(0.01 <= self.mask_rate <= 0.5, "score.mask_rate", self.mask_rate, "0.01 to 0.5")
        require(self.batch_tokens >= 64, "score.batch_tokens", self.batch_tokens, "64 or more tokens")

    @property
    def folds(self) -> int:
        """Passes after which every token was masked once: K = round(1 / mask_rate), METHOD section 1."""
        return round(1 / self.mask_rate)


@dataclass(frozen=True)
class ProbeConfig:
    """The masked-prompt preference probes."""

    prompts: str
    groups: str
    top_k: int
    draws: int
    """Bootstrap draws over paraphrases and seeds."""

    def __post_init__(self) -> None:
        require(self.top_k >= 1, "probe.top_k", self.top_k, "1 or more fillings")
        require(self.draws >= 200, "probe.draws", self.draws, "at least 200 draws")


@dataclass(frozen=True)
class BiasConfig:
    """Resampling of the comparison."""

    draws: int
    confidence: float
    seed: int

    def __post_init__(self) -> None:
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


@dataclass(frozen=True)
class Config:
    """The whole of params.yaml."""

    sample: SampleConfig
    corpora: dict[str, CorpusConfig]
    models: dict[str, MixtureConfig]
    clean: CleanConfig
    align: AlignConfig
    tokenizer: TokenizerConfig
    model: BertSettings
    train: TrainConfig
    score: ScoreConfig
    probe: ProbeConfig
    bias: BiasConfig
    report: ReportConfig
    tracking: TrackingConfig

    def __post_init__(self) -> None:
        require(bool(self.corpora), "corpora", {}, "at least one archive")
        require(bool(self.models), "models", {}, "at least one model")
        for name, corpus in self.corpora.items():
            _check_name("corpora", name)
            corpus.check(name)
        for name, model in self.models.items():
            _check_name("models", name)
            model.check(name, self.corpora)
        _check_labels("corpora", self.corpora)
        _check_labels("models", self.models)

    def row_key(self, model: str) -> str:
        """The name of a model in metrics files: `A_nunavut`."""
        return f"{self.models[model].label}_{model}"

    def columns(self) -> dict[str, dict[str, float]]:
        """What every model is measured on: the corpora, then the mixtures, each as weights over corpora."""
        singles = {name: {name: 1.0} for name in self.corpora}
        mixtures = {
            name: dict(model.mixture)
            for name, model in self.models.items()
            if not model.is_single and name not in singles
        }
        return singles | mixtures

    def column_label(self, column: str) -> str:
        """The short label of a column: of the corpus, or of the mixture."""
        return self.corpora[column].label if column in self.corpora else self.models[column].label

    def own_model(self, corpus: str) -> str | None:
        """The model trained on this corpus alone (METHOD section 2), if there is one."""
        return next((name for name, model in self.models.items() if set(model.mixture) == {corpus}), None)


def load_config(path: Path = PARAMS_FILE) -> Config:
    """Read and validate params.yaml.

    Raises ConfigError (a ValueError) that names the key, the value and what was expected.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file; run this in the project's root, or `hansard-bias preset sample`")
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    return parse_config(raw)


def parse_config(raw: object) -> Config:
    """Validate the content of params.yaml, as plain dicts and lists."""
    parsed: Config = _parse(Config, raw, "")
    return parsed


def _parse(kind: Any, value: Any, key: str) -> Any:
    """Convert one YAML value into the annotated type, or raise a ConfigError that names the key."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _parse_section(kind, value, key)
    if origin is dict:
        require(isinstance(value, Mapping), key, value, "a section of names")
        return {str(name): _parse(arguments[1], item, f"{key}.{name}") for name, item in value.items()}
    if origin is tuple:
        require(isinstance(value, list), key, value, "a list")
        return tuple(_parse(arguments[0], item, f"{key}[{index}]") for index, item in enumerate(value))
    if origin is types.UnionType:
        return None if value is None else _parse(arguments[0], value, key)
    return _parse_scalar(kind, value, key)


def _parse_section(kind: Any, value: Any, key: str) -> Any:
    """Build one dataclass from a mapping: every field present, none unknown."""
    require(isinstance(value, Mapping), key or "the file", value, "a section with keys")
    hints = typing.get_type_hints(kind)
    prefix = f"{key}." if key else ""
    for name in value:
        if name not in hints:
            raise ConfigError(
                f"{prefix}{name}", value[name], f"no such key (known: {', '.join(hints)})", _did_you_mean(name, hints)
            )
    for name in hints:
        require(name in value, f"{prefix}{name}", None, "a value", "this key is missing")
    return kind(**{name: _parse(hint, value[name], f"{prefix}{name}") for name, hint in hints.items()})


def _parse_scalar(kind: type, value: Any, key: str) -> Any:
    """Check one number, text or truth value, or read a date."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is float and isinstance(value, float):
        require(math.isfinite(value), key, value, "a finite number")
        return value
    if kind is datetime.date:
        return _parse_date(value, key)
    expected = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    text_number = kind in (int, float) and isinstance(value, str)
    remedy = "write it without quotes, and a decimal as 1.0e-5" if text_number else ""
    matches = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    require(matches, key, value, expected[kind], remedy)
    return value


def _parse_date(value: Any, key: str) -> datetime.date:
    """Dates are quoted in the file: DVC cannot read bare ones."""
    expected = 'a date in quotes such as "1999-04-01"'
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ConfigError(key, str(value), expected) from None


def _did_you_mean(name: object, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""


def _check_name(section: str, name: str) -> None:
    """Names become file names and DVC stage names."""
    plain = name.replace("_", "").isalnum() and name.isascii()
    require(plain, section, name, "a name of letters, digits and underscores", "it becomes a file name")


def _check_labels(section: str, entries: Mapping[str, Any]) -> None:
    labels = [entry.label for entry in entries.values()]
    require(len(set(labels)) == len(labels), section, labels, "a different label for each entry")
