"""The files in data/companion/yardsticks, written by stage `companion` and read back for the statistics.

parts.parquet: the surprisal sums of test speeches under n-gram models of parts of the training text; parts.json: what
these parts are. topics.parquet: the topic of every test speech; topics.json: what the topics are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.base.files import TOKENIZER, YARDSTICKS, require_path, sha256, table_writer, write_json
from hansard_bias.scoring.tables import TOKENIZER_KEY

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
SpeechIds = Mapping[str, Sequence[str]]
BY_TIME, AT_RANDOM = ("early", "late"), ("random_1", "random_2")
HALF = "1/2"
DOSES = {HALF: 2, "1/4": 4, "1/8": 8}
OWN = "own"
NO_TOPIC = -1
PARTS, TOPICS = YARDSTICKS / "parts.parquet", YARDSTICKS / "topics.parquet"
_NAME = pa.dictionary(pa.int32(), pa.string())
_BLOCK = pa.schema({"kind": _NAME, "name": _NAME, "corpus": _NAME, "speech_id": pa.string(), "nats": pa.float64()})
_ASSIGNED = pa.schema({"corpus": _NAME, "speech_id": pa.string(), "topic": pa.int32()})


@dataclass(frozen=True)
class PartFacts:
    """What is known of a part of the training text."""

    kind: str
    """Of BY_TIME and AT_RANDOM: half of a corpus. Of DOSES: a share of a model's text. OWN: a mixture's text of one
    corpus."""
    name: str
    """The corpus that is halved; the model, of the other kinds."""
    reads: tuple[str, ...]
    """The corpora whose test speeches a model of the part has read."""
    tokens: int = 0
    sittings: int = 0
    """Sitting days; a day on which two corpora sat counts twice."""
    first_day: str = ""
    last_day: str = ""
    """Where a text is cut by time, the first day of its late half is the cut."""
    reason: str = ""
    """Why there is no such part, as a person can read it; empty where there is one."""


@dataclass(frozen=True)
class Parts:
    """All parts, and the surprisals under their n-gram models."""

    facts: tuple[PartFacts, ...]
    nats: dict[tuple[str, str, str], Floats]
    """By kind, name and corpus read: Σ surprisal of each test speech, in nats, shape [speeches], in the order of the
    ids that were given; ends of speeches are left out. Missing where the part has a reason."""

    def of(self, kind: str, name: str, corpus: str) -> PartFacts | None:
        """What is known of the part whose model was to read this corpus; None where a study has no such part."""
        named = (each for each in self.facts if (each.kind, each.name) == (kind, name) and corpus in each.reads)
        return next(named, None)


@dataclass(frozen=True)
class Topic:
    """What speeches with the same topic say."""

    words: tuple[str, ...]
    """The heaviest first."""
    shares: dict[str, float]
    """By corpus: its share of the training text, in words; what is left is of no topic."""


@dataclass(frozen=True)
class Topics:
    """Topics found in all corpora together."""

    topics: tuple[Topic, ...]
    of_speech: dict[str, Ids]
    """By corpus: the topic of each test speech, as a place in `topics`, or NO_TOPIC; shape [speeches]."""
    reason: str = ""
    """Why there are no topics; then no speech has one."""


def write_parts(
    folder: Path,
    fingerprint: Mapping[bytes, str],
    speech_ids: Mapping[str, pa.ChunkedArray],
    read: Iterable[tuple[PartFacts, list[Floats]]],
) -> None:
    """Write what models of parts have read, one after the other.

    speech_ids: of all test speeches. read: sums by speech, of every corpus in `reads`; none where there is no part.
    """
    schema = _BLOCK.with_metadata(dict(fingerprint))
    known = []
    with table_writer(folder / PARTS.name, schema) as writer:
        for facts, sums in read:
            known.append(facts)
            for corpus, nats in zip(facts.reads if sums else (), sums, strict=True):
                constant = [pa.repeat(text, len(nats)) for text in (facts.kind, facts.name, corpus)]
                columns = [*(each.dictionary_encode() for each in constant), speech_ids[corpus], pa.array(nats)]
                # One row group: that is how it is found again.
                writer.write_table(pa.table(columns, schema=schema), row_group_size=max(1, len(nats)))
    write_json((folder / PARTS.name).with_suffix(".json"), {"parts": [asdict(facts) for facts in known]})


def read_parts(root: Path, speech_ids: SpeechIds) -> Parts:
    """What models of parts have read, with the sums of every corpus in the order of these ids of its test speeches.

    Raises ValueError for files that are missing, of another tokenizer than the present one or of other speeches.
    """
    path = require_path(root / PARTS, "companion")
    found = pq.read_schema(path).metadata.get(TOKENIZER_KEY, b"").decode()
    if found != sha256(require_path(root / TOKENIZER / "tokenizer.json", "tokenizer")):
        raise ValueError(f"{path}: scores of another tokenizer than {TOKENIZER}; run `dvc repro companion`")
    told = _told(path)["parts"]
    facts = tuple(PartFacts(**each | {"reads": tuple(each["reads"])}) for each in told)
    nats = {}
    with pq.ParquetFile(path) as file:
        # A row group holds the speeches of one corpus under one model.
        for number in range(file.num_row_groups):
            block = file.read_row_group(number)
            kind, name, corpus = (str(block[column][0]) for column in ("kind", "name", "corpus"))
            if corpus in speech_ids:
                nats[kind, name, corpus] = _aligned(path, block, "nats", corpus, speech_ids[corpus])
    return Parts(facts, nats)


def write_topics(folder: Path, found: Topics, speech_ids: Mapping[str, pa.ChunkedArray]) -> None:
    """Write the topics of all test speeches, in the order of these ids."""
    with table_writer(folder / TOPICS.name, _ASSIGNED) as writer:
        for corpus, ids in speech_ids.items():
            named = pa.repeat(corpus, len(ids)).dictionary_encode()
            topic = found.of_speech.get(corpus, np.full(len(ids), NO_TOPIC))
            writer.write_table(pa.table([named, ids, pa.array(topic, pa.int32())], schema=_ASSIGNED))
    told = {"topics": [asdict(topic) for topic in found.topics], "reason": found.reason}
    write_json((folder / TOPICS.name).with_suffix(".json"), told)


def read_topics(root: Path, speech_ids: SpeechIds) -> Topics:
    """The topics, with those of the test speeches of every corpus in the order of these ids.

    Raises ValueError for files that are missing or of other speeches.
    """
    path = require_path(root / TOPICS, "companion")
    table, told = pq.read_table(path), _told(path)
    topics = tuple(Topic(tuple(each["words"]), each["shares"]) for each in told["topics"])
    of_speech = {}
    for corpus, ids in speech_ids.items():
        block = table.filter(pc.equal(table["corpus"], corpus))
        of_speech[corpus] = _aligned(path, block, "topic", corpus, ids).astype(np.int64)
    return Topics(topics, of_speech, told["reason"])


def _told(path: Path) -> Any:
    beside = require_path(path.with_suffix(".json"), "companion")
    return json.loads(beside.read_text(encoding="utf-8"))


def _aligned(path: Path, block: pa.Table, column: str, corpus: str, ids: Sequence[str]) -> npt.NDArray[Any]:
    values = block[column].to_numpy()
    wanted, there = pa.array(ids, pa.string()), block["speech_id"].combine_chunks()
    if wanted.equals(there):
        return np.asarray(values)
    at = pc.index_in(wanted, value_set=there)
    if at.null_count or len(wanted) != len(there):
        raise ValueError(f"{path}: other test speeches of {corpus} than were scored; run `dvc repro companion`")
    return np.asarray(values[at.to_numpy()])
