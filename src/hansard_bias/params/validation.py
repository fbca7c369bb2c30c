"""Checks of single values, and plain YAML turned into typed sections: every mistake names its key."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from hansard_bias.base.messages import one_line, shown


class ConfigError(ValueError):
    """A mistake in params.yaml: names the key, the value, what was expected and what to do."""

    def __init__(self, key: str, value: object, expected: str, remedy: str = "") -> None:
        super().__init__(mistake(f"params.yaml: {one_line(key)}", value, expected, remedy))
        self.key = key


def mistake(what: str, value: object, expected: str, remedy: str = "") -> str:
    """One line for a wrong value in a user's file: where it stands, the value, what was expected and what to do."""
    return f"{what} is {shown(value)}, expected {expected}{remedy and '; '}{remedy}"


def expect(holds: object, what: str, value: object, expected: str, remedy: str = "") -> None:
    """Raise a ValueError unless the condition holds, for files beside params.yaml; `what` names file and entry."""
    if not holds:
        raise ValueError(mistake(what, value, expected, remedy))


def require(holds: bool, key: str, value: object, expected: str, remedy: str = "") -> None:
    """Raise a ConfigError for `key` unless the condition holds."""
    if not holds:
        raise ConfigError(key, value, expected, remedy)


@dataclasses.dataclass(frozen=True)
class Check:
    """What a field of a section must be, written into its annotation: `Annotated[int, Check(…, "1 or more")]`."""

    holds: Callable[[Any], bool]
    expected: str


def at_least(least: float, expected: str) -> Check:
    """A number with a lower bound."""
    return Check(lambda number: number >= least, expected)


def one_of(known: Collection[str]) -> Check:
    """A word that must be among the known ones."""
    return Check(lambda word: word in known, "one of " + ", ".join(known))


class Section:
    """A dataclass whose fields are held against their checks; `key` is its place in params.yaml."""

    def __init_subclass__(cls, key: str) -> None:
        cls._key = key  # type: ignore[attr-defined]  # an annotation would make it a field

    def __post_init__(self) -> None:
        # A lambda in an annotation sees the names of its class alone: one that asks for more is a module's own alias.
        for name, hint in typing.get_type_hints(type(self), include_extras=True).items():
            for check in getattr(hint, "__metadata__", ()):
                value = getattr(self, name)
                require(check.holds(value), f"{self._key}.{name}", value, check.expected)  # type: ignore[attr-defined]


def did_you_mean(name: object, known: Collection[str]) -> str:
    """Advice that names the closest known key, if one is close."""
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {close[0]}?" if close else ""


# YAML's own words, in one of its versions or another, and a file that `align` writes beside those of the corpora.
_TAKEN = ("true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "mixtures")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LONGEST_LABEL = 60


def require_entries(section: str, entries: Mapping[str, Any], one: str) -> None:
    """A section of names needs an entry, names for files, stages and metrics, and labels to tell the entries apart."""
    require(bool(entries), section, {}, f"at least one {one}")
    for name, entry in entries.items():
        # DVC leaves the stages of a bare number out, and says nothing.
        plain = _NAME.fullmatch(name) and name.strip("_") and name.lower() not in _TAKEN
        expected = (
            f"a name of letters, digits and underscores that begins with a letter and is none of {', '.join(_TAKEN)}"
        )
        require(bool(plain), section, name, expected, "it names files, stages and metrics; `label` is free text")
        label = entry.label
        free = label.strip() and label.isprintable() and len(label) <= _LONGEST_LABEL
        require(bool(free), f"{section}.{name}.label", label, f"one line of 1 to {_LONGEST_LABEL} characters")
    labels = [entry.label for entry in entries.values()]
    require(len(set(labels)) == len(labels), section, labels, "a different label for each entry")


def parse(kind: Any, value: Any, key: str) -> Any:
    """Convert one YAML value into the annotated type, or raise a ConfigError that names the key."""
    # The kinds that a section may have, no more: dict, tuple, X | None, one text or several, a dataclass, a scalar.
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _parse_section(kind, value, key)
    if origin is dict:
        require(isinstance(value, Mapping), key, value, "a section of names")
        return {str(name): parse(arguments[1], item, f"{key}.{name}") for name, item in value.items()}
    if origin is tuple:
        require(isinstance(value, list), key, value, "a list")
        return tuple(parse(arguments[0], item, f"{key}[{index}]") for index, item in enumerate(value))
    if origin is types.UnionType:
        is_list = isinstance(value, list) and types.NoneType not in arguments
        optional = value is None and types.NoneType in arguments
        return None if optional else parse(arguments[is_list], value, key)
    return _parse_scalar(kind, value, key)


def _parse_section(kind: Any, value: Any, key: str) -> Any:
    # What a section makes of the others is none of the file's.
    known = [field.name for field in dataclasses.fields(kind) if not field.metadata.get("derived")]
    for name in value if isinstance(value, Mapping) else ():
        expected = f"no such key (known: {', '.join(known)})"
        require(name in known, _below(key, name), value[name], expected, did_you_mean(name, known))
    return kind(**parse_fields(kind, value, key, known))


def parse_fields(kind: Any, value: Any, key: str, names: Iterable[str]) -> dict[str, Any]:
    """The named fields of a dataclass from a mapping, those with a default only where they are given."""
    require(isinstance(value, Mapping), key or "the file", value, "a section with keys")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    names = list(names)
    for name in names:
        optional = fields[name].default is not dataclasses.MISSING or callable(fields[name].default_factory)
        require(name in value or optional, _below(key, name), None, "a value", "this key is missing")
    return {name: parse(hints[name], value[name], _below(key, name)) for name in names if name in value}


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else str(name)


def _parse_scalar(kind: type, value: Any, key: str) -> Any:
    if kind is datetime.date:
        try:
            return datetime.date.fromisoformat(value)
        except (TypeError, ValueError):
            # DVC cannot read bare dates.
            raise ConfigError(key, str(value), 'a date in quotes such as "1999-04-01"') from None
    # For Python, true is a whole number too.
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    # YAML 1.1 and 1.2 differ on 1e-5: what one writes as a number, the other reads as text.
    text_number = kind in (int, float) and isinstance(value, str)
    remedy = "write it without quotes, and a decimal as 1.0e-5" if text_number else ""
    matches = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    require(matches, key, value, expected[kind], remedy)
    require(kind is not float or math.isfinite(value), key, value, "a finite number")
    return value
