"""BertForMaskedLM as it is, fed only what it needs: the head runs at masked positions alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForMaskedLM

from hansard_bias.config import BertSettings, TrainConfig
from hansard_bias.tokenization import PAD_ID
from hansard_bias.training.packing import PACKED, Packed, register_packed_attention


def build_model(settings: BertSettings, vocab_size: int, seed: int) -> Any:
    """A BertForMaskedLM with random weights drawn from the seed, for packed sequences."""
    register_packed_attention()
    config = BertConfig(
        vocab_size=vocab_size,
        pad_token_id=PAD_ID,
        type_vocab_size=1,
        attn_implementation=PACKED,
        **dataclasses.asdict(settings),
    )
    torch.manual_seed(seed)
    return BertForMaskedLM(config)


class MaskedLoss(nn.Module):
    """The summed cross-entropy of a masked language model at its masked positions."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Packed) -> Tensor:
        """Sum of -log P(label), in nats, over the masked positions of a packed batch."""
        hidden = self.model.bert(batch.inputs[None], position_ids=batch.places[None], plan=batch.plan).last_hidden_state
        return _surprisals(self.model, hidden[0], batch.positions, batch.labels).sum()


def masked_surprisals(
    model: Any, inputs: Tensor, attention: Tensor | None, positions: Tensor, labels: Tensor
) -> Tensor:
    """-log P(label) in nats at every masked position, shape [masked], float32.

    inputs, attention: [rows, columns]; positions: [masked], into the flattened rows x columns; labels: [masked].
    """
    hidden = model.bert(inputs, attention_mask=attention).last_hidden_state
    return _surprisals(model, hidden.flatten(0, 1), positions, labels)


def _surprisals(model: Any, hidden: Tensor, positions: Tensor, labels: Tensor) -> Tensor:
    """The head, where a piece is masked and nowhere else; hidden: [tokens, size]."""
    logits = model.cls(hidden[positions])
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
