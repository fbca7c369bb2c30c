"""Records to and from the files of metrics/: a file that does not fit its record is refused, with what to run."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from hansard_bias.analysis.metrics import further_records
from hansard_bias.analysis.records import SCHEMA, BiasResults, Cell
from hansard_bias.base.messages import joined, one_line, shown

T = TypeVar("T")
EXPECTED = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}


def to_json(content: Any) -> Any:
    """Records as JSON's objects and lists, keys in the order of the fields."""
    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        return {
            field.name: _field_json(_hints(type(content))[field.name], getattr(content, field.name))
            for field in dataclasses.fields(content)
            if getattr(content, field.name) != _default(field)
        }
    if isinstance(content, Mapping):
        return {key: to_json(value) for key, value in content.items()}
    return [to_json(value) for value in content] if isinstance(content, (tuple, list)) else content


def from_json(kind: type[T], content: object, where: str | Path, stage: str) -> T:
    """The record, or tuple or dict of records, that this content is.

    Raises ValueError, one line, for an unknown or missing key or a value of another kind: it names `where`, the path
    of the key, and the stage that writes the file anew.
    """
    try:
        return cast(T, _parsed(kind, content, ""))
    except _MisfitError as misfit:
        raise ValueError(f"{where}: {misfit}; {remake(stage)}") from None


def read_record(path: Path, kind: type[T], stage: str) -> T:
    """A JSON file as `from_json` reads it; ValueError also where it is missing or no JSON."""
    return from_json(kind, read_json(path, stage), path, stage)


def read_bias(path: Path) -> BiasResults:
    """metrics/bias.json; a file of another schema is refused."""
    content = read_json(path, "bias")
    written = content.get("schema") if isinstance(content, Mapping) else None
    if written != SCHEMA:
        found = f"schema {shown(written)}" if written is not None else "results of before they had a schema"
        raise ValueError(f"{path}: holds {found}, expected schema {SCHEMA}; {remake('bias')}")
    return bias_from_json(content, path)


def bias_from_json(content: object, where: str | Path) -> BiasResults:
    """The content of bias.json: the fields of `BiasResults`, then a key for each further metric."""
    sections = {name: kind for name, kind in _hints(BiasResults).items() if name != "more"}
    further = further_records(sections)
    # As one record, so that an unknown or missing key is refused in the words of any other.
    file = vars(from_json(dataclasses.make_dataclass("File", {**sections, **further}.items()), content, where, "bias"))
    return BiasResults(**{name: file[name] for name in sections}, more={name: file[name] for name in further})


def read_cells(path: Path) -> tuple[Cell, ...]:
    """metrics/cells.json."""
    return read_record(path, tuple[Cell, ...], "bias")


def read_rows(path: Path, kind: type[T], stage: str) -> tuple[T, ...]:
    """The lines of a CSV file as records; empty cells are None where that is allowed. ValueError as `from_json`."""
    with existing(path, stage).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if not {*columns(kind)} <= {*(reader.fieldnames or ())}:
            found = joined(reader.fieldnames or ())
            raise ValueError(f"{path}:1: columns are {found!r}, expected {','.join(columns(kind))!r}; {remake(stage)}")
        hints = _hints(cast(Any, kind)).items()
        return tuple(
            from_json(kind, {name: _cell(hint, row[name]) for name, hint in hints}, f"{path}:{reader.line_num}", stage)
            for row in reader
        )


def columns(kind: Any) -> tuple[str, ...]:
    """The columns of a table of such records."""
    return tuple(_hints(kind))


def read_json(path: Path, stage: str) -> Any:
    """The content of a file that the stage makes; ValueError where it is missing or no JSON."""
    try:
        return json.loads(existing(path, stage).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid JSON ({error}); {remake(stage)}") from None


def existing(path: Path, stage: str) -> Path:
    """The path itself, or a ValueError that names the stage that makes the file."""
    if not path.is_file():
        raise ValueError(f"{path}: no such file; {remake(stage)}")
    return path


def remake(stage: str) -> str:
    """What to do about a file that is missing or does not fit."""
    return f"make it with `dvc repro {stage}`"


class _MisfitError(ValueError):
    """Content that is not what its record says."""

    def __init__(self, key: str, value: object, expected: str) -> None:
        super().__init__(f"{one_line(key) or 'the content'} is {shown(value)}, expected {expected}")


def _parsed(kind: Any, value: Any, key: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        # A record without a number keeps its keys in the file, each of them null.
        empty = isinstance(value, Mapping) and bool(value) and all(item is None for item in value.values())
        return None if value is None or empty else _parsed(arguments[0], value, key)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        # What was just computed may be a record already.
        return value if isinstance(value, kind) else _record(kind, value, key)
    if origin is dict:
        _require(isinstance(value, Mapping), key, value, "an object")
        return {str(name): _parsed(arguments[1], item, _below(key, name)) for name, item in value.items()}
    if origin is tuple:
        _require(isinstance(value, (list, tuple)), key, value, "a list")
        return tuple(_parsed(arguments[0], item, f"{key}[{index}]") for index, item in enumerate(value))
    return value if kind is Any else _scalar(kind, value, key)


def _record(kind: Any, value: Any, key: str) -> Any:
    _require(isinstance(value, Mapping), key, value, "an object")
    hints = _hints(kind)
    # Unknown keys first: a misspelt one is also a missing one, and its name says more.
    for name in value:
        _require(name in hints, _below(key, name), value[name], f"no such key (known: {joined(hints)})")
    for field in dataclasses.fields(kind):
        _require(
            field.name in value or _default(field) is not dataclasses.MISSING, _below(key, field.name), None, "a value"
        )
    try:
        return kind(**{name: _parsed(hints[name], item, _below(key, name)) for name, item in value.items()})
    # What a record itself refuses, such as an interval with one bound.
    except AssertionError as error:
        raise _MisfitError(key, value, str(error)) from None


def _scalar(kind: type, value: Any, key: str) -> Any:
    # JSON writes 2.0 as it likes; a truth value is no number, although Python says so.
    allowed = (int, float) if kind is float else (kind,)
    fits = isinstance(value, allowed) and isinstance(value, bool) == (kind is bool)
    _require(fits and (kind is not float or math.isfinite(value)), key, value, EXPECTED[kind])
    return value


def _require(holds: bool, key: str, value: object, expected: str) -> None:
    if not holds:
        raise _MisfitError(key, value, expected)


def _below(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


# Hints of a class are strings until they are asked for, and a file has thousands of intervals.
@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _default(field: dataclasses.Field[Any]) -> Any:
    # Dataclasses' MISSING, where there is none, equals no value.
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _field_json(hint: Any, value: Any) -> Any:
    # None in place of a record is that record with null in all its fields: a reader finds the same keys everywhere.
    if value is None:
        record = (*typing.get_args(hint), None)[0]
        return dict.fromkeys(columns(record)) if dataclasses.is_dataclass(record) else None
    return to_json(value)


def _cell(hint: Any, text: str | None) -> Any:
    # CSV has no types: the value that it was before it was written.
    kind = (typing.get_args(hint) or (hint,))[0]
    if kind is str:
        return text or ""
    try:
        # By way of float: "1e+06" is a whole number, too.
        return kind(float(text)) if text and text.strip() else None
    except ValueError:
        return text
