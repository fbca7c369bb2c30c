"""Sentences from patterns: slots are filled from weighted lists, and words come back within a speech."""

from __future__ import annotations

import bisect
import re
from random import Random

from hansard_bias.sample.lexicon import YEARS_AGO, Lists, WordList

SLOT = re.compile(r"\{([^{}]+)\}")
# A debate stays on its subject: a word of these lists is repeated with this probability, once it was used.
ECHOED = frozenset({"place", "thing", "people", "scheme", "surname", "item"})
ECHO = 0.4
INDEFINITE = re.compile(r"\b([Aa]) (?=[aeio]|u(?!ni|se))")


class SpeechWriter:
    """Writes the sentences of one speech; remembers which words it used."""

    def __init__(self, lists: Lists, rng: Random, year: int) -> None:
        self.lists = lists
        self.rng = rng
        self.year = year
        self._used: dict[str, int] = {}

    def sentence(self, slot: str) -> str:
        """One finished sentence from the patterns of a slot."""
        return finish(self.draw(slot))

    def draw(self, slot: str) -> str:
        """One entry of a list, expanded; `a|b` draws one of the alternatives, `place!` another place than the last."""
        if "|" in slot:
            return self.rng.choice(slot.split("|"))
        if slot == "year":
            return str(self.year - int(self.draw(YEARS_AGO)))
        words = self.lists[slot.rstrip("!")]
        index = self._other(words) if slot.endswith("!") else self._position(words)
        return self.expand(words.items[index])

    def expand(self, pattern: str) -> str:
        """Fill every slot of a pattern."""
        return SLOT.sub(lambda match: self.draw(match[1]), pattern)

    def _position(self, words: WordList) -> int:
        if words.base in ECHOED and words.base in self._used and self.rng.random() < ECHO:
            return self._used[words.base]
        index = self._fresh(words)
        self._used[words.base] = index
        return index

    def _other(self, words: WordList) -> int:
        index = self._fresh(words)
        return (index + 1) % len(words.items) if index == self._used[words.base] else index

    def _fresh(self, words: WordList) -> int:
        return bisect.bisect(words.cumulative, self.rng.random() * words.cumulative[-1])


def finish(text: str) -> str:
    """Capitalise a sentence and set its articles."""
    text = INDEFINITE.sub(r"\1n ", text)
    return text[:1].upper() + text[1:]


def canonical(pattern: str) -> str:
    """A pattern with the first of its alternatives everywhere."""
    return finish(SLOT.sub(lambda match: match[1].split("|")[0], pattern))
