"""BertForMaskedLM as it is, fed only what it needs: the head runs at masked positions alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForMaskedLM
from transformers.utils.logging import disable_progress_bar

from hansard_bias.architectures import head_of
from hansard_bias.config import BertSettings, TrainConfig
from hansard_bias.initial import init_error
from hansard_bias.tokenization import PAD_ID


def build_model(settings: BertSettings, vocab_size: int, seed: int) -> Any:
    """A BertForMaskedLM with random weights drawn from the seed."""
    sizes = {name: value for name, value in dataclasses.asdict(settings).items() if name != "init"}
    config = BertConfig(
        vocab_size=vocab_size,
        pad_token_id=PAD_ID,
        type_vocab_size=1,
        attn_implementation=attention_implementation(),
        **sizes,
    )
    torch.manual_seed(seed)
    return BertForMaskedLM(config)


def load_initial(folder: Path, settings: BertSettings, vocab_size: int) -> Any:
    """The masked language model of a local folder, in fp32, with the dropout of the settings.

    Raises ValueError when a weight is missing (it would be drawn at random) or the tokenizer has more pieces.
    """
    from transformers import AutoModelForMaskedLM

    disable_progress_bar()
    model, found = AutoModelForMaskedLM.from_pretrained(
        str(folder),
        local_files_only=True,
        use_safetensors=True,
        output_loading_info=True,
        dtype=torch.float32,
        attn_implementation=attention_implementation(),
        hidden_dropout_prob=settings.hidden_dropout_prob,
        attention_probs_dropout_prob=settings.attention_probs_dropout_prob,
    )
    if missing := sorted(found["missing_keys"]):
        raise init_error(settings.init, f"a whole masked language model (without weights: {', '.join(missing)})")
    if vocab_size > model.config.vocab_size:
        expected = f"a model for the {vocab_size} pieces of the tokenizer (it knows {model.config.vocab_size})"
        raise init_error(settings.init, expected, "run `dvc repro tokenizer` again")
    return model


def attention_implementation() -> str:
    """How attention is computed on the device at hand."""
    return "sdpa" if torch.cuda.is_available() else "eager"


class MaskedLoss(nn.Module):
    """The summed cross-entropy of a masked language model at its masked positions."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor, attention: Tensor | None, positions: Tensor, labels: Tensor) -> Tensor:
        """Sum of -log P(label), in nats, over the masked positions.

        inputs, attention: [rows, columns]; positions: [masked], into the flattened rows x columns; labels: [masked].
        """
        return masked_surprisals(self.model, inputs, attention, positions, labels).sum()


def masked_surprisals(
    model: Any, inputs: Tensor, attention: Tensor | None, positions: Tensor, labels: Tensor
) -> Tensor:
    """-log P(label) in nats at every masked position, shape [masked], float32."""
    hidden = model.base_model(inputs, attention_mask=attention).last_hidden_state
    logits = head_of(model)(hidden.flatten(0, 1)[positions])
    return nn.functional.cross_entropy(logits.float(), labels, reduction="none")


def flops_per_piece(settings: BertSettings, vocab_size: int, mask_rate: float, mean_length: float) -> float:
    """Floating-point operations of forward and backward for one piece.

    6 per weight of the layers (2 forward, 4 backward; Kaplan et al. 2020, arXiv 2001.08361), attention's
    12 * layers * hidden * length (Chowdhery et al. 2022, arXiv 2204.02311), and the head where a piece is masked.
    """
    hidden, inner = settings.hidden_size, settings.intermediate_size
    layer = 4 * hidden * hidden + 2 * hidden * inner
    attention = 12 * settings.num_hidden_layers * hidden * mean_length
    head = 6 * mask_rate * (hidden * hidden + hidden * vocab_size)
    return 6 * settings.num_hidden_layers * layer + attention + head


def build_optimizer(model: Any, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; weights of matrices decay, biases and layer norms do not (Devlin et al. 2019)."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.98), eps=1e-6, fused=True)
