"""Sentences from patterns, here and in the calibration: inflected, weighted words; frames with planted terms."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.randomness import stable_hash

LEGISLATURES = ("nunavut", "canada")
MASK = "[MASK]"
GROUPS = ("northern", "southern")
SLOT = re.compile(r"\{([^{}]+)\}")
YEARS_AGO = "years_ago"
# A debate stays on its subject: a word of these lists is repeated with this probability, once it was used.
ECHOED = frozenset({"place", "thing", "people", "scheme", "surname", "item"})
ECHO = 0.4
# By sound: a uniform, a used truck, an umbrella.
INDEFINITE = re.compile(r"\b([Aa]) (?=[aeio]|u(?!ni|se))")
# Shares fall as 1 / rank^exponent. Steep, so that a tiny model can learn much from little text.
WORD_EXPONENT, PATTERN_EXPONENT = 1.7, 1.8
# Names are spread more evenly, or one place would be in every speech.
NAMES, NAME_EXPONENT = frozenset({"place", "surname", "first"}), 1.0
# Lists are written commonest first. Each legislature moves every entry down by up to this share of the list's length.
GENERAL_FREEDOM, TOPIC_FREEDOM = 0.5, 1.0

Listing = str | list[str]


def load(name: str) -> dict[str, Any]:
    """Read one of the package's YAML files."""
    content: dict[str, Any] = read_plain_yaml(Path(__file__).with_name(f"{name}.yaml"))
    return content


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
        return cls(base, listed, tuple(itertools.accumulate(rank**-exponent for rank in range(1, len(listed) + 1))))

    def position(self, rng: Random) -> int:
        """The place of an item drawn by weight; one call of the generator."""
        return rng.choices(range(len(self.items)), cum_weights=self.cumulative)[0]


Lists = Mapping[str, WordList]


def fill(pattern: str, draw: Callable[[str], str]) -> str:
    """The pattern with every slot, from left to right, replaced by what `draw` gives for its name."""
    return SLOT.sub(lambda slot: draw(slot[1]), pattern)


def finish(text: str) -> str:
    """Capitalise a sentence and set its articles."""
    text = INDEFINITE.sub(r"\1n ", text)
    # Not str.capitalize, which makes small letters of all others.
    return text[:1].upper() + text[1:]


def canonical(pattern: str) -> str:
    """A pattern with the first of its alternatives everywhere."""
    return finish(fill(pattern, lambda slot: slot.split("|")[0]))


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
            # The next in the list, not another draw: that might be the last word again.
            return self.expand(words.items[(index + 1) % len(words.items) if index == last else index])
        if last is None or words.base not in ECHOED or self.rng.random() >= ECHO:
            # By base, so that a thing is echoed by its plural too.
            last = self._used[words.base] = words.position(self.rng)
        return self.expand(words.items[last])

    def expand(self, pattern: str) -> str:
        """Fill every slot of a pattern, and those in what fills it."""
        return fill(pattern, self.draw)


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


def associations() -> list[Association]:
    """The frames of associations.yaml."""
    return [
        Association(
            each["id"], each["topic"], tuple(each["carriers"]), {g: each[g] for g in GROUPS}, each["probability"]
        )
        for each in load("associations")["frames"]
    ]


def neutral_sentence(plan: Mapping[str, Any], writer: SpeechWriter) -> str:
    """A sentence in which every term of both groups is equally likely, in either legislature."""
    terms = [term for group in GROUPS for term in plan["terms"][group]]
    pattern: str = writer.rng.choice(plan["neutral"])
    return finish(writer.expand(pattern).replace(MASK, writer.rng.choice(terms)))


# The word lists: inflected by rule, ordered by each legislature in its own way.


def singular(entry: str) -> str:
    """The first form of an entry."""
    return entry.partition("/")[0]


def plural(entry: str) -> str:
    """The plural of a noun, or a verb's third person: `child/children` states its own."""
    word, _, irregular = entry.partition("/")
    ending = "es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s"
    return irregular or (word[:-1] + "ies" if _is_y(word) else word + ending)


def third_person(entry: str) -> str:
    """`repairs`, of an entry that may carry an irregular past."""
    return plural(singular(entry))


def past(entry: str) -> str:
    """The past participle of a verb; `build/built` states its own."""
    word, _, irregular = entry.partition("/")
    return irregular or (word[:-1] + "ied" if _is_y(word) else word.removesuffix("e") + "ed")


def gerund(entry: str) -> str:
    """The -ing form; a past that doubles the last consonant (`tag/tagged`) doubles it here too."""
    word, _, irregular = entry.partition("/")
    if irregular.startswith(word + word[-1]):
        return word + word[-1] + "ing"
    return (word if word.endswith("ee") else word.removesuffix("e")) + "ing"


def _is_y(word: str) -> bool:
    # Behind a vowel a y stays: surveys, but stories.
    return word.endswith("y") and word[-2] not in "aeiou"


def _with_plural_subject(entry: str) -> str:
    """`is able to|are able to` gives the second half; `has` becomes `have`; `will` stays."""
    chosen = entry.rpartition("|")[2]
    return "have" + chosen[3:] if chosen.split()[0] == "has" and "|" not in entry else chosen


FORMS: dict[str, dict[str, Callable[[str], str]]] = {
    **{noun: {noun: singular, f"{noun}s": plural} for noun in ("thing", "item", "official")},
    "do": {"do": singular, "does": third_person, "did": past, "doing": gerund},
    "act": {"act": singular, "acts": third_person, "acted": past, "acting": gerund},
    "modal": {"modal_s": lambda entry: entry.partition("|")[0], "modal_p": _with_plural_subject},
    "perfect": {"perfect_s": singular, "perfect_p": _with_plural_subject},
}
"""The slots that a list of words fills, and the form of the word in each."""


def split_words(listing: Listing) -> list[str]:
    """The entries of a comma-separated string, or of a list."""
    entries = listing.split(",") if isinstance(listing, str) else listing
    return [" ".join(entry.split()) for entry in entries]


def zipf_lists(legislature: str, topic: str, shared: Mapping[str, Listing], own: Mapping[str, Listing]) -> Lists:
    """Turn raw listings into weighted lists, one for every form of their words.

    The order of a list, and so the frequency of its words, is the written one, shifted by a hash of legislature,
    topic and word.
    """
    lists: dict[str, WordList] = {}
    for base in {**shared, **own}:
        entries = _ordered(legislature, topic, split_words(shared.get(base, [])), split_words(own.get(base, [])))
        # Patterns are drawn a little more unequally than words.
        exponent = PATTERN_EXPONENT if any("{" in entry for entry in entries) else WORD_EXPONENT
        exponent = NAME_EXPONENT if base in NAMES else exponent
        for slot, form in FORMS.get(base, {base: str}).items():
            lists[slot] = WordList.zipf(base, map(form, entries), exponent)
    return lists


def _ordered(legislature: str, topic: str, shared: list[str], own: list[str]) -> list[str]:
    freedom = TOPIC_FREEDOM if topic else GENERAL_FREEDOM
    # A legislature's own words begin at the top, too: a word that both use is where it stands in its own list.
    scores = {entry: rank / len(entries) for entries in (shared, own) for rank, entry in enumerate(entries)}
    # 2^64 hashes: a uniform number below 1.
    return sorted(scores, key=lambda entry: scores[entry] + freedom * stable_hash(legislature, topic, entry) / 2**64)


def topic_lists(legislature: str) -> dict[str, Lists]:
    """What the speeches about every topic are made of: its words, general ones, patterns, names, years ago."""
    lexicon, patterns, own = load("lexicon"), load("grammar"), load("legislatures")[legislature]
    names = {name: own[name] for name in ("body", "region", "place", "party", "surname", "first")}
    shared = {**lexicon["general"], **patterns["shared"], YEARS_AGO: [str(years) for years in range(1, 16)]}
    general = zipf_lists(legislature, "", shared, {**patterns[legislature], **names})
    lists: dict[str, Lists] = {}
    for topic, content in lexicon["topics"].items():
        words = {name: content[name] for name in ("thing", "trait", "people", "do", "scheme", "title")}
        # Together with the words that only this legislature uses.
        lists[topic] = {**general, **zipf_lists(legislature, topic, words, content[legislature])}
    return lists
