"""The sections of params.yaml from `tokenizer` on: how models are trained, measured, shown and tracked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from hansard_bias.params.validation import Check, Section, at_least, one_of, require

# Below, no word would be more than its bytes; above, tokens would need four bytes each on disk.
VOCABULARY = "301 to 65535 (256 bytes, 5 special tokens and at least 40 merges; tokens are stored as uint16)"
SPREAD = Check(lambda spread: 0 < spread <= 1, "a number above 0 and at most 1, for example 0.02")
Positive = Annotated[int, at_least(1, "1 or more")]
Dropout = Annotated[float, Check(lambda share: 0 <= share < 1, "0 or more and below 1")]
MaskRate = Annotated[float, Check(lambda rate: 0.01 <= rate <= 0.5, "0.01 to 0.5")]
RotaryBase = Annotated[float, Check(lambda base: base > 1, "a number above 1, for example 10000.0")]
BERT_ONLY = ("hidden_dropout_prob", "attention_probs_dropout_prob")
MODERNBERT_ONLY = (
    *("local_attention", "layer_types", "embedding_dropout", "mlp_dropout", "attention_dropout"),
    *("global_rope_theta", "local_rope_theta"),
)
SLIDING, FULL = "sliding_attention", "full_attention"
ZeroForAll = Annotated[int, at_least(0, "0 (all) or more")]


@dataclass(frozen=True)
class TokenizerConfig(Section, key="tokenizer"):
    """The one byte-level BPE tokenizer that all models share."""

    vocab_size: Annotated[int, Check(lambda size: 301 <= size <= 65535, VOCABULARY)]
    min_frequency: Positive


@dataclass(frozen=True)
class ModelConfig(Section, key="model"):
    """The architecture, in the names of transformers.BertConfig and transformers.ModernBertConfig."""

    hidden_size: Positive
    num_hidden_layers: Positive
    num_attention_heads: Positive
    intermediate_size: Positive
    # Room for the two special tokens and something to learn from.
    max_position_embeddings: Annotated[int, at_least(8, "8 or more positions")]
    hidden_dropout_prob: Dropout
    attention_probs_dropout_prob: Dropout
    # Standard deviation of the first weights. BERT's 0.02 at 768 dimensions is 0.55 / sqrt(hidden_size).
    initializer_range: Annotated[float, SPREAD]
    # Folder of a masked language model to continue from, with its tokenizer and sizes; empty: random weights.
    init: str = ""
    # The settings that only the other architecture has are not looked at.
    architecture: Annotated[str, one_of(("bert", "modernbert"))] = "bert"
    unigram_bias: bool = False  # whether random weights begin with the training text's token frequencies
    # From here on of ModernBERT alone. Tokens that a token sees in a layer that slides, half of them on each side.
    local_attention: Annotated[int, at_least(2, "2 or more tokens")] = 128
    layer_types: tuple[str, ...] = ()  # of each layer; empty: sliding in all but the last
    embedding_dropout: Dropout = 0.0
    mlp_dropout: Dropout = 0.0
    attention_dropout: Dropout = 0.0
    # Bases of the rotary positions; the published 160,000 of full attention is for texts of 8,192 tokens.
    global_rope_theta: RotaryBase = 10_000.0
    local_rope_theta: RotaryBase = 10_000.0

    def __post_init__(self) -> None:
        super().__post_init__()
        heads, rotary = self.num_attention_heads, self.architecture == "modernbert"
        # A rotation turns pairs of numbers.
        multiple = f"a multiple of {'twice ' * rotary}model.num_attention_heads ({heads})"
        require(self.hidden_size % (heads * (1 + rotary)) == 0, "model.hidden_size", self.hidden_size, multiple)
        known = {*self.layer_types} <= {SLIDING, FULL} and len(self.layer_types) in (0, self.num_hidden_layers)
        expected = f"{SLIDING} or {FULL} for each of {self.num_hidden_layers} layers, or [] for the default"
        require(known or not rotary, "model.layer_types", list(self.layer_types), expected)

    def own(self) -> dict[str, object]:
        """The settings that this architecture looks at: others may be edited, and no training is made anew."""
        foreign = BERT_ONLY if self.architecture == "modernbert" else MODERNBERT_ONLY
        return {name: value for name, value in vars(self).items() if name not in foreign}

    @property
    def all_layer_types(self) -> tuple[str, ...]:
        """The kind of attention of each layer; a BERT's is full."""
        if self.architecture != "modernbert":
            return (FULL,) * self.num_hidden_layers
        return self.layer_types or (SLIDING,) * (self.num_hidden_layers - 1) + (FULL,)

    @property
    def reaches(self) -> tuple[int | None, ...]:
        """For each layer, how many tokens a token sees on each side; None: all."""
        return tuple(self.local_attention // 2 if kind == SLIDING else None for kind in self.all_layer_types)


@dataclass(frozen=True)
class TrainConfig(Section, key="train"):
    """The training run of every model and seed."""

    lr: Annotated[float, Check(lambda rate: 0 < rate < 1, "a rate above 0 and below 1, for example 5e-4")]
    epochs: Annotated[float, Check(lambda epochs: epochs > 0, "a number above 0")]
    # Upper bound on the updates of a run; 0 means that `epochs` alone decides.
    max_steps: Annotated[int, at_least(0, "0 (no bound) or more updates")]
    batch_size: Positive  # speech windows per update
    gradient_accumulation: Positive
    precision: Annotated[str, one_of(("auto", "fp32", "bf16", "fp16"))]
    mask_rate: MaskRate
    # Share of the updates over which the learning rate rises, at most 1,000 updates.
    warmup: Annotated[float, Check(lambda share: 0 <= share < 1, "a share of the updates, 0 or more and below 1")]
    weight_decay: Annotated[float, at_least(0, "0 or more")]
    patience: Positive  # evaluations without a better validation loss after which training stops
    eval_every: Positive  # updates between two evaluations on the validation split
    save_every: Positive  # updates between two checkpoints
    keep: Positive  # checkpoints kept, the newest ones
    seeds: tuple[int, ...]
    compile: bool = False  # whether the layers are compiled before the first update
    # Validation windows that an evaluation reads, the same every time; 0: all.
    eval_windows: Annotated[int, at_least(0, "0 (all) or more windows")] = 0
    # After the warm-up the rate falls to 0 on a line (linear), or stays and falls over the last `decay` share (wsd).
    schedule: Annotated[str, one_of(("linear", "wsd"))] = "linear"
    decay: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        # An update is read in so many steps, each of one window at least.
        steps, most = self.gradient_accumulation, f"at most train.batch_size ({self.batch_size})"
        require(steps <= self.batch_size, "train.gradient_accumulation", steps, most)
        share = "a share above 0, at most 1 - train.warmup"
        require(0 < self.decay <= 1 - self.warmup, "train.decay", self.decay, share)
        # Seeds name files: two alike would write into one another's.
        unique = len(set(self.seeds)) == len(self.seeds) > 0 and all(seed >= 0 for seed in self.seeds)
        require(unique, "train.seeds", list(self.seeds), "a list of different whole numbers, at least one")


@dataclass(frozen=True)
class ScoreConfig(Section, key="score"):
    """How the test speeches are scored."""

    seed: int  # evaluation seed: deals every speech's tokens into folds, the same for all models
    mask_rate: MaskRate
    batch_tokens: Annotated[int, at_least(64, "64 or more tokens")]  # tokens in one forward pass
    # Test speeches of each corpus whose exact pseudo-log-likelihood is computed; 0: none.
    likelihood_speeches: Annotated[int, at_least(0, "0 (none) or more speeches of each corpus")]

    @property
    def folds(self) -> int:
        """Passes after which every token was masked once: K = round(1 / mask_rate), method.md section 1."""
        return round(1 / self.mask_rate)


# The probes' files that come with the project, in English in this folder, in French in a folder below it.
PROBES = "data/probes"
LANGUAGES = ("en", "fr")
ANOTHER = "en or fr (`hansard-bias probes new FOLDER` begins files in any other)"
BUNDLED = ("prompts.yaml", "groups.yaml", "associations.yaml", "word_classes.yaml", "north_and_south.csv")


def in_language(path: str, language: str) -> str:
    """A file of the probes: one that comes with the project in this language, any other as it is."""
    folder, _, name = path.removeprefix("./").rpartition("/")
    bundled = language != LANGUAGES[0] and folder == PROBES and name in BUNDLED
    return f"{PROBES}/{language}/{name}" if bundled else path


@dataclass(frozen=True)
class ProbeConfig(Section, key="probe"):
    """The masked-prompt preference probes."""

    prompts: str
    groups: str
    top_k: Annotated[int, at_least(1, "1 or more fillings")]
    # Bootstrap draws over prompts, and divisions of word sets. With fewer, the bounds of an interval rest on five.
    draws: Annotated[int, at_least(200, "at least 200 draws")]
    benchmarks: tuple[str, ...] = ()  # CSV or XLSX files with prompt, favorable_answer, unfavorable_answer and theme
    associations: str = ""  # YAML with the word sets of the association tests; empty: no association tests
    # Of the files that come with the project.
    language: Annotated[str, Check(LANGUAGES.__contains__, ANOTHER)] = "en"

    def in_language(self) -> ProbeConfig:
        """The same with the files that are read: those in `language`, and the user's own."""
        read = [in_language(path, self.language) for path in (self.prompts, self.groups, self.associations)]
        benchmarks = tuple(in_language(path, self.language) for path in self.benchmarks)
        return replace(self, prompts=read[0], groups=read[1], associations=read[2], benchmarks=benchmarks)


@dataclass(frozen=True)
class BiasConfig(Section, key="bias"):
    """What is told of the comparison."""

    confidence: Annotated[float, Check(lambda share: 0.5 <= share < 1, "0.5 or more and below 1")]
    seed: int
    slices: ZeroForAll = 20  # topics and speakers reported of each corpus, those with most text; 0 for all
    # Sittings that a slice or a word needs for an interval.
    slice_sittings: Annotated[int, at_least(2, "2 or more sittings")] = 5
    # Words reported for each corpus and model, those that contribute most to the gap; 0 for all.
    words: ZeroForAll = 200
    word_occurrences: Positive = 50  # occurrences in the test text of a corpus from which on a word is looked at
    word_classes: str = "data/probes/word_classes.yaml"  # lists of function words, procedure and names
    topics: Annotated[int, at_least(0, "0 (none) or more topics")] = 20  # found in all corpora together
    halvings: Annotated[int, at_least(0, "0 (none) or more halvings")] = 0  # of each corpus at random


@dataclass(frozen=True)
class ReportConfig:
    """The page."""

    title: str


@dataclass(frozen=True)
class TrackingConfig(Section, key="tracking"):
    """MLflow."""

    experiment: Annotated[str, Check(lambda name: bool(name.strip()) and name.isprintable(), "a name, in one line")]
