"""Words of other people's files in our messages: one line, nothing in it that a terminal would obey, cut where long."""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Callable, Iterable

LONGEST = 300
# Control and format characters (marks of direction among them), halves of surrogate pairs, line separators.
INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Signs that turn the direction of what follows, so that a text does not say what it shows.
MISLEADING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Between two lines of a long measurement.
LINE_SECONDS = 30.0


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text with single blanks, and invisible characters as their numbers; cut in the middle of what is too long."""
    # A megabyte of somebody's file need not be looked at to show a line of it.
    line = " ".join(text[: 4 * longest].split())
    if not line.isprintable():
        line = "".join(f"<U+{ord(sign):04X}>" if unicodedata.category(sign) in INVISIBLE else sign for sign in line)
    if len(line) <= longest and len(text) <= 4 * longest:
        return line
    end = "".join(sign if sign.isprintable() else " " for sign in text[-longest // 3 :])
    return f"{line[: longest * 2 // 3]} \u2026 {' '.join(end.split())}"


def shown(value: object, longest: int = LONGEST) -> str:
    """A value as it would be written in Python, cut where it is long."""
    return one_line(repr(value), longest)


def joined(names: Iterable[object], longest: int = LONGEST) -> str:
    """Names between commas."""
    return one_line(", ".join(map(str, names)), longest)


def unseen(text: str) -> str:
    """The first character that nobody would see in this text but that would do something; empty: none."""
    if text.isprintable():
        return ""
    wrong = (sign for sign in text if sign in MISLEADING or unicodedata.category(sign) in ("Cc", "Cs"))
    return next((f"U+{ord(sign):04X}" for sign in wrong), "")


def require_known(kind: str, name: str, known: Iterable[str], where: str = "") -> None:
    """Raise ValueError where a name that a person gave is none of those that there are."""
    names = list(known)
    if name not in names:
        raise ValueError(f"no {kind} {name!r}{where}, expected one of {', '.join(names)}")


# The two ways to speak while a command runs: warnings on standard error, progress on standard output.


def warn(text: str) -> None:
    """One warning, on standard error."""
    print(f"hansard-bias: warning: {text}", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """A line that tells how far the work is, at once, also where standard output is a file or a pipe."""
    print(text, flush=True)


class Progress:
    """Follows work of `total` equal parts; `say` gets "scored 3 of 9 parts, about 2 min left"."""

    def __init__(self, verb: str, total: int, unit: str, say: Callable[[str], None] = say) -> None:
        self.verb, self.total, self.unit, self.say = verb, total, unit, say
        self.began = self.said = time.monotonic()

    def reached(self, count: int) -> None:
        """So many parts are done; says so where the last line is long ago and something is left."""
        now = time.monotonic()
        if count < self.total and now - self.said >= LINE_SECONDS:
            minutes = max(1, round((now - self.began) / count * (self.total - count) / 60))
            self.say(f"{self.verb} {count:,} of {self.total:,} {self.unit}, about {minutes} min left")
            self.said = now
