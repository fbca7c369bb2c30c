"""Both scorers answer what the logits of transformers say; what the reading one cannot read it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hansard_bias.models.reading import ReadingScorer
from hansard_bias.models.scorer import MaskedBatch, Scorer, TransformersScorer
from helpers.local_models import POSITIONS, model_of

WIDTH = 20
LENGTHS = np.array([20, 20, 13, 7])
"""Of rows with padding at their ends."""


def batch_of(padding: int) -> tuple[MaskedBatch, np.ndarray]:
    """Rows to be scored, and labels."""
    rng = np.random.default_rng(2)
    inputs = rng.integers(5, 60, (len(LENGTHS), WIDTH))
    # The same token at the same position of two rows, as copies of a speech have them.
    inputs[1, :15] = inputs[0, :15]
    inputs[np.arange(WIDTH) >= LENGTHS[:, None]] = padding
    rows = np.array([0, 0, 0, 1, 2, 3, 3])
    columns = np.array([0, 4, 19, 11, 12, 0, 6])
    return MaskedBatch(inputs, LENGTHS, rows, columns), rng.integers(0, 60, len(rows))


def log_shares(model: Any, batch: MaskedBatch) -> torch.Tensor:
    """log P over the vocabulary at the positions asked for, by transformers' own forward of whole rows."""
    inputs, attention = torch.from_numpy(batch.input_ids), torch.from_numpy(np.arange(WIDTH) < LENGTHS[:, None])
    return model(inputs, attention_mask=attention).logits.double().log_softmax(-1)[batch.rows, batch.columns]


@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert"])
@torch.inference_mode()
def test_every_scorer_answers_what_transformers_says(kind: str) -> None:
    """All that scoring and probing ask, of both, on the same rows."""
    model = model_of(kind, 60, 1).eval()
    batch, labels = batch_of(1)
    expected = log_shares(model, batch)
    scorers: list[Scorer] = [
        ReadingScorer(model.config.to_dict(), model.state_dict(), "cpu"),
        TransformersScorer(model),
    ]
    for scorer in scorers:
        assert scorer.positions == POSITIONS
        torch.testing.assert_close(scorer.embeddings(), model.get_input_embeddings().weight)
        found = scorer.surprisals(batch, labels)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, -expected[np.arange(len(labels)), labels], rtol=2e-6)
        torch.testing.assert_close(scorer.log_probabilities(batch), expected.float())
    torch.testing.assert_close(*(scorer.states(batch) for scorer in scorers))


def test_rows_side_by_side() -> None:
    batch = MaskedBatch.of([(5, 6, 7), (8,)], [(0, 2), (0,)], padding=1)
    assert batch.input_ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert (batch.rows.tolist(), batch.columns.tolist()) == ([0, 0, 1], [0, 2, 0])
    assert batch.inside.tolist() == [[True] * 3, [True, False, False]]


def test_one_layer_is_the_first_and_the_last() -> None:
    model = model_of("bert", 60, 0).eval()
    batch, labels = batch_of(0)
    shallow: dict[str, Any] = model.config.to_dict() | {"num_hidden_layers": 1}
    weights = {name: tensor for name, tensor in model.state_dict().items() if "layer.1." not in name}
    model.bert.encoder.layer = model.bert.encoder.layer[:1]
    with torch.inference_mode():
        expected = log_shares(model, batch)[np.arange(len(labels)), labels]
    found = ReadingScorer(shallow, weights, "cpu").surprisals(batch, labels)
    np.testing.assert_allclose(found, -expected, rtol=2e-6)


def test_rotations_of_a_folder_as_published_and_of_another_kind() -> None:
    """The configuration's older names and defaults; what is no plain rotation is refused, not computed otherwise."""
    model = model_of("modernbert", 60, 0).eval()
    config, weights = model.config.to_dict(), dict(model.state_dict())
    batch, labels = batch_of(0)
    expected = ReadingScorer(config, weights, "cpu").surprisals(batch, labels)
    older = {name: value for name, value in config.items() if name not in ("rope_parameters", "layer_types")}
    older |= {"global_rope_theta": 160000.0, "local_rope_theta": 10000.0, "global_attn_every_n_layers": 3}
    np.testing.assert_array_equal(ReadingScorer(older, weights, "cpu").surprisals(batch, labels), expected)
    other = config | {"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}
    with pytest.raises(ValueError, match="rope_type of full_attention is 'yarn', expected 'default'"):
        ReadingScorer(other, weights, "cpu")


def test_padding_far_from_all_text_spoils_nothing() -> None:
    """A row of one token beside a long one: its padding has no text within reach, in any layer."""
    model = model_of("modernbert", 60, 0).eval()
    rng = np.random.default_rng(3)
    batch = MaskedBatch.of([tuple(rng.integers(5, 60, 40)), (7,)], [(20,), (0,)], 0)
    alone = MaskedBatch.of([(7,)], [(0,)], 0)
    scorer = ReadingScorer(model.config.to_dict(), model.state_dict(), "cpu")
    together, single = (scorer.surprisals(one, np.array([9])[: len(one.rows)]) for one in (batch_first(batch), alone))
    np.testing.assert_allclose(together, single, rtol=1e-6)


def batch_first(batch: MaskedBatch) -> MaskedBatch:
    """The same rows, asked in the last one only."""
    return MaskedBatch(batch.input_ids, batch.lengths, batch.rows[1:], batch.columns[1:])


def test_what_it_cannot_read_is_refused() -> None:
    model = model_of("bert", 60, 0)
    config, weights = model.config.to_dict(), dict(model.state_dict())
    with pytest.raises(ValueError, match=r"has a weight bert\.adapter that is not known here"):
        ReadingScorer(config, weights | {"bert.adapter": torch.ones(1)}, "cpu")
    with pytest.raises(ValueError, match="hidden_act is 'swish2', expected gelu"):
        ReadingScorer(config | {"hidden_act": "swish2"}, weights, "cpu")
    del weights["bert.encoder.layer.1.output.dense.bias"]
    with pytest.raises(ValueError, match=r"has no weight bert\.encoder\.layer\.1\.output\.dense\.bias"):
        ReadingScorer(config, weights, "cpu")
