"""The readers by the names that params.yaml uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from hansard_bias.corpora.readers import lipad, nrc, parlamint, table
from hansard_bias.corpora.schema import Record
from hansard_bias.params import CorpusConfig

Reader = Callable[[Path, CorpusConfig], Iterator[Record]]


def _by_path(read: Callable[[Path], Iterator[Record]]) -> Reader:
    """A reader of a format that needs no settings."""
    return lambda path, corpus: read(path)


def _table(path: Path, corpus: CorpusConfig) -> Iterator[Record]:
    assert corpus.columns is not None, "checked when params.yaml was read"
    return table.read_table(path, corpus.columns)


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "nrc": _by_path(nrc.read_nrc),
        "lipad": _by_path(lipad.read_lipad),
        "parlamint": _by_path(parlamint.read_parlamint),
        "table": _table,
    }
)
SOURCES: Mapping[str, Callable[[Path], list[Path]]] = MappingProxyType(
    {"nrc": nrc.sources, "lipad": lipad.sources, "parlamint": parlamint.sources, "table": table.sources}
)
