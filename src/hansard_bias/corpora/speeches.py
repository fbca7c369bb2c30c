"""From an archive to the table of its speeches: every record is either kept or dropped with a reason."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from hansard_bias.config import CleanConfig, CorpusConfig
from hansard_bias.corpora.cleaning import clean_text, is_procedural
from hansard_bias.corpora.readers import READERS, SOURCES
from hansard_bias.corpora.records import Record

IDENTIFYING = ("speech_id", "corpus", "sitting", "ordinal", "speaker", "role", "topic")
KEPT_COLUMNS = (*IDENTIFYING, "text", "raw")
REJECTED_COLUMNS = (*IDENTIFYING, "text", "reason", "source")


@dataclass(frozen=True)
class CorpusTables:
    """The speeches of one archive, its other records, and the account of both."""

    kept: pd.DataFrame
    rejected: pd.DataFrame
    summary: dict[str, object]


def build_corpus(name: str, corpus: CorpusConfig, clean: CleanConfig) -> CorpusTables:
    """Read, clean and sift one archive.

    `kept` has KEPT_COLUMNS, `rejected` REJECTED_COLUMNS. In `summary`, `sittings`, `first_day` and `last_day` are those
    of all dated records read, `speakers` and `tokens` (words between spaces) those of the kept speeches.
    Raises ValueError where the path is missing, holds no such archive, or no speech is left.
    """
    path = Path(corpus.path)
    if not path.exists():
        advice = "put the archive there, or run `hansard-bias sample`"
        raise ValueError(
            f"params.yaml: corpora.{name}.path is {corpus.path!r}, expected an existing archive or folder; {advice}"
        )
    kept: list[tuple[object, ...]] = []
    rejected: list[tuple[object, ...]] = []
    days: set[date] = set()
    for record in READERS[corpus.reader](path, corpus):
        if record.sitting is not None:
            days.add(record.sitting)
        text = clean_text(record.text, clean.lowercase)
        reason = record.reason or drop_reason(text, record.role, clean)
        if reason:
            rejected.append((*_identity(name, record), text, reason, record.source))
        else:
            kept.append((*_identity(name, record), text, record.text))
    tables = _frame(kept, KEPT_COLUMNS), _frame(rejected, REJECTED_COLUMNS)
    if not kept:
        counts = ", ".join(f"{reason} {count}" for reason, count in sorted(_reasons(tables[1]).items())) or "no record"
        raise ValueError(
            f"params.yaml: corpora.{name}.path is {corpus.path!r}, expected speeches; all dropped: {counts}"
        )
    return CorpusTables(*tables, _summary(*tables, days, digest(path, SOURCES[corpus.reader](path))))


def drop_reason(text: str, role: str, clean: CleanConfig) -> str:
    """Why a speech (cleaned text) is left out of the corpus; empty where it is kept."""
    if role in clean.drop_roles:
        return f"role_{role}"
    if len(text) < clean.min_characters:
        return "too_short"
    return "procedural" if clean.drop_procedural and is_procedural(text) else ""


def digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 of the source files: their names relative to `root`, and their content."""
    total = hashlib.sha256()
    for file in sorted(files):
        name = file.name if file == root else file.relative_to(root).as_posix()
        with file.open("rb") as content:
            total.update(f"{name}\0{hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _identity(name: str, record: Record) -> tuple[object, ...]:
    day = record.sitting.isoformat() if record.sitting else "undated"
    speech_id = f"{name}/{day}/{record.ordinal:05d}"
    return speech_id, name, record.sitting, record.ordinal, record.speaker, record.role, record.topic


def _frame(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records(rows, columns=list(columns))


def _reasons(rejected: pd.DataFrame) -> dict[str, int]:
    return dict(sorted(Counter(rejected["reason"].tolist()).items()))


def _summary(kept: pd.DataFrame, rejected: pd.DataFrame, days: set[date], source_digest: str) -> dict[str, object]:
    dropped = _reasons(rejected)
    read = len(kept) + len(rejected)
    assert read == len(kept) + sum(dropped.values())
    return {
        "read": read,
        "kept": len(kept),
        "dropped": dropped,
        "sittings": len(days),
        "speakers": len({speaker for speaker in kept["speaker"].tolist() if speaker}),
        "tokens": sum(text.count(" ") + 1 for text in kept["text"].tolist()),
        "first_day": min(days).isoformat(),
        "last_day": max(days).isoformat(),
        "digest": source_digest,
    }
