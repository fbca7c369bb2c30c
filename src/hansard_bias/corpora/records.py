"""What every reader yields: one record a speech, and one for everything set aside, so that nothing is lost silently."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date

ROLES = ("member", "chair", "minister", "witness", "crowd")

_TITLES = re.compile(r"^(?:(?:the|right|hon|honourable|mr|mrs|ms|miss|mme|madame?|dr|minister|premier)\b\.? ?)+", re.I)
_TOKENISED = re.compile(r" ?(['\-]) ?")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Record:
    """One piece of an archive, in the order of the debate."""

    sitting: date | None
    """None where the archive's date cannot be read; such a record always has a reason."""
    ordinal: int
    """Counts the records of a sitting, those set aside too."""
    speaker: str
    role: str
    topic: str
    text: str
    source: str
    """`file:line`."""
    reason: str = ""
    """Why this is not a usable speech ("heading", "broken_row", ...); empty for a speech."""

    def __post_init__(self) -> None:
        assert self.role in ROLES, self.role
        assert self.sitting is not None or self.reason, "a speech has a sitting"


class Ordinals:
    """Numbers the records of each sitting, also where a sitting's records are not together."""

    def __init__(self) -> None:
        self._next: Counter[date | None] = Counter()

    def take(self, sitting: date | None) -> int:
        """The next free number of a sitting."""
        self._next[sitting] += 1
        return self._next[sitting] - 1


def plain_name(name: str) -> str:
    """A name without titles and a tokeniser's spaces, with capitals: `hon. kevin o 'brien` becomes `Kevin O'Brien`."""
    joined = _TOKENISED.sub(r"\1", name.replace("\u2019", "'").strip())
    bare = _TITLES.sub("", joined) or joined
    if bare.islower() or bare.isupper():
        return _LETTERS.sub(lambda word: word[0].capitalize(), bare)
    return bare
