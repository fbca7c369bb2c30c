"""What git holds of a study at a revision: its parameters and results, in a folder for as long as they are read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hansard_bias.base.code import git
from hansard_bias.base.files import METRICS
from hansard_bias.base.messages import shown
from hansard_bias.params import PARAMS_FILE

EXPERIMENTS = "refs/exps"


@contextmanager
def files_of(project: Path, revision: str) -> Iterator[Path]:
    """A folder with params.yaml and metrics of a commit, branch or tag, or of one of DVC's experiments.

    Raises ValueError where git knows no such revision, or it holds no results.
    """
    commit = _commit(project, revision)
    if not commit:
        expected = "a commit, branch, tag or experiment of this folder's git repository"
        raise ValueError(f"{project}: no revision {shown(revision)}, expected {expected} (`dvc exp list`, `git log`)")
    # Of the project's own folder, which need not be the repository's.
    packed = git(project, "archive", "--format=tar", commit, "--", PARAMS_FILE.name, METRICS.name)
    if not packed:
        raise ValueError(f"{project}: revision {shown(revision)} holds no {PARAMS_FILE} and {METRICS}; choose another")
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)


def _commit(project: Path, revision: str) -> str:
    # An experiment's reference ends in its name, which git by itself does not look up.
    listed = git(project, "for-each-ref", "--format=%(refname)", EXPERIMENTS).decode().split()
    named = [reference for reference in listed if reference.rpartition("/")[2] == revision]
    wanted = [revision, *named]
    # After this option a revision is none, whatever it begins with.
    found = (
        git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{each}^{{commit}}") for each in wanted
    )
    return next((commit.decode().strip() for commit in found if commit), "")
