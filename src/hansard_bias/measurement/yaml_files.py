"""YAML files that users write for the probes: every mistake is told with the file, the entry and what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


def read_yaml(path: Path, key: str) -> Any:
    """The plain content of a file; ValueError when it is not there (naming the key of params.yaml) or no YAML."""
    if not path.is_file():
        raise ValueError(f"{path}: no such file; check {key} in params.yaml")
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def fields(entry: Any, where: str, names: Sequence[str]) -> list[Any]:
    """The values of a mapping that holds exactly these keys, in this order."""
    expected = ", ".join(names)
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where}: is {entry!r}, expected the keys {expected}")
    for key in entry:
        if key not in names:
            raise ValueError(f"{where}: unknown key {key!r}, expected {expected}; remove it or correct its name")
    for name in names:
        if name not in entry:
            raise ValueError(f"{where}: the key {name!r} is missing, expected {expected}; add it")
    return [entry[name] for name in names]


def text_of(value: Any, where: str) -> str:
    """A text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where}: is {value!r}, expected text; put it between quotes")
    return value.strip()


def texts_of(value: Any, where: str, least: int = 1) -> tuple[str, ...]:
    """A list of texts, none of them blank or repeated, at least so many."""
    if not isinstance(value, list) or len(value) < least:
        raise ValueError(f"{where}: is {value!r}, expected a list of {least} or more texts")
    texts = tuple(text_of(item, f"{where}: entry {number}") for number, item in enumerate(value, 1))
    seen: set[str] = set()
    for text in texts:
        if text.casefold() in seen:
            raise ValueError(f"{where}: {text!r} occurs more than once; keep one of them")
        seen.add(text.casefold())
    return texts
