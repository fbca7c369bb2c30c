"""The readers by the names that params.yaml uses. A new format is one new file in this folder: nothing lists them.

    @reader("minutes", sources)
    def read_minutes(path: Path, columns: ColumnsConfig | None = None) -> Iterator[Record]: ...

registers a reader when its module is imported, which happens when its name is looked up.
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

from hansard_bias.corpora.schema import Record, known
from hansard_bias.params import ColumnsConfig, ConfigError, CorpusConfig
from hansard_bias.params.validation import did_you_mean, require

Read = Callable[[Path, ColumnsConfig | None], Iterator[Record]]
Sources = Callable[[Path], list[Path]]


@dataclasses.dataclass(frozen=True)
class Reader:
    """One format of archives."""

    read: Read  # every record of the archive at a path, in order, given what params.yaml says of its columns
    sources: Sources  # the files that are read, for the digest of the source
    takes_columns: bool


_registered: dict[str, Reader] = {}


def reader(name: str, sources: Sources, takes_columns: bool = False) -> Callable[[Read], Read]:
    """Register the function below as the reader of this name, and number the records of each sitting."""

    def register(read: Read) -> Read:
        @functools.wraps(read)
        def numbered(path: Path, columns: ColumnsConfig | None = None) -> Iterator[Record]:
            # Here, so that ids are stable in every format, also where a sitting's records are not together.
            ordinals: Counter[date | None] = Counter()
            for record in read(path, columns):
                yield _finished(record, ordinals[record.sitting])
                ordinals[record.sitting] += 1

        assert name not in _registered, f"two readers are called {name}"
        _registered[name] = Reader(numbered, sources, takes_columns)
        return numbered

    return register


def _finished(record: Record, ordinal: int) -> Record:
    """With its number, and without words that say that nothing is known: one rule for all readers and columns."""
    speaker, topic = known(record.speaker), known(record.topic)
    reason = record.reason or ("" if known(record.text) else "empty")
    return dataclasses.replace(record, ordinal=ordinal, speaker=speaker, topic=topic, reason=reason)


def find_reader(name: str, corpus: CorpusConfig) -> Reader:
    """The reader of the corpus of this name; a ConfigError lists those that there are, or tells of its columns."""
    key, given = f"corpora.{name}", corpus.columns
    known = _known(corpus.reader)
    if corpus.reader not in known:
        raise ConfigError(
            f"{key}.reader", corpus.reader, "one of " + ", ".join(sorted(known)), did_you_mean(corpus.reader, known)
        )
    found = known[corpus.reader]
    if found.takes_columns:
        remedy = "for example {text: body, date: day, speaker: name}"
        require(given is not None, f"{key}.columns", None, "the names of the archive's columns", remedy)
    elif given is not None:
        takers = " or ".join(sorted(each for each, other in _known("").items() if other.takes_columns))
        remedy = f"only the reader {takers} takes one"
        raise ConfigError(f"{key}.columns", list(given.names()), "no such key", remedy)
    return found


def _known(wanted: str) -> Mapping[str, Reader]:
    """The readers so far; modules are imported until the one wanted is among them, in vain: all of them."""
    # First the module that is called so: what the others import (pyarrow, expat) is then not loaded.
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: (module.name != wanted, module.name)):
        if wanted in _registered:
            break
        import_module(f"{__name__}.{module.name}")
    return _registered
