"""Whether results can be written, asked before hours of work go into them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def unwritable(folders: Iterable[Path]) -> list[str]:
    """One line for every folder that is there and that this user cannot write to."""
    return [
        f"{folder}: cannot be written to, expected a folder that you may change; "
        f"try `chmod u+w {folder}`, or work in a copy of the project on a disk that is not read-only"
        for folder in folders
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK)
    ]


def require_writable(folders: Iterable[Path]) -> None:
    """Raise ValueError for the first folder that cannot be written to."""
    for problem in unwritable(folders):
        raise ValueError(problem)


def with_folders_below(folder: Path) -> list[Path]:
    """The folder and those directly in it."""
    return [folder, *(path for path in sorted(folder.glob("*")) if path.is_dir())]
