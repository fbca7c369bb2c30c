"""YAML files that users write for the probes: every mistake is told with the file, the entry and what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hansard_bias.messages import shown
from hansard_bias.yaml_files import read_plain_yaml


def read_yaml(path: Path, key: str) -> Any:
    """The plain content of a file; ValueError when it is not there (naming the key of params.yaml) or no YAML."""
    if not path.is_file():
        raise ValueError(f"{path}: no such file; check {key} in params.yaml")
    return read_plain_yaml(path)


def fields(entry: Any, where: str, names: Sequence[str]) -> list[Any]:
    """The values of a mapping that holds exactly these keys, in this order."""
    expected = ", ".join(names)
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where}: is {shown(entry)}, expected the keys {expected}")
    for key in entry:
        if key not in names:
            raise ValueError(f"{where}: unknown key {shown(key)}, expected {expected}; remove it or correct its name")
    for name in names:
        if name not in entry:
            raise ValueError(f"{where}: the key {name!r} is missing, expected {expected}; add it")
    return [entry[name] for name in names]


def text_of(value: Any, where: str) -> str:
    """A text that is not blank, in one line."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where}: is {shown(value)}, expected text; put it between quotes")
    return " ".join(value.split())


def texts_of(value: Any, where: str, least: int = 1) -> tuple[str, ...]:
    """A list of texts, none of them blank or repeated, at least so many."""
    if not isinstance(value, list) or len(value) < least:
        raise ValueError(f"{where}: is {shown(value)}, expected a list of {least} or more texts")
    texts = tuple(text_of(item, f"{where}: entry {number}") for number, item in enumerate(value, 1))
    seen: set[str] = set()
    for text in texts:
        if text.casefold() in seen:
            raise ValueError(f"{where}: {shown(text)} occurs more than once; keep one of them")
        seen.add(text.casefold())
    return texts
