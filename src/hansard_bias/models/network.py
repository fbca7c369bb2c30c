"""The model to train, its loss over packed sequences, its optimizer, and what its training costs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForMaskedLM
from transformers.utils.logging import disable_progress_bar

from hansard_bias.models.architectures import after_attention, first_position, init_error
from hansard_bias.models.attention import PACKED, Packed, register_packed_attention, surprisals_at
from hansard_bias.params import BertSettings, TrainConfig
from hansard_bias.tokens.tokenizer import PAD_ID

GRADIENT_NORM = 1.0
"""The longest gradient that an update follows; longer ones are scaled down."""


def build_model(settings: BertSettings, vocab_size: int, seed: int) -> Any:
    """A BertForMaskedLM with random weights drawn from the seed, for packed sequences."""
    register_packed_attention()
    sizes = {name: value for name, value in dataclasses.asdict(settings).items() if name != "init"}
    config = BertConfig(
        vocab_size=vocab_size,
        pad_token_id=PAD_ID,
        # One kind of text: there are no pairs of sentences here.
        type_vocab_size=1,
        attn_implementation=PACKED,
        **sizes,
    )
    # Last: whatever else draws numbers on the way must not change the weights.
    torch.manual_seed(seed)
    return BertForMaskedLM(config)


def load_initial(folder: Path, settings: BertSettings, vocab_size: int) -> Any:
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
        hidden_dropout_prob=settings.hidden_dropout_prob,
        attention_probs_dropout_prob=settings.attention_probs_dropout_prob,
    )
    # transformers would draw what is missing at random, and only warn.
    if missing := sorted(found["missing_keys"]):
        raise init_error(settings.init, f"a whole masked language model (without weights: {', '.join(missing)})")
    if vocab_size > model.config.vocab_size:
        expected = f"a model for the {vocab_size} pieces of the tokenizer (it knows {model.config.vocab_size})"
        raise init_error(settings.init, expected, "run `dvc repro tokenizer` again")
    return model


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


def flops_per_token(settings: BertSettings, vocab_size: int, mask_rate: float, lengths: npt.NDArray[np.int64]) -> float:
    """Floating-point operations of forward and backward for one token of windows of these lengths, on average.

    6 per weight of the layers (2 forward, 4 backward; Kaplan et al. 2020, arXiv 2001.08361) and attention's
    12 * layers * hidden * length (Chowdhery et al. 2022, arXiv 2204.02311), the length being that of a token's window,
    on average over tokens. Only what the loss needs: the head, and in the last layer all behind its attention, serve
    masked tokens alone.
    """
    hidden, inner = settings.hidden_size, settings.intermediate_size
    behind = hidden * hidden + 2 * hidden * inner
    layers = settings.num_hidden_layers * (3 * hidden * hidden + behind) - (1 - mask_rate) * behind
    attention = 12 * settings.num_hidden_layers * hidden * float(np.square(lengths, dtype=float).sum() / lengths.sum())
    head = mask_rate * (hidden * hidden + hidden * vocab_size)
    return 6 * (layers + head) + attention


class Sizes(Protocol):
    """A BERT's measures, as its configuration names them."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    max_position_embeddings: int


def bytes_per_token(sizes: Sizes, vocab_size: int, mask_rate: float) -> float:
    """What the backward pass needs to remember of a token, in fp32: an estimate that errs upwards.

    A layer keeps about 12 vectors of the hidden size and 3 of the inner one, and the attention's shares of one row;
    the head keeps logits, their softmax and its gradient where a token is masked.
    """
    hidden, inner = sizes.hidden_size, sizes.intermediate_size
    shares = 2 * sizes.num_attention_heads * sizes.max_position_embeddings
    layer = 12 * hidden + 3 * inner + shares
    return 4 * (sizes.num_hidden_layers * layer + 3 * mask_rate * vocab_size)


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
