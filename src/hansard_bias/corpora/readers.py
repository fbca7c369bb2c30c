"""The readers by the names that params.yaml uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from hansard_bias.corpora import lipad, nrc
from hansard_bias.corpora.records import Record

READERS: Mapping[str, Callable[[Path], Iterator[Record]]] = MappingProxyType(
    {"nrc": nrc.read_nrc, "lipad": lipad.read_lipad}
)
SOURCES: Mapping[str, Callable[[Path], list[Path]]] = MappingProxyType({"nrc": nrc.sources, "lipad": lipad.sources})
