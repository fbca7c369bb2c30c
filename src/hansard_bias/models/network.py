"""The model to train, its loss over packed sequences, its optimizer, and what its training costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM
from transformers.utils.logging import disable_progress_bar

from hansard_bias.models.architectures import after_attention, first_position, init_error
from hansard_bias.models.attention import PACKED, Packed, family_of, register_packed_attention, surprisals_at
from hansard_bias.params import ModelConfig, TrainConfig
from hansard_bias.tokens.tokenizer import CLS_ID, PAD_ID, SEP_ID

Counts = npt.NDArray[np.int64]

ENDS = {"pad": PAD_ID, "cls": CLS_ID, "sep": SEP_ID}
GRADIENT_NORM = 1.0
"""The longest gradient that an update follows; longer ones are scaled down."""


def build_model(settings: ModelConfig, vocab_size: int, seed: int, counts: Counts | None = None) -> Any:
    """A masked language model with random weights drawn from the seed, for packed sequences.

    counts: how often each token stands in the training text, shape [vocabulary], where `model.unigram_bias` asks for
    it: the model begins with the tokens' frequencies, which costs nothing and saves the updates that would learn them.
    """
    register_packed_attention()
    # Last: whatever else draws numbers on the way must not change the weights.
    torch.manual_seed(seed)
    model = family_of(settings.architecture).build(settings, vocab_size, PACKED, ENDS)
    if settings.unigram_bias and counts is not None:
        shares = (counts + 1) / (counts.sum() + vocab_size)
        with torch.no_grad():
            model.get_output_embeddings().bias.copy_(torch.from_numpy(np.log(shares)))
    return model


def load_initial(folder: Path, settings: ModelConfig, vocab_size: int) -> Any:
    """The masked language model of a local folder, in fp32, with the dropout of the settings, for packed sequences.

    Raises ValueError when a weight is missing (it would be drawn at random) or the tokenizer has more tokens.
    """
    disable_progress_bar()
    register_packed_attention()
    model, found = AutoModelForMaskedLM.from_pretrained(
        str(folder),
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        output_loading_info=True,
        # Folders may hold half precision; small updates would vanish in it.
        dtype=torch.float32,
        attn_implementation=PACKED,
        **initial_settings(settings),
    )
    # transformers would draw what is missing at random, and only warn.
    if missing := sorted(found["missing_keys"]):
        raise init_error(settings.init, f"a whole masked language model (without weights: {', '.join(missing)})")
    if vocab_size > model.config.vocab_size:
        expected = f"a model for the {vocab_size} pieces of the tokenizer (it knows {model.config.vocab_size})"
        raise init_error(settings.init, expected, "run `dvc repro tokenizer` again")
    return model


def initial_settings(settings: ModelConfig) -> dict[str, Any]:
    """What params.yaml says of a model to continue from: its dropouts, and its windows if their length is free."""
    given = {name: getattr(settings, name) for name in family_of(settings.architecture).DROPOUTS}
    # A table of positions is as long as it is; rotations have no table.
    rotary = settings.architecture == "modernbert"
    return given | ({"max_position_embeddings": settings.max_position_embeddings} if rotary else {})


def compile_layers(model: Any) -> None:
    """Compile what follows the attention of every layer, for any number of tokens; weights keep their names.

    The attention itself has other shapes in every batch. The last layer's way out of it is cut to the masked
    positions (`masked_lm.states_at`), which a compiled module would not see.
    """
    *others, last = after_attention(model)
    for part in [part for parts in (*others, last[1:]) for part in parts]:
        part.compile(dynamic=True)


class MaskedLoss(nn.Module):
    """The summed cross-entropy of a masked language model at its masked positions."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.first_position = first_position(model.config.to_dict())

    def forward(self, batch: Packed) -> Tensor:
        """Sum of -log P(label), in nats, over the masked positions of a packed batch."""
        # One row holds many windows: only the position ids say where each begins.
        position_ids = batch.position_ids[None] + self.first_position
        inputs = {"input_ids": batch.input_ids[None], "position_ids": position_ids, "plan": batch.plan}
        return surprisals_at(self.model, batch.masked_positions, batch.labels, **inputs).sum()


def flops_per_token(settings: ModelConfig, vocab_size: int, mask_rate: float, lengths: npt.NDArray[np.int64]) -> float:
    """Floating-point operations of forward and backward for one token of windows of these lengths, on average.

    6 per weight of the layers (2 forward, 4 backward; Kaplan et al. 2020, arXiv 2001.08361) and attention's
    12 * hidden * length for each layer (Chowdhery et al. 2022, arXiv 2204.02311), the length being the number of
    tokens that a token looks at, on average over tokens: its window, or `local_attention` of it. Only what the loss
    needs: the head, and in the last layer all behind its attention, serve masked tokens alone.
    """
    hidden = settings.hidden_size
    inner_matrices: int = family_of(settings.architecture).INNER_MATRICES
    behind = hidden * hidden + inner_matrices * hidden * settings.intermediate_size
    layers = settings.num_hidden_layers * (3 * hidden * hidden + behind) - (1 - mask_rate) * behind
    looks = sum(_looks(lengths, reach) for reach in settings.reaches) / float(lengths.sum())
    head = mask_rate * (hidden * hidden + hidden * vocab_size)
    return 6 * (layers + head) + 12 * hidden * looks


def _looks(lengths: npt.NDArray[np.int64], reach: int | None) -> float:
    """How many tokens the tokens of windows look at, themselves included, in all."""
    if reach is None:
        return float(np.square(lengths, dtype=float).sum())
    # Each side misses what lies beyond the window's end: 1 + 2 + … + reach, as far as the window is that long.
    side = np.minimum(lengths - 1, reach)
    return float((lengths * (2 * side + 1) - side * (side + 1)).sum())


class Sizes(Protocol):
    """A model's measures, as its configuration names them."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    max_position_embeddings: int


def bytes_per_token(sizes: Sizes, vocab_size: int, mask_rate: float) -> float:
    """What the backward pass needs to remember of a token, in fp32: an estimate that errs upwards.

    A layer keeps about 12 vectors of the hidden size and 3 of the inner one (gated and rotary: 18 and 5), and the
    attention's shares of one row; the head keeps logits, their softmax and its gradient where a token is masked.
    """
    hidden, inner = sizes.hidden_size, sizes.intermediate_size
    shares = 2 * sizes.num_attention_heads * sizes.max_position_embeddings
    kind = getattr(sizes, "model_type", None) or getattr(sizes, "architecture", "bert")
    vectors = 18 * hidden + 5 * inner if kind == "modernbert" else 12 * hidden + 3 * inner
    return 4 * (sizes.num_hidden_layers * (vectors + shares) + 3 * mask_rate * vocab_size)


def build_optimizer(model: Any, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; weights of matrices decay, biases and layer norms do not (Devlin et al. 2019)."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    # The second beta and epsilon are RoBERTa's (Liu et al. 2019, arXiv 1907.11692): steadier with large batches.
    return torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.98), eps=1e-6, fused=True)
