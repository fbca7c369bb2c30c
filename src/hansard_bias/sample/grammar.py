"""Sentences from patterns, here and in the calibration: slots, weighted word lists, frames with planted terms."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

MASK = "[MASK]"
GROUPS = ("northern", "southern")
SLOT = re.compile(r"\{([^{}]+)\}")
YEARS_AGO = "years_ago"
# A debate stays on its subject: a word of these lists is repeated with this probability, once it was used.
ECHOED = frozenset({"place", "thing", "people", "scheme", "surname", "item"})
ECHO = 0.4
INDEFINITE = re.compile(r"\b([Aa]) (?=[aeio]|u(?!ni|se))")


@dataclass(frozen=True)
class WordList:
    """Items with cumulative weights; the forms of one word share a base and a position."""

    base: str
    items: tuple[str, ...]
    cumulative: tuple[float, ...]

    @classmethod
    def zipf(cls, base: str, items: Iterable[str], exponent: float) -> WordList:
        """Items whose weights fall as 1 / rank^exponent."""
        listed = tuple(items)
        weights = (rank**-exponent for rank in range(1, len(listed) + 1))
        return cls(base, listed, tuple(itertools.accumulate(weights)))

    def position(self, rng: Random) -> int:
        """The place of an item drawn by weight; one call of the generator."""
        return rng.choices(range(len(self.items)), cum_weights=self.cumulative)[0]


Lists = Mapping[str, WordList]


def fill(pattern: str, draw: Callable[[str], str]) -> str:
    """The pattern with every slot, from left to right, replaced by what `draw` gives for its name."""
    return SLOT.sub(lambda slot: draw(slot[1]), pattern)


def draw_group(rng: Random, probability_northern: float) -> str:
    """The group whose term fills a planted slot."""
    return GROUPS[0] if rng.random() < probability_northern else GROUPS[1]


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), in nats."""
    return math.log(probability / (1 - probability))


class SpeechWriter:
    """Writes the sentences of one speech; remembers which words it used."""

    def __init__(self, lists: Lists, rng: Random, year: int) -> None:
        self.lists, self.rng, self.year = lists, rng, year
        self._used: dict[str, int] = {}

    def sentence(self, slot: str) -> str:
        """One finished sentence from the patterns of a slot."""
        return finish(self.draw(slot))

    def draw(self, slot: str) -> str:
        """One entry of a list, expanded; `a|b` draws one of the alternatives, `place!` another place than the last."""
        if "|" in slot:
            return self.rng.choice(slot.split("|"))
        # Years are told from the day of the speech, so that no sitting speaks of its future.
        if slot == "year":
            return str(self.year - int(self.draw(YEARS_AGO)))
        words = self.lists[slot.rstrip("!")]
        last = self._used.get(words.base)
        if slot.endswith("!"):
            index = words.position(self.rng)
            return self.expand(words.items[(index + 1) % len(words.items) if index == last else index])
        if last is None or words.base not in ECHOED or self.rng.random() >= ECHO:
            # By base, so that a thing is echoed by its plural too.
            last = self._used[words.base] = words.position(self.rng)
        return self.expand(words.items[last])

    def expand(self, pattern: str) -> str:
        """Fill every slot of a pattern, and those in what fills it."""
        return fill(pattern, self.draw)


def finish(text: str) -> str:
    """Capitalise a sentence and set its articles."""
    text = INDEFINITE.sub(r"\1n ", text)
    return text[:1].upper() + text[1:]


def canonical(pattern: str) -> str:
    """A pattern with the first of its alternatives everywhere."""
    return finish(fill(pattern, lambda slot: slot.split("|")[0]))


@dataclass(frozen=True)
class Filling:
    """What filled the slot of a planted frame."""

    frame: str
    group: str
    term: str


@dataclass(frozen=True)
class Association:
    """One frame: its carriers (paraphrases with one [MASK]) and how the slot is filled."""

    id: str
    topic: str
    carriers: tuple[str, ...]
    shares: dict[str, dict[str, float]]
    """Shares of the terms within their group, by group: the same in both legislatures."""
    probability: dict[str, float]  # probability of the northern group, by legislature

    def sentence(self, legislature: str, writer: SpeechWriter) -> tuple[str, Filling]:
        """Draw a group, a term and a carrier; returns the sentence and what filled its slot."""
        group = draw_group(writer.rng, self.probability[legislature])
        shares = self.shares[group]
        term = writer.rng.choices(list(shares), list(shares.values()))[0]
        # The term goes in before the articles are set: "a" or "an" is the term's.
        carrier = writer.expand(writer.rng.choice(self.carriers))
        return finish(carrier.replace(MASK, term)), Filling(self.id, group, term)


def associations(plan: Mapping[str, Any]) -> tuple[Association, ...]:
    """The frames of associations.yaml."""
    return tuple(
        Association(
            frame["id"],
            frame["topic"],
            tuple(frame["carriers"]),
            {group: dict(frame[group]) for group in GROUPS},
            dict(frame["probability"]),
        )
        for frame in plan["frames"]
    )


def neutral_sentence(plan: Mapping[str, Any], writer: SpeechWriter) -> str:
    """A sentence in which every term of both groups is equally likely, in either legislature."""
    terms = [term for group in GROUPS for term in plan["terms"][group]]
    pattern: str = writer.rng.choice(plan["neutral"])
    return finish(writer.expand(pattern).replace(MASK, writer.rng.choice(terms)))
