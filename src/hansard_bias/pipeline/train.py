"""One model, one seed, from random weights or from those of `model.init`: `dvc repro train@nunavut-1`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from hansard_bias.base.parallel import is_main_process
from hansard_bias.base.work import Interruption
from hansard_bias.params import Config
from hansard_bias.training.run import held, train
from hansard_bias.training.run_key import identify
from hansard_bias.training.state import RunLog, Silent

# From a run's key to whoever follows it while it is open, for example a run of MLflow.
Log = Callable[[str], AbstractContextManager[RunLog]]


def run(
    config: Config,
    model: str,
    seed: int,
    *,
    resume_from: Path | None = None,
    interruption: Interruption | None = None,
    log: Log | None = None,
    root: Path = Path("."),
) -> dict[str, Any]:
    """Train, write the model folder, its curve and its summary; returns the summary.

    resume_from: a checkpoint folder, also one of another run. interruption: who caught the signals that save and stop.
    """
    identity = identify(config, model, seed, root, resume_from)
    train_with = partial(
        train, config, model, seed, identity=identity, root=root, resume_from=resume_from, interruption=interruption
    )
    if not is_main_process():
        return train_with(Silent())
    # The lock comes first: a second trainer must not touch the first one's record.
    with held(identity), log(identity.key) if log else nullcontext(Silent()) as follower:
        summary = train_with(follower)
        follower.finish(summary)
    return summary
