"""One sitting in the layout of the Nunavut Hansard: cover, contents, headings, turns, and what lies between them."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Sequence
from random import Random

from hansard_bias.sample.legislature import FORMULAS, Sitting, Speech

# Not strftime: its names depend on the locale.
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ITEMS = {
    "statement": "Item 3: Members’ Statements",
    "visitors": "Item 5: Recognition of Visitors in the Gallery",
    "question": "Item 6: Oral Questions",
    "debate": "Item 19: Consideration in Committee of the Whole of Bills and Other Matters",
}
NUMBERED = {"question": "Question", "statement": "Member’s Statement"}
INTERRUPTIONS = (">>Applause", ">>Laughter", "--laughter", "--applause")
LINES_A_PAGE = 38
# How often a turn bears the marks of the interpreters' booth.
INTERPRETED = 0.25
# The speaker's name stands on a line of its own: with a colon, or under a numbered heading without one.
LABEL_ALONE, NAME_ALONE = 0.15, 0.15
CLERKS = ("Ludovic Tarrow", "Henrietta Sorrel", "Augusta Finch")


class SittingPrinter:
    """Prints the lines of one sitting, page by page."""

    def __init__(self, sitting: Sitting, rng: Random) -> None:
        self.sitting, self.rng = sitting, rng
        self.page = self.first_page = 12 * sitting.number
        self.session = f"{sitting.roster.term}({1 + sitting.number % 3})"
        self._contents: list[tuple[str, int]] = []
        self._questions = itertools.count(60 + sitting.number)

    def lines(self, speeches: Sequence[Speech]) -> list[str]:
        """The whole issue: cover, contents and body."""
        # The body first: the cover holds its page numbers.
        body = list(self._paged(self._body(speeches)))
        return [*self._cover(), *body]

    def _paged(self, body: Iterator[str]) -> Iterator[str]:
        """Put a running header on every page."""
        used = 0
        for line in body:
            yield line
            used += 1
            # Where a sentence ends, so that a name keeps its text.
            if used >= LINES_A_PAGE and line.endswith((".", "?")):
                used = 0
                self.page += 1
                yield f"{long_date(self.sitting.date)}   Nunavut Hansard   {self.page}"

    def _cover(self) -> Iterator[str]:
        roster, date, first_page = self.sitting.roster, long_date(self.sitting.date), self.first_page
        yield from ("Nunavut Canada", "", "LEGISLATIVE ASSEMBLY OF NUNAVUT", f"Session {self.session}", "HANSARD")
        yield from ("Official Report", f"DAY {self.sitting.number}", date, f"Pages {first_page} – {self.page}", "")
        yield from ("Legislative Assembly of Nunavut", "Speaker")
        yield from (f"Hon. {roster.chair.name}", f"({roster.chair.riding})")
        for minister in roster.ministers.values():
            yield from (f"Hon. {minister.name}", f"({minister.riding})", f"Minister of {minister.portfolio}")
        for member in roster.members:
            yield from (member.titled, f"({member.riding})")
        yield from ("Officers", "Clerk", CLERKS[0], "Clerk Assistant", CLERKS[1], "Editors of Hansard", CLERKS[2], "")
        yield from ("Table of Contents", f"Opening Prayer {first_page}")
        yield from (f"{entry} {page}" for entry, page in self._contents)
        yield from ("A.", "Daily References", f"{date} {first_page}", "")

    def _body(self, speeches: Sequence[Speech]) -> Iterator[str]:
        roster = self.sitting.roster
        ministers = [f"Hon. {person.name}" for person in (roster.chair, *roster.ministers.values())]
        present = ", ".join([*ministers, *(person.titled for person in roster.members)])
        yield from ("Iqaluit, Nunavut", long_date(self.sitting.date), "Members Present:", present, "")
        yield from (">>House commenced at 13:30", "Item 1: Opening Prayer", "", ">>Prayer")
        previous = ("", "")
        for speech in speeches:
            subject = (speech.business, speech.heading)
            if previous[0] != speech.business:
                yield from self._heading(ITEMS[speech.business])
            # A question's answers, and the next one on the same subject, stand under its number.
            numbered = subject != previous and speech.business in NUMBERED
            if numbered:
                heading = f"{NUMBERED[speech.business]} {next(self._questions):03d} – {self.session}"
                yield from self._heading(f"{heading}: {speech.heading} ({speech.person.last})")
            previous = subject
            if numbered and self.rng.random() < NAME_ALONE:
                yield from (turn_label(speech), *self._wrapped(speech.sentences))
            else:
                yield from self._turn(speech)
            yield from self._between(speech)
        yield from ("Speaker: Carried.", "Item 24: Orders of the Day", ">>House adjourned at 17:05", "")

    def _heading(self, text: str) -> Iterator[str]:
        # Contents name an item without its number.
        self._contents.append((text.partition(": ")[2] if text.startswith("Item") else text, self.page))
        yield from ("", text)

    def _turn(self, speech: Speech) -> Iterator[str]:
        """One turn: the name and the first sentences on a line, the rest on lines of their own."""
        interpreted = self.rng.random() < INTERPRETED
        label = turn_label(speech) + (" (interpretation)" if interpreted else "")
        first, *rest = self._wrapped(speech.sentences)
        if interpreted and rest:
            rest[-1] = "(interpretation ends) " + rest[-1]
        yield from (f"{label}:", first) if self.rng.random() < LABEL_ALONE else (f"{label}: {first}",)
        yield from rest

    def _wrapped(self, sentences: Sequence[str]) -> list[str]:
        text = sentences[0]
        for sentence in sentences[1:]:
            text += ("\n" if self.rng.random() < 0.5 else "  " if self.rng.random() < 0.05 else " ") + sentence
        return text.split("\n")

    def _between(self, speech: Speech) -> Iterator[str]:
        """What follows some speeches: noise in the room, formulas, the chair giving the floor, a blank line."""
        if self.rng.random() < 0.05:
            yield self.rng.choice(INTERRUPTIONS)
        if self.rng.random() < 0.04:
            yield "Some Members: Agreed."
        if self.rng.random() < 0.06:
            yield f"{chair_label(speech)}: {self.rng.choice(FORMULAS)}"
        elif self.rng.random() < 0.12:
            yield f"{chair_label(speech)} (interpretation): Thank you. (interpretation ends) {speech.person.called}."
        if self.rng.random() < 0.1:
            yield ""


def long_date(day: datetime.date) -> str:
    """A day as headers print it: `Tuesday, June 6, 2017`."""
    return f"{DAYS[day.weekday()]}, {MONTHS[day.month - 1]} {day.day}, {day.year}"


def chair_label(speech: Speech) -> str:
    """Who presides: the Speaker, or in committee the chairman."""
    return "Chairman" if speech.business == "debate" else "Speaker"


def turn_label(speech: Speech) -> str:
    """The name that opens a turn: `Mr. Akkaluk`, `Hon. Eva Akkaluk` for ministers, `Speaker (Mr. Akkaluk)`."""
    if speech.role == "chair":
        return f"{chair_label(speech)} ({speech.person.called})"
    return f"Hon. {speech.person.name}" if speech.role == "minister" else speech.person.called
