"""One surface form for all corpora: a model must not tell two archives apart by their spacing and quotes."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import chain

_SAID = (
    r"interpretation(?:\s+(?:ends?|begins|continues))?|translation|english|interprétation|traduction|français|anglais"
)
_MARKER = re.compile(rf"[(\[]\s*(?:{_SAID})\s*[)\]]", re.I)
_AFTER_MARKER = re.compile(r"(?:\s*:)?")
# Votes and readings that a record notes in the midst of a speech: (Motion agreed to).
_NOTE = re.compile(
    r"\( ?(?:the (?:house|committee)|motions?|bills?|amendments?|clauses?|title|schedule|report"
    r"|l[ae] (?:chambre|comité|motion|projet|rapport|séance)|l'(?:amendement|article)|les (?:amendements|articles))\b",
    re.I,
)
_NOTED = re.compile(
    r"\b(?:adjourned|adopted|agreed|carried|defeated|divided|negatived|read|reported|(?:adopt|agré|lev|rejet)ée?s?)\b",
    re.I,
)
_AFTER_NOTE = re.compile(r"(?: division no ?\. ?\d+)?", re.I)
_BRACKET = re.compile(r"[()\[\]]")
MASK = "[MASK]"

_SINGLE = "\u2018\u2019\u201a\u201b\u2032\u2035\u00b4`\u02bc\u02b9\u02c8\uff07"
_DOUBLE = "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\u301d\u301e\uff02"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d\u2043"
_LONG_DASHES = "\u2014\u2015\ufe58\u2e3a\u2e3b"
_ASCII_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_DELETED = "\u00ad\u200c\u200d\u2060\ufeff"


# The tables are made when they are needed: they take a tenth of a second.
@cache
def _unseen_table() -> dict[int, str]:
    """Every character that is blank or invisible: it becomes a space, or nothing."""
    kinds = ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")
    unseen = (code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in kinds)
    return dict.fromkeys(unseen, " ") | dict.fromkeys(map(ord, _DELETED), "")


@cache
def _surface_table() -> dict[int, str]:
    plainer = {"'": _SINGLE, '"': _DOUBLE, "-": _HYPHENS, "--": _LONG_DASHES, "...": "\u2026"}
    return _unseen_table() | {ord(sign): plain for plain, signs in plainer.items() for sign in signs}


# Rules of quotes only delete spaces (the text has single ones), so that no rule undoes another. The order matters:
# a pair of quotes is recognised by the spaces around it, and a plural's apostrophe must be gone before that.
_CONTRACTION = re.compile(r"(?<=\w) ' ?(?=(?:s|t|re|ve|ll|d|m)\b)", re.I)  # everybody 's, don 't, they ' re
_SPACED_APOSTROPHES = (
    (_CONTRACTION, "'"),
    (re.compile(r"\b(?:([dl]) '|(o|ma) ' ?)(?=[^\W\d])", re.I), r"\1\2'"),  # l 'eau, o 'brien, ma ' na
    (re.compile(r"(?<=[sz]) '(?= [^\W\d_])", re.I), "'"),  # members ' statements
    (re.compile(r"(?<!\S)' ([^']+?) '(?!\S)"), r"'\1'"),
    (_CONTRACTION, "'"),
    (re.compile(r"(?<!\S)' (?=\d0s\b)", re.I), "'"),  # the ' 60s
)
_SPACED_QUOTES = re.compile(r'(?<!\S)" ([^"]+?) "(?!\S)')
_SPLIT_NUMBER = re.compile(  # $ 1 , 250 , 000; 10 , 000; 1 . 5 %; not 1999 , 200 people
    r"\$ ?\d{1,3}(?:(?: , |,)\d{3})+(?!\d)|(?<![\d,.])(?<!\d )\d{1,3}(?: , \d{3})* , 000(?!\d)"
    r"|\$ ?\d+ \. \d+|(?<![\d,.])\d+ \. \d+(?= ?(?:%|per ?cent))"
)
_SPACED_MARK = re.compile(r" [,.;:?!]")  # in no printed text: far cheaper than the patterns themselves
_MAYBE_SPLIT = re.compile(r" [,.] \d")
_AROUND_MARK = re.compile(r" ([,.]) ")
_MISPLACED = re.compile(r" ([,.;:?!]+)(?=[^\W\d_])")  # a mark on the wrong side of its blank: we say ,in short
_RULES = (
    (" ", re.compile(r" (?:(?=[,;:?!)\]%/]|\.(?!\d))|(?<=[(\[/] )|(?<=[$#£€] )(?=\d))"), ""),  # thank you , ( so ) $ 5
    ("(", re.compile(r"(?<=\d) (?=\(\d+\))"), ""),  # rule 91 (5)
    (": ", re.compile(r"(?<=\d:) (?=\d\d(?!\d))"), ""),  # 1: 30 p.m.
)

# A dash has a blank on each side, however it was written; a hyphen joins. A tokeniser writes both in the first way, so
# that the words around it must tell: what is no compound in English for sure stays apart.
_DASH = re.compile(r" ?-[ -]+| -")
_BETWEEN_NUMBERS = re.compile(r"(?<=\d) - (?=\d)")  # 7 - 1 (3), 979 - 6770
_PREFIX = re.compile(r"\b(pan|anti|multi|semi|socio|geo|inter|intra|trans|pre|mid|vice) - (?=[^\W_])", re.I)
_TOKENISED = re.compile(r" [,.](?: |$)")
_ROUNDS = 3  # after which no text was found that changes
_QUOTED_DASH = re.compile(r"['\"]\W{0,3}-|-\W{0,3}['\"]")
_WORD = r"[^\W\d_]+"
_UNIT = r"(?:years?|months?|weeks?|days?|hours?|minutes?|time|term|part|plex|storey|tiered|wheeler)"
_COMPOUNDS = (  # of tokenised text
    (re.compile(rf"\b({_WORD}) - (of|to|by|at|and|on|in|the) - (?={_WORD})", re.I), r"\1-\2-"),  # out - of - date
    (re.compile(rf"\b({_WORD}ty) - (?=(?:one|two|three|four|five|six|seven|eight|nine)\b)", re.I), r"\1-"),
    (re.compile(rf"(?<=[^\W_]) - (?={_UNIT}\b)", re.I), "-"),  # five - year, long - term
    (re.compile(r"(?<=[^\W_]) - (?=(?:based|related|wide|free|speaking|specific|owned|made|making)\b)", re.I), "-"),
    (re.compile(rf"\b(self|non|re|co|post|sub|ex|well|e|x) - (?={_WORD})", re.I), r"\1-"),
    (re.compile(r"\b([b-hj-z]) - (?=\d)", re.I), r"\1-"),  # bill c - 12
)

# What one archive writes in two ways: a budget year, the comma before a year, and that before the person thanked.
_YEAR = r"(?:19|20)\d\d"
# 1999/2000; not the number of a document, 2009/10:296 or 2009/10:FiU5
_BUDGET_YEAR = re.compile(rf"(?<![\d/])({_YEAR}|\d\d)/({_YEAR}|\d\d)(?![\d/]|: ?\d|:\w)")
_YEAR_AFTER_NUMBER = re.compile(rf"(?<=\d) (?={_YEAR}\b)")  # april 1 1999, act no. 3 1999-2000
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_DAY_OR_NUMBER = re.compile(rf"\b(?:{_MONTH} \d{{1,2}}|no\. ?\d+)", re.I)


def strip_markers(text: str) -> str:
    """Remove what the interpreters' booth adds: `(interpretation)`, `(interpretation ends)`, `[Translation]`."""
    if _MARKER.search(text) is None:
        return text
    return _without(text, lambda part: bool(_MARKER.fullmatch(part)), _AFTER_MARKER)


def _without(text: str, is_aside: Callable[[str], bool], tail: re.Pattern[str]) -> str:
    """The text with a blank in the place of each aside in brackets and the `tail` behind it.

    One pass, whatever stands inside what: a bracket in which another one stays is no aside, nor is any around it.
    """
    stack: list[list[str]] = [[]]  # what stands outside of brackets, then what each open one holds so far
    place = 0
    for bracket in _BRACKET.finditer(text):
        stack[-1].append(text[place : bracket.start()])
        place = bracket.end()
        if bracket[0] in "([":
            stack.append([bracket[0]])
        elif len(stack) > 1 and is_aside("".join(stack[-1]) + bracket[0]):
            stack.pop()
            stack[-1].append(" ")
            after = tail.match(text, place)
            assert after is not None, "it may be empty"
            place = after.end()
        elif bracket[0] == "]" and not (len(stack) > 1 and stack[-1][0] == "["):
            stack[-1].append("]")
        else:
            stack[0] += [*chain.from_iterable(stack[1:]), bracket[0]]
            del stack[1:]
    return "".join([*chain.from_iterable(stack), text[place:]])


def _is_note(part: str) -> bool:
    line = " ".join(part.split())
    # A note of a vote in the midst of a marker has split it.
    if _MARKER.fullmatch(line):
        return True
    note = _NOTE.match(line) if line.endswith(")") else None
    return bool(note and _NOTED.search(line, note.end()))


def plain_line(text: str) -> str:
    """A name, topic or place as it can stand in a table, on a page and in a terminal: one line, nothing invisible."""
    return " ".join((text if text.isprintable() else text.translate(_unseen_table())).split())


def clean_text(text: str, lowercase: bool) -> str:
    """The one surface form: composed characters, plain quotes and dashes, no tokeniser's spaces, no markers or notes.

    Idempotent, and the same for tokenised and untokenised text. A literal `[MASK]` stays as it is.
    """
    found = _cleaned(text, lowercase)
    # A dash alone in quotes: the blanks that it gets are a tokeniser's when they are read again.
    for _ in range(_ROUNDS if _QUOTED_DASH.search(found) else 0):
        found = _cleaned(found, lowercase)
    return found


def _cleaned(text: str, lowercase: bool) -> str:
    text = _plain_characters(text.lower() if lowercase else text)
    text = " ".join(strip_markers(text).split())
    if _NOTE.search(text):
        text = " ".join(_without(text, _is_note, _AFTER_NOTE).split())
    text = _spaced_quotes(text.replace("''", '"'))
    if _SPACED_MARK.search(text):
        text = _spaced_marks(text)
    if " -" in text or "- " in text or "--" in text:
        text = _spaced_dashes(text)
    for needed, pattern, joined in _RULES:
        if needed in text:
            text = pattern.sub(joined, text)
    if "/" in text:
        text = _BUDGET_YEAR.sub(_budget_year, text)
    if " 19" in text or " 20" in text:
        text = _YEAR_AFTER_NUMBER.sub(_before_year, text)
    return text.replace(MASK.lower(), MASK) if lowercase else text


def _spaced_quotes(text: str) -> str:
    if " '" in text or text.startswith("' "):
        for pattern, replacement in _SPACED_APOSTROPHES:
            text = pattern.sub(replacement, text)
    return _SPACED_QUOTES.sub(r'"\1"', text) if '" ' in text else text


def _spaced_marks(text: str) -> str:
    if _MAYBE_SPLIT.search(text):
        text = _SPLIT_NUMBER.sub(lambda number: _AROUND_MARK.sub(r"\1", number[0]), text)
    return _MISPLACED.sub(r"\1 ", text)


def _spaced_dashes(text: str) -> str:
    text = _BETWEEN_NUMBERS.sub("-", _DASH.sub(" - ", text).strip())
    if " - " not in text:
        return text
    text = _PREFIX.sub(r"\1-", text)
    for pattern, joined in _COMPOUNDS if _TOKENISED.search(text) else ():
        text = pattern.sub(joined, text)
    return text


def _before_year(found: re.Match[str]) -> str:
    start = found.start()
    # A comma where the number is a day or counts something.
    number = any(match.end() == start for match in _DAY_OR_NUMBER.finditer(found.string, max(0, start - 16), start))
    return ", " if number else " "


def _budget_year(found: re.Match[str]) -> str:
    # Not a fraction, nor a date: the second year follows the first, and one of them has four digits.
    first, second = found.groups()
    follows = (int(second) - int(first)) % 100 == 1 and len(first + second) > 4
    return f"{first}-{second}" if follows else found[0]


def _plain_characters(text: str) -> str:
    if text.isascii():
        return _ASCII_CONTROL.sub(" ", text).replace("`", "'")
    # Once more after the table: what it deletes may have stood between a letter and its accent.
    return _composed(_composed(text).translate(_surface_table()))


def _composed(text: str) -> str:
    if unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", _many_accents().sub(r"\1", text))


@cache
def _many_accents() -> re.Pattern[str]:
    # Sorting the accents of one letter takes the square of their number: Unicode's stream-safe form allows 30.
    accents = "".join(chr(code) for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code)))
    return re.compile(f"([{accents}]{{30}})[{accents}]+")
