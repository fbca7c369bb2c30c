"""The loop: exact resume, an update that does not depend on how it is cut, and no step on a non-finite loss."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from hansard_bias.models.batches import Batch, MaskedText
from hansard_bias.models.network import build_model
from hansard_bias.params import ModelConfig, TrainConfig, parse_config
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows
from hansard_bias.tokens.tokenizer import OWN_IDS
from hansard_bias.training import loop
from hansard_bias.training.checkpoints import load_newest
from hansard_bias.training.data import unigram_loss
from hansard_bias.training.loop import Trainer
from hansard_bias.training.run_key import RunIdentity, RunSpec
from hansard_bias.training.state import CurvePoint, Silent
from helpers.launch import Stops

VOCABULARY = 120
SETTINGS = ModelConfig(16, 1, 2, 32, 24, 0.1, 0.1, 0.02)
MODERN = replace(
    SETTINGS, architecture="modernbert", num_hidden_layers=2, local_attention=6, mlp_dropout=0.1, attention_dropout=0.1
)
both = pytest.mark.parametrize("settings", [SETTINGS, MODERN], ids=["bert", "modernbert"])
WITHOUT_DROPOUT = replace(SETTINGS, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


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


@pytest.fixture
def config(raw: dict[str, Any]) -> TrainConfig:
    train = parse_config(raw).train
    return replace(train, lr=0.01, epochs=2, batch_size=8, eval_every=5, save_every=4, precision="fp32")


def trainer(config: TrainConfig, folder: Path, log: Any = None, settings: ModelConfig = SETTINGS) -> Trainer:
    spec = RunSpec(config, 1, text(1, 60), text(2, 20), 10, folder / "checkpoints", folder / "curve.csv")
    return Trainer(spec, build_model(settings, VOCABULARY, 1), "fp32", log or Silent())


def weights(run: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in run._weights().items()}


def test_it_learns_and_records(config: TrainConfig, tmp_path: Path) -> None:
    run = trainer(replace(config, epochs=40, patience=50), tmp_path)
    state = run.run()
    assert state.update == 400
    assert state.best_loss < state.curve[0].validation_loss - 0.1
    rows = (tmp_path / "curve.csv").read_text().splitlines()
    assert rows[0] == "update,epoch,learning_rate,train_loss,validation_loss"
    assert len(rows) == 1 + 80
    assert state.tokens == 40 * int(run.spec.training.windows.length.sum())
    assert state.stopped_by == "updates"


@both
@pytest.mark.parametrize("stop", [5, 15])
def test_an_interrupted_run_ends_with_the_same_bits(
    config: TrainConfig, tmp_path: Path, stop: int, settings: ModelConfig
) -> None:
    whole = trainer(config, tmp_path / "whole", settings=settings)
    whole.run()
    with pytest.raises(KeyboardInterrupt):
        trainer(config, tmp_path / "cut", Stops(stop), settings).run()
    resumed = trainer(config, tmp_path / "cut", settings=settings)
    resumed.run()
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name
    assert all(torch.equal(tensor, resumed.best[name]) for name, tensor in whole.best.items())
    assert (tmp_path / "whole/curve.csv").read_bytes() == (tmp_path / "cut/curve.csv").read_bytes()


@pytest.mark.parametrize("accumulation", [2, 4])
@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_accumulation_does_not_change_the_update(
    config: TrainConfig, tmp_path: Path, accumulation: int, architecture: str
) -> None:
    results = []
    for steps in (1, accumulation):
        changed = replace(config, gradient_accumulation=steps, epochs=1)
        settings = replace(WITHOUT_DROPOUT, architecture=architecture, local_attention=6)
        run = trainer(changed, tmp_path / f"{steps}", settings=settings)
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


def test_an_update_is_the_same_after_the_memory_ran_out(config: TrainConfig, tmp_path: Path) -> None:
    whole, short = (trainer(config, tmp_path / name, settings=WITHOUT_DROPOUT) for name in ("whole", "short"))
    whole.state.micro_batch_tokens = short.state.micro_batch_tokens = 1024
    backward = short._backward

    def exhausted(batches: list[Batch], masked: int) -> float:
        backward(batches[:1], masked)  # the first part of the gradient is there when the memory runs out
        if short.state.micro_batch_tokens > 256:
            raise torch.OutOfMemoryError("CUDA out of memory")
        short.optimizer.zero_grad()
        return backward(batches, masked)

    short._backward = exhausted  # type: ignore[method-assign]
    for run in (whole, short):
        run._update()
    assert short.state.micro_batch_tokens == 256 and whole.state.micro_batch_tokens == 1024
    assert short.state.tokens == whole.state.tokens
    for name, tensor in weights(whole).items():
        torch.testing.assert_close(tensor, weights(short)[name], rtol=1e-3, atol=1e-4)


def test_with_no_memory_at_all_it_says_so(config: TrainConfig, tmp_path: Path) -> None:
    run = trainer(config, tmp_path)

    def exhausted(batches: list[Batch], masked: int) -> float:
        raise torch.OutOfMemoryError("CUDA out of memory")

    run._backward = exhausted  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="out of memory with micro-batches of 256 tokens; free some"):
        run._update()


class Scaler:
    """A loss scale as fp16 has it, far too high at first."""

    scale = 2.0**6

    def get_scale(self) -> float:
        return self.scale


def test_a_loss_scale_that_begins_too_high_is_no_divergence(config: TrainConfig, tmp_path: Path) -> None:
    run = trainer(config, tmp_path)
    run.accelerator.scaler = scaler = Scaler()

    def lower() -> None:
        scaler.scale /= 2

    run.optimizer.step = lower
    for skipped in range(1, 7):
        run._skip()
        assert (run.state.skipped_updates, run.state.bad_updates) == (skipped, 0)
    run._skip()
    assert scaler.scale == 1 and run.state.bad_updates == 1


class Poisons(Silent):
    """A log that spoils a weight after the evaluation of an update, just before its checkpoint."""

    def __init__(self, update: int) -> None:
        self.update = update
        self.run: Trainer | None = None

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        if self.run is not None and point.update == self.update:
            with torch.no_grad():
                self.run._weights()["cls.predictions.bias"][7] = float("inf")


def test_a_diverged_run_keeps_its_last_good_checkpoint(config: TrainConfig, tmp_path: Path) -> None:
    log = Poisons(5)
    log.run = trainer(replace(config, save_every=1, keep=1), tmp_path, log)
    with pytest.raises(ValueError, match=r"raise train\.warmup .*; the checkpoint of update 4 is kept"):
        log.run.run()
    kept = load_newest(tmp_path / "checkpoints", asdict(RunIdentity()))
    assert kept is not None
    assert kept.state["update"] == 4
    assert all(bool(tensor.isfinite().all()) for tensor in kept.tensors.values())


def test_a_validation_loss_that_is_no_number_stops_the_run(config: TrainConfig, tmp_path: Path) -> None:
    run = trainer(config, tmp_path)
    run.validation_loss = lambda: float("nan")  # type: ignore[method-assign]
    with pytest.raises(ValueError, match=r"training diverged: the validation loss is nan \(update 5\)"):
        run.run()


def test_a_checkpoint_of_another_shape_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    trainer(replace(config, epochs=0.5), tmp_path).run()
    spec = RunSpec(config, 1, text(1, 60), text(2, 20), 10, tmp_path / "checkpoints", tmp_path / "curve.csv")
    wider = Trainer(spec, build_model(replace(SETTINGS, hidden_size=32), VOCABULARY, 1), "fp32", Silent())
    with pytest.raises(ValueError, match=r"is \[120, 16\] there and \[120, 32\] here; expected the model section"):
        wider.run()


def test_a_checkpoint_past_the_end_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    trainer(config, tmp_path).run()
    named = tmp_path / "checkpoints" / "update-00000020"
    spec = RunSpec(config, 1, text(1, 60), text(2, 20), 10, tmp_path / "other", tmp_path / "curve.csv")
    shorter = replace(spec, config=replace(config, epochs=1), run=RunIdentity("other-1"), resume_from=named)
    run = Trainer(shorter, build_model(SETTINGS, VOCABULARY, 1), "fp32", Silent())
    with pytest.raises(ValueError, match="is at update 20, and this run has 10: nothing is left to train"):
        run.run()


def test_a_run_that_learns_frequencies_only_says_so_once(
    config: TrainConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text counts upwards from anywhere: its tokens are all as frequent, and a rate of nothing learns nothing."""
    stuck = trainer(replace(config, lr=1e-12, epochs=4, patience=50), tmp_path / "stuck")
    plateau = unigram_loss(stuck.spec.training.token_counts(), stuck.spec.validation.token_counts())
    assert plateau == pytest.approx(np.log(100), abs=0.1)
    stuck.spec = replace(stuck.spec, unigram_loss=plateau, run=RunIdentity("canada-1"))
    stuck.run()
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning: canada-1 has not left the word-frequency plateau at update 20: validation 4.7" in line
    assert f"token frequencies alone {plateau:.2f}; try model.architecture=modernbert" in line
    learns = trainer(replace(config, epochs=40, patience=50), tmp_path / "learns", settings=MODERN)
    learns.spec = replace(learns.spec, unigram_loss=plateau)
    assert learns.run().best_loss < plateau - 0.5
    assert capsys.readouterr().err == ""


def test_token_counts_are_those_of_the_windows() -> None:
    read = text(1, 60)
    assert read.token_counts().sum() == read.windows.length.sum()
    one = read.windows.take(np.array([3]))
    start, length = int(one.start[0]), int(one.length[0])
    expected = np.bincount(read.corpora[0].tokens[start : start + length], minlength=VOCABULARY)
    np.testing.assert_array_equal(replace(read, windows=one).token_counts(), expected)
