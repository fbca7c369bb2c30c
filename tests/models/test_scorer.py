"""The reader's surprisals are those of the logits of transformers; what it cannot read it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hansard_bias.models.scorer import Question, Reader
from helpers.local_models import model_of

WIDTH = 20
LENGTHS = np.array([20, 20, 13, 7])
"""Of rows with padding at their ends."""


def question(padding: int) -> Question:
    rng = np.random.default_rng(2)
    inputs = rng.integers(5, 60, (len(LENGTHS), WIDTH))
    # The same piece at the same place of two rows, as copies of a speech have them.
    inputs[1, :15] = inputs[0, :15]
    inputs[np.arange(WIDTH) >= LENGTHS[:, None]] = padding
    rows = np.array([0, 0, 0, 1, 2, 3, 3])
    columns = np.array([0, 4, 19, 11, 12, 0, 6])
    return Question(inputs, LENGTHS, rows, columns, rng.integers(0, 60, len(rows)))


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@torch.inference_mode()
def test_surprisals_are_those_of_transformers(kind: str) -> None:
    padding = 1
    model = model_of(kind, 60, padding).eval()
    asked = question(padding)
    inputs = torch.from_numpy(asked.inputs)
    attention = torch.from_numpy(np.arange(WIDTH) < LENGTHS[:, None])
    shares = model(inputs, attention_mask=attention).logits.double().log_softmax(-1)
    expected = -shares[asked.rows, asked.columns, asked.labels]
    found = Reader(model.config.to_dict(), model.state_dict(), "cpu").surprisals(asked)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2e-6)


def test_one_layer_is_the_first_and_the_last() -> None:
    model = model_of("bert", 60, 0).eval()
    asked = question(0)
    shallow: dict[str, Any] = model.config.to_dict() | {"num_hidden_layers": 1}
    weights = {name: tensor for name, tensor in model.state_dict().items() if "layer.1." not in name}
    model.bert.encoder.layer = model.bert.encoder.layer[:1]
    with torch.inference_mode():
        attention = torch.from_numpy(np.arange(WIDTH) < LENGTHS[:, None])
        shares = model(torch.from_numpy(asked.inputs), attention_mask=attention).logits.double().log_softmax(-1)
    found = Reader(shallow, weights, "cpu").surprisals(asked)
    np.testing.assert_allclose(found, -shares[asked.rows, asked.columns, asked.labels], rtol=2e-6)


def test_what_it_cannot_read_is_refused() -> None:
    model = model_of("bert", 60, 0)
    config, weights = model.config.to_dict(), dict(model.state_dict())
    with pytest.raises(ValueError, match=r"has a weight bert\.adapter that is not known here"):
        Reader(config, weights | {"bert.adapter": torch.ones(1)}, "cpu")
    with pytest.raises(ValueError, match="hidden_act is 'swish2', expected gelu"):
        Reader(config | {"hidden_act": "swish2"}, weights, "cpu")
    del weights["bert.encoder.layer.1.output.dense.bias"]
    with pytest.raises(ValueError, match=r"has no weight bert\.encoder\.layer\.1\.output\.dense\.bias"):
        Reader(config, weights, "cpu")
