"""One sitting of the Nunavut Hansard: its lines put together into speeches, everything else set aside."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from hansard_bias.corpora.cleaning import clean_text, strip_markers
from hansard_bias.corpora.readers import nrc_lines as lines_of
from hansard_bias.corpora.readers.nrc_lines import Heading, Turn, classify, is_interruption, lone_name, split_turns
from hansard_bias.corpora.schema import plain_name

_PRESENT = re.compile(r"(?:.* )?members present ?:?", re.I)
_CONTENTS_LINE = re.compile(r".*(?: \d{1,4}|\d ?[-\u2013] ?\d+ ?\( ?\d+ ?\).*)")
_ADJOURNED = re.compile(r"[> ]*(?:the )?(?:house|assembly) adjourned", re.I)
_SAID = re.compile(r"thank you|\b(?:i|we|you|thank|speaker|is|are|was|were|will|have|has)\b")
_TITLE_PAGE = re.compile(r"(?:nunavut )?hansard|nunavut canada|legislative assembly of nunavut", re.I)
_SEAT = re.compile(r"\([^)]*\)?")
# A longer line on a cover is prose; a cover with fewer seats is a fragment, whose list of members proves nothing.
_LONGEST_NAME = 60
_TITLE_LINES = 3
_FEWEST_SEATS = 8


@dataclass(slots=True)
class Entry:
    """A record in the making: the lines of one turn, or one line set aside."""

    line: int
    lines: list[str]
    speaker: str = ""
    role: str = "member"
    topic: str = ""
    reason: str = ""

    def text(self) -> str:
        """The lines as read, without the interpreters' markers."""
        spoken = strip_markers("\n".join(self.lines))
        return "\n".join(line.strip() for line in spoken.split("\n")).lstrip(" :\n").rstrip()


@dataclass(slots=True)
class _Cover:
    """What the cover of an issue says about the people who speak in it."""

    words: list[str] = field(default_factory=list)
    officers: list[str] = field(default_factory=list)
    seats: int = 0
    part: str = "members"

    def read(self, line: str) -> str:
        """Take in one line of the cover; the reason to set it aside: list, contents, or appendix (prose)."""
        low = line.lower()
        if low.startswith(("officers", "editors of", "hansard production", "table", "daily references")):
            self.part = "officers" if low.startswith("officers") else "contents" if low[0] in "td" else "address"
        if self.part == "contents" or _CONTENTS_LINE.fullmatch(line):
            return "contents"
        if len(line) > _LONGEST_NAME and line.endswith((".", "?", '"')):
            return "appendix"
        people = {"officers": self.officers, "members": self.words}.get(self.part, [])
        people += [word[0].replace(" ", "") for word in lines_of.WORD.finditer(_SEAT.sub("", low))]
        self.seats += self.part == "members" and "(" in line
        return "list"


def _begins(line: str) -> bool:
    """Whether a turn or an interruption begins with this line."""
    return is_interruption(line) or split_turns(line)[0][0] is not None


class Sitting:
    """Reads the lines of one sitting in order."""

    def __init__(self, lines: Sequence[tuple[int, str]], known: set[str]) -> None:
        """`known` gathers the names on the covers, sitting by sitting: a cover may lack a member."""
        self._lines = [(number, line) for number, line in lines if line]
        self._paragraphs = {later for (_, before), (later, _) in itertools.pairwise(lines) if not before}
        self._known, self._entries, self._headings = known, list[Entry](), ["", ""]
        self._first_cover = _Cover()
        self._cover: _Cover | None = self._first_cover
        self._turn: Entry | None = None
        # The member whom the last numbered heading names ("" for none); None where no heading waits for a speaker.
        self._announced: str | None = None
        self._title_until, self._in_list, self._in_orders = -1, False, False

    def entries(self) -> Iterator[Entry]:
        """The records of the sitting, in the order in which they start."""
        for index, (number, line) in enumerate(self._lines):
            if reason := self._reason(index, line):
                self._aside(number, line, reason)
            elif index <= self._title_until:
                (_, title), *turns = split_turns(line)
                self._headings[self._announced is not None] += " " + title
                self._aside(number, title, "heading")
                for turn, _ in turns:
                    self._speak(turn, "", number)
            else:
                self._read(index, number, line)
        if self._first_cover.seats >= _FEWEST_SEATS:
            self._known.update(self._first_cover.words)
        # Close matches are slow, and a sitting has some thirty speakers.
        resolve = cache(self._resolve)
        for entry in self._entries:
            entry.reason = entry.reason or ("" if entry.text() else "empty")
            entry.role = resolve(entry.speaker) if entry.role == "member" else entry.role
            yield entry

    def _after(self, index: int) -> str:
        return self._lines[index + 1][1] if index + 1 < len(self._lines) else ""

    def _cover_reason(self, index: int, line: str) -> str:
        assert self._cover is not None
        turn, after = split_turns(line)[0][0], self._after(index)
        heading, present = classify(line, "", False), _PRESENT.fullmatch(line)
        opens = heading is not None and heading.level > 0 and lines_of.announces(after)
        begins = (opens and not self._opens_cover(index + 1)) or (turn is not None and not self._opens_cover(index))
        if begins or present or line.startswith((">", "--a")):
            self._cover = None
            return "heading" if present else ""
        is_header = heading is not None and heading.reason == "page_header"
        return "page_header" if is_header else self._cover.read(line)

    def _opens_cover(self, index: int) -> bool:
        low, after = self._lines[index][1].lower(), self._after(index).lower()
        # A cover begins with its title, whether the House adjourned or not, or with `Speaker: The Hon. Levi Barnabas,
        # M.L.A.`, which is no turn.
        if _TITLE_PAGE.fullmatch(low) and _TITLE_PAGE.fullmatch(after):
            return True
        return "speaker" in low[:16] and "m.l.a" in low + (after if low.endswith(":") else "")

    def _reason(self, index: int, line: str) -> str:
        """Why a whole line is set aside; empty where it is text of the debate, or the title of a heading before it."""
        if self._cover is not None and (reason := self._cover_reason(index, line)):
            return reason
        if self._opens_cover(index):
            self._cover, self._turn = _Cover(), None
            return "list"
        if is_interruption(line):
            self._check_end(line)
            return "interruption"
        if index <= self._title_until:
            return ""
        # The list ends where somebody says something.
        if self._in_orders and not _SAID.search(line.lower()) and not any(turn for turn, _ in split_turns(line)):
            return "list"
        self._in_orders = lines_of.opens_orders(line, self._after(index))
        heading = Heading("heading") if _PRESENT.fullmatch(line) else classify(line, self._after(index), self._in_list)
        reason = heading.reason if heading else ""
        self._in_list = reason == "list" or (self._in_list and reason == "page_header")
        if heading is not None:
            self._open_heading(index, heading)
        return reason

    def _read(self, index: int, number: int, line: str) -> None:
        spoken, _, happens = line.partition(" > > ")
        for turn, text in split_turns(spoken):
            self._speak(turn or self._lone(index, line), text, number)
        if happens:
            self._check_end("> > " + happens)
            self._aside(number, "> > " + happens, "interruption")

    def _speak(self, turn: Turn | None, text: str, number: int) -> None:
        if turn is not None:
            self._open_turn(number, plain_name(turn.name), turn.role)
            # A name on a line of its own, with or without a stop.
            text = "" if text.strip(" .") == turn.name else text
        elif self._turn is None and self._announced is not None:
            self._open_turn(number, self._announced, "member")
        if self._turn is None:
            self._aside(number, text, "unattributed")
            return
        if number in self._paragraphs and self._turn.lines:
            self._turn.lines.append("")
        if text.strip():
            self._turn.lines.append(text.strip())

    def _open_turn(self, number: int, speaker: str, role: str) -> None:
        topic = " / ".join(clean_text(part, lowercase=False) for part in self._headings if part)
        self._turn, self._announced = Entry(number, [], speaker, role, topic), None
        self._entries.append(self._turn)

    def _lone(self, index: int, line: str) -> Turn | None:
        """A name without a colon opens a turn after a numbered heading, or where the chair gave the floor."""
        if self._announced is not None:
            return lone_name(line.rstrip(" ."))
        if self._turn is None or self._turn.role != "chair":
            return None
        turn, after = lone_name(line), self._after(index)
        if turn is None or not after or classify(after, "", False) or lone_name(after) or _begins(after):
            return None
        return turn

    def _open_heading(self, index: int, heading: Heading) -> None:
        """Remember what the following speeches are about; a numbered heading ends the turn before it."""
        if heading.level == 0:
            return
        self._headings = [heading.title, ""] if heading.level == 1 else [self._headings[0], heading.title]
        if heading.level == 2:
            self._turn, self._announced = None, heading.by
        if not heading.title:
            # Its title are the lines before the next turn, or just the next one.
            ahead = [line for _, line in self._lines[index + 1 : index + 2 + _TITLE_LINES]]
            ends = (count for count, line in enumerate(ahead) if _begins(line) or classify(line, "", False))
            is_title = bool(ahead) and not ahead[0].endswith((".", "?", "!"))
            self._title_until = index + next(ends, int(is_title))

    def _check_end(self, interruption: str) -> None:
        if _ADJOURNED.match(interruption):
            # What follows is the next issue's cover.
            self._cover, self._turn = _Cover(), None

    def _aside(self, number: int, text: str, reason: str) -> None:
        self._entries.append(Entry(number, [text.strip()], reason=reason))

    def _resolve(self, speaker: str) -> str:
        """Member or witness: a name that the cover's list of members does not hold is an invited guest's."""
        if not speaker or self._first_cover.seats < _FEWEST_SEATS:
            return "member"
        # Names are typed by hand: a letter more or less is the same member.
        surname = speaker.split()[-1].lower()
        if difflib.get_close_matches(surname, self._known, n=1, cutoff=0.8):
            return "member"
        return "chair" if surname in self._first_cover.officers else "witness"
