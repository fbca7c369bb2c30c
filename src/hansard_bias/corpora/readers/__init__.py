"""The readers by the names that params.yaml uses. A new format is one new file in this folder: nothing lists them.

    @reader("minutes", sources)
    def read_minutes(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]: ...

registers a reader when its module is imported, which happens when its name is looked up. `corpus` is what params.yaml
says of the archive; `takes` names what of it the reader heeds. `found` collects what reading shows beside the records.
"""

from __future__ import annotations

import dataclasses
import functools
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Protocol

from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.schema import Record, known
from hansard_bias.params import ColumnsConfig, ConfigError, CorpusConfig
from hansard_bias.params.validation import did_you_mean, require

Sources = Callable[[Path], list[Path]]
Read = Callable[[Path, CorpusConfig, Findings], Iterator[Record]]
# What params.yaml may say of an archive beside its path, and only some readers heed.
SETTINGS = ("columns", "encoding", "file_date", "join", "where")


class Numbered(Protocol):
    """Every record of the archive at a path, in order; without settings it is read as it is."""

    def __call__(
        self, path: Path, corpus: CorpusConfig | None = None, found: Findings | None = None
    ) -> Iterator[Record]: ...


@dataclasses.dataclass(frozen=True)
class Reader:
    """One format of archives."""

    name: str
    read: Numbered
    sources: Sources  # the files that are read, for the digest of the source
    takes: tuple[str, ...]  # of SETTINGS


_registered: dict[str, Reader] = {}


def reader(name: str, sources: Sources, takes: tuple[str, ...] = ()) -> Callable[[Read], Numbered]:
    """Register the function below as the reader of this name, and number the records of each sitting."""

    def register(read: Read) -> Numbered:
        @functools.wraps(read)
        def numbered(path: Path, corpus: CorpusConfig | None = None, found: Findings | None = None) -> Iterator[Record]:
            # Here, so that ids are stable in every format, also where a sitting's records are not together.
            ordinals: Counter[date | None] = Counter()
            corpus, found = corpus or CorpusConfig("", name, str(path)), found or Findings()
            found.encodings.setting = corpus.encoding
            for record in read(path, corpus, found):
                yield _finished(record, ordinals[record.sitting])
                ordinals[record.sitting] += 1

        assert name not in _registered, f"two readers are called {name}"
        _registered[name] = Reader(name, numbered, sources, takes)
        return numbered

    return register


def _finished(record: Record, ordinal: int) -> Record:
    """With its number, and without words that say that nothing is known: one rule for all readers and columns."""
    speaker, topic = known(record.speaker), known(record.topic)
    reason = record.reason or ("" if known(record.text) else "empty")
    return dataclasses.replace(record, ordinal=ordinal, speaker=speaker, topic=topic, reason=reason)


def find_reader(name: str, corpus: CorpusConfig) -> Reader:
    """The reader of the corpus of this name; a ConfigError lists those that there are, or tells of its settings."""
    key, readers = f"corpora.{name}", all_readers(corpus.reader)
    if corpus.reader not in readers:
        raise ConfigError(
            f"{key}.reader", corpus.reader, "one of " + ", ".join(sorted(readers)), did_you_mean(corpus.reader, readers)
        )
    found = readers[corpus.reader]
    for setting in SETTINGS:
        given = getattr(corpus, setting)
        if given and setting not in found.takes:
            takers = " or ".join(sorted(each for each, other in all_readers().items() if setting in other.takes))
            shown = list(given.names()) if isinstance(given, ColumnsConfig) else given
            raise ConfigError(f"{key}.{setting}", shown, "no such key", f"only the reader {takers} takes one")
    if corpus.where and "columns" not in found.takes and [*corpus.where] != ["language"]:
        remedy = f"the reader {corpus.reader} knows no other"
        raise ConfigError(f"{key}.where", corpus.where, "language, as xml:lang tells it", remedy)
    if "columns" in found.takes:
        remedy = "for example {text: body, date: day, speaker: name}; `hansard-bias look PATH` proposes them"
        require(corpus.columns is not None, f"{key}.columns", None, "the names of the archive's columns", remedy)
    return found


def all_readers(wanted: str = "") -> Mapping[str, Reader]:
    """The readers so far; modules are imported until the one wanted is among them, in vain: all of them."""
    # First the module that is called so: what the others import (pyarrow, expat) is then not loaded.
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: (module.name != wanted, module.name)):
        if wanted in _registered:
            break
        import_module(f"{__name__}.{module.name}")
    return _registered
