"""What is under `@table` or `@text` reaches page and files; a metric is one module, with its figure if it has one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hansard_bias.report import Registered
from hansard_bias.report.results import Results

Texts = Sequence[str]


@dataclass(frozen=True)
class Table:
    """Text in rows under named columns; a column whose name is in `numeric` is set flush right."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()
    # Of its files; set by the registry, where several tables are made at once each with its own ending.
    name: str = ""
    # What the reader opens to see it; the table stands open where it is empty.
    fold: str = ""

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), self.caption


def make_table(
    caption: str, columns: Texts, rows: Iterable[Texts], text: int = 1, words: Texts = (), name: str = ""
) -> Table:
    """A table whose first `text` columns and those in `words` hold words; the others hold numbers."""
    numeric = frozenset(columns[text:]) - set(words)
    return Table(caption, tuple(columns), tuple(map(tuple, rows)), numeric, name)


@dataclass(frozen=True)
class RegisteredTable(Registered, kind="tables"):
    """A table, or several alike; `fold` is what the reader opens to see it."""

    fold: str = ""
    # Columns that another machine, or another day, would fill differently.
    local: tuple[str, ...] = ()


class RegisteredText(Registered, kind="texts"):
    """What the template knows by its name: a sentence, sentences one by one, rows of a list."""


table, text = RegisteredTable, RegisteredText


def make_tables(results: Results) -> dict[str, list[Table]]:
    """Every table that has rows by its registered name, in the order of the page's sections."""
    made = {}
    for each, found in table.made(results):
        named = [(found, each.name)] if isinstance(found, Table) else [(t, f"{each.name}-{t.name}") for t in found]
        made[each.name] = [replace(t, name=name, fold=t.fold or each.fold) for t, name in named if t.rows]
    return made


def in_sections(made: Mapping[str, list[Table]]) -> dict[str, list[Table]]:
    """The same tables by the section of the page that lists them."""
    sections: dict[str, list[Table]] = {}
    for name, tables in made.items():
        sections.setdefault(table.makers[name][0].section, []).extend(tables)
    return sections


def portable(made: Mapping[str, list[Table]]) -> list[Table]:
    """The same tables without what depends on the machine; none that only names what was made on it."""
    found = []
    for name, tables in made.items():
        for each in tables:
            kept = [n for n, column in enumerate(each.columns) if column not in table.makers[name][0].local]
            rows = tuple(tuple(row[n] for n in kept) for row in each.rows)
            found.append(replace(each, columns=tuple(each.columns[n] for n in kept), rows=rows))
    return [each for each in found if each.columns]


def make_texts(results: Results) -> dict[str, Any]:
    """Every text by the name that the template uses."""
    return {each.name: [*told] if isinstance(told, Iterator) else told for each, told in text.made(results)}
