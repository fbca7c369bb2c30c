"""YAML as plain data, from files that others may have written: no objects, no bombs, nothing invisible in a text."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from hansard_bias.base.messages import one_line, shown, unseen

# Of a file, and of what its aliases unfold to; the longest real one has some ten thousand.
MAX_BYTES = 1_000_000
# Tables and arrays keep whole numbers in 64 bits.
MAX_NUMBER = 1 << 63

# What the library lets through where a file is nonsense: a tag on a text that it cannot mean, a date that is none,
# a mapping as a key, ten thousand brackets.
BROKEN = (YAMLError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


def read_plain_yaml(path: Path, name: str = "", remedy: str = "") -> Any:
    """The content of a file as dicts, lists, texts, numbers.

    name: how errors call the file. remedy: what to do where it is not there (without one, that is an OSError). Raises
    ValueError, one line, where it is missing, no YAML, too large, or holds what has no place in a table or a message.
    """
    name = name or str(path)
    if remedy and not path.is_file():
        raise ValueError(f"{name}: no such file; {remedy}")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ValueError(f"{name}: {size} bytes, expected at most {MAX_BYTES}; this is no such file")
    try:
        text = path.read_text(encoding="utf-8")
        # Without an alias a document is no larger than its text.
        if "*" in text and _unfolded(YAML(typ="safe", pure=True).compose(text)) > MAX_BYTES:
            raise ValueError(f"its aliases unfold to more than {MAX_BYTES} characters")
        content = YAML(typ="safe", pure=True).load(text)
    except BROKEN as error:
        raise not_yaml(name, error) from None
    _check(content, name)
    return content


def not_yaml(name: str, error: Exception) -> ValueError:
    """One line for whatever the library says of a file."""
    return ValueError(f"{name}: not valid YAML: {one_line(str(error)) or type(error).__name__}")


def _unfolded(node: Any) -> int:
    # Characters and entries of a document with every alias written out.
    size, waiting = 0, [node]
    # No further than is needed: a bomb of aliases never ends.
    while waiting and size <= MAX_BYTES:
        each = waiting.pop()
        if isinstance(each, tuple):
            waiting += each
        elif isinstance(getattr(each, "value", None), list):
            waiting += each.value
        else:
            size += len(getattr(each, "value", ""))
        size += 1
    return size


def _check(content: Any, name: str) -> None:
    """Refuse what has no place in a table or a message, among keys and values at any depth."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        waiting += [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
        if isinstance(value, str) and (sign := unseen(" ".join(value.split()))):
            raise ValueError(f"{name}: {shown(value)} holds the invisible character {sign}; remove it")
        if isinstance(value, int) and abs(value) >= MAX_NUMBER:
            raise ValueError(f"{name}: a number of {value.bit_length()} bits, expected at most 63; correct it")
        if not isinstance(value, str | int | float | datetime.date | dict | list | None):
            raise ValueError(f"{name}: holds a {type(value).__name__}, expected texts, numbers, lists and sections")
