"""What an archive is, before any setting: its format, columns, days, roles and speeches, and its entry in params.yaml.

Every reader without columns is tried first; what none of them reads may be tables, whose columns are guessed. What is
said of days, roles and speeches comes from reading by the very entry that is printed.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import Any

from hansard_bias.base.messages import joined, one_line, shown
from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.encodings import MARKED, UTF8
from hansard_bias.corpora.packed import is_archive, listed
from hansard_bias.corpora.readers import all_readers
from hansard_bias.corpora.schema import Record
from hansard_bias.corpora.texts import Broken, Wanted
from hansard_bias.operations.guesses import Column, Guess, guessed, text_of
from hansard_bias.params import PARAMS_FILE, ColumnsConfig, CorpusConfig

MOST_RECORDS = 20_000  # that are looked at; of tables, from as many files as hold them
MOST_ROWS, MOST_FILES = 2_000, 50  # rows and files from which columns are guessed
_LONGEST_CELL = 50
_SIGNS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_QUOTES = {
    "doubled": "quotes hold cells together",
    "backslash": "quotes hold cells together, a backslash takes the meaning from what follows",
    "none": "quotes are text",
    "none_backslash": "quotes are text, a backslash takes the meaning from what follows",
}
# What the files of a format are called: others are not asked for them.
_HINTS = {"nrc": (".en", ".id"), "lipad": (".csv",), "parlamint": (".xml",), "tei": (".xml",), "akoma": (".xml",)}
_KINDS = {
    "nrc": "the Nunavut Hansard corpus of the NRC",
    "lipad": "LiPaD's daily CSV files",
    "parlamint": "ParlaMint or other TEI with speeches as <u>",
    "tei": "TEI with speeches as <sp>",
    "akoma": "Akoma Ntoso",
    "table": "a table, a speech a row",
}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# Words that are something else in YAML, or no name for a corpus.
_TAKEN = ("true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "mixtures")
_ACCENTED = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")


@dataclass
class Sight:
    """What was seen of an archive."""

    corpus: CorpusConfig
    records: Sequence[Record]
    is_whole: bool
    found: Findings
    columns: Sequence[Column] = ()
    doubts: list[str] = field(default_factory=list)


def look(path: Path) -> Iterator[str]:
    """The lines that tell what an archive is; ValueError where it is none that can be read."""
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder; give the path of an archive")
    path, files = path.resolve(), _names(path)
    problems = dict[str, str]()
    sight = _by_a_known_format(path, files, problems) or _as_tables(path, problems)
    yield from _told(path, files, sight)
    yield ""
    yield "The entry for params.yaml (and name it under `models:`):"
    yield ""
    yield "corpora:"
    yield f"  {_entry(sight)}"


def _names(path: Path) -> list[str]:
    """The names of all files of an archive, a folder or a single file."""
    if is_archive(path):
        return [name for name, _ in listed(path)]
    if path.is_file():
        return [path.name]
    inside = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    if len(inside) == 1 and is_archive(inside[0]):
        return [name for name, _ in listed(inside[0])]
    return [file.relative_to(path).as_posix() for file in inside]


def _by_a_known_format(path: Path, files: Sequence[str], problems: dict[str, str]) -> Sight | None:
    """The first reader without columns that finds speeches; `problems` gets what the others say."""
    suffixes = {PurePath(name).suffix.lower() for name in files}
    for name, reader in all_readers().items():
        if "columns" in reader.takes or not suffixes & {*_HINTS.get(name, suffixes)}:
            continue
        corpus, found = CorpusConfig("", name, str(path)), Findings()
        try:
            records, is_whole = _some(reader.read(path, corpus, found))
        except ValueError as error:
            problems[name] = str(error)
            continue
        if any(not record.reason for record in records):
            return Sight(corpus, records, is_whole, found)
        problems[name] = f"{path}: no speech is found by the reader {name}"
    return None


def _some(records: Iterable[Record]) -> tuple[list[Record], bool]:
    """The first records, and whether these are all."""
    some = [*itertools.islice(records, MOST_RECORDS + 1)]
    return some[:MOST_RECORDS], len(some) <= MOST_RECORDS


def _as_tables(path: Path, problems: Mapping[str, str]) -> Sight:
    # What loads pyarrow waits until tables are there.
    from hansard_bias.corpora.readers.table import rows_by_file

    try:
        guess, file_date = _guess(path)
    except ValueError as error:
        raise ValueError(_surest([*problems.values(), str(error)])) from None
    names: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in guess.columns.items()
    }
    corpus, found = CorpusConfig("", "table", str(path), ColumnsConfig(**names), file_date=file_date), Findings()
    if not (names.get("date") or file_date):
        there = joined(column.name for column in guess.found)
        raise ValueError(f"{path}: a table without a column of days, nor days in its files' names; there are {there}")
    rows = rows_by_file(path, corpus, found, MOST_RECORDS + 1)
    records, is_whole = _some(record for of_file in rows for record, _ in of_file)
    if not any(not record.reason for record in records):
        counts = Counter(record.reason for record in records)
        reasons = joined(f"{reason} {count}" for reason, count in counts.most_common())
        raise ValueError(f"{path}: a table without speeches; its rows are {reasons}")
    return Sight(corpus, records, is_whole, found, guess.found, guess.doubts)


def _guess(path: Path) -> tuple[Guess, str]:
    """What the columns are of those files that hold most text: others beside them are none of the debates."""
    from hansard_bias.corpora.readers.formats import table_rows
    from hansard_bias.corpora.readers.table import tables

    by_file, problems = dict[str, list[Mapping[str, Any]]](), list[str]()
    for table in itertools.islice(tables(path, Findings()), MOST_FILES):
        try:
            rows = [row for _, row in itertools.islice(table_rows(table, Wanted()), MOST_ROWS)]
        except ValueError as error:
            problems.append(str(error))
            continue
        by_file[table.name] = [row for row in rows if not isinstance(row, Broken)]
    texts = {name: found for name, rows in by_file.items() if (found := text_of(rows))}
    if not texts:
        raise ValueError(problems[0] if problems else f"{path}: no table holds text")
    most = max(texts.values(), key=lambda text: text.length * len(text.cells)).name
    chosen = [name for name, text in texts.items() if text.name == most]
    return guessed([row for name in chosen for row in by_file[name]], chosen)


def _surest(problems: Sequence[str]) -> str:
    """Of what readers say, what names a place in a file; else the last."""
    placed = [problem for problem in problems if re.search(r":\d+: ", problem)]
    return placed[0] if placed else problems[-1]


def _told(path: Path, files: Sequence[str], sight: Sight) -> Iterator[str]:
    """What was seen, a line each."""
    corpus, found, records = sight.corpus, sight.found, sight.records
    speeches = [record for record in records if not record.reason]
    partly = "" if sight.is_whole else f"; what follows is of its first {len(records):,} records"
    yield f"{path}: {_KINDS[corpus.reader]}, `reader: {corpus.reader}`; {_counted(len(files), 'file')}{partly}"
    yield f"encoding: {joined(_encodings(found)) or 'as the format has it'}{_words_beyond_ascii(found, speeches)}"
    dialects = Counter((sign, quoting) for sign, quoting, _ in found.dialects.values())
    for (sign, quoting), count in dialects.most_common():
        sign = _SIGNS.get(sign, shown(sign))
        yield f"dialect: a {sign} between cells, {_QUOTES[quoting]} ({_counted(count, 'file')})"
    yield from _columns(sight)
    days = sorted({record.sitting for record in records if record.sitting})
    yield f"days: {days[0]} to {days[-1]}, {_counted(len(days), 'sitting')}" if days else "days: none"
    yield f"roles: {_most(Counter(record.role for record in speeches))}"
    if unknown := Counter(record.unknown_role for record in speeches if record.unknown_role):
        yield f"words for roles that are unknown, taken for members: {_most(unknown)}"
    speakers = Counter(record.speaker for record in speeches if record.speaker)
    yield f"speakers: {len(speakers):,}, most often {_most(speakers, 3)}" if speakers else "speakers: none are named"
    yield f"speeches: {len(speeches):,}, such as {shown(one_line(speeches[0].text), 2 * _LONGEST_CELL)}"
    if others := Counter(record.reason for record in records if record.reason):
        yield f"set aside: {_most(others)}"
    if found.left_out:
        yield f"no debates, left out: {found.others()}"
    yield from (f"look at this: {doubt}" for doubt in (*sight.doubts, *found.remarks, *found.disagreeing()))


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _most(counts: Counter[str], most: int = 8) -> str:
    some = [f"{one_line(word, _LONGEST_CELL)} {count:,}" for word, count in counts.most_common(most)]
    return ", ".join(some) + f" and {len(counts) - most:,} more" * (len(counts) > most)


def _encodings(found: Findings) -> list[str]:
    counts = Counter(found.encodings.by_file.values())
    return [f"{name} ({_counted(count, 'file')})" for name, count in counts.most_common()]


def _words_beyond_ascii(found: Findings, speeches: Sequence[Record]) -> str:
    """Words by which a person sees whether the encoding is the right one; none of UTF-8, which cannot be wrong."""
    if {*found.encodings.by_file.values()} <= {UTF8, MARKED}:
        return ""
    words = dict.fromkeys(word for record in speeches[:200] for word in _ACCENTED.findall(record.text))
    return f"; are these words right: {joined([*words][:8])}" if words else ""


def _columns(sight: Sight) -> Iterator[str]:
    """The columns of a table with two values each, and what they were taken for."""
    settings = {} if sight.corpus.columns is None else asdict(sight.corpus.columns)
    kinds = {kind: settings.get(kind, "") for kind in ("text", "date", "speaker", "role", "topic", "id")}
    taken = {name: kind for kind, value in kinds.items() for name in ([value] if isinstance(value, str) else value)}
    if sight.columns:
        yield "columns:"
    for column in sight.columns:
        some = " \u00b7 ".join(one_line(cell, _LONGEST_CELL) for cell in [*dict.fromkeys(column.told)][:2])
        kind = taken.get(column.name, "") if column.name else ""
        yield f"  {one_line(column.name, _LONGEST_CELL)}{f' = {kind}' if kind else ''}: {some or 'empty'}"


def _entry(sight: Sight) -> str:
    """The archive as an entry of params.yaml in one line."""
    corpus = sight.corpus
    settings: dict[str, Any] = {"reader": corpus.reader, "path": corpus.path}
    if corpus.columns is not None:
        default = ColumnsConfig("")
        settings["columns"] = {k: v for k, v in asdict(corpus.columns).items() if v != getattr(default, k)}
    if corpus.file_date:
        settings["file_date"] = corpus.file_date
    # What marks at the beginning of a file tell is no guess.
    if guessed_encodings := [name for name in (sight.found.encodings.found,) if name]:
        settings["encoding"] = guessed_encodings[0]
    name, label = _free_name(Path(corpus.path))
    return f"{name}: {_yaml({'label': label, **settings})}"


def _free_name(path: Path) -> tuple[str, str]:
    """A name and a label that params.yaml does not have yet."""
    stem = path.name.partition(".")[0] if path.is_file() else path.name
    bare = re.sub(r"\W+|_+", "_", stem, flags=re.ASCII).strip("_").lower()[:40]
    base = bare if re.match(r"[a-z]", bare) else f"archive_{bare}".strip("_")
    entries = read_plain_yaml(PARAMS_FILE) if PARAMS_FILE.is_file() else {}
    corpora = entries.get("corpora") if isinstance(entries, dict) else {}
    corpora = corpora if isinstance(corpora, dict) else {}
    labels = {entry.get("label") for entry in corpora.values() if isinstance(entry, dict)}
    for number in itertools.count(1):
        name = f"{base}_{number}" if number > 1 else base
        if name not in corpora and name not in labels and name not in _TAKEN:
            return name, name
    raise AssertionError("numbers never end")


def _yaml(value: object) -> str:
    """A value in YAML's flow style, in quotes wherever it could be taken for something else."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_yaml(key)}: {_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    text = str(value)
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _TAKEN
    return text if is_plain else json.dumps(text, ensure_ascii=not text.isprintable())
