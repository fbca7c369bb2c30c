"""The columns of the tables of speeches: a speech's facts, its text, and what a stage adds to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

FACTS = pa.schema(
    {"speech_id": pa.string(), "corpus": pa.string(), "sitting": pa.date32(), "ordinal": pa.int64()}
    | dict.fromkeys(("speaker", "role", "topic"), pa.string())
)
_TEXT = pa.field("text", pa.string())

KEPT = pa.schema([*FACTS, _TEXT, pa.field("raw", pa.string())])  # speeches of an archive: cleaned and as read
# Records of an archive that are no (usable) speech: why, and where they stand.
REJECTED = pa.schema([*FACTS, _TEXT, pa.field("reason", pa.string()), pa.field("source", pa.string())])
MEASURES = pa.schema({"split": pa.string(), "words": pa.int64(), "bytes": pa.int64()})
# Whether a test speech has a run of 13 words with some model's training text in common; false in other splits.
SHARING = pa.field("shares_13gram", pa.bool_())
ALIGNED = pa.schema([*FACTS, _TEXT, *MEASURES, SHARING])  # speeches that models learn from or are tested on


ROLES = ("member", "chair", "minister", "witness", "crowd")

_OFFICE_OF = r"(?! (?:of|for|responsible)\b)"  # `Minister of Roads` is no name behind a title
_TITLES = re.compile(
    rf"^(?:(?:the|right|hon|honourable|mr|mrs|ms|miss|mme|madame?|dr|minister{_OFFICE_OF}|premier)\b\.? ?)+", re.I
)
_TOKENISED = re.compile(r" ?(['\-]) ?")
# What programs write where nothing is known. Not `Na`, `Nan` or `Null`: people are called so.
_NOTHING = {form for word in ("na", "n/a", "nan", "none", "null", "unknown") for form in (word, word.upper())}
_NOTHING |= {"", "NaN", "NaT", "None", "Unknown", "undefined", "#N/A", "#NA", "<NA>", "(null)", r"\N", "?", ".", "_"}
_DASHES = re.compile(r"[-\u2010-\u2015\u2212]{1,3}")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Record:
    """One piece of an archive: a speech, or something set aside, so that nothing is lost silently."""

    sitting: date | None  # None where the archive's date cannot be read; such a record always has a reason
    text: str
    source: str  # `file:line`
    speaker: str = ""
    role: str = "member"
    topic: str = ""
    reason: str = ""  # why this is not a usable speech ("heading", "broken_row", ...); empty for a speech
    ordinal: int = 0  # counts the records of a sitting in the order of reading, those set aside too
    unknown_role: str = ""  # the archive's words for the role, where no vocabulary has them
    fault: str = ""  # what is wrong with a record that has a reason: the date as it is written, the number of cells

    def __post_init__(self) -> None:
        assert self.role in ROLES, self.role
        assert self.sitting is not None or self.reason, "a speech has a sitting"


def known(text: str) -> str:
    """The text without blanks at its ends; nothing where it says that nothing is known: NA, NULL, None, a dash."""
    bare = text.strip()
    return "" if len(bare) < 10 and (bare in _NOTHING or _DASHES.fullmatch(bare)) else bare


def whole_characters(text: str) -> str:
    """Text that UTF-8 can hold, with a question mark for half of a surrogate pair: JSON can smuggle one in."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def iso_day(text: str) -> date | None:
    """The day written YYYY-MM-DD, and in no other of the ways that `date.fromisoformat` reads."""
    try:
        return date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


def plain_name(name: str) -> str:
    """A name without titles and a tokeniser's spaces, with capitals: `hon. kevin o 'brien` becomes `Kevin O'Brien`."""
    # One person, one name: statistics by speaker would count two otherwise.
    joined = _TOKENISED.sub(r"\1", known(name).replace("\u2019", "'"))
    bare = _TITLES.sub("", joined) or joined
    if bare.islower() or bare.isupper():
        return _LETTERS.sub(lambda word: word[0].capitalize(), bare)
    return bare
