"""The sections of params.yaml about what is trained: `tokenizer`, `model`, `train`."""

from __future__ import annotations

from dataclasses import dataclass

from hansard_bias.params.validation import require, require_each, require_one_of

PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True)
class TokenizerConfig:
    """The one byte-level BPE tokenizer that all models share."""

    vocab_size: int
    min_frequency: int

    def __post_init__(self) -> None:
        bounds = "301 to 65535 (256 bytes, 5 special tokens and at least 40 merges; tokens are stored as uint16)"
        # Below, no word would be more than its bytes; above, tokens would need four bytes each on disk.
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
        sizes = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
        require_each("model", self, sizes, lambda size: size >= 1, "1 or more")
        heads = self.num_attention_heads
        multiple = f"a multiple of model.num_attention_heads ({heads})"
        require(self.hidden_size % heads == 0, "model.hidden_size", self.hidden_size, multiple)
        # Room for the two special tokens and something to learn from.
        positions = self.max_position_embeddings
        require(positions >= 8, "model.max_position_embeddings", positions, "8 or more positions")
        spread = self.initializer_range
        require(0 < spread <= 1, "model.initializer_range", spread, "a number above 0 and at most 1, for example 0.02")
        dropouts = ("hidden_dropout_prob", "attention_probs_dropout_prob")
        require_each("model", self, dropouts, lambda share: 0 <= share < 1, "0 or more and below 1")


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
        counts = ("batch_size", "gradient_accumulation", "patience", "eval_every", "save_every", "keep")
        require_each("train", self, counts, lambda count: count >= 1, "1 or more")
        # An update is read in so many steps, each of one window at least.
        accumulation = f"at most train.batch_size ({self.batch_size})"
        steps = self.gradient_accumulation
        require(steps <= self.batch_size, "train.gradient_accumulation", steps, accumulation)
        require_one_of(PRECISIONS, "train.precision", self.precision)
        require(0.01 <= self.mask_rate <= 0.5, "train.mask_rate", self.mask_rate, "0.01 to 0.5")
        require(0 <= self.warmup < 1, "train.warmup", self.warmup, "a share of the updates, 0 or more and below 1")
        require(self.weight_decay >= 0, "train.weight_decay", self.weight_decay, "0 or more")
        # Seeds name files: two alike would write into one another's.
        unique = len(set(self.seeds)) == len(self.seeds) > 0 and all(seed >= 0 for seed in self.seeds)
        require(unique, "train.seeds", list(self.seeds), "a list of different whole numbers, at least one")
