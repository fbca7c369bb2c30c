"""`hansard-bias backfill`: runs for all results that have none, of this workspace and of DVC's experiments."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hansard_bias.base.code import commit, git
from hansard_bias.base.files import METRICS
from hansard_bias.base.messages import warn
from hansard_bias.operations.integrity import restore
from hansard_bias.operations.lock import locked_config
from hansard_bias.params import Config
from hansard_bias.tracking.mirror import mirror_results
from hansard_bias.tracking.results import Results
from hansard_bias.tracking.store import Store

KEPT = (METRICS.as_posix(), "params.yaml", "dvc.lock")
"""What an experiment's commit holds of a study: git has the numbers, DVC's cache the times, pages and models."""


def backfill(config: Config, root: Path = Path(".")) -> Iterator[str]:
    """Mirror what has no run yet; yields the titles of the new runs.

    Raises StoreError when the store cannot be used.
    """
    store = Store(config.tracking.experiment)
    # A result of several belongs to the one that made it: the commit that experiments start from, then they.
    for name, revision in [("", commit(root)), *experiments(root)]:
        with checked_out(root, revision) as folder:
            if folder is not None and (own := _configuration(folder, name or revision)):
                yield from mirror_results(store, Results(own, folder, name, revision, home=root))
    if own := _configuration(root, "what is in metrics/"):
        yield from mirror_results(store, Results.here(own, root))


def experiments(root: Path) -> list[tuple[str, str]]:
    """Name and commit of all DVC experiments of the repository; none outside git."""
    listed = git(root, "for-each-ref", "--format=%(refname) %(objectname)", "refs/exps")
    found = [line.rsplit(" ", 1) for line in listed.decode().splitlines()]
    # refs/exps/<2 digits>/<38 digits>/<name>; other references there are DVC's own.
    return [(ref.split("/")[4], commit) for ref, commit in found if len(ref.split("/")) == 5]


@contextmanager
def checked_out(root: Path, revision: str) -> Iterator[Path | None]:
    """A folder with the parameters and metrics of one commit; None where it has none."""
    there = git(root, "ls-tree", "--name-only", revision, *KEPT).decode().split()
    if not {METRICS.as_posix(), "params.yaml"} <= {*there}:
        yield None
        return
    archive = git(root, "archive", "--format=tar", revision, *there)
    with tempfile.TemporaryDirectory() as folder:
        _unpack(archive, Path(folder))
        restore(Path(folder), root)
        yield Path(folder)


def _unpack(archive: bytes, folder: Path) -> None:
    """Write the files of a tar archive, and nothing else that it may hold (`extractall` filters from 3.11.4 on)."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None and ".." not in Path(member.name).parts:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


def _configuration(folder: Path, name: str) -> Config | None:
    """The parameters behind the results, unless they are not known or are those of another version of this program."""
    try:
        return locked_config(folder)
    except ValueError as error:
        warn(f"{name} is left out: {error}")
        return None
