"""Archives as tests want them: folders of XML files packed, tables read with settings."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.readers import table
from hansard_bias.corpora.schema import Record
from hansard_bias.params import ColumnsConfig, CorpusConfig


def pack(folder: Path, archive: Path, order: int = 1) -> Path:
    """The XML files below a folder in a tar archive; `order` -1 puts the last name first."""
    archive.parent.mkdir(exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(folder.rglob("*.xml"))[::order]:
            tar.add(file, arcname=f"corpus/{file.relative_to(folder)}")
    return archive


def read_table(path: Path, columns: ColumnsConfig, found: Findings | None = None, **settings: Any) -> Iterator[Record]:
    """The records of a table with these columns; what else params.yaml may say of it by name."""
    return table.read_table(path, CorpusConfig("T", "table", str(path), columns, **settings), found)
