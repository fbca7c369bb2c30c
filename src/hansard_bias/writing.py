"""Words in any script; where a language is written without blanks, its characters take their place.

Chinese, Japanese, Thai, Lao, Khmer, Burmese and some others put no blank between words: a whole sentence would count as
one. Where words end is known to dictionaries alone, so each character counts as a word: a letter with the marks that
belong to it. The text itself decides, letter by letter: in mixed text names and numbers of other scripts are words.
Text without such letters is split as ever: `[^\\W_]+` for what is compared, blanks for what is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

_BLOCKS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf"  # Tai Le, New Tai Lue, Tai Tham, Tai Viet
    "\u1b00-\u1b7f\ua980-\ua9df"  # Balinese, Javanese
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b-\u303c\u3041-\u312f\u31a0-\u31ff"  # Kana, Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"  # Han, narrow Kana
)
_LETTER = rf"(?=[{_BLOCKS}])[^\W\d]"
# What stands in the place of a blank: Tibetan's point between syllables, the colon of old Ethiopic print.
_POINTS = "\u0f0b\u0f0c\u1361"
# From Thaana and the scripts of India to Javanese a vowel may be a mark on its consonant, which `\w` does not hold.
_MARKED = (*range(0x0780, 0x1D00), *range(0xA800, 0xAC00))
_WORD = re.compile(r"[^\W_]+")


class _Patterns(NamedTuple):
    marks: str
    special: re.Pattern[str]  # what makes a text another than one that blanks and `\w` can split
    character: re.Pattern[str]
    words: re.Pattern[str]  # of letters and digits
    counted: re.Pattern[str]  # with the signs that touch them
    runs: re.Pattern[str]  # of characters, or of other letters
    word: re.Pattern[str]  # of letters alone
    units: re.Pattern[str]  # what a text is made of: characters, words and what is neither, each with blanks before it


@cache
def _patterns() -> _Patterns:
    marks = "".join(chr(code) for code in _MARKED if unicodedata.category(chr(code)).startswith("M"))
    one = rf"{_LETTER}[{marks}]*+"
    letters = rf"(?:(?!{_LETTER})[^\W\d_][{marks}]*+)++"
    patterns = (
        rf"[{_BLOCKS}{_POINTS}{marks}]",
        one,
        rf"{one}|(?:(?!{_LETTER})[^\W_][{marks}]*+)++",
        rf"[^\w\s]*+{one}[^\w\s]*+|(?:(?!{_LETTER})[^\s{_POINTS}])++",
        rf"(?:{one})++|{letters}",
        rf"(?:{one}|{letters})++",
        rf"\s*+(?:{one}|{letters}|(?:[\W\d_](?<!\s))++|$)",
    )
    return _Patterns(marks, *map(re.compile, patterns))


def is_plain(text: str) -> bool:
    """Whether blanks and `\\w` are enough to find the words of a text."""
    return text.isascii() or not _patterns().special.search(text)


def words_in(text: str) -> list[str]:
    """The words, or characters, of a text: letters and digits alone."""
    return (_WORD if is_plain(text) else _patterns().words).findall(text)


def count_words(text: str) -> int:
    """How many words a text has: what stands between blanks, and every character of a script without blanks."""
    return len(text.split()) if is_plain(text) else len(_patterns().counted.findall(text))


def count_characters(text: str) -> int:
    """How many of these words are characters of a script without blanks."""
    return 0 if is_plain(text) else len(_patterns().character.findall(text))


def terms(text: str, least: int = 1) -> list[str]:
    """What tells a text's content: words of so many letters or more; of characters, which say little alone, all pairs.

    Pairs of neighbours are what search engines index where words are not parted.
    """
    if is_plain(text):
        return re.findall(rf"[^\W\d_]{{{least},}}", text)
    return [term for run in _patterns().runs.findall(text) for term in _of_run(run, least)]


def _of_run(run: str, least: int) -> Iterator[str]:
    characters = _patterns().character.findall(run)
    if len(characters) > 1:
        yield from map("".join, pairwise(characters))
    elif len(characters or run) >= least:
        yield run


def whole_word(word: str) -> str:
    """A pattern for a word that no letter or digit goes on; beside a character that is a word anything may stand."""
    marks = _patterns().marks
    joined = rf"(?![{_BLOCKS}])[\w{marks}]"
    first, last = (bool(re.match(_LETTER, sign)) for sign in (word[0], word.rstrip(marks)[-1:]))
    before, after = "" if first else f"(?<!{joined})", f"(?![{marks}])" if last else f"(?!{joined})"
    return before + re.escape(word) + after


def units_of(text: str) -> list[str]:
    """A text in parts that no word crosses: characters, words, and signs between them, each with the blanks before."""
    return _patterns().units.findall(text)


def is_word(text: str) -> bool:
    """Whether a text is made of letters alone, with their marks."""
    return text.isalpha() or bool(_patterns().word.fullmatch(text))


def the_word(text: str) -> str:
    """The one word that a text holds; the text itself where there are none, or several, or blanks and letters tell."""
    found = [] if is_plain(text) else _patterns().word.findall(text)
    return found[0] if len(found) == 1 else text


def is_character(sign: str) -> bool:
    """Whether a sign is a letter of a script without blanks, or a mark on one."""
    return bool(re.match(rf"[{_BLOCKS}]", sign)) and unicodedata.category(sign)[0] in "LM"
