"""Reader of the Nunavut Hansard Inuktitut-English Parallel Corpus (NRC), English side.

`NunavutHansard.en` holds one line of text a line, `NunavutHansard.id` the sitting it belongs to
(`Hansard_19990401<TAB>65`). Both are streamed, from a folder or from inside the archive.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path, PurePosixPath

from hansard_bias.base.messages import shown
from hansard_bias.corpora.archives import Findings, contents
from hansard_bias.corpora.packed import Readable, is_archive, listed
from hansard_bias.corpora.readers import reader
from hansard_bias.corpora.readers.nrc_sitting import Sitting
from hansard_bias.corpora.schema import Record
from hansard_bias.corpora.texts import text_lines
from hansard_bias.params import CorpusConfig

TEXT, IDS = "NunavutHansard.en", "NunavutHansard.id"
MAX_LINE = 1_000_000  # bytes in a line; the longest real one has a few thousand
MAX_SITTING = 50_000_000  # characters in a sitting, which is held in memory; a real day has up to 1 million

_ID = re.compile(r"[^\t]*?(\d{4})(\d{2})(\d{2})[^\t\d]*\t\s*\d+\s*")

Line = tuple[date, int, str]


def sources(path: Path) -> list[Path]:
    """The files that `read_nrc` reads."""
    located = _locate(path)
    return [located / TEXT, located / IDS] if located.is_dir() else [located]


@reader("nrc", sources, takes=("encoding",))
def read_nrc(path: Path, corpus: CorpusConfig, found: Findings) -> Iterator[Record]:
    """Every record of the corpus in order; `path` is the archive, a folder with it, or a folder with its two files."""
    with closing(_contents(path, TEXT, found)) as text, closing(_contents(path, IDS, found)) as ids:
        known = set[str]()
        for sitting, lines in itertools.groupby(_lines(next(text)[1], next(ids)[1], path), operator.itemgetter(0)):
            for entry in Sitting(_bounded(lines), known).entries():
                about = (entry.speaker, entry.role, entry.topic, entry.reason)
                yield Record(sitting, entry.text(), f"{TEXT}:{entry.line}", *about)


def _bounded(lines: Iterable[Line]) -> list[tuple[int, str]]:
    kept, characters = [], 0
    for sitting, number, line in lines:
        kept.append((number, line))
        characters += len(line) + 1
        if characters > MAX_SITTING:
            most = f"more than {MAX_SITTING} characters; expected one day"
            raise ValueError(f"{TEXT}:{number}: the sitting of {sitting} has {most}")
    return kept


def _lines(text: Readable, ids: Readable, path: Path) -> Iterator[Line]:
    """Each line with its sitting and number; the two files must have the same number of lines."""
    texts = days = 0
    sitting_of: dict[str, date] = {}
    both = (map(str.strip, text_lines(*file, MAX_LINE)) for file in ((text, TEXT), (ids, IDS)))
    for number, (line, key) in enumerate(itertools.zip_longest(*both), start=1):
        texts, days = texts + (line is not None), days + (key is not None)
        if line is not None and key is not None:
            name = key.partition("\t")[0]
            # Hundreds of thousands of lines, a few hundred sittings.
            if name not in sitting_of or not key.rpartition("\t")[2].strip().isdigit():
                sitting_of[name] = _sitting(key, number)
            yield sitting_of[name], number, line
    if texts != days:
        expected = "expected as many, use one release's files"
        raise ValueError(f"{path}: {TEXT} has {texts} lines, {IDS} has {days}; {expected}")
    if texts == 0:
        raise ValueError(f"{path}: {TEXT} is empty; expected one line of text a line")


def _sitting(key: str, number: int) -> date:
    found = _ID.fullmatch(key)
    try:
        return date(*map(int, found.groups() if found else ()))
    except (ValueError, TypeError):
        expected = "expected 'Hansard_19990401<TAB>65'"
        raise ValueError(f"{IDS}:{number}: {shown(key)} is not a sitting and a line number, {expected}") from None


def _contents(path: Path, name: str, found: Findings) -> Generator[tuple[str, Readable], None, None]:
    located = _locate(path)
    if located.is_dir():
        return contents([located / name], [str(located / name)], found)
    # Each of the two files gets its own handle: a compressed stream has one position.
    members = [member for member, _ in listed(located) if PurePosixPath(member).name == name]
    if len(members) != 1:
        raise ValueError(f"{located}: holds {len(members)} files named {name}, expected one")
    return contents([located], members, found)


def _locate(path: Path) -> Path:
    if is_archive(path):
        return path
    if path.is_file() and path.name in (TEXT, IDS):
        path = path.parent
    folders = sorted({file.parent for name in (TEXT, IDS) for file in path.rglob(name)})
    candidates = folders or sorted(file for file in path.glob("*") if is_archive(file))
    if len(candidates) != 1:
        found = ", ".join(map(str, candidates)) or "neither"
        raise ValueError(f"{path}: expected one folder with {TEXT} and {IDS}, or one .tgz, found {found}")
    missing = [name for name in (TEXT, IDS) if candidates[0].is_dir() and not (candidates[0] / name).is_file()]
    if missing:
        raise ValueError(f"{candidates[0]}: {missing[0]} is missing; expected {TEXT} and {IDS} side by side")
    return candidates[0]
