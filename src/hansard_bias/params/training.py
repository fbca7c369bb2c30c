"""The sections of params.yaml about what is trained: `tokenizer`, `model`, `train`."""

from __future__ import annotations

from dataclasses import dataclass

from hansard_bias.params.validation import require, require_each, require_one_of

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
ARCHITECTURES = ("bert", "modernbert")
LAYER_TYPES = ("sliding_attention", "full_attention")
SCHEDULES = ("linear", "wsd")


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
    """The architecture, in the names of transformers.BertConfig and transformers.ModernBertConfig."""

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
    architecture: str = "bert"
    """Which of ARCHITECTURES; the settings that only the other one has are not looked at."""
    unigram_bias: bool = False
    """Whether random weights begin with the training text's token frequencies as the head's bias."""
    # Of ModernBERT alone.
    local_attention: int = 128
    """Tokens that a token sees in a layer with sliding attention, half of them on each side."""
    layer_types: tuple[str, ...] = ()
    """For each layer one of LAYER_TYPES; empty: sliding in all but the last."""
    embedding_dropout: float = 0.0
    mlp_dropout: float = 0.0
    attention_dropout: float = 0.0
    global_rope_theta: float = 10_000.0
    """Base of the rotary positions where attention is full; the published 160,000 is for texts of 8,192 tokens."""
    local_rope_theta: float = 10_000.0

    def __post_init__(self) -> None:
        require_one_of(ARCHITECTURES, "model.architecture", self.architecture)
        sizes = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
        require_each("model", self, sizes, lambda size: size >= 1, "1 or more")
        heads, rotary = self.num_attention_heads, self.architecture == "modernbert"
        # A rotation turns pairs of numbers.
        multiple = f"a multiple of {'twice ' * rotary}model.num_attention_heads ({heads})"
        require(self.hidden_size % (heads * (1 + rotary)) == 0, "model.hidden_size", self.hidden_size, multiple)
        # Room for the two special tokens and something to learn from.
        positions = self.max_position_embeddings
        require(positions >= 8, "model.max_position_embeddings", positions, "8 or more positions")
        spread = self.initializer_range
        require(0 < spread <= 1, "model.initializer_range", spread, "a number above 0 and at most 1, for example 0.02")
        dropouts = [name for name in vars(self) if name.endswith(("dropout", "dropout_prob"))]
        require_each("model", self, dropouts, lambda share: 0 <= share < 1, "0 or more and below 1")
        require(self.local_attention >= 2, "model.local_attention", self.local_attention, "2 or more tokens")
        thetas = ("global_rope_theta", "local_rope_theta")
        require_each("model", self, thetas, lambda theta: theta > 1, "a number above 1, for example 10000.0")
        known = set(self.layer_types) <= set(LAYER_TYPES) and len(self.layer_types) in (0, self.num_hidden_layers)
        expected = f"one of {', '.join(LAYER_TYPES)} for each of {self.num_hidden_layers} layers, or [] for the default"
        require(known or not rotary, "model.layer_types", list(self.layer_types), expected)

    @property
    def all_layer_types(self) -> tuple[str, ...]:
        """The kind of attention of each layer; a BERT's is full."""
        local, everywhere = LAYER_TYPES
        if self.architecture != "modernbert":
            return (everywhere,) * self.num_hidden_layers
        return self.layer_types or (local,) * (self.num_hidden_layers - 1) + (everywhere,)

    @property
    def reaches(self) -> tuple[int | None, ...]:
        """For each layer, how many tokens a token sees on each side; None: all."""
        return tuple(self.local_attention // 2 if kind == LAYER_TYPES[0] else None for kind in self.all_layer_types)


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
    schedule: str = "linear"
    """Which of SCHEDULES: after the warm-up the rate falls to 0 on a line, or stays and falls at the end (wsd)."""
    decay: float = 0.2
    """With wsd, the share of the updates over which the rate falls."""

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
        require_one_of(SCHEDULES, "train.schedule", self.schedule)
        share = "a share above 0, at most 1 - train.warmup"
        require(0 < self.decay <= 1 - self.warmup, "train.decay", self.decay, share)
        require(self.weight_decay >= 0, "train.weight_decay", self.weight_decay, "0 or more")
        # Seeds name files: two alike would write into one another's.
        unique = len(set(self.seeds)) == len(self.seeds) > 0 and all(seed >= 0 for seed in self.seeds)
        require(unique, "train.seeds", list(self.seeds), "a list of different whole numbers, at least one")
