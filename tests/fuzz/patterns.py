"""Long texts made of short ones: no pattern of the readers may take the square of a text's length."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from fuzz.oracle import FoundError
from hansard_bias.corpora.cleaning import clean_text, strip_markers
from hansard_bias.corpora.formulas import is_procedural
from hansard_bias.corpora.readers.lipad import _record as lipad_record
from hansard_bias.corpora.readers.nrc_lines import classify, is_interruption, lone_name, opens_orders, split_turns
from hansard_bias.corpora.readers.nrc_sitting import Sitting
from hansard_bias.corpora.roles import role_by_name, role_of
from hansard_bias.corpora.schema import plain_name
from hansard_bias.corpora.texts import plain_text

LENGTH = 100_000
SLOWEST_SECONDS = 3.0


def _lipad(**cells: str) -> object:
    return lipad_record({"speechdate": "2004-02-09", "speechtext": "a", **cells}, "x:1")


READING: Mapping[str, Callable[[str], object]] = {
    "clean_text": lambda text: clean_text(text, True),
    "strip_markers": strip_markers,
    "plain_text": plain_text,
    "plain_name": plain_name,
    "role_of": lambda text: (role_of(text), role_by_name(text)),
    "is_procedural": is_procedural,
    "LiPaD's text": lambda text: _lipad(speechtext=text),
    "LiPaD's names": lambda text: _lipad(speakeroldname=text, speakername=text, speakerposition=text),
    "split_turns": split_turns,
    "lone_name": lone_name,
    "classify": lambda text: [classify(text, text, in_list) for in_list in (False, True)],
    "opens_orders": lambda text: opens_orders(text, text),
    "is_interruption": is_interruption,
    "Sitting": lambda text: list(Sitting(list(enumerate(map(str.strip, text.split("\n")), 1)), set()).entries()),
}
# Before | over and over | middle | over and over | after.
PATTERNS = (
    *("|(||english)|", "|[||[translation]]|", "|(|motion|read)|", "|( ||english )|", "|(motion ||read)|", "|(a||a)|"),
    *("((english|)english|", "(interpretation | |", "a' |'b |'", "( motion| motion|", '" |a" |"', "1 , 000| , 000|"),
    *("<|<b|", "&#|&#1|;", "|&lt;|", "|<script>|", "|<!--|", "|<a |", "|<a b='|", "|<![CDATA[|", "|<?|", "|</|"),
    *("-| -|", "hon. |mr. |x:", "Mr. A| B|:", "item | 1 : |x", "question 1|1-|(", "thank you |thank you |", "|\r|"),
    *("i declare |a |carried", "1 ,|000 ,|000", "\u0301|\u0316\u0301|", "speaker (|( |:", "|Mr. B:|"),
    *("(motion|(|read)", "member for |a |, mr", "monday, may 1|\n|", "|bill 1\n|", "|1. prayer\n|", "|hon. a b\n|"),
    *("[Text]|* |", "| '|a|' |", "|item 1 :\n|", "|question 1 - 2 ( 3 ) :\n|", "|hansard\n|"),
    *("|orders of the day monday\nprayer\n|", "|a, |", "|. |", "the |acting |", "|minister |"),
    *("(for |secretary of state |", "|the right hon |", "|some hon. members\n|", "|1|"),
)


def long_text(pattern: str, length: int) -> str:
    """The text of a pattern (see PATTERNS), about so long."""
    parts = [*pattern.split("|"), "", "", "", ""]
    repeats = length // max(1, len(parts[1] + parts[3]))
    return (parts[0] + parts[1] * repeats + parts[2] + parts[3] * repeats + parts[4])[: 2 * length].strip()


def seconds(name: str, pattern: str, length: int) -> float:
    """What one of READING takes for such a text."""
    text = long_text(pattern, length)
    begun = time.process_time()
    if text:
        READING[name](text)
    return time.process_time() - begun


def patterns(data: bytes, folder: Path) -> None:
    """The first byte says what reads the text, the others are its pattern."""
    name = list(READING)[(data[0] if data else 0) % len(READING)]
    took = seconds(name, data[1:].decode("utf-8", "ignore"), LENGTH)
    if took > SLOWEST_SECONDS:
        raise FoundError(f"{name} takes {took:.1f} s for {LENGTH} characters of {data[1:]!r}")
