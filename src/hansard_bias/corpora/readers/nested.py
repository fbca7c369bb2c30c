"""Objects inside objects, as JSON and Parquet have them: columns by dotted names, and lists of objects as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MISSING = object()
MOST_NAMES = 50  # of nested columns that a message may list


def cell_of(row: Mapping[str, Any], name: str) -> Any:
    """What a row has under a name, or a dotted name through its objects; MISSING where it has no such key.

    Of a list of objects it is the list of what they have.
    """
    if name in row or "." not in name:
        return row.get(name, MISSING)
    for head, rest in _divided(name):
        inner = row.get(head)
        if isinstance(inner, Mapping):
            return cell_of(inner, rest)
        if isinstance(inner, list):
            found = [cell_of(each, rest) for each in inner if isinstance(each, Mapping)]
            found = [each for each in found if each is not MISSING]
            flat = [each for value in found for each in (value if isinstance(value, list) else [value])]
            return flat if found else MISSING
    return MISSING


def rows_along(row: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The row once for each object in the lists that lie on the way down to a column, with that object alone."""
    if name in row:
        yield row
        return
    for head, rest in _divided(name):
        inner = row.get(head)
        if isinstance(inner, Mapping | list):
            for each in [inner] if isinstance(inner, Mapping) else inner:
                below = rows_along(each, rest) if isinstance(each, Mapping) else [each]
                yield from ({**row, head: one} for one in below)
            return
    yield row


def _divided(name: str) -> Iterator[tuple[str, str]]:
    """The ways to divide a dotted name in two: keys may have dots of their own."""
    places = (place for place, sign in enumerate(name) if sign == ".")
    return ((name[:place], name[place + 1 :]) for place in places)


def names_in(row: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """The names of all cells of a row, dotted where they lie in objects."""
    for key, value in row.items():
        inner = next((each for each in value if isinstance(each, Mapping)), None) if isinstance(value, list) else value
        if isinstance(inner, Mapping) and len(before) < MOST_NAMES:
            yield from names_in(inner, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def rows_of_object(whole: Mapping[str, Any], text: str, names: Sequence[str]) -> list[Mapping[str, Any]] | None:
    """The rows of a document that is one object: a list in it, or columns; None where it holds no table."""
    columns = {name: whole.get(name) for name in names or whole}
    if len(columns) > 1 and all(isinstance(column, Mapping | list) for column in columns.values()):
        lists = [[*column.values()] if isinstance(column, Mapping) else column for column in columns.values() if column]
        if len({len(each) for each in lists}) == 1 and len(lists) == len(columns):
            return [dict(zip(columns, cells, strict=True)) for cells in zip(*lists, strict=True)]
    if any(cell_of(row, text) is not MISSING for row in rows_along(whole, text)):
        return [whole]
    lists = [each for each in whole.values() if isinstance(each, list) and all(isinstance(one, dict) for one in each)]
    # Whoever only looks sees an object with several lists as it is.
    return lists[0] if len(lists) == 1 else [whole] if lists and not names else None
