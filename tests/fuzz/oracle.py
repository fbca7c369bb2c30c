"""What a reader may do with bytes that somebody else wrote: a clean result, or one line that names the file."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from hansard_bias.corpora.build import write_corpus
from hansard_bias.corpora.cleaning import clean_text
from hansard_bias.params import CleanConfig, ConfigError, CorpusConfig

LONGEST_MESSAGE = 2000
CLEAN = CleanConfig(lowercase=True, min_characters=2, drop_procedural=True, drop_roles=("chair",))
INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Control and format characters (marks of direction are such), halves of surrogate pairs, line separators."""

_forbidden: list[str] = []
_watched: list[Path] = []
_READ_ONLY = tuple(str(Path(folder).resolve()) for folder in (sys.prefix, sys.base_prefix, Path(__file__).parents[2]))


class FoundError(AssertionError):
    """Something that no file may bring about."""


def invisible(text: str) -> str:
    """The first character that a reader would not see, or that would move or break what he sees; empty: none."""
    return next((f"U+{ord(sign):04X}" for sign in text if unicodedata.category(sign) in INVISIBLE), "")


def judge(task: Callable[[], object], names: tuple[str, ...]) -> bool:
    """Whether the task succeeds; a refusal must be one printable line with one of these names in it."""
    try:
        task()
    except ValueError as error:
        if type(error) not in (ValueError, ConfigError):
            raise
        message = str(error)
        if invisible(message):
            raise FoundError(f"{invisible(message)} in the message {message!r}") from error
        if len(message) > LONGEST_MESSAGE:
            raise FoundError(f"a message of {len(message)} characters: {message[:200]!r}") from error
        if not any(name in message for name in names):
            raise FoundError(f"no file is named in {message!r}") from error
        return False
    return True


def judge_corpus(corpus: CorpusConfig, names: tuple[str, ...], folder: Path) -> bool:
    """Read an archive into tables as the stage does, and look at what it wrote."""
    done = judge(lambda: write_corpus("x", corpus, CLEAN, folder), (*names, "params.yaml: corpora.x.path"))
    if done:
        for table in ("x", "x.rejected"):
            _check_table(folder / f"{table}.parquet")
    return done


def _check_table(path: Path) -> None:
    """Everything that is shown or given to a model is plain text."""
    with pq.ParquetFile(path) as file:
        table = file.read()
    for column in set(table.column_names) - {"raw", "sitting", "ordinal"}:
        for text in table[column].to_pylist():
            if invisible(text):
                raise FoundError(f"{invisible(text)} in {column} {text!r}")
    for text in table["text"].to_pylist():
        if clean_text(text, CLEAN.lowercase) != text:
            raise FoundError(f"cleaning twice changes {text!r} to {clean_text(text, CLEAN.lowercase)!r}")
    ids = table["speech_id"].to_pylist()
    if len(set(ids)) != len(ids):
        raise FoundError("two speeches with one id")


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    """Note what no reader may do; raising here could be caught by the code under test."""
    if not _watched:
        return
    if event == "open" and isinstance(arguments[0], str | bytes):
        path, mode, flags = (*arguments, None, 0)[:3]
        name = os.path.realpath(os.fsdecode(path))
        writes = any(sign in str(mode) for sign in "wax+") or int(str(flags or 0)) & (os.O_WRONLY | os.O_RDWR)
        inside = name.startswith(str(_watched[-1]))
        if not inside and (writes or not name.startswith((*_READ_ONLY, "/usr", "/etc/mime", "/proc", "/dev"))):
            _forbidden.append(f"open {name} {mode}")
    elif event.startswith(("socket.", "subprocess.", "os.exec", "os.system", "os.posix_spawn", "pickle.")):
        _forbidden.append(f"{event} {arguments}")


@contextmanager
def watched(folder: Path) -> Iterator[None]:
    """Nothing outside this folder is written or read, no network is asked, nothing is unpickled, no program starts."""
    if not getattr(sys, "_hansard_fuzz", False):
        sys._hansard_fuzz = True  # type: ignore[attr-defined]
        sys.addaudithook(_audit)
    _watched.append(folder.resolve())
    _forbidden.clear()
    try:
        yield
    finally:
        _watched.pop()
    if _forbidden:
        raise FoundError(f"forbidden: {_forbidden[:3]}")
