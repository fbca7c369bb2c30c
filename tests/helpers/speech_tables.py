"""Small tables of speeches as the functions want them: in files, or as texts by number."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from hansard_bias.corpora.align.alignment import Aligned, align
from hansard_bias.corpora.align.duplicates import Rows
from hansard_bias.corpora.build import write_corpus
from hansard_bias.params import CleanConfig, Config, CorpusConfig

BOTH = ("raw", "text")


@dataclasses.dataclass(frozen=True)
class Loaded:
    """A part that is in memory."""

    rows: Rows
    columns: Mapping[str, Sequence[str]]

    def read(self, column: str = "text") -> list[str]:
        return [self.columns[column][row] for row in self.rows]


class InMemory:
    """Texts by number, in parts of seven."""

    def __init__(self, **columns: Sequence[str]) -> None:
        self.columns = {name: list(texts) for name, texts in columns.items()}

    def __len__(self) -> int:
        return len(self.columns["text"])

    def parts(self, rows: Rows) -> Iterator[Loaded]:
        for start in range(0, len(rows), 7):
            yield Loaded(rows[start : start + 7], self.columns)


def numbered(corpora: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], InMemory]:
    """The tables with numbers (`row`) in place of their texts, and the texts."""
    every = pd.concat(corpora.values())
    starts = np.cumsum([0, *map(len, corpora.values())])
    tables = {
        name: table.drop(columns=[*BOTH]).assign(row=start + np.arange(len(table)))
        for (name, table), start in zip(corpora.items(), starts[:-1], strict=True)
    }
    return tables, InMemory(**{column: every[column] for column in BOTH})


def align_tables(speeches: Mapping[str, pd.DataFrame], config: Config) -> Aligned:
    """`align` on tables written to files; the corpora of the result as they are written, with their texts."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.parquet" for name in speeches}
        for name, table in speeches.items():
            # Small row groups: texts are gathered from many parts.
            table.to_parquet(files[name], index=False, row_group_size=97)
        aligned = align(files, config)
        corpora = {name: pa.concat_tables([*aligned.written(name)]).to_pandas() for name in aligned.corpora}
    return dataclasses.replace(aligned, corpora=corpora)


@dataclasses.dataclass(frozen=True)
class Corpus:
    """What the `corpus` stage makes of an archive."""

    kept: pd.DataFrame
    rejected: pd.DataFrame
    summary: dict[str, object]


def build_corpus(name: str, corpus: CorpusConfig, clean: CleanConfig) -> Corpus:
    """`write_corpus`, and its files as tables."""
    with tempfile.TemporaryDirectory() as folder:
        summary = write_corpus(name, corpus, clean, Path(folder))
        kept, rejected = (pd.read_parquet(Path(folder) / f"{name}{kind}.parquet") for kind in ("", ".rejected"))
        return Corpus(kept, rejected, summary)
