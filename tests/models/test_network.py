"""The loss at masked positions is the loss that Hugging Face's own forward gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from hansard_bias.models.attention import surprisals_at
from hansard_bias.models.network import build_model, flops_per_token, load_initial
from hansard_bias.params import ConfigError, ModelConfig
from helpers.local_models import model_of

SETTINGS = ModelConfig(32, 2, 2, 64, 24, 0.0, 0.0, 0.02)
MODERN = replace(SETTINGS, architecture="modernbert", num_hidden_layers=3, local_attention=8)
both = pytest.mark.parametrize("settings", [SETTINGS, MODERN], ids=["bert", "modernbert"])


@both
def test_sum_over_masked_positions_is_the_model_s_own_loss(settings: ModelConfig) -> None:
    model = build_model(settings, 50, 1).eval()
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
    ours = surprisals_at(model, positions, inputs.flatten()[positions], input_ids=inputs, attention_mask=attention)
    torch.testing.assert_close(ours.mean(), own)


@both
def test_same_seed_same_weights(settings: ModelConfig) -> None:
    first, same, other = (build_model(settings, 50, seed).state_dict() for seed in (1, 1, 2))
    name = next(name for name in first if "embeddings" in name and name.endswith("weight"))
    assert torch.equal(first[name], same[name])
    assert not torch.equal(first[name], other[name])


def test_flops_are_six_per_weight_that_a_piece_meets_and_attention_to_its_window() -> None:
    model = build_model(SETTINGS, 50, 1)
    matrices = sum(p.numel() for name, p in model.bert.encoder.named_parameters() if p.dim() == 2)
    head = 32 * 32 + 32 * 50
    # Three pieces look at three, one at itself: 10 looks of 4 pieces.
    attention = 12 * 2 * 32 * 10 / 4
    assert flops_per_token(SETTINGS, 50, 1.0, np.array([3, 1])) == 6 * (matrices + head) + attention


def test_flops_of_modernbert_count_gates_and_what_a_token_sees() -> None:
    model = build_model(MODERN, 50, 1)
    matrices = sum(p.numel() for name, p in model.model.layers.named_parameters() if p.dim() == 2)
    lengths = np.array([3, 1, 30])
    near = sum(min(length - 1, at + 4) - max(0, at - 4) + 1 for length in lengths for at in range(length))
    attention = 12 * 32 * (2 * near + int((lengths**2).sum())) / lengths.sum()
    expected = 6 * (matrices + 32 * 32 + 32 * 50) + attention
    assert flops_per_token(MODERN, 50, 1.0, lengths) == pytest.approx(expected, rel=1e-12)


@both
def test_a_model_can_begin_with_the_frequencies_of_its_text(settings: ModelConfig) -> None:
    """All weights but the bias as without; and the first guess is near the unigrams'."""
    counts = np.arange(50, dtype=np.int64) ** 2
    plain, informed = (
        build_model(replace(settings, unigram_bias=asked), 50, 1, counts).eval() for asked in (False, True)
    )
    name = informed.get_output_embeddings().bias
    torch.testing.assert_close(name.detach().exp(), torch.from_numpy((counts + 1) / (counts.sum() + 50)).float())
    assert not plain.get_output_embeddings().bias.any()
    others = zip(plain.named_parameters(), informed.named_parameters(), strict=True)
    assert all(torch.equal(one, other) for (key, one), (_, other) in others if other is not name)


def test_what_only_serves_the_other_architecture_changes_nothing() -> None:
    other = replace(SETTINGS, local_attention=4, mlp_dropout=0.5, global_rope_theta=2.0)
    first, second = (build_model(settings, 50, 1).state_dict() for settings in (SETTINGS, other))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_flops_that_only_serve_masked_pieces_are_counted_at_these() -> None:
    lengths = np.array([4])
    all_masked, half = (flops_per_token(SETTINGS, 50, rate, lengths) for rate in (1.0, 0.5))
    last = build_model(SETTINGS, 50, 1).bert.encoder.layer[-1]
    behind = [last.attention.output.dense, last.intermediate.dense, last.output.dense]
    saved = sum(layer.weight.numel() for layer in behind) + 32 * 32 + 32 * 50
    assert all_masked - half == pytest.approx(6 * saved / 2)


@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert"])
def test_initial_weights_are_those_of_the_folder_in_fp32(tmp_path: Path, kind: str) -> None:
    saved = model_of(kind, 60, 1).half()
    saved.save_pretrained(str(tmp_path))
    dropped = {"mlp_dropout": 0.25} if kind == "modernbert" else {"hidden_dropout_prob": 0.25}
    network = "modernbert" if kind == "modernbert" else "bert"
    loaded = load_initial(tmp_path, replace(SETTINGS, init="start", architecture=network, **dropped), 63)
    assert all(torch.equal(tensor, saved.state_dict()[name].float()) for name, tensor in loaded.state_dict().items())
    assert {tensor.dtype for tensor in loaded.parameters()} == {torch.float32}
    assert {module.p for module in loaded.modules() if isinstance(module, torch.nn.Dropout)} == {0.25, 0.0}


def test_a_weight_that_is_missing_is_never_drawn_at_random(tmp_path: Path) -> None:
    model_of("roberta", 60, 1).save_pretrained(str(tmp_path))
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["roberta.encoder.layer.1.output.dense.weight"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match=r"model\.init is 'start'.*layer\.1\.output\.dense\.weight"):
        load_initial(tmp_path, replace(SETTINGS, init="start"), 63)


def test_a_tokenizer_with_more_pieces_than_the_model_is_refused(tmp_path: Path) -> None:
    model_of("bert", 60, 0).save_pretrained(str(tmp_path))
    with pytest.raises(ConfigError, match=r"model\.init is 'start', expected a model for the 64 pieces"):
        load_initial(tmp_path, replace(SETTINGS, init="start"), 64)
