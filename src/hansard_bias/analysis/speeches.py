"""The test speeches of a corpus as arrays: what models need for them, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.base.files import ALIGNED, SCORES, require_path
from hansard_bias.corpora.schema import SHARING
from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.design import CorpusSums, StrArray, known_speakers, require
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.variance import Estimate, pooled
from hansard_bias.tokens.encoded import Ids

Flags = npt.NDArray[np.bool_]
# What is known of a speech beside its text.
KINDS = ("year", "topic", "role", "speaker")


@dataclass(frozen=True)
class Losses:
    """The test speeches of one corpus."""

    # Σ surprisal in nats, shape [models, seeds, speeches]; models and seeds in the order of params.yaml.
    nats: FloatArray
    tokens: FloatArray  # Scored tokens, shape [speeches]
    bytes_: FloatArray  # UTF-8 bytes, shape [speeches]
    sittings: StrArray  # Days, shape [speeches]
    speakers: StrArray  # Names, shape [speeches]; empty where one is not known
    speech_ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.speech_ids)

    def sums(self, chosen: Flags | None = None, nats: FloatArray | None = None) -> CorpusSums:
        """Sums by sitting and speaker, of all speeches or of those chosen, under the models or as others put them.

        nats: shape [others, seeds, speeches]. Raises ValueError where the chosen speeches hold no token.
        """
        rows = np.ones(len(self), dtype=bool) if chosen is None else chosen
        values = self.nats if nats is None else nats
        sittings, speakers = self.sittings[rows], self.speakers[rows]
        return CorpusSums.of_speeches(values[:, :, rows], self.tokens[rows], self.bytes_[rows], sittings, speakers)

    @cached_property
    def clusters(self) -> tuple[Ids, Ids | None]:
        """Numbers of the sitting and of the speaker of every speech, shape [speeches]; None without speakers."""
        named = known_speakers(self.speakers)
        sitting = np.unique(self.sittings, return_inverse=True)[1].astype(np.int64)
        return sitting, None if named is None else np.unique(named, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def cells(self) -> tuple[Ids, Ids, Ids | None]:
        """The number of every speech's cell, shape [speeches], and each cell's sitting and speaker, shape [cells]."""
        sitting, speaker = self.clusters
        key = sitting if speaker is None else sitting * (int(speaker.max()) + 1) + speaker
        _, first, cell = np.unique(key, return_index=True, return_inverse=True)
        return cell.astype(np.int64), sitting[first], None if speaker is None else speaker[first]

    def mean(self, nats: FloatArray, chosen: Flags | None = None) -> Estimate:
        """Nats per token over the chosen speeches, or all, pooled over seeds; an estimate without axes.

        nats: of every speech, shape [seeds, speeches]. ValueError where the chosen speeches hold no token.
        """
        cell, sitting, speaker = self.cells
        rows = slice(None) if chosen is None else chosen
        tokens = np.bincount(cell[rows], self.tokens[rows], len(sitting))
        require(bool(tokens.any()), "the chosen speeches hold no token")
        sums = np.array([np.bincount(cell[rows], each[rows], len(sitting)) for each in nats])
        some = tokens > 0
        clusters = Clusters.of(sitting[some], None if speaker is None else speaker[some])
        return pooled(sums[:, some], tokens[some], clusters).of(0)


@dataclass(frozen=True)
class Facts:
    """Of the test speeches of one corpus, in the order of their losses."""

    values: dict[str, StrArray]  # Each of KINDS to its value, shape [speeches]; empty where it is not known
    sharing: Flags  # Whether a run of 13 words occurs in training text, too, shape [speeches]

    @property
    def texts(self) -> dict[str, Flags]:
        """The speeches looked at: all, or without those that share 13 words in a row with training text."""
        return {"all": np.ones_like(self.sharing), "without_shared": ~self.sharing}


def losses_of(corpus: str, tables: list[pd.DataFrame], models: int, root: Path) -> Losses:
    """From the tables of all runs, models before seeds; ValueError where they or alignment lack the speeches."""
    parts = [table[table["corpus"] == corpus] for table in tables]
    first = parts[0]
    if first.empty:
        raise ValueError(f"{root / SCORES}: no test speech of {corpus}, expected some; run `dvc repro score`")
    return Losses(
        nats=np.array([part["nats"].to_numpy() for part in parts]).reshape(models, -1, len(first)),
        tokens=first["tokens"].to_numpy(dtype=np.float64),
        bytes_=first["bytes"].to_numpy(dtype=np.float64),
        sittings=first["sitting"].to_numpy(dtype=str),
        speakers=_aligned(corpus, tuple(first["speech_id"]), root)["speaker"].fillna("").to_numpy(dtype=str),
        speech_ids=tuple(first["speech_id"]),
    )


def _aligned(corpus: str, speech_ids: Sequence[str], root: Path) -> pd.DataFrame:
    """What alignment knows of these test speeches, in their order; ValueError where one of them is not there."""
    path = root / ALIGNED / f"{corpus}.parquet"
    if SHARING.name not in pq.read_schema(require_path(path, "align")).names:
        missing = f"has no column {SHARING.name}, expected it since speeches are marked"
        raise ValueError(f"{path}: {missing}; run `dvc repro align`")
    columns = ["speech_id", *KINDS[1:], SHARING.name]
    table = pq.read_table(path, columns=columns, filters=pc.field("split") == "test").to_pandas()
    # Scores come in the order of the debates, and all arrays follow them.
    rows = pd.Index(table["speech_id"]).get_indexer(list(speech_ids))
    if (rows < 0).any():
        unknown = speech_ids[int(np.argmax(rows < 0))]
        raise ValueError(f"{path}: no test speech {unknown}, which was scored; run `dvc repro score`")
    return pd.DataFrame(table.iloc[rows])


def facts_of(corpus: str, losses: Losses, root: Path) -> Facts:
    """From alignment; ValueError where it does not fit the scores."""
    table = _aligned(corpus, losses.speech_ids, root)
    known = {kind: table[kind].fillna("").to_numpy(dtype=str) for kind in KINDS[1:]}
    # Days are ISO dates: the year is their first four signs.
    years = np.array([day[:4] for day in losses.sittings])
    return Facts({"year": years, **known}, table[SHARING.name].to_numpy(dtype=bool))
