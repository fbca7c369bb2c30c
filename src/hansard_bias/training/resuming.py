"""Which checkpoint a run goes on from: its own newest, or the one that a person names."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from hansard_bias.training.checkpoints import Checkpoint, load_named, load_newest
from hansard_bias.training.identity import RunIdentity
from hansard_bias.training.state import LoopState, Parts, Tensors


@dataclass(frozen=True)
class Resumed:
    """A run as it was at a checkpoint."""

    state: LoopState
    best: Tensors
    is_own: bool
    """Whether the checkpoint is one of this run, so that it ends as if it had never been disturbed."""


def resume(parts: Parts, folder: Path, run: RunIdentity, named: Path | None, total: int) -> Resumed | None:
    """Put the weights and moments of the right checkpoint back; None where there is nothing to go on from.

    Raises ValueError when a named checkpoint is missing, broken, of another shape, or past this run's end.
    """
    checkpoint = _choose(folder, run, named)
    if checkpoint is None:
        return None
    state, best = parts.restore(checkpoint)
    if dict(checkpoint.run) == asdict(run):
        return Resumed(state, best, is_own=True)
    if state.update >= total:
        raise ValueError(
            f"--resume-from {named}: is at update {state.update}, and this run has {total}: nothing is left to train; "
            "raise train.epochs or train.max_steps, or name an earlier checkpoint"
        )
    # A best loss on other text or masks is no measure for this run's evaluations.
    state.forget_best()
    differences = run.differences(dict(checkpoint.run) | {"origin": run.origin})
    state.started_from = f"from a checkpoint of another run, {checkpoint.run['name']}: other {differences}"
    return Resumed(state, {}, is_own=False)


def _choose(folder: Path, run: RunIdentity, named: Path | None) -> Checkpoint | None:
    """An own checkpoint that is named; else the newest own one; else the named one of another run."""
    if named is None:
        return load_newest(folder, asdict(run))
    checkpoint = load_named(named)
    if dict(checkpoint.run) == asdict(run):
        return checkpoint
    return load_newest(folder, asdict(run)) or checkpoint
