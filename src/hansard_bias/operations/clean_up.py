"""What killed and forgotten runs leave behind: checkpoints, workspaces of experiments, files that were broken off."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hansard_bias.base.files import METRICS, MODELS
from hansard_bias.base.work import checkpoint_root, try_lock
from hansard_bias.operations.integrity import delete
from hansard_bias.params import Config
from hansard_bias.training.run_key import identify

DAY_SECONDS = 86400.0
# Where DVC keeps the clones of `dvc exp run --queue` and `--temp`.
WORKSPACES = (Path(".dvc/tmp/exps"), Path(".dvc/tmp/exps/standalone"))


@dataclass(frozen=True)
class Removed:
    """What a clean-up has deleted."""

    kind: str
    path: Path
    size: int
    """Bytes."""


def cleaned(days: float, config: Config) -> Iterator[str]:
    """Clean up; a line for what was removed, for what was kept and why, and for what only its owner can judge."""
    removed, kept = clean(days, resumable(config))
    yield from (f"removed {each.kind} {each.path}: {each.size / 1e6:,.1f} MB" for each in removed)
    yield from (f"kept {line}" for line in kept)
    yield f"freed {sum(each.size for each in removed) / 1e6:,.1f} MB"
    yield from experiment_storage()


def clean(days: float, keep: Collection[str] = (), root: Path = Path(".")) -> tuple[list[Removed], list[str]]:
    """Remove what nobody holds and nobody has touched for so many days; what was removed, lines on what was kept.

    keep: names of checkpoint folders that the runs of params.yaml would go on from, whatever their age.
    """
    removed: list[Removed] = []
    kept: list[str] = []
    for kind, path, in_use in _candidates(root):
        age = (time.time() - max(state.st_mtime for state in _states(path))) / DAY_SECONDS
        if path.name in keep:
            kept.append(f"{path}: the next run of params.yaml goes on from it")
        elif in_use:
            kept.append(f"{path}: in use")
        elif age < days:
            kept.append(f"{path}: touched {age:.1f} days ago (--days {age:.0f} removes it)")
        else:
            # What DVC's cache holds too, stays there: removing it here frees nothing.
            removed.append(Removed(kind, path, _size(path, shared=False)))
            delete(path)
    return removed, kept


def experiment_storage(root: Path = Path(".")) -> Iterator[str]:
    """What grows with every experiment and only its owner can judge: its size, and the commands that free it."""
    places = {
        "`dvc exp remove NAME`, then `dvc gc --all-commits --all-experiments`": [".dvc/cache"],
        "delete runs in `make ui`, then `mlflow gc --backend-store-uri sqlite:///mlflow.db "
        "--tracking-uri sqlite:///mlflow.db`": ["mlflow.db", "mlartifacts"],
    }
    for remedy, names in places.items():
        if kept := [name for name in names if (root / name).exists()]:
            size = sum(_size(root / name, shared=True) for name in kept) / 1e6
            yield f"{' and '.join(kept)}: {size:,.1f} MB of experiments' results; to free some: {remedy}"


def resumable(config: Config) -> list[str]:
    """Names of the checkpoint folders that the trainings of params.yaml would go on from."""
    try:
        runs = [identify(config, model, seed) for model in config.models for seed in config.train.seeds]
    except (ValueError, FileNotFoundError):
        # Without the text that they learn from, no training can go on.
        return []
    return [run.folder for run in runs]


def _candidates(root: Path) -> Iterator[tuple[str, Path, bool]]:
    """Kind, path, and whether a process works with it."""
    # Work in progress alone: what DVC and MLflow keep of results is for its owner to free.
    checkpoints = root / checkpoint_root()
    for folder in sorted(checkpoints.iterdir()) if checkpoints.is_dir() else ():
        yield "checkpoints", folder, _is_locked(folder)
    for place in WORKSPACES:
        for folder in sorted((root / place).glob("tmp*")):
            # DVC keeps no lock on a workspace: only the processes in it know.
            yield "workspace", folder, any(where.is_relative_to(folder.resolve()) for where in _linked("cwd"))
    for part in (Path("data"), MODELS, METRICS):
        for file in sorted((root / part).rglob("*.partial")):
            yield "broken-off file", file, file.resolve() in set(_linked("fd/*"))


def _is_locked(folder: Path) -> bool:
    lock = folder / "lock"
    if not lock.is_file():
        return False
    with lock.open("r+") as handle:
        return not try_lock(handle)


def _linked(what: str) -> Iterator[Path]:
    # Of all processes that may be looked at; none on a system without /proc.
    for link in Path("/proc").glob(f"[0-9]*/{what}"):
        # Processes end while they are looked at, and those of others do not tell.
        with suppress(OSError):
            yield Path(os.readlink(link))


def _states(path: Path) -> list[os.stat_result]:
    # Links are not followed: they may lead into DVC's cache.
    return [file.lstat() for file in (path, *path.rglob("*"))]


def _size(path: Path, shared: bool) -> int:
    # A second link is DVC's cache's: removing the first frees nothing.
    files = (state for state in _states(path) if stat.S_ISREG(state.st_mode))
    return sum(state.st_size for state in files if shared or state.st_nlink == 1)
