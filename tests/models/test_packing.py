"""A packed speech gets the logits that it gets alone, whatever lies beside it, in every backend of attention."""

from __future__ import annotations

from dataclasses import replace
from functools import partialmethod
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from hansard_bias.models.architectures import head_of
from hansard_bias.models.attention import BACKENDS, choose_backend, padding_policy, to_device
from hansard_bias.models.batches import NO_PADDING, MaskedText, PaddingPolicy
from hansard_bias.models.network import MaskedLoss, build_model, compile_layers
from hansard_bias.params import ModelConfig
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows
from hansard_bias.tokens.tokenizer import OWN_IDS

VOCABULARY = 90
SETTINGS = ModelConfig(32, 2, 4, 64, 48, 0.0, 0.0, 0.5)
# Two layers that see four tokens to each side, and one that sees all.
MODERN = replace(SETTINGS, architecture="modernbert", num_hidden_layers=3, local_attention=8, initializer_range=0.2)
LENGTHS = [3, 46, 17, 17, 1, 30, 9, 80]
CPU = torch.device("cpu")
# Flash attention of bounded windows is for GPUs; test_on_a_gpu asks it.
HERE = [backend for backend in BACKENDS if backend != "varlen"]


def text_of(change: int = 0) -> MaskedText:
    """Speeches of these lengths; `change` shifts the pieces of all but the third."""
    rng = np.random.default_rng(4)
    speeches = [rng.integers(5, VOCABULARY, length) for length in LENGTHS]
    changed = [one if at == 2 else 5 + (one - 5 + change) % (VOCABULARY - 5) for at, one in enumerate(speeches)]
    sizes = np.array(LENGTHS, dtype=np.int64)
    index = pa.table({"speech_id": [f"x/{number}" for number in range(len(LENGTHS))]})
    corpus = EncodedCorpus(np.concatenate(changed).astype(np.uint16), np.cumsum(sizes) - sizes, sizes, index)
    windows = cut_windows([corpus], [np.arange(len(LENGTHS))], SETTINGS.max_position_embeddings)
    return MaskedText([corpus], windows, seed=3, mask_rate=0.15, vocab_size=VOCABULARY, special=OWN_IDS)


@pytest.fixture(scope="module", params=[SETTINGS, MODERN], ids=["bert", "modernbert"])
def settings(request: Any) -> ModelConfig:
    return request.param


@pytest.fixture(scope="module")
def model(settings: ModelConfig) -> Any:
    return build_model(settings, VOCABULARY, 1).eval()


def hidden(model: Any, text: MaskedText, rows: list[int], backend: str, policy: PaddingPolicy) -> list[torch.Tensor]:
    """The last layer at every real token, window by window, the longest first."""
    batch = text.batch(np.array(rows), 0, policy)
    packed = to_device(batch, CPU, backend)
    with torch.inference_mode():
        states = model.base_model(packed.input_ids[None], position_ids=packed.position_ids[None], plan=packed.plan)[0][
            0
        ]
    widths = np.repeat([bucket.width for bucket in batch.buckets], [bucket.windows for bucket in batch.buckets])
    starts = np.cumsum(widths) - widths
    return [states[start : start + length] for start, length in zip(starts, batch.lengths, strict=True)]


def alone(model: Any, text: MaskedText, row: int) -> torch.Tensor:
    """The same window through transformers' own attention, as its documentation shows."""
    batch = text.batch(np.array([row]), 0)
    model.set_attn_implementation("eager")
    try:
        with torch.inference_mode():
            return model.base_model(torch.from_numpy(batch.input_ids)[None])[0][0]
    finally:
        model.set_attn_implementation("packed")


@pytest.mark.parametrize("backend", HERE)
@pytest.mark.parametrize("policy", [NO_PADDING, None], ids=["exact", "of the backend"])
def test_a_packed_speech_gets_what_it_gets_alone(model: Any, backend: str, policy: PaddingPolicy | None) -> None:
    text = text_of()
    rows = [*range(len(text.windows))]
    order = np.argsort(-text.windows.length[rows], kind="stable")
    for row, states in zip(order, hidden(model, text, rows, backend, policy or padding_policy(backend)), strict=True):
        torch.testing.assert_close(states, alone(model, text, int(row)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backend", HERE)
def test_changing_the_neighbours_changes_nothing(model: Any, backend: str) -> None:
    results = []
    for change in (0, 11):
        text = text_of(change)
        rows = [*range(len(text.windows))]
        order = np.argsort(-text.windows.length[rows], kind="stable").tolist()
        results.append(hidden(model, text, rows, backend, padding_policy(backend))[order.index(2)])
    assert torch.equal(*results)
    assert not torch.equal(
        *(hidden(model, text_of(change), [1], backend, padding_policy(backend))[0] for change in (0, 11))
    )


def test_the_loss_is_that_of_transformers(model: Any) -> None:
    text = text_of()
    batch = text.batch(np.arange(len(text.windows)), 0, padding_policy("buckets"))
    expected = 0.0
    with torch.inference_mode():
        loss = float(MaskedLoss(model)(to_device(batch, CPU, "buckets")))
        for row in range(len(text.windows)):
            single = text.batch(np.array([row]), 0)
            asked = alone(model, text, row)[torch.from_numpy(single.masked_positions)].clone()
            labels = torch.from_numpy(single.labels)
            expected += float(torch.nn.functional.cross_entropy(head_of(model)(asked), labels, reduction="sum"))
    assert loss == pytest.approx(expected, rel=1e-5)


def test_a_cpu_multiplies_by_buckets() -> None:
    assert choose_backend(CPU, "bf16") == choose_backend(CPU, "fp32") == "buckets"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_on_a_gpu(precision: str, settings: ModelConfig) -> None:
    device = torch.device("cuda")
    backend = choose_backend(device, precision)
    model = build_model(settings, VOCABULARY, 1).eval().to(device)
    batch = text_of().batch(np.arange(9), 0, padding_policy(backend))
    loss = MaskedLoss(model)
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
        fast = float(loss(to_device(batch, device, backend)))
        plain = float(loss(to_device(text_of().batch(np.arange(9), 0), device, "blocks")))
    assert fast == pytest.approx(plain, rel=0.02 if precision == "bf16" else 1e-5)


def test_a_compiled_model_has_the_same_loss_and_gradients(
    model: Any, settings: ModelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which parts are compiled, and for which shapes, is ours; the kernels (half a minute of C++) are torch's."""
    compile_with_kernels = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", partialmethod(compile_with_kernels, backend="aot_eager"))
    compiled = build_model(settings, VOCABULARY, 1).eval()
    compile_layers(compiled)
    assert compiled.state_dict().keys() == model.state_dict().keys()
    text = text_of()
    for rows in (np.arange(5), np.arange(len(text.windows))):
        batch = to_device(text.batch(rows, 1, padding_policy("buckets")), CPU, "buckets")
        losses = [MaskedLoss(one)(batch) for one in (model, compiled)]
        torch.testing.assert_close(losses[1], losses[0])
        both = zip(losses, (model, compiled), strict=True)
        plain, ours = (torch.autograd.grad(loss, list(one.parameters())) for loss, one in both)
        for own, other in zip(ours, plain, strict=True):
            assert float((own - other).norm()) <= 1e-4 * float(other.norm()) + 1e-4
