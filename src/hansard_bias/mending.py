"""Files of DVC that a killed `dvc` broke off, or a bad disk damaged: the next one stops on them with few words."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from hansard_bias.lockfile import promised
from hansard_bias.soundness import md5, named_md5

RWLOCKS = (Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/exps/rwlock"))
"""Who reads and writes what at the moment. DVC writes them in place and refuses to start on half of one."""
CACHE = Path(".dvc/cache/files/md5")
"""Where DVC keeps files unless it is told otherwise; `hansard-bias verify` asks it, which takes half a second."""


def mend(root: Path = Path(".")) -> list[str]:
    """Remove what is broken off and says nothing; a line for each. ValueError for a broken dvc.lock, with what to do.

    Nothing is looked at in a stage: DVC is at work then.
    """
    if "DVC_STAGE" in os.environ:
        return []
    told = [f"removed {root / file}, which a killed dvc broke off" for file in RWLOCKS if _removed(root / file)]
    for listing in _damaged_lists(root):
        listing.unlink()
        told.append(f"removed {listing}, the list of a folder's files, which was damaged; dvc repro makes it anew")
    return told


def _damaged_lists(root: Path) -> list[Path]:
    """Lists of folders in DVC's cache whose name is not their MD5. DVC stops on one with a word from within it."""
    names = sorted({digest for digest in promised(root).values() if digest.endswith(".dir")})
    lists = [root / CACHE / name[:2] / name[2:] for name in names]
    return [file for file in lists if file.is_file() and md5(file) != named_md5(file)]


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
