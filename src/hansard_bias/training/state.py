"""What a training run remembers and tells: its curve, its state, and how both come back from a checkpoint."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

import torch

from hansard_bias.base.files import atomic_write
from hansard_bias.training.checkpoints import Checkpoint, load_named, load_newest
from hansard_bias.training.run_key import RunIdentity


@dataclass(frozen=True)
class CurvePoint:
    """One row of a training curve; losses in nats per masked token, mean since the row before."""

    update: int
    epoch: float
    learning_rate: float
    train_loss: float
    validation_loss: float | None


class RunLog(Protocol):
    """Whoever wants to follow a run: MLflow, a test, nobody."""

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Take one row of the curve."""

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Take the summary of a run that came to its end."""


class Silent:
    """A log that keeps nothing."""

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Drop the row."""

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Drop the summary."""


def write_curve(path: Path, points: list[CurvePoint]) -> None:
    """Write the whole curve so far; a reader never sees half a file."""
    # Not `files.write_records`: a curve keeps all digits, so that a resumed run is seen to be the same.
    with atomic_write(path) as partial, partial.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, [column.name for column in fields(CurvePoint)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(point) for point in points)


# What a run must remember, and how it becomes a checkpoint and comes back from one.

Tensors = dict[str, torch.Tensor]


@dataclass
class LoopState:
    """All that the loop must remember beside its tensors; plain numbers, so that it can be saved as JSON."""

    update: int = 0
    micro_batch_tokens: int = 0
    """Kept, so that a resumed run rounds as it did before."""
    best_loss: float = math.inf
    best_update: int = 0
    evaluations_without_gain: int = 0
    bad_updates: int = 0
    skipped_updates: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    curve: list[CurvePoint] = field(default_factory=list)
    stopped_by: str = ""
    started_from: str = ""
    """The checkpoint of another run that this one went on from, in words; '' for random weights."""

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> LoopState:
        """Rebuild from a checkpoint's JSON."""
        return cls(**(dict(plain) | {"curve": [CurvePoint(**point) for point in plain["curve"]]}))

    def is_evaluated(self) -> bool:
        """Whether the last update was followed by its evaluation: a run may be stopped between the two."""
        return bool(self.curve) and self.curve[-1].update == self.update

    def forget_best(self) -> None:
        """Start the comparison of evaluations afresh: those of another run may have had other text or masks."""
        self.best_loss, self.best_update, self.evaluations_without_gain = math.inf, 0, 0
        self.bad_updates, self.stopped_by = 0, ""


@dataclass(frozen=True)
class Parts:
    """What holds a run's tensors: the weights by name, the optimizer, and the loss scaler of fp16."""

    weights: Mapping[str, torch.Tensor]
    optimizer: Any
    scaler: Any | None

    def checkpoint(self, state: LoopState, best: Tensors, run: Mapping[str, str]) -> Checkpoint:
        """Weights, best weights, optimizer moments and state, as copies on the CPU."""
        tensors = {f"weights.{name}": tensor.detach() for name, tensor in self.weights.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
        # The moments alone: groups and rates are those of params.yaml, whatever the checkpoint had.
        moments = self.optimizer.state_dict()["state"]
        tensors |= {f"moments.{key}.{name}": value for key, entry in moments.items() for name, value in entry.items()}
        # Copies: the next update changes the weights in place while they are written.
        tensors = {name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}
        plain = asdict(state) | {"scaler": self.scaler.state_dict() if self.scaler else {}}
        return Checkpoint(plain, tensors, run)

    def restore(self, checkpoint: Checkpoint) -> tuple[LoopState, Tensors]:
        """Put a checkpoint's tensors back; returns its state and its best weights.

        Raises ValueError when they are those of a model of another shape.
        """
        saved = with_prefix(checkpoint.tensors, "weights.")
        self._check_shapes(saved)
        with torch.no_grad():
            for name, tensor in self.weights.items():
                tensor.copy_(saved[name])
        moments: dict[int, Tensors] = {}
        for name, tensor in with_prefix(checkpoint.tensors, "moments.").items():
            key, moment = name.split(".", 1)
            moments.setdefault(int(key), {})[moment] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        # The scale belongs to the precision: a run that goes on in bf16 has no use for that of fp16.
        plain = dict(checkpoint.state)
        scale = plain.pop("scaler")
        if self.scaler and scale:
            self.scaler.load_state_dict(scale)
        return LoopState.from_plain(plain), with_prefix(checkpoint.tensors, "best.")

    def _check_shapes(self, saved: Tensors) -> None:
        """Every weight must be there and fit."""
        for name in [*self.weights, *saved]:
            there = list(saved[name].shape) if name in saved else "missing"
            here = list(self.weights[name].shape) if name in self.weights else "no part of it"
            if there != here:
                raise ValueError(
                    f"the checkpoint does not fit this model: {name} is {there} there and {here} here; "
                    "expected the model section and tokenizer that it was trained with"
                )


def is_finite(weights: Mapping[str, torch.Tensor]) -> bool:
    """Whether every weight is a number."""
    return all(bool(tensor.isfinite().all()) for tensor in weights.values())


def with_prefix(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


# Which checkpoint a run goes on from: its own newest, or the one that a person names.


def resume(
    parts: Parts, folder: Path, run: RunIdentity, named: Path | None, total: int
) -> tuple[LoopState, Tensors, bool] | None:
    """Put the weights and moments of the right checkpoint back; None where there is nothing to go on from.

    Returns the run's state and best weights, and whether the checkpoint is its own: then it ends with the same bits.
    Raises ValueError when a named checkpoint is missing, broken, of another shape, or past this run's end.
    """
    checkpoint = _choose(folder, run, named)
    if checkpoint is None:
        return None
    state, best = parts.restore(checkpoint)
    if dict(checkpoint.run) == asdict(run):
        return state, best, True
    if state.update >= total:
        raise ValueError(
            f"--resume-from {named}: is at update {state.update}, and this run has {total}: nothing is left to train; "
            "raise train.epochs or train.max_steps, or name an earlier checkpoint"
        )
    # A best loss on other text or masks is no measure for this run's evaluations.
    state.forget_best()
    differences = run.differences(dict(checkpoint.run) | {"origin": run.origin})
    state.started_from = f"from a checkpoint of another run, {checkpoint.run['name']}: other {differences}"
    return state, {}, False


def _choose(folder: Path, run: RunIdentity, named: Path | None) -> Checkpoint | None:
    """An own checkpoint that is named; else the newest own one; else the named one of another run."""
    if named is None:
        return load_newest(folder, asdict(run))
    checkpoint = load_named(named)
    if dict(checkpoint.run) == asdict(run):
        return checkpoint
    return load_newest(folder, asdict(run)) or checkpoint
