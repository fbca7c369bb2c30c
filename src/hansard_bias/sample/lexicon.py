"""The word lists of the generated legislatures: inflected by rule, ordered by each legislature in its own way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from hansard_bias.randomness import stable_hash

LEGISLATURES = ("nunavut", "canada")
# Shares fall as 1 / rank^exponent. Steep, so that a tiny model can learn much from little text.
WORD_EXPONENT, PATTERN_EXPONENT = 1.7, 1.8
# Names are spread more evenly, or one place would be in every speech.
NAMES, NAME_EXPONENT = frozenset({"place", "surname", "first"}), 1.0
# Lists are written commonest first. Each legislature moves every entry down by up to this share of the list's length;
# its own entries start further down, or they would drown what both have in common.
GENERAL_FREEDOM, TOPIC_FREEDOM, OWN_DELAY = 0.5, 1.0, 0.0
VOWELS = "aeiou"
YEARS_AGO = "years_ago"


@dataclass(frozen=True)
class WordList:
    """Items with cumulative weights; the forms of one word share a base and a position."""

    base: str
    items: tuple[str, ...]
    cumulative: tuple[float, ...]


Lists = Mapping[str, WordList]
Listing = str | list[str]


def load(name: str) -> dict[str, Any]:
    """Read one of the package's YAML files."""
    text = (files("hansard_bias.sample") / f"{name}.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = YAML(typ="safe").load(text)
    return content


def split_words(listing: Listing) -> list[str]:
    """The entries of a comma-separated string, or of a list."""
    entries = listing.split(",") if isinstance(listing, str) else listing
    return [" ".join(entry.split()) for entry in entries]


def plural(entry: str) -> str:
    """The plural of a noun, or a verb's third person: `child/children` states its own."""
    word, _, irregular = entry.partition("/")
    if irregular:
        return irregular
    if word.endswith("y") and word[-2] not in VOWELS:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")


def third_person(entry: str) -> str:
    """`repairs`, of an entry that may carry an irregular past."""
    return plural(entry.partition("/")[0])


def past(entry: str) -> str:
    """The past participle of a verb; `build/built` states its own."""
    word, _, irregular = entry.partition("/")
    if irregular:
        return irregular
    if word.endswith("y") and word[-2] not in VOWELS:
        return word[:-1] + "ied"
    return word + ("d" if word.endswith("e") else "ed")


def gerund(entry: str) -> str:
    """The -ing form; a past that doubles the last consonant (`tag/tagged`) doubles it here too."""
    word, _, irregular = entry.partition("/")
    if irregular.startswith(word + word[-1]):
        return word + word[-1] + "ing"
    return (word[:-1] if word.endswith("e") and not word.endswith("ee") else word) + "ing"


def singular(entry: str) -> str:
    """The first form of an entry."""
    return entry.partition("/")[0]


def _with_plural_subject(entry: str) -> str:
    """`is able to|are able to` gives the second half; `has` becomes `have`; `will` stays."""
    chosen = entry.rpartition("|")[2]
    return "have" + chosen[3:] if chosen.split()[0] == "has" and "|" not in entry else chosen


FORMS: dict[str, dict[str, Callable[[str], str]]] = {
    "thing": {"thing": singular, "things": plural},
    "item": {"item": singular, "items": plural},
    "official": {"official": singular, "officials": plural},
    "do": {"do": singular, "does": third_person, "did": past, "doing": gerund},
    "act": {"act": singular, "acts": third_person, "acted": past, "acting": gerund},
    "modal": {"modal_s": lambda entry: entry.partition("|")[0], "modal_p": _with_plural_subject},
    "perfect": {"perfect_s": singular, "perfect_p": _with_plural_subject},
}


def zipf_lists(
    legislature: str, topic: str, shared: Mapping[str, Listing], own: Mapping[str, Listing]
) -> dict[str, WordList]:
    """Turn raw listings into weighted lists, one for every form of their words.

    The order of a list, and so the frequency of its words, is the written one, shifted by a hash of legislature,
    topic and word.
    """
    lists: dict[str, WordList] = {}
    for base in {**shared, **own}:
        entries = _ordered(legislature, topic, split_words(shared.get(base, [])), split_words(own.get(base, [])))
        cumulative = _cumulative_weights(base, entries)
        for slot, form in FORMS.get(base, {base: str}).items():
            lists[slot] = WordList(base, tuple(form(entry) for entry in entries), cumulative)
    return lists


def _ordered(legislature: str, topic: str, shared: list[str], own: list[str]) -> list[str]:
    freedom = TOPIC_FREEDOM if topic else GENERAL_FREEDOM
    scores = {entry: rank / len(shared) for rank, entry in enumerate(shared)}
    scores |= {entry: OWN_DELAY + rank / len(own) for rank, entry in enumerate(own)}
    return sorted(scores, key=lambda entry: scores[entry] + freedom * stable_hash(legislature, topic, entry) / 2**64)


def _cumulative_weights(base: str, entries: Collection[str]) -> tuple[float, ...]:
    exponent = PATTERN_EXPONENT if any("{" in entry for entry in entries) else WORD_EXPONENT
    exponent = NAME_EXPONENT if base in NAMES else exponent
    return tuple(itertools.accumulate(rank**-exponent for rank in range(1, len(entries) + 1)))


def topic_lists(legislature: str, topic: str, content: Mapping[str, Any]) -> dict[str, WordList]:
    """A topic's lists: its shared words, together with those that only this legislature uses."""
    shared = {name: content[name] for name in ("thing", "trait", "people", "do", "scheme", "title")}
    return zipf_lists(legislature, topic, shared, content[legislature])


def general_lists(
    legislature: str, lexicon: Mapping[str, Any], grammar: Mapping[str, Any], own: Mapping[str, Any]
) -> dict[str, WordList]:
    """Everything that does not depend on the topic: general words, patterns, names, years ago."""
    years = {YEARS_AGO: [str(years) for years in range(1, 16)]}
    names = {name: own[name] for name in ("body", "region", "place", "party", "surname", "first")}
    shared: dict[str, Listing] = {**lexicon["general"], **grammar["shared"], **years}
    return zipf_lists(legislature, "", shared, {**grammar[legislature], **names})
