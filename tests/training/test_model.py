"""The loss at masked positions is the loss that Hugging Face's own forward gives."""

from __future__ import annotations

import torch

from hansard_bias.config import BertSettings
from hansard_bias.training.model import build_model, flops_per_piece, masked_surprisals

SETTINGS = BertSettings(32, 2, 2, 64, 24, 0.0, 0.0, 0.02)


def test_sum_over_masked_positions_is_the_model_s_own_loss() -> None:
    model = build_model(SETTINGS, 50, 1).eval()
    model.set_attn_implementation("eager")
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(5, 50, (3, 10), generator=generator)
    attention = torch.ones(3, 10, dtype=torch.bool)
    attention[1, 6:] = False
    masked = torch.zeros(3, 10, dtype=torch.bool)
    masked[0, 2] = masked[0, 7] = masked[1, 4] = masked[2, 9] = True
    labels = torch.where(masked, inputs, -100)
    own = model(input_ids=inputs, attention_mask=attention.long(), labels=labels).loss
    positions = masked.flatten().nonzero().flatten()
    ours = masked_surprisals(model, inputs, attention, positions, inputs.flatten()[positions])
    torch.testing.assert_close(ours.mean(), own)


def test_same_seed_same_weights() -> None:
    first, same, other = (build_model(SETTINGS, 50, seed).state_dict() for seed in (1, 1, 2))
    name = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(first[name], same[name])
    assert not torch.equal(first[name], other[name])


def test_flops_are_six_per_weight_that_a_piece_meets() -> None:
    model = build_model(SETTINGS, 50, 1)
    matrices = sum(p.numel() for name, p in model.bert.encoder.named_parameters() if p.dim() == 2)
    head = 32 * 32 + 32 * 50
    assert flops_per_piece(SETTINGS, 50, 1.0, 0.0) == 6 * (matrices + head)
