"""From an archive to the tables of its speeches: every record is either kept or dropped with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa

from hansard_bias.base.files import table_writer
from hansard_bias.base.messages import warn
from hansard_bias.base.parallel import in_order
from hansard_bias.corpora.archives import Findings, digest, digest_of
from hansard_bias.corpora.cleaning import clean_text, plain_line
from hansard_bias.corpora.faults import Faults
from hansard_bias.corpora.formulas import is_procedural
from hansard_bias.corpora.readers import find_reader
from hansard_bias.corpora.schema import KEPT, REJECTED, Record, whole_characters
from hansard_bias.params import CleanConfig, CorpusConfig
from hansard_bias.writing import count_words, is_plain

# A batch is what one process cleans at a time: some seconds of work, some megabytes to send.
BATCH_CHARACTERS = 4_000_000
BATCH_RECORDS = 20_000
# Different words for a role that are counted each: whoever names a wrong column has one for each row.
MOST_ROLES, OTHER_ROLES = 100, "(others)"
MOST_LEFT_OUT = 100  # files that are no debates and are named


@dataclass
class _Account:
    read: int = 0  # records that the reader yielded
    kept: int = 0
    words: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)
    speakers: set[str] = field(default_factory=set)
    unknown_roles: Counter[str] = field(default_factory=Counter)
    faults: Faults = field(default_factory=Faults)

    def batches(self, records: Iterable[Record]) -> Iterator[list[Record]]:
        """The records, counted while they are read, in batches of bounded size."""
        batch: list[Record] = []
        characters = 0
        for record in records:
            self.read += 1
            self.faults.add(record)
            if record.unknown_role:
                self.add_role(plain_line(record.unknown_role))
            batch.append(record)
            characters += len(record.text)
            if characters >= BATCH_CHARACTERS or len(batch) == BATCH_RECORDS:
                yield batch
                batch, characters = [], 0
        if batch:
            yield batch

    def add_role(self, words: str) -> None:
        """Count words that name no role, each of so many, and the others together."""
        is_listed = words in self.unknown_roles or len(self.unknown_roles) < MOST_ROLES
        self.unknown_roles[words if is_listed else OTHER_ROLES] += 1

    def add(self, kept: pa.Table, rejected: pa.Table) -> None:
        """Count a batch."""
        self.kept += len(kept)
        # Cleaned text has single blanks, so that counting them is as good as splitting.
        texts = kept["text"].to_pylist()
        self.words += sum(text.count(" ") + 1 if is_plain(text) else count_words(text) for text in texts)
        self.dropped.update(reasons := rejected["reason"].to_pylist())
        self.faults.add_places(reasons, rejected["source"].to_pylist())
        # A day of which nothing was kept was a sitting all the same.
        for table in (kept, rejected):
            self.days.update(table["sitting"].unique().drop_null().to_pylist())
        self.speakers.update(kept["speaker"].unique().to_pylist())

    def summary(self, source_digest: str, found: Findings) -> dict[str, object]:
        """The content of metrics/corpora/<corpus>.json."""
        assert self.read == self.kept + self.dropped.total(), "every record is accounted for"
        return {
            "read": self.read,
            "kept": self.kept,
            "dropped": dict(sorted(self.dropped.items())),
            "first_dropped": dict(sorted(self.faults.first.items())),
            "unknown_roles": dict(sorted(self.unknown_roles.items(), key=lambda item: (-item[1], item[0]))),
            "sittings": len(self.days),
            "speakers": len(self.speakers - {""}),
            "tokens": self.words,
            "first_day": min(self.days).isoformat(),
            "last_day": max(self.days).isoformat(),
            "digest": source_digest,
            **({"left_out": sorted(found.left_out)[:MOST_LEFT_OUT]} if found.left_out else {}),
            "encodings": dict(sorted(Counter(found.encodings.by_file.values()).items())),
        }


def write_corpus(name: str, corpus: CorpusConfig, clean: CleanConfig, folder: Path) -> dict[str, object]:
    """Read, clean and sift one archive into `<name>.parquet` and `<name>.rejected.parquet`; returns the summary.

    In it, `sittings`, `first_day` and `last_day` are those of all dated records read, `speakers` and `tokens` (words
    between spaces, or characters where no spaces part words) those of the kept speeches. The archive is read in one
    process and cleaned in one for each core, in batches: memory does not grow with the archive. Raises ValueError where
    the path is missing, holds no such archive, no speech is left, or most days cannot be read; an earlier table of
    speeches then stays.
    """
    path, reader, account = Path(corpus.path), find_reader(name, corpus), _Account()
    given = f"params.yaml: corpora.{name}.path is {corpus.path!r}"
    if not path.exists():
        advice = "put the archive there, or run `hansard-bias sample`"
        raise ValueError(f"{given}, expected an existing archive or folder; {advice}")
    files = folder / f"{name}.parquet", folder / f"{name}.rejected.parquet"
    found, problem = Findings(), ""
    # Of an archive that is refused the rejected records are written all the same: they show why.
    with table_writer(files[1], REJECTED) as others, suppress(_RefusedError), table_writer(files[0], KEPT) as speeches:
        records = reader.read(path, corpus, found)
        for kept, rejected in in_order(partial(sift, name, clean), account.batches(records)):
            account.add(kept, rejected)
            speeches.write_table(kept)
            others.write_table(rejected)
        if problem := account.faults.problem(name, corpus, account.dropped, not account.kept):
            raise _RefusedError
    if problem:
        raise ValueError(f"{problem}; the records are in {files[1]}")
    if found.left_out:
        warn(f"{path}: files that are no debates are left out: {found.others()}")
    for remark in (*found.remarks, *found.disagreeing()):
        warn(f"{path}: {remark}")
    # The digest comes last: an archive that cannot be read is told at once, not after minutes of hashing.
    source = digest(path, reader.sources(path))
    if corpus.join:
        beside = Path(corpus.join.path)
        source = digest_of([source, digest(beside, reader.sources(beside))])
    return account.summary(source, found)


class _RefusedError(Exception):
    """Leaves the table of speeches as it was."""


def sift(name: str, clean: CleanConfig, records: Sequence[Record]) -> list[pa.Table]:
    """Clean some records of the corpus `name`: a table of those that are speeches (KEPT) and of the rest (REJECTED)."""
    kept: list[tuple[object, ...]] = []
    rejected: list[tuple[object, ...]] = []
    for record in records:
        text = clean_text(record.text, clean.lowercase)
        day = record.sitting.isoformat() if record.sitting else "undated"
        about = (plain_line(record.speaker), record.role, plain_line(record.topic))
        facts = (f"{name}/{day}/{record.ordinal:05d}", name, record.sitting, record.ordinal, *about)
        # What the archive says of a record goes before what its text looks like.
        if reason := record.reason or drop_reason(text, record.role, clean):
            rejected.append((*facts, text, reason, plain_line(record.source)))
        else:
            # A NUL would end the text in other programs.
            kept.append((*facts, text, whole_characters(record.text).replace("\0", " ")))
    # With its types: a batch without any row, or of nulls alone, would get others.
    return [
        pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
        for rows, schema in ((kept, KEPT), (rejected, REJECTED))
    ]


def drop_reason(text: str, role: str, clean: CleanConfig) -> str:
    """Why a speech (cleaned text) is left out of the corpus; empty where it is kept."""
    if role in clean.drop_roles:
        return f"role_{role}"
    if len(text) < clean.min_characters:
        return "too_short"
    return "procedural" if clean.drop_procedural and is_procedural(text) else ""
