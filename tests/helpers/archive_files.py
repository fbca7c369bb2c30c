"""Folders of XML files as packed archives, in the order of their names or against it."""

from __future__ import annotations

import tarfile
from pathlib import Path


def pack(folder: Path, archive: Path, order: int = 1) -> Path:
    """The XML files below a folder in a tar archive; `order` -1 puts the last name first."""
    archive.parent.mkdir(exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(folder.rglob("*.xml"))[::order]:
            tar.add(file, arcname=f"corpus/{file.relative_to(folder)}")
    return archive
