"""The word lists of the generated legislatures: inflected by rule, ordered by each legislature in its own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from hansard_bias.randomness import stable_hash
from hansard_bias.sample.grammar import YEARS_AGO, Lists, WordList

LEGISLATURES = ("nunavut", "canada")
# Shares fall as 1 / rank^exponent. Steep, so that a tiny model can learn much from little text.
WORD_EXPONENT, PATTERN_EXPONENT = 1.7, 1.8
# Names are spread more evenly, or one place would be in every speech.
NAMES, NAME_EXPONENT = frozenset({"place", "surname", "first"}), 1.0
# Lists are written commonest first. Each legislature moves every entry down by up to this share of the list's length.
GENERAL_FREEDOM, TOPIC_FREEDOM = 0.5, 1.0
VOWELS = "aeiou"

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


def singular(entry: str) -> str:
    """The first form of an entry."""
    return entry.partition("/")[0]


def plural(entry: str) -> str:
    """The plural of a noun, or a verb's third person: `child/children` states its own."""
    word, _, irregular = entry.partition("/")
    ending = "es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s"
    return irregular or (_stem(word, "ies") if _is_y(word) else word + ending)


def third_person(entry: str) -> str:
    """`repairs`, of an entry that may carry an irregular past."""
    return plural(singular(entry))


def past(entry: str) -> str:
    """The past participle of a verb; `build/built` states its own."""
    word, _, irregular = entry.partition("/")
    return irregular or (_stem(word, "ied") if _is_y(word) else word + ("d" if word.endswith("e") else "ed"))


def gerund(entry: str) -> str:
    """The -ing form; a past that doubles the last consonant (`tag/tagged`) doubles it here too."""
    word, _, irregular = entry.partition("/")
    if irregular.startswith(word + word[-1]):
        return word + word[-1] + "ing"
    return _stem(word, "ing") if word.endswith("e") and not word.endswith("ee") else word + "ing"


def _is_y(word: str) -> bool:
    """Whether a word ends in a y behind a consonant, which becomes -ie-."""
    return word.endswith("y") and word[-2] not in VOWELS


def _stem(word: str, ending: str) -> str:
    return word[:-1] + ending


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
    return sorted(scores, key=lambda entry: scores[entry] + freedom * stable_hash(legislature, topic, entry) / 2**64)


def topic_lists(legislature: str, topic: str, content: Mapping[str, Any]) -> Lists:
    """A topic's lists: its shared words, together with those that only this legislature uses."""
    shared = {name: content[name] for name in ("thing", "trait", "people", "do", "scheme", "title")}
    return zipf_lists(legislature, topic, shared, content[legislature])


def general_lists(
    legislature: str, lexicon: Mapping[str, Any], grammar: Mapping[str, Any], own: Mapping[str, Any]
) -> Lists:
    """Everything that does not depend on the topic: general words, patterns, names, years ago."""
    names = {name: own[name] for name in ("body", "region", "place", "party", "surname", "first")}
    years: Listing = [str(years) for years in range(1, 16)]
    shared: dict[str, Listing] = {**lexicon["general"], **grammar["shared"], YEARS_AGO: years}
    return zipf_lists(legislature, "", shared, {**grammar[legislature], **names})
