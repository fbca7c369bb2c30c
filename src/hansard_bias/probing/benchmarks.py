"""Benchmarks as published: two answers to a prompt, sentence pairs, StereoSet, word lists (method.md section 4).

A file's form is known by its content. A bad item is left out and named, and does not hide the rest.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hansard_bias.base.messages import joined, one_line, shown, unseen
from hansard_bias.probing.prompts import MASK, Candidate, Group, Groups, LeftOut, check_mask, mask_of, repeated
from hansard_bias.probing.sheets import Row, cell_text, read_content

# The columns of each form of table; others may stand beside them.
COLUMNS = ("prompt", "favorable_answer", "unfavorable_answer", "theme")
CROWS = ("sent_more", "sent_less", "stereo_antistereo", "bias_type")
OWN = ("preferred", "other", "theme")
TABLES = {"answers": COLUMNS, "crows_pairs": CROWS, "pairs": OWN}
# Of JSON: the parts of StereoSet and its labels, the stereotype first; the sets of WEAT and SEAT.
PARTS = ("intrasentence", "intersentence")
LABELS = ("stereotype", "anti-stereotype", "unrelated")
SETS = ("targ1", "targ2", "attr1", "attr2")
DIRECTIONS = ("stereo", "antistereo")
BLANK = "BLANK"
MIN_WORDS = 2  # in a set
NAMED = 3  # of the items that are left out, in a line; the page names all
FORMS = (
    f"tables with the columns {', '.join(COLUMNS)}, or {', '.join(CROWS)} (CrowS-Pairs), or {', '.join(OWN)}; "
    f"JSON with data: {', '.join(PARTS)} (StereoSet), or {', '.join(SETS)} (WEAT, SEAT)"
)

T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """One line of a benchmark: a prompt with one [MASK] and the two answers that compete for it."""

    line: int
    """Where it stands in its file; the header is line 1."""
    prompt: str
    favorable: str
    unfavorable: str
    theme: str

    def candidates(self, path: str) -> list[Candidate]:
        """The two answers with their line of the file for messages."""
        return [Candidate(f"{path}:{self.line}: answer", answer) for answer in (self.favorable, self.unfavorable)]


@dataclass(frozen=True)
class Pair:
    """Sentences that compete: the stereotype (or what is preferred), the other, in StereoSet an unrelated one."""

    item: str
    """Its line, or its id."""
    where: str
    """The same with the file, for messages."""
    theme: str
    options: tuple[str, ...]
    """The sentences; in StereoSet's intrasentence part the words that fill the context's [MASK]."""
    part: str = ""
    """Of CrowS-Pairs stereo or antistereo, of StereoSet intrasentence or intersentence."""
    target: str = ""
    """Of StereoSet: whom the stereotype is about; its scores are means over targets."""
    context: str = ""
    """Of StereoSet: the text with one [MASK], or the sentence before the options."""


@dataclass(frozen=True)
class Benchmark:
    """All items of one file, in its order; they are of one kind."""

    name: str
    """The file's name without its ending."""
    path: str
    items: tuple[Item, ...] = ()
    pairs: tuple[Pair, ...] = ()
    sets: tuple[Groups, Groups] | None = None
    """Of WEAT and SEAT the targets and the attributes."""
    form: str = "answers"
    """A table's (TABLES), stereoset or words."""
    left_out: tuple[str, ...] = ()
    """What is wrong with each item that is left out."""

    @property
    def told(self) -> list[LeftOut]:
        """The same with the benchmark's name."""
        return [LeftOut(self.name, problem) for problem in self.left_out]


def left_out_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """One line a benchmark: how many of its items are not asked, and what is wrong with the first ones."""
    by_name: dict[str, list[str]] = {}
    for name, problem in left_out:
        by_name.setdefault(name, []).append(problem)
    for name, problems in by_name.items():
        more = f" \u2026 and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        items = "item is" if len(problems) == 1 else "items are"
        yield f"benchmark {name}: {len(problems)} {items} left out: {' | '.join(problems[:NAMED])}{more}"


def load_benchmarks(paths: Iterable[Path]) -> list[Benchmark]:
    """Read several benchmarks; ValueError when two have one name, or for what `load_benchmark` refuses."""
    benchmarks = [load_benchmark(path) for path in paths]
    if twice := repeated(benchmark.name for benchmark in benchmarks):
        raise ValueError(f"probe.benchmarks: two files are named {twice!r}; results go by name, rename one")
    return benchmarks


def load_benchmark(path: Path) -> Benchmark:
    """Read a benchmark in any of FORMS. `<mask>` is read as `[MASK]`.

    Left out and named are items with an empty cell, a prompt without exactly one [MASK], equal answers or sentences, an
    option that is missing, a line or word that occurs twice. Raises ValueError, naming the file, for another form, and
    for a benchmark of which nothing is left.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file; check probe.benchmarks in params.yaml")
    known = {column for columns in TABLES.values() for column in columns}
    content = read_content(path, known)
    if isinstance(content, list) and (not content or isinstance(content[0], tuple)):
        return _from_table(path, content)
    data = content.get("data") if isinstance(content, Mapping) else None
    if isinstance(data, Mapping) and any(isinstance(data.get(part), list) for part in PARTS):
        return _from_stereoset(path, data)
    if isinstance(content, Mapping) and all(isinstance(content.get(name), Mapping) for name in SETS):
        return _from_sets(path, content)
    keys = joined(content) if isinstance(content, Mapping) else "a list"
    raise ValueError(f"{path}: no known form of a benchmark (found: {keys or 'nothing'}); known are {FORMS}")


def _sifted(path: Path, entries: Iterable[T], parse: Callable[[T], Any]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """What can be parsed, and what is wrong with the rest; ValueError where nothing can."""
    made, left_out = [], []
    for entry in entries:
        try:
            made.append(parse(entry))
        except ValueError as error:
            left_out.append(str(error))
    if not made:
        raise ValueError(left_out[0] if left_out else f"{path}: holds no items; known are {FORMS}")
    return tuple(made), tuple(left_out)


def _benchmark(path: Path, form: str, kind: str, found: tuple[tuple[Any, ...], tuple[str, ...]]) -> Benchmark:
    given: dict[str, Any] = {kind: found[0]}
    return Benchmark(path.stem, path.as_posix(), form=form, left_out=found[1], **given)


def _text(value: Any, what: str) -> str:
    """A text in one line; ValueError where it is none."""
    text = cell_text(value) if isinstance(value, str) else ""
    if not text:
        raise ValueError(f"{what} is empty, expected text; fill it in or remove the item")
    if sign := unseen(text):
        raise ValueError(f"{what} holds the invisible character {sign}; remove it")
    return text


# Tables.


def _from_table(path: Path, rows: Sequence[Row]) -> Benchmark:
    line, header = rows[0] if rows else (1, ())
    names = [] if isinstance(header, str) else [cell_text(cell).casefold() for cell in header]
    form = max(TABLES, key=lambda name: len({*TABLES[name]} & {*names}) / len(TABLES[name]))
    places = _places(f"{path}:{line}", names, TABLES[form])
    lines: dict[tuple[str, ...], int] = {}

    def parse(row: Row) -> Item | Pair:
        where, given = f"{path}:{row[0]}", row[1]
        if isinstance(given, str):
            raise ValueError(f"{where}: {given}")
        cells = [cell_text(given[place]) if place < len(given) else "" for place in places.values()]
        checked = [_text(cell, f"{where}: {column}") for column, cell in zip(places, cells, strict=True)]
        if form != "answers":
            return _pair(row[0], where, checked, form == "crows_pairs")
        if (first := lines.setdefault(tuple(checked[:3]), row[0])) != row[0]:
            raise ValueError(f"{where}: repeats line {first}; keep one of them")
        return _item(row[0], where, checked)

    kind = "items" if form == "answers" else "pairs"
    return _benchmark(path, form, kind, _sifted(path, rows[1:], parse))


def _places(where: str, names: Sequence[str], columns: Sequence[str]) -> dict[str, int]:
    found = joined(name for name in names if name) or "nothing"
    if 2 * len({*columns} & {*names}) < len(columns):
        raise ValueError(f"{where}: no known form of a benchmark (columns found: {found}); known are {FORMS}")
    for column in columns:
        if names.count(column) != 1:
            problem = f"{'occurs more than once' if column in names else 'is missing'} (found: {found})"
            raise ValueError(f"{where}: the column {column!r} {problem}; expected {', '.join(columns)}")
    return {column: names.index(column) for column in columns}


def _item(line: int, where: str, cells: Sequence[str]) -> Item:
    prompt, favorable, unfavorable, theme = mask_of(cells[0]), *cells[1:]
    check_mask(prompt, where)
    if favorable.casefold() == unfavorable.casefold():
        raise ValueError(f"{where}: both answers are {shown(favorable)}; expected two different words")
    return Item(line, prompt, favorable, unfavorable, theme)


def _pair(line: int, where: str, cells: Sequence[str], crows: bool) -> Pair:
    first, second, *more = cells
    if first == second:
        raise ValueError(f"{where}: both sentences are {shown(first)}; expected two that differ")
    part = more[0].casefold() if crows else ""
    if crows and part not in DIRECTIONS:
        raise ValueError(f"{where}: stereo_antistereo is {shown(more[0])}, expected {' or '.join(DIRECTIONS)}")
    return Pair(str(line), where, more[-1], (first, second), part)


# StereoSet.


def _from_stereoset(path: Path, data: Mapping[str, Any]) -> Benchmark:
    entries = [(part, entry) for part in PARTS if isinstance(data.get(part), list) for entry in data[part]]
    found = _sifted(path, enumerate(entries, 1), lambda each: _triple(path, each[0], *each[1]))
    return _benchmark(path, "stereoset", "pairs", found)


def _triple(path: Path, number: int, part: str, entry: Any) -> Pair:
    told = entry if isinstance(entry, Mapping) else {}
    name = one_line(told["id"]) if isinstance(told.get("id"), str) and told["id"] else f"number {number}"
    where = f"{path}: item {name}"
    options = told.get("sentences")
    given = [option for option in options if isinstance(option, Mapping)] if isinstance(options, list) else []
    labels = [label if isinstance(label := option.get("gold_label"), str) else "unnamed" for option in given]
    if sorted(labels) != sorted(LABELS):
        found = joined(labels) or "none"
        raise ValueError(f"{where}: its options are {found}; expected one each of {', '.join(LABELS)}")
    sentences = [_text(given[labels.index(label)].get("sentence"), f"{where}: the {label}") for label in LABELS]
    theme, target, context = (_text(told.get(key), f"{where}: {key}") for key in ("bias_type", "target", "context"))
    if part == PARTS[0]:
        if context.count(BLANK) != 1:
            raise ValueError(f"{where}: context holds {context.count(BLANK)} {BLANK}, expected exactly one")
        sentences = [_filled(context, sentence, where) for sentence in sentences]
        context = context.replace(BLANK, MASK)
    if repeated(map(str.casefold, sentences)):
        raise ValueError(f"{where}: two of its options are the same; expected three that differ")
    return Pair(name, where, theme, tuple(sentences), part, target, context)


def _filled(context: str, sentence: str, where: str) -> str:
    """What stands in a sentence for the BLANK of its context."""
    before, after = context.split(BLANK)
    start, stop = len(before), len(sentence) - len(after)
    if start < stop and (sentence[:start] + sentence[stop:]).casefold() == (before + after).casefold():
        return sentence[start:stop].strip()
    # Some sentences differ in more than the BLANK: the word in its place counts, as in the benchmark's own code.
    place, words = [BLANK in word for word in context.split()].index(True), sentence.split()
    word = words[place].strip(string.punctuation) if place < len(words) else ""
    return _text(word, f"{where}: what {shown(sentence)} has for the {BLANK} of {shown(context)}")


# Word lists.


def _from_sets(path: Path, content: Mapping[str, Any]) -> Benchmark:
    sets, left_out, taken = [], list[str](), set[str]()
    for name in SETS:
        where, listed, words = f"{path}: {name}", content[name].get("examples"), list[str]()
        for number, example in enumerate(listed if isinstance(listed, list) else (), 1):
            try:
                words.append(_word(example, f"{where}: example {number}", taken))
            except ValueError as error:
                left_out.append(str(error))
        if len(words) < MIN_WORDS:
            raise ValueError(f"{where}: holds {len(words)} usable examples, expected {MIN_WORDS} or more; add some")
        category = _text(content[name].get("category", name), f"{where}: category")
        sets.append(Group(category, category, "", tuple(words)))
    four = (sets[0], sets[1]), (sets[2], sets[3])
    return Benchmark(path.stem, path.as_posix(), sets=four, form="words", left_out=tuple(left_out))


def _word(example: Any, where: str, taken: set[str]) -> str:
    text = _text(example, where)
    # A word on both sides would cancel itself out and make the sides look alike.
    if text.casefold() in taken:
        raise ValueError(f"{where}: {shown(text)} is in one of the sets already; keep one of them")
    taken.add(text.casefold())
    return text
