"""The loop: exact resume, an update that does not depend on how it is cut, and no step on a non-finite loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from accelerate.state import AcceleratorState

from hansard_bias.config import BertSettings, TrainConfig, parse_config
from hansard_bias.encoded import EncodedCorpus, cut_windows
from hansard_bias.tokenization import OWN_IDS
from hansard_bias.training import loop
from hansard_bias.training.batches import MaskedText
from hansard_bias.training.loop import Task, Trainer
from hansard_bias.training.model import build_model
from hansard_bias.training.progress import CurvePoint, Silent

VOCABULARY = 120
SETTINGS = BertSettings(16, 1, 2, 32, 24, 0.1, 0.1, 0.02)


def text(seed: int, speeches: int) -> MaskedText:
    """Speeches that count upwards: learnable, so that the loss falls."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(4, 40, speeches)
    runs = [5 + (rng.integers(0, 100) + np.arange(length)) % 100 for length in lengths]
    sizes = lengths.astype(np.int64)
    index = pa.table({"speech_id": [f"{seed}/{number}" for number in range(speeches)]})
    corpus = EncodedCorpus(np.concatenate(runs).astype(np.uint16), np.cumsum(sizes) - sizes, sizes, index)
    windows = cut_windows([corpus], [np.arange(speeches)], SETTINGS.max_position_embeddings)
    return MaskedText([corpus], windows, seed=seed, mask_rate=0.15, vocab_size=VOCABULARY, special=OWN_IDS)


@pytest.fixture(autouse=True)
def own_accelerator() -> Iterator[None]:
    """Accelerate keeps one precision a process; other tests train in another one."""
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)


@pytest.fixture
def config(raw: dict[str, Any]) -> TrainConfig:
    train = parse_config(raw).train
    return replace(train, lr=0.01, epochs=2, batch_size=8, eval_every=5, save_every=4, precision="fp32")


def trainer(config: TrainConfig, folder: Path, log: Any = None) -> Trainer:
    task = Task(config, 1, text(1, 60), text(2, 20), 10, folder / "checkpoints", folder / "curve.csv")
    return Trainer(task, build_model(SETTINGS, VOCABULARY, 1), "fp32", log or Silent())


def weights(run: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in run._weights().items()}


class Stops:
    """A log that breaks the run at an update, as a kill would."""

    def __init__(self, update: int) -> None:
        self.update = update

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        if point.update == self.update:
            raise KeyboardInterrupt


def test_it_learns_and_records(config: TrainConfig, tmp_path: Path) -> None:
    run = trainer(replace(config, epochs=40, patience=50), tmp_path)
    state = run.run()
    assert state.update == 400
    assert state.best_loss < state.curve[0].validation_loss - 0.1
    rows = (tmp_path / "curve.csv").read_text().splitlines()
    assert rows[0] == "update,epoch,learning_rate,train_loss,validation_loss"
    assert len(rows) == 1 + 80
    assert state.tokens == 40 * int(run.task.training.windows.length.sum())
    assert state.stopped_by == "updates"


@pytest.mark.parametrize("stop", [5, 15])
def test_an_interrupted_run_ends_with_the_same_bits(config: TrainConfig, tmp_path: Path, stop: int) -> None:
    whole = trainer(config, tmp_path / "whole")
    whole.run()
    with pytest.raises(KeyboardInterrupt):
        trainer(config, tmp_path / "cut", Stops(stop)).run()
    resumed = trainer(config, tmp_path / "cut")
    resumed.run()
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name
    assert all(torch.equal(tensor, resumed.best[name]) for name, tensor in whole.best.items())
    assert (tmp_path / "whole/curve.csv").read_bytes() == (tmp_path / "cut/curve.csv").read_bytes()


@pytest.mark.parametrize("accumulation", [2, 4])
def test_accumulation_does_not_change_the_update(config: TrainConfig, tmp_path: Path, accumulation: int) -> None:
    settings = replace(SETTINGS, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    results = []
    for steps in (1, accumulation):
        changed = replace(config, gradient_accumulation=steps, epochs=1)
        task = Task(changed, 1, text(1, 60), text(2, 20), 10, tmp_path / f"{steps}", tmp_path / "curve.csv")
        run = Trainer(task, build_model(settings, VOCABULARY, 1), "fp32", Silent())
        run.run()
        results.append(weights(run))
    for name, tensor in results[0].items():
        torch.testing.assert_close(tensor, results[1][name], rtol=1e-3, atol=1e-4)


def test_patience_ends_a_run_that_does_not_gain(config: TrainConfig, tmp_path: Path) -> None:
    state = trainer(replace(config, lr=1e-12, epochs=10, patience=2), tmp_path).run()
    assert state.stopped_by == "patience"
    assert state.update < 100
    assert state.update == state.best_update + 2 * 5


def test_non_finite_losses_skip_updates_and_then_stop(config: TrainConfig, tmp_path: Path) -> None:
    run = trainer(config, tmp_path)
    before = weights(run)
    with torch.no_grad():
        run._weights()["cls.predictions.bias"][7] = float("nan")
    with pytest.raises(ValueError, match=r"training diverged.*lower train\.lr \(0\.01\)"):
        run.run()
    assert run.state.skipped_updates == loop.MOST_BAD_UPDATES
    name = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(before[name], weights(run)[name])
