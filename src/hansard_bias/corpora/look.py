"""What an archive is before any setting: `hansard-bias look PATH`, which ends with the entry for params.yaml."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import Any

from pyarrow import parquet

from hansard_bias.base.messages import one_line
from hansard_bias.corpora.archives import Findings, ForeignFileError
from hansard_bias.corpora.dates import forms_of, read_day
from hansard_bias.corpora.readers import all_readers
from hansard_bias.corpora.readers.formats import MAX_LINE, TableFile, table_format, table_rows
from hansard_bias.corpora.readers.separated import Wanted, form_of
from hansard_bias.corpora.readers.table import tables
from hansard_bias.corpora.schema import Record
from hansard_bias.corpora.texts import text_lines
from hansard_bias.params import ColumnsConfig, CorpusConfig

# Records of an archive, and rows of a table, that are looked at.
MOST_RECORDS, MOST_ROWS = 5_000, 400
# The share of records that must be speeches for a format to be the archive's, and of days for a column to hold them.
LEAST_SPEECHES, LEAST_DAYS = 0.05, 0.9
SHOWN = 48  # characters of a value
# What columns are called, by what they hold; in English, French, German, Spanish, Italian, Portuguese, Dutch, Swedish.
_CALLED = {
    "date": r"date|day|datum|fecha|data|dag|jour|giorno|dia|sitting(?:date)?|when",
    "text": r"text|speech|body|content|utterance|texte|rede|discours|texto|discurso|testo|tekst|anf[oö]rande|contenu",
    "speaker": r"speaker|name|member|mp|who|author|redner(?:in)?|orateur|orador|oratore|spreker|talare|person|nom",
    "role": r"role|office|position|function|funktion|fonction|rolle|cargo|ruolo|functie|roll|speaker_?type",
    "topic": r"topic|heading|title|subject|agenda|thema|sujet|tema|titel|titre|motion|debate|item",
    "id": r"id|speech_?id|uid|uuid|key|basepk|utterance_?id",
}


@dataclass(frozen=True)
class Guess:
    """The columns of a table, and how its days are written."""

    columns: dict[str, str]  # what they hold to what they are called
    date_format: str = ""
    others: tuple[str, ...] = ()  # forms that fit all days, too


def look(path: Path) -> Iterator[str]:
    """What there is to see of an archive, a line each; ValueError, one line, where no reader can read it."""
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    config, found, records = _recognised(path) or _as_table(path)
    yield f"{path}: {'a folder' if path.is_dir() else 'a file'} for the reader {config.reader}"
    others = sorted({each for each in (found.encodings.found, *found.encodings.by_file.values()) if each})
    yield f"encoding: {', '.join(others) or 'utf-8'}"
    if config.reader == "table":
        yield from _table_told(path, config)
    yield from _records_told(records)
    for name, why in itertools.islice(found.left_out.items(), 5):
        yield f"left out: {name} ({one_line(why)})"
    yield "For params.yaml, with a name and a label of your own:"
    yield "corpora:"
    yield f"  {_name(path)}: {_entry(config)}"


def _recognised(path: Path) -> tuple[CorpusConfig, Findings, list[Record]] | None:
    """By the reader without columns that finds most speeches in the first records; None where none does."""
    best: tuple[CorpusConfig, Findings, list[Record]] | None = None
    for name, reader in all_readers().items():
        if "columns" in reader.takes:
            continue
        config, found = CorpusConfig("X", name, str(path)), Findings()
        try:
            reader.sources(path)
            records = [*itertools.islice(reader.read(path, config, found), MOST_RECORDS)]
        except (ValueError, OSError):
            continue
        speeches = _speeches(records)
        if speeches >= max(1, LEAST_SPEECHES * len(records)) and (best is None or speeches > _speeches(best[2])):
            best = config, found, records
    return best


def _speeches(records: Sequence[Record]) -> int:
    return sum(not record.reason for record in records)


def _as_table(path: Path) -> tuple[CorpusConfig, Findings, list[Record]]:
    """By columns that are guessed; ValueError where there is no table, or no column holds days or texts."""
    rows = _first_rows(path)
    guess = _guessed(rows)
    missing = [what for what in ("text", "date") if what not in guess.columns]
    if missing:
        there = ", ".join(_columns(rows))
        raise ValueError(f"{path}: no column looks like the {' or the '.join(missing)}; there are {there}")
    named: dict[str, Any] = {**guess.columns, "date_format": guess.date_format}
    columns = ColumnsConfig(**named)
    config, found = CorpusConfig("X", "table", str(path), columns), Findings()
    reader = all_readers("table")["table"]
    return config, found, [*itertools.islice(reader.read(path, config, found), MOST_RECORDS)]


def _first_rows(path: Path) -> list[Mapping[str, Any]]:
    """Rows of the first tables of an archive, nested objects as dotted columns; ValueError where there is no table."""
    rows: list[Mapping[str, Any]] = []
    problem = ValueError(f"{path}: holds no row that can be read")
    for table in tables(path, Findings()):
        try:
            names = _parquet_names(table)
            some = itertools.islice(table_rows(table, Wanted(names)), MOST_ROWS)
            rows += [_flat(row) for _, row in some if isinstance(row, dict)]
        except ForeignFileError as error:
            problem = error
        if len(rows) >= MOST_ROWS:
            break
    if not rows:
        raise problem
    return rows


def _parquet_names(table: TableFile) -> tuple[str, ...]:
    if table_format(PurePath(table.name)) != ".parquet" or table.is_packed:
        return ()
    names = tuple(parquet.ParquetFile(table.stream).schema_arrow.names)
    table.again()
    return names


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [*dict.fromkeys(name for row in rows for name in row)]


def _guessed(rows: Sequence[Mapping[str, Any]]) -> Guess:
    """Days by what they are, texts by their length, the others by their names and, of speakers, by what they are."""
    values = {name: [_written(row.get(name)) for row in rows] for name in _columns(rows)}
    values = {name: [each for each in written if each] for name, written in values.items()}
    left = {name: written for name, written in values.items() if written}
    found: dict[str, str] = {}

    def take(what: str, name: str) -> None:
        found[what] = name
        del left[name]

    days = {name: form for name, written in left.items() if (form := _days(written)) is not None}
    if days:
        take("date", max(days, key=lambda name: (_is_called(name, "date"), -[*values].index(name))))
    texts = {name: sum(map(len, written)) / len(written) for name, written in left.items()}
    if texts:
        longest = max(texts.values())
        take("text", max(texts, key=lambda name: (_is_called(name, "text") and 2 * texts[name] > longest, texts[name])))
    for what in ("id", "role", "topic"):
        if called := [name for name in left if _is_called(name, what)]:
            take(what, called[0])
    speakers = [name for name in left if _is_called(name, "speaker")] or [*filter(lambda n: _names(left[n]), left)]
    if speakers:
        take("speaker", speakers[0])
    forms = days.get(found.get("date", ""), [])
    return Guess(found, forms[0] if forms else "", tuple(forms[1:4]))


def _written(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else str(value).strip()


def _is_called(name: str, what: str) -> bool:
    last = name.rpartition(".")[2]
    return bool(re.fullmatch(rf"(?:[a-z]+[_ .-])?(?:{_CALLED[what]})(?:[_ .-]?(?:text|name|date))?", last, re.I))


def _days(written: Sequence[str]) -> list[str] | None:
    """The forms of these days: none where they need none; None where they are no days."""
    some = [*dict.fromkeys(written)][:50]
    if sum(read_day(each) is not None for each in some) >= LEAST_DAYS * len(some):
        return []
    # Numbers of any kind fit some form: years alone are days only where the column is called so.
    forms = [form for form in forms_of(some) if form != "%Y"]
    return forms or None


def _names(written: Sequence[str]) -> bool:
    """Whether these are names of people: a few words with letters, some of them more than once."""
    words = [len(each.split()) for each in written]
    letters = sum(bool(re.search(r"[^\W\d_]{2}", each)) for each in written)
    return letters > 0.8 * len(written) and max(words) < 9 and len(set(written)) > 1


def _table_told(path: Path, config: CorpusConfig) -> Iterator[str]:
    first = next(tables(path, Findings()))
    if table_format(PurePath(first.name)) in (".csv", ".tsv", ".tab", ".psv", ".txt"):
        form = form_of(lambda: text_lines(first.again().text(), first.name, MAX_LINE), first.name, Wanted())
        quotes = "quotes hold a cell together" if form.dialect.quotes else "quotes are text"
        yield f"form: cells parted by {form.dialect.sign!r}, {quotes}"
    rows = _first_rows(path)
    yield "columns:"
    for name in _columns(rows):
        shown = dict.fromkeys(filter(None, (_written(row.get(name)) for row in rows)))
        values = " | ".join(one_line(each)[:SHOWN] for each in itertools.islice(shown, 2))
        yield f"  {name}: {values or 'empty'}"
    if others := _guessed(rows).others:
        assert config.columns is not None
        yield f"days are read as {config.columns.date_format}; they would fit {', '.join(others)}, too: look at them"


def _records_told(records: Sequence[Record]) -> Iterator[str]:
    speeches = [record for record in records if not record.reason]
    days = sorted({record.sitting for record in speeches if record.sitting})
    if days:
        yield f"days: {days[0]} to {days[-1]}, {len(days)} sittings"
    roles = Counter(record.role for record in speeches)
    strange = Counter(record.unknown_role for record in speeches if record.unknown_role)
    told = ", ".join(f"{role} {count}" for role, count in roles.most_common())
    yield f"roles: {told or 'none'}" + (f"; not known: {', '.join(dict(strange.most_common(5)))}" if strange else "")
    speakers = len({record.speaker for record in speeches if record.speaker})
    more = " looked at; there may be more" if len(records) == MOST_RECORDS else ""
    yield f"speeches: {len(speeches)} of {len(records)} records{more}, {speakers} speakers"
    aside = Counter(record.reason for record in records if record.reason)
    if aside:
        yield "set aside: " + ", ".join(f"{reason} {count}" for reason, count in aside.most_common())


def _name(path: Path) -> str:
    stem = re.sub(r"\W+", "_", path.resolve().name.partition(".")[0].casefold(), flags=re.ASCII).strip("_")
    return stem if re.match(r"[a-z]", stem) else f"archive_{stem}".rstrip("_")


def _entry(config: CorpusConfig) -> str:
    """The entry in one line, as YAML reads it."""
    named = {"label": "X", "reader": config.reader, "path": config.path}
    told = ", ".join(f"{key}: {_scalar(value)}" for key, value in named.items())
    if config.columns is not None:
        filled = {**vars(replace(config.columns, roles={}))}
        columns = ", ".join(
            f"{key}: {_scalar(value)}" for key, value in filled.items() if isinstance(value, str) and value
        )
        told += f", columns: {{{columns}}}"
    return f"{{{told}}}"


def _scalar(value: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_/.~][\w/.~-]*(?: [\w/.-]+)*", value) and value.casefold() not in _WORDS
    return value if plain else json.dumps(value, ensure_ascii=False)


# What YAML does not take for a text.
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "."}
