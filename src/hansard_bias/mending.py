"""Files of DVC that a killed `dvc` broke off in the middle of writing, and that stop the next one."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from hansard_bias.lockfile import locked_stages

RWLOCKS = (Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/exps/rwlock"))
"""Who reads and writes what at the moment. DVC writes them in place and refuses to start on half of one."""


def mend(root: Path = Path(".")) -> list[str]:
    """Remove what is broken off and says nothing; a line for each. ValueError for a broken dvc.lock, with what to do.

    Nothing is looked at in a stage: DVC is at work then.
    """
    if "DVC_STAGE" in os.environ:
        return []
    told = [f"removed {root / file}, which a killed dvc broke off" for file in RWLOCKS if _removed(root / file)]
    locked_stages(root)
    return told


def _removed(file: Path) -> bool:
    """Whether the file was broken, and is gone; while a dvc holds it, it is being written and stays."""
    if not file.is_file() or _is_whole(file):
        return False
    with file.with_name(f"{file.name}.lock").open("a") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if _is_whole(file):
            return False
        file.unlink(missing_ok=True)
        return True


def _is_whole(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True
