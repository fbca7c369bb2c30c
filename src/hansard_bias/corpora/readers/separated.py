"""Text tables: which sign parts the cells of a file, and what its quotes mean, found from its content.

The line `1999-04-01<TAB>Ada<TAB>"No, they say.` is a whole row where quotes are text, and the beginning of a cell of
several lines where they hold cells together. The first lines propose, and the whole file decides: a reading that
swallows lines shaped like rows, or leaves text behind a closing quote, is not the file's.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.texts import Broken, Row, Wanted, cell_limit, cells_told, require_columns, single_lines
from hansard_bias.params.corpora import QUOTINGS, SIGNS

MAX_CELL = 10_000_000  # characters in a cell; a long speech has 150,000
# Lines and characters at the beginning of a file that propose how it is written.
HEAD_LINES, HEAD_CHARACTERS = 300, 100_000
Open = Callable[[], Iterable[str]]

_SIGN_LINE = re.compile(r'"?sep=(.)"?\s*', re.I)  # what Excel writes for itself
_GOES_ON = re.compile(r"(?<!\\)(?:\\\\)*\\\r?\n\Z")  # behind a backslash, the end of a line is text
_DOUBLED = re.compile(r'"(?:[^"]|"")*""(?:[^"]|"")*"')
_ESCAPED = re.compile(r"\\(.)", re.S)
# What stands behind a backslash is a noncharacter of Unicode while the csv module parts the cells.
_SHOWN = {"\ufdd0": '"', "\ufdd1": "\\", "\ufdd2": "\n", "\ufdd3": "\t"}
_HIDDEN = {shown: sign for sign, shown in _SHOWN.items()} | {"n": "\ufdd2", "r": "\ufdd2", "\r": "", "t": "\ufdd3"}
_HIDDEN_SIGN = "\ufdd4"
# What the csv module says of a quoted cell, in our words.
_QUOTES_BROKEN = {"unexpected end": "never ends", "expected after": "has text behind its closing quote"}


@dataclass(frozen=True)
class Dialect:
    """How the cells of a text table are parted."""

    sign: str
    quotes: bool = True  # whether quotes may hold a cell together; a quote inside is then written twice
    escapes: bool = False  # whether a backslash takes the meaning from what follows
    spaced: bool = False  # whether a blank may stand before an opening quote

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """The cells of each row; csv.Error where a quote is none."""
        hidden = _HIDDEN | {self.sign: _HIDDEN_SIGN}
        if self.escapes:
            lines = (_ESCAPED.sub(lambda found: hidden.get(found[1], found[0]), line) for line in lines)
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
        rows = csv.reader(lines, delimiter=self.sign, quoting=quoting, strict=True, skipinitialspace=self.spaced)
        if not self.escapes:
            return rows
        shown = str.maketrans(_SHOWN | {_HIDDEN_SIGN: self.sign})
        return ([cell.translate(shown) for cell in cells] for cells in rows)

    @property
    def quoting(self) -> str:
        """The reading as params.yaml calls it."""
        return next(name for name, kind in QUOTINGS.items() if kind == (self.quotes, self.escapes))

    def is_shown_by(self, lines: Sequence[str]) -> bool:
        """Whether lines have what this is about: quotes at the beginning of cells, or backslashes."""
        return self.escapes or any(line.startswith('"') or f'{self.sign}"' in line for line in lines)

    def bare(self, line: str) -> list[str]:
        """The cells of a line if quotes were text."""
        return line.rstrip("\r\n").split(self.sign)


class Lines:
    """Lines as the csv module wants them, and the number of the last; a lone carriage return ends one, too."""

    def __init__(self, lines: Iterable[str], escapes: bool = False) -> None:
        self._lines, self._escapes, self.line_num = lines, escapes, 0

    def __iter__(self) -> Iterator[str]:
        begun = ""
        for line in single_lines(self._lines):
            self.line_num += 1
            begun += line
            if not (self._escapes and len(begun) < MAX_CELL and _GOES_ON.search(begun)):
                yield begun
                begun = ""
        if begun:
            yield begun


@dataclass(frozen=True)
class Form:
    """A text table's dialect, its columns, and what its rows are known by."""

    dialect: Dialect
    columns: tuple[str, ...]
    skipped: int = 0  # lines before the header
    named: bool = False  # whether names of rows stand before the first column, which R gives no header
    spare: bool = False  # whether each row ends with a sign
    # The place of a date, or of other cells with digits, and the shapes that these have. Behind the text it is counted
    # from the end: a sign inside the text shifts all that is behind it.
    anchors: tuple[tuple[int, frozenset[str]], ...] = ()

    @property
    def width(self) -> int:
        """Cells of a row, without a spare one."""
        return self.named + len(self.columns)

    def row(self, cells: Sequence[str]) -> Mapping[str, object] | None:
        """The cells by column; None where there are too few or too many."""
        if len(cells) == self.width or (self.spare and len(cells) == self.width + 1 and not cells[-1].strip()):
            return dict(zip(self.columns, cells[self.named : self.width], strict=True))
        return None

    def broken(self, cells: Sequence[str]) -> Broken:
        """A row with another number of cells."""
        return Broken(self.dialect.sign.join(cells), f"{len(cells)} cells, expected {self.width}")

    def is_row(self, line: str) -> bool:
        """Whether a line has the shape of a row if quotes are text: enough cells, a date where dates stand."""
        if line.count(self.dialect.sign) < self.width - 1 or not self.anchors:
            return False
        cells = self.dialect.bare(line)
        return all(_shape(cells[place]) in known for place, known in self.anchors)

    def lines(self, lines: Iterable[str]) -> Lines:
        """The lines of the whole file."""
        return Lines(lines, self.dialect.escapes)


def _shape(cell: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell.strip(' "')[:40]))


def separated_rows(lines: Open, name: str, wanted: Wanted, found: Findings) -> Iterator[Row]:
    """Every row of a text table; `lines` opens the file anew. Raises ValueError where no reading fits the file."""
    form = form_of(lines, name, wanted)
    found.dialects[name] = form.dialect.sign, form.dialect.quoting, form.dialect.is_shown_by(_head(lines()))
    feed = form.lines(lines())
    with cells_told(name, feed, MAX_CELL, f"expected cells of at most {MAX_CELL} characters"):
        rows = form.dialect.rows(itertools.islice(feed, form.skipped, None))
        next(rows, None)
        line = feed.line_num + 1
        for cells in rows:
            if cells:
                yield line, form.row(cells) or form.broken(cells)
            line = feed.line_num + 1


def form_of(lines: Open, name: str, wanted: Wanted) -> Form:
    """How a whole file is written: the reading that fits its first lines best, and that no line of it contradicts."""
    with cell_limit(MAX_CELL):
        ranked = _ranked(_head(lines()), name, wanted)
        if wanted.quoting:
            return ranked[0]
        problems = list[tuple[bool, int, str]]()
        for form in ranked:
            if (problem := (_swallowed if form.dialect.quotes else _held_together)(lines(), form)) is None:
                return form
            problems.append((not form.dialect.quotes, *problem))
    # What breaks the quotes is what can be mended.
    _, line, reason = min(problems)
    remedy = "mend its quotes, or say how to read it by columns.quoting: doubled, or none (quotes are text)"
    raise ValueError(f"{name}:{line}: the quoted cell that begins here {reason}; {remedy}")


def _head(lines: Iterable[str]) -> list[str]:
    head, left = list[str](), HEAD_CHARACTERS
    for line in itertools.islice(lines, HEAD_LINES):
        head.append(line)
        left -= len(line)
        if left < 0:
            break
    return head


def _ranked(head: Sequence[str], name: str, wanted: Wanted) -> list[Form]:
    """The forms that these first lines may have, the likeliest first; ValueError where none has the columns wanted."""
    first = [*itertools.takewhile(lambda line: not line.strip() or _SIGN_LINE.fullmatch(line), head)]
    told = next(filter(None, map(_SIGN_LINE.fullmatch, first)), None)
    body, skipped = head[len(first) :], len(first)
    signs = (wanted.delimiter,) if wanted.delimiter else (told[1],) if told else SIGNS
    headers: dict[str, list[str]] = {sign: next(iter(_rows(body[:100], Dialect(sign))), []) for sign in signs}
    fitting = [sign for sign in signs if {*wanted.names} <= {column.strip() for column in headers[sign]}]
    if body and not fitting:
        longest = max(headers.values(), key=len)
        require_columns(name, wanted, longest)
    forms = [
        _form(body, Dialect(sign, *kind), wanted, skipped) for sign in fitting or signs for kind in _kinds(body, wanted)
    ]
    # In the order in which they are named where several fit as well.
    ranked = sorted(forms, key=lambda form: (len(form.columns) > 1, _share(body, form)), reverse=True)
    columns = ranked[0].columns
    if twice := [column for column in wanted.names if columns.count(column) > 1]:
        raise ValueError(f"{name}:{skipped + 1}: column {twice[0]!r} is there twice, expected each once; rename one")
    return [form for form in ranked if form.dialect.sign == ranked[0].dialect.sign]


def _kinds(body: Sequence[str], wanted: Wanted) -> list[tuple[bool, ...]]:
    """What quotes, backslashes and blanks may mean in a file, the usual first."""
    if wanted.quoting:
        return [QUOTINGS[wanted.quoting]]
    spaced = any(f'{sign} "' in line for line in body for sign in SIGNS)
    doubled, backslash, none, bare = QUOTINGS.values()
    signs = {found[1] for line in body for found in _ESCAPED.finditer(line)}
    # A backslash that stands for the end of a line or a tab, and nowhere for itself, is no text.
    if signs & {*"nrt"} and signs <= {*_HIDDEN, *SIGNS, *"'0N/"}:
        return [backslash, bare, doubled, none]
    return [doubled, *[(*doubled, True)] * spaced, backslash, none, *[bare] * bool(signs)]


def _form(body: Sequence[str], dialect: Dialect, wanted: Wanted, skipped: int) -> Form:
    """The columns that these lines have in a dialect, and which of their cells belong to which."""
    header, *rows = _rows(body, dialect) or [[]]
    columns = tuple(name.strip() for name in header)
    longer = [cells for cells in rows if len(cells) == len(columns) + 1]
    if 2 * len(longer) <= len(rows):
        shorter = bool(columns) and not columns[-1] and 2 * sum(len(cells) < len(columns) for cells in rows) > len(rows)
        return _anchored(Form(dialect, columns[: len(columns) - shorter], skipped), body, wanted)
    spare = not any(cells[-1].strip() for cells in longer)
    # No two rows have one name, and days stand where the header has them: else the rows have a cell too many.
    place = columns.index(wanted.date) + 1 if wanted.date in columns else 0
    known = sum(any(map(str.isdecimal, cells[place])) for cells in longer)
    named = not spare and len({cells[0] for cells in longer}) == len(longer) < 2 * known
    return _anchored(Form(dialect, columns, skipped, named, spare), body, wanted)


def _rows(lines: Iterable[str], dialect: Dialect) -> list[list[str]]:
    """The rows up to the first that quotes break."""
    rows = list[list[str]]()
    with suppress(csv.Error):
        for cells in dialect.rows(Lines(lines, dialect.escapes)):
            rows += [cells] if cells else []
    return rows


def _anchored(form: Form, body: Iterable[str], wanted: Wanted) -> Form:
    """With what its rows are known by: the day, or all cells of few shapes with digits."""
    parted = [*map(form.dialect.bare, body), *_rows(body, form.dialect)]
    rows = [cells for cells in parted if len(cells) == form.width]
    found = [(place, frozenset(map(_shape, column))) for place, column in enumerate(zip(*rows, strict=True))]
    places = {column: form.named + place for place, column in enumerate(form.columns)}
    if wanted.date in places:
        known = [(place, frozenset(each for each in shapes if "9" in each)) for place, shapes in found]
        known = [each for each in known if each[0] == places[wanted.date]]
    else:
        known = [(place, shapes) for place, shapes in found if len(shapes) < 4 and all("9" in each for each in shapes)]
        # Where signs stand in texts, a single number would be too little.
        known = known if len(known) > (form.dialect.sign in ",;") else []
    last = places.get(wanted.text, form.width)
    return replace(form, anchors=tuple((place - form.width * (place > last), shapes) for place, shapes in known))


def _share(body: Sequence[str], form: Form) -> float:
    """Share of the lines that belong to rows with as many cells as there are columns."""
    feed, whole, before = form.lines(body), 0, 0
    with suppress(csv.Error):
        for cells in form.dialect.rows(feed):
            whole += (feed.line_num - before) * (not cells or form.row(cells) is not None)
            before = feed.line_num
    return whole / max(1, len(body))


def _swallowed(lines: Iterable[str], form: Form) -> tuple[int, str] | None:
    """The first line at which quotes do not hold a cell together, and why."""
    feed = form.lines(lines)
    for line in (stream := iter(feed)):
        # A row in which no quote opens ends with its line.
        if '"' in line:
            start = feed.line_num
            try:
                next(form.dialect.rows(itertools.chain([line], _inside(stream, feed, form))))
            except csv.Error as error:
                return start, next((said for found, said in _QUOTES_BROKEN.items() if found in str(error)), str(error))
    return None


def _inside(stream: Iterator[str], feed: Lines, form: Form) -> Iterator[str]:
    """The lines of a cell, as long as they look like none of the table's rows."""
    for line in stream:
        if form.is_row(line):
            raise csv.Error(f"swallows line {feed.line_num}, which looks like a row")
        yield line


def _held_together(lines: Iterable[str], form: Form) -> tuple[int, str] | None:
    """The first line that only quotes can hold together, or that has them as the csv module writes them."""
    feed = form.lines(lines)
    for line in feed:
        cells = [cell.strip() for cell in next(form.dialect.rows([line]))] if '"' in line else []
        opened = [cell for cell in cells if cell.startswith('"')]
        is_header = feed.line_num == form.skipped + 1
        if opened and (is_header or form.row(cells) is None or any(map(_DOUBLED.fullmatch, opened))):
            return feed.line_num, "is needed to hold a cell together"
    return None
