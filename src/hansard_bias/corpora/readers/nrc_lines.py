"""What one line of the Nunavut Hansard is: a turn, a heading, a page header, an interruption, a list line or text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hansard_bias.corpora.schema import plain_name

_TITLE = r"(?:right |the )?(?:hon(?:ourable)?|mrs?|ms|miss|madame?|dr|minister|premier|commissioner|bishop|rev)\b\.?"
_NAME = r"[^\W\d_](?:[^\W\d_]|[ '\u2019\-]|(?<= [a-z])\.)"
_OFFICE = (
    r"(?:(?:mr|madame?)\.? )?(?:(?:acting|deputy|assistant|interim|law) )*"
    r"(?:speaker|chair(?:person|man|woman)?|clerk)(?: ?- ?designate)?|sergeant ?- ?at ?- ?arms"
    r"|(?:some|all) (?:hon(?:ourable)?\.? )?members?|an? (?:hon(?:ourable)?\.? )?member|members|interpreter"
    r"|commissioner(?= ?\()"
)
_NOTE = r"\([^()]{1,90}\)"
_PERSON = rf"(?P<person>(?:{_TITLE} ?){{1,2}} ?{_NAME}{{1,40}}?)"
_SPEAKS = rf" ?(?P<note>(?:{_NOTE} ?){{0,3}}):"
# A turn starts a line, or follows the end of a sentence in it; "mr." is not such an end.
_TURN = re.compile(
    rf"(?:^[ ]*|(?<=[.?!\"\u201d)])(?<!mr\.)(?<!ms\.)(?<!mrs\.)(?<!hon\.)(?<!dr\.) ?)"
    rf"(?:(?P<office>{_OFFICE})|{_PERSON}){_SPEAKS}",
    re.I,
)
# A heading and the turn after it in one line, or a call and the turn: `community freezer repairs mr. mclean :`.
_TRAILING = re.compile(rf"(?<=\w ){_PERSON}{_SPEAKS}$", re.I)
_ADDRESSED = re.compile(r"(?:\b(?:thank|you|thanks|merci|qujannamiik|to|by|with|of|minister|is|and)|'na) $", re.I)
_ALONE = re.compile(rf"(?:mrs?|ms|miss|hon)\b\.? ?{_NAME}{{1,40}}", re.I)
WORD = re.compile(r"[^\W\d_]+(?: ?['\u2019\-] ?[^\W\d_]+)*")
_NOT_A_NAME = re.compile(
    r"\b(?:an?|and|are|as|ask|at|be|by|can|chair(?:man|person)|do|for|from|has|have|i|if|in|is|it|my|not|of|on|or|our"
    r"|said|say|speaker|that|the|their|there|they|this|to|was|we|what|who|will|with|would|you|your)\b",
    re.I,
)

_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u2013": "-", "\u2014": "-", '"': "'"})
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_DAY = rf"{_WEEKDAY} ?,? {_MONTH} ?\d{{1,2}}(?:st|nd|rd|th)? ?[,.]? ?\d{{4}}"
_PAGE_HEADER = re.compile(
    rf"(?:\d{{1,4}} )?(?:{_DAY}(?: nunavut hansard)?|nunavut hansard(?: {_DAY})?)(?: \d{{1,4}})?"
    r"(?: members present ?:?)?|(?:page )?\d{1,4}"
)
_ITEM = re.compile(r"(?:revert to )?item (?:no\.? ?|number )?(?:\d+|[a-z]+(?:-[a-z]+)?) ?: ?(?P<title>.*)")
_NUMBERED = re.compile(
    r"(?P<kind>(?:[a-z' ]{0,30} )?(?:questions?|statements?|motion|report|document|petition|return|address|oq|wq)) ?"
    r"(?:# ?|no\.? )?\d+ ?- ?\d+ ?\( ?\d+ ?\) ?(?P<colon>[:.]?) ?(?P<title>.*)"
)
_ORDERS = (
    r"(?:opening )?prayer|(?:minister|member)s? ?'? ?s? ?statements|returns? to (?:oral|written) questions"
    r"|recognition of visitors in the gallery|(?:oral|written) questions|repl(?:ies|y) to (?:opening|budget) address"
    r"|(?:budget|opening|commissioner 's|commissioner's) address|petitions|(?:responses to )?petitions"
    r"|reports? of (?:the )?(?:standing and special |special and standing )?committees?(?: on .{1,60}| of the whole)?"
    r"|tabl(?:ing of|ed) documents|(?:notices? of )?motions?,?(?: for)?(?: first reading of bills)?|committee motions"
    r"|(?:first|second|third|1st|2nd|3rd) reading of bills|orders of the day|daily references"
    r"|consideration in committee of the whole of bills and other matters|point of (?:order|privilege)|closing remarks"
    r"|(?:speaker 's|speaker's) (?:ruling|statement)"
)
_ORDER_LINE = re.compile(
    rf"(?P<lead>\d{{1,2}} ?[.)]? ?)?(?:{_ORDERS})(?P<more> ?: ?.*\d.*)? ?(?P<number>\d{{1,4}})? ?(?P<stop>[.])?"
)
_BILL = re.compile(r"bills? (?:no\.? ?)?(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b[^?!]*")
_ORDER_NUMBER = re.compile(r"\d{1,2} ?\.?")
_LIST_MORE = re.compile(r"(?:bills?|(?:standing )?committee reports?|tabled documents?|minister's) .*\d.*")
_INTERRUPTION = re.compile(r">.*|-{2,} ?[^.]{0,40}|\[? ?ed ?\. note.*|tape (?:# ?|no\. ?)?\d+.*", re.I)
# The clerk reads the orders of the day for the next sitting: `orders of the day for monday , may 17 .` and their list,
# which ends where somebody says something.
_ORDERS_OF = re.compile(rf".*\borders? (?:of|for) the day\b.*|{_WEEKDAY}.{{0,60}}")
_SOME_DAY = re.compile(rf"\b(?:{_WEEKDAY}|{_MONTH})\b")
_FIRST_ORDER = re.compile(
    r"(?:item )?1 ?[.,]? ?(?:opening )?prayer ?\.?|1 ?\.|(?:opening )?prayer\b.{0,4}|-.+|bills? .+"
    r"|(?:first|second|third) reading of bills.*|consideration in committee .*"
)
_BILLS = re.compile(r"(?:committee report|bill)s?\b", re.I)
_BY = re.compile(r" ?\( ?(?P<name>[^()\d]{2,40}?) ?\)(?: \d{1,4})?$")


@dataclass(frozen=True, slots=True)
class Turn:
    """The announcement of a speaker."""

    name: str
    is_office: bool
    note: str  # what stands in parentheses behind the name, lower case

    @property
    def role(self) -> str:
        """One of schema.ROLES, as far as the title tells."""
        low = self.name.lower()
        if "member" in low and self.is_office:
            return "crowd"
        if low.startswith(("commissioner", "bishop", "rev", "dr", "interpreter")) or "deputy minister" in self.note:
            return "witness"
        if self.is_office or "clerk" in self.note:
            return "chair"
        return "minister" if low.startswith(("hon", "right", "the hon", "minister", "premier")) else "member"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, page header or list line, set aside with its reason."""

    reason: str
    # 1: an item of the orders of the day. 2: one question, statement, motion. 3: a bill. 0: none of these.
    level: int = 0
    title: str = ""
    by: str = ""  # the member whom a level-2 heading names in parentheses


def split_turns(line: str) -> list[tuple[Turn | None, str]]:
    """A line cut where turns start: who begins to speak there (None: the speaker before goes on) and the text."""
    if ":" not in line:
        return [(None, line)]
    found = [match for match in _TURN.finditer(line) if _names_a_speaker(match)]
    trailing = _TRAILING.search(line) if line.endswith(":") and not found else None
    if trailing and _is_name(trailing["person"]) and not _ADDRESSED.search(line[: trailing.start()]):
        return [(None, line[: trailing.start()]), (Turn(trailing["person"], False, trailing["note"].lower()), "")]
    starts = [match.start() for match in found] + [len(line)]
    pieces: list[tuple[Turn | None, str]] = [(None, line[: starts[0]])] if line[: starts[0]].strip() else []
    for match, end in zip(found, starts[1:], strict=True):
        turn = Turn((match["office"] or match["person"]).strip(), bool(match["office"]), match["note"].lower())
        pieces.append((turn, line[match.end() : end]))
    return pieces


def _names_a_speaker(match: re.Match[str]) -> bool:
    if match["office"]:
        # Inside a line, "mr. speaker :" is an address, not a turn.
        return match.start() == 0 or not match["office"].lower().startswith(("mr", "madam"))
    return _is_name(match["person"])


def _is_name(titled: str) -> bool:
    """Whether a title and what follows it can be a person: `mr. tootoo`, not `mr. chairman i ask`."""
    return 2 <= len(WORD.findall(titled)) <= 6 and _NOT_A_NAME.search(titled.lower().removeprefix("the ")) is None


def lone_name(line: str) -> Turn | None:
    """The speaker, where a line is a name and nothing else."""
    return Turn(line, False, "") if len(line) < 48 and _ALONE.fullmatch(line) and _is_name(line) else None


def classify(line: str, after: str, in_list: bool) -> Heading | None:
    """The heading, page header or list line that this is; None for text and turns. `after` is the next line."""
    # Headings are short, and the patterns below are many.
    if len(line) > 260:
        return None
    low = line.lower().translate(_QUOTES).strip()
    if low[0].isdigit() or low.endswith("present") or "day" in low or "hansard" in low:
        if _PAGE_HEADER.fullmatch(" ".join(low.split())):
            return Heading("page_header")
        # The number of an order may stand on a line of its own, with the order on the next.
        is_number = _ORDER_NUMBER.fullmatch(low) is not None
        if is_number and (in_list or _is_listed(_ORDER_LINE.fullmatch(after.lower().translate(_QUOTES)))):
            return Heading("list")
    return _numbered(line, low, after, in_list) or _order(line, low, after, in_list)


def _numbered(line: str, low: str, after: str, in_list: bool) -> Heading | None:
    """`Item 5: ...` and `Question 064 - 2(3): ... (Member)`."""
    if "item" in low and (item := _ITEM.fullmatch(low)):
        return Heading("heading", 1, line[item.start("title") :].strip())
    match = _NUMBERED.fullmatch(low) if "(" in low else None
    if match is None or not (match["colon"] == ":" or _is_title(match["title"])):
        return None
    if in_list or not (":" in low or announces(after)):
        return Heading("list")
    title = "" if match["title"].endswith(":") else line[match.start("title") :].strip()
    by = _BY.search(title)
    return Heading("heading", 2, title[: by.start()] if by else title, plain_name(by["name"]) if by else "")


def announces(line: str) -> bool:
    """Whether a line begins a turn, with or without the colon."""
    return split_turns(line)[0][0] is not None or lone_name(line.rstrip(" .")) is not None


def _is_title(text: str) -> bool:
    return not text.endswith((".", "?", "!", ",", ";")) and text.count(" ") < 16


def _is_listed(order: re.Match[str] | None) -> bool:
    """Whether an order of the day is one of a list: `2. Ministers' Statements`, `prayer2 .`."""
    return order is not None and any(order.group("lead", "number", "more"))


def _order(line: str, low: str, after: str, in_list: bool) -> Heading | None:
    if match := _ORDER_LINE.fullmatch(low):
        if in_list or _is_listed(match):
            return Heading("list")
        return None if match["stop"] else Heading("heading", 1, line)
    if in_list and _LIST_MORE.fullmatch(low):
        return Heading("list")
    # Several bills in a row are read out by the chair.
    if low.startswith("bill") and _BILL.fullmatch(low) and _is_title(low) and not _BILLS.match(after):
        return Heading("heading", 3, line)
    return None


def opens_orders(line: str, after: str) -> bool:
    """Whether the list of the orders of the day for the next sitting follows this line."""
    low = line.lower()
    return bool(_ORDERS_OF.fullmatch(low) and _SOME_DAY.search(low) and _FIRST_ORDER.fullmatch(after.lower()))


def is_interruption(line: str) -> bool:
    """`>>Applause`, `> > prayer`, `--laughter`: something happens, the turn goes on."""
    return line[0] in ">-[tT" and _INTERRUPTION.fullmatch(line) is not None
