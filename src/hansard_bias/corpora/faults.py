"""What is wrong with the records of an archive that are no speeches: where the first one of each kind stands, and why.

Where that is all of them, or nearly all are undated, the archive is refused with the setting that would read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hansard_bias.base.messages import one_line, shown
from hansard_bias.corpora.dates import fits, forms_of
from hansard_bias.corpora.schema import Record
from hansard_bias.params import ConfigError, CorpusConfig

# Days in other forms that are kept to find one for all: a parliament of a century has 20,000 days.
MOST_DAYS = 20_000
_LONGEST_DAY = 60  # characters of a day in a message
_MOST_FORMS = 4
_MOST_OF_THEM = 0.8  # share of the days that one form may fit where none fits all


class Faults:
    """Records at fault, while an archive is read."""

    def __init__(self) -> None:
        self.first: dict[str, str] = {}  # by reason: the place of its first record, and what is wrong there
        self.dated = self.unread = 0
        self.days: dict[str, str] = {}  # days that could not be read, as they are written: where they stand

    def add(self, record: Record) -> None:
        """Count a record as the reader has it."""
        self.dated += record.sitting is not None
        detail = record.fault
        if record.reason == "bad_date":
            self.unread += bool(detail)
            if detail and len(self.days) < MOST_DAYS:
                self.days.setdefault(detail, record.source)
            detail = shown(detail, _LONGEST_DAY) if detail else "no day"
        if detail:
            self.first.setdefault(record.reason, one_line(f"{record.source}: {detail}"))

    def add_places(self, reasons: Iterable[str], sources: Iterable[str]) -> None:
        """Note where the first records of these reasons stand, if nothing better is known."""
        for reason, source in zip(reasons, sources, strict=True):
            self.first.setdefault(reason, one_line(source))

    def problem(self, name: str, corpus: CorpusConfig, dropped: Counter[str], is_empty: bool) -> str:
        """Why an archive, of which so many records were dropped for these reasons, is no corpus; empty: it is one."""
        if self.unread > self.dated:
            return str(self._in_another_form(name, corpus))
        if not is_empty:
            return ""
        counts = ", ".join(
            f"{reason} {count} (first {self.first[reason]})" for reason, count in sorted(dropped.items())
        )
        said = f"speeches; all dropped: {counts}" if counts else "speeches; it holds no record"
        return str(ConfigError(f"corpora.{name}.path", corpus.path, said))

    def _in_another_form(self, name: str, corpus: CorpusConfig) -> ConfigError:
        some = " and ".join(f"{shown(day, _LONGEST_DAY)} ({one_line(self.days[day])})" for day in self._two_days())
        are = f"{self.unread} of {self.unread + self.dated} are in another, such as {some}"
        days = [*self.days]
        if corpus.columns is None:
            expected = f"days that this reader knows, YYYY-MM-DD; {are}"
            remedy = f"`reader: table` takes columns with a date_format: {_proposed(days)}"
            return ConfigError(f"corpora.{name}.reader", corpus.reader, expected, remedy)
        key, given = f"corpora.{name}.columns.date_format", corpus.columns.date_format
        return ConfigError(key, given, f"the form of the archive's days; {are}", _proposed(days))

    def _two_days(self) -> list[str]:
        """The first day, and one that rules out what that might be: 31/12/2001 beside 01/02/2001."""
        first, *others = self.days
        forms = forms_of([first])
        telling = (day for day in others if not all(fits(day, form) for form in forms))
        return [first, *([next(telling, others[0])] if others else [])]


def _proposed(days: list[str]) -> str:
    """What to do about days in an unknown form."""
    forms = forms_of(days)
    if not forms and (most := forms_of(days, _MOST_OF_THEM)):
        fitting = sum(fits(day, most[0]) for day in days)
        return f'write date_format: "{most[0]}", which fits {fitting} of their {len(days)} different days'
    if not forms:
        return "no one form fits them all; is columns.date the column of the days? Else make them YYYY-MM-DD"
    written = " or ".join(f'date_format: "{form}"' for form in forms[:_MOST_FORMS])
    if len(forms) == 1:
        return f"write {written}, which fits all of them"
    return f"write {written}, whichever is meant: {len(forms)} forms fit all of them"
