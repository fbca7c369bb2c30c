"""HTML in a cell of text becomes plain text, by the standard library's parser."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# A line ends at every tag but these, which stand inside a word or sentence.
_INLINE = re.compile(r"a|abbr|b|cite|em|font|i|mark|q|s|small|span|strong|sub|sup|u")
_UNREAD = frozenset(("script", "style"))
# Plain text has these signs, too ("5 < 6", "R&D"): a parser that took them for markup would swallow words.
_STRAY = re.compile(r"<(?!/?[A-Za-z][^<>]*>)|&(?!#?\w{1,32};)")


class _Text(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unread += tag in _UNREAD
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self.unread -= tag in _UNREAD and self.unread > 0
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self.unread:
            self.parts.append(data)

    def _break(self, tag: str) -> None:
        if not _INLINE.fullmatch(tag):
            self.parts.append("\n")


def _without_comments(text: str) -> str:
    """Text without what stands between `<!--` and `-->`; the parser takes the square of the time for open ones."""
    kept, place = [], 0
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[place:start])
        place = end + len("-->")
    return "".join([*kept, text[place:]])


def plain_text(text: str) -> str:
    """Text without tags, comments and character references; text that has none comes back as it is."""
    if "<" not in text and "&" not in text:
        return text
    parser = _Text()
    parser.feed(_STRAY.sub(lambda sign: "&lt;" if sign[0] == "<" else "&amp;", _without_comments(text)))
    parser.close()
    return "".join(parser.parts)
