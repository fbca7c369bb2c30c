"""YAML as plain data, from files that others may have written: no objects, no bombs, nothing invisible in a text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

from hansard_bias.base.messages import one_line, shown, unseen

# Of a file, and of what its aliases unfold to; the longest real one has some ten thousand.
MAX_BYTES = 1_000_000
# Tables and arrays keep whole numbers in 64 bits.
MAX_NUMBER = 1 << 63

NOT_YAML = "not valid YAML"

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
    return ValueError(f"{name}: {NOT_YAML}: {one_line(str(error)) or type(error).__name__}")


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


# Where a mistake is, for messages that name the file and the entry: `FILE: prompt roads: paraphrase 3: it holds …`.


@contextmanager
def told_by_line(*paths: Path) -> Iterator[None]:
    """Add the line to an error about an entry of one of these files: `FILE:12: prompt roads: …`."""
    try:
        yield
    except ValueError as error:
        for path in (path for path in paths if path.suffix in (".yaml", ".yml")):
            start, message = f"{path}: ", str(error)
            if message.startswith(start) and (line := line_of(path, message.removeprefix(start))):
                raise ValueError(f"{path}:{line}: {message.removeprefix(start)}") from None
        raise


def line_of(path: Path, message: str) -> int:
    """The line of a file that a message is about: of the text that it quotes, or the entry that it names; or 0."""
    # The library tells the line itself; and what was refused as a whole may have no end.
    if message.startswith(NOT_YAML) or not path.is_file() or path.stat().st_size > MAX_BYTES:
        return 0
    node, line = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8")), 0
    for place in message.split(": "):
        # A place may be two levels: `pair 3` is the third of `pairs`.
        while found := _entry(node, place):
            line, node = found
    # Whatever its case: a repeated term is told in lower case, and meant is its second place.
    said = message.casefold()
    quoted = [each for each in _texts(node) if shown(" ".join(each.value.split())).casefold() in said]
    return quoted[-1].start_mark.line + 1 if quoted else line


def _entry(node: Any, place: str) -> tuple[int, Any] | None:
    """The line and node of the entry that is called so: by its key, its id or its number."""
    kind, _, name = place.partition(" ")
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value in (place, name, kind, f"{kind}s"):
                return key.start_mark.line + 1, value
    elif isinstance(node, SequenceNode):
        number = re.search(r"\d+$", place)
        for at, item in enumerate(node.value, 1):
            named = isinstance(item, MappingNode) and name in [v.value for k, v in item.value if k.value == "id"]
            if named or (number and at == int(number[0])):
                return item.start_mark.line + 1, item
    return None


def _texts(node: Any) -> Iterator[Any]:
    if isinstance(node, MappingNode | SequenceNode):
        for each in node.value:
            for part in each if isinstance(each, tuple) else (each,):
                yield from _texts(part)
    elif node is not None:
        yield node
