"""YAML files that users write for the probes: every mistake is told with the file, the entry and what was expected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hansard_bias.base.messages import one_line, shown
from hansard_bias.base.yaml import read_plain_yaml


def read_yaml(path: Path, key: str) -> Any:
    """The plain content of a file; ValueError when it is not there (naming the key of params.yaml) or no YAML."""
    return read_plain_yaml(path, remedy=f"check {key} in params.yaml")


def fields(entry: Any, where: str, names: Sequence[str]) -> list[Any]:
    """The values of a mapping that holds exactly these keys, in this order."""
    expected = ", ".join(names)
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where}: is {shown(entry)}, expected the keys {expected}")
    for key in entry:
        if key not in names:
            raise ValueError(f"{where}: unknown key {shown(key)}, expected {expected}; remove it or correct its name")
    for name in names:
        if name not in entry:
            raise ValueError(f"{where}: the key {name!r} is missing, expected {expected}; add it")
    return [entry[name] for name in names]


def text_of(value: Any, where: str) -> str:
    """A text that is not blank, in one line."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where}: is {shown(value)}, expected text; put it between quotes")
    return " ".join(value.split())


def texts_of(value: Any, where: str, least: int = 1) -> tuple[str, ...]:
    """A list of texts, none of them blank or repeated, at least so many."""
    if not isinstance(value, list) or len(value) < least:
        raise ValueError(f"{where}: is {shown(value)}, expected a list of {least} or more texts")
    texts = tuple(text_of(item, f"{where}: entry {number}") for number, item in enumerate(value, 1))
    if twice := repeated(text.casefold() for text in texts):
        # In the spelling of the second place, where the user will look for it.
        again = [text for text in texts if text.casefold() == twice][1]
        raise ValueError(f"{where}: {shown(again)} occurs more than once; keep one of them")
    return texts


def repeated(names: Iterable[str]) -> str:
    """The first name that occurs more than once, '' where none does."""
    return next((name for name, count in Counter(names).items() if count > 1), "")


# Prompts and groups of terms: reading data/probes, and counting the terms in text (method.md section 4).

MASK = "[MASK]"
MIN_PARAPHRASES = 5

# Stands in for the mask while a text is cleaned: cleaning must see a sentence, not a gap or brackets.
_STAND_IN = "maskedterm"

# Letters or digits that touch the mask would make the candidate part of a longer word.
_LONE_MASK = re.compile(r"(?<!\S)\[MASK\](?!\w)")

_WORD = re.compile(r"\w+")

# Words that carry grammar rather than content, in lower case: determiners, pronouns, prepositions, conjunctions,
# auxiliaries, common adverbs of degree and time, and what contractions leave on either side of an apostrophe.
_FUNCTION_WORDS = """
a an the this that these those each every any some no all both either neither such another other own same
i me my mine myself you your yours he him his himself she her hers it its itself we us our ours ourselves
they them their theirs themselves one who whom whose which what there here
about above across after against among around as at before behind below beneath beside between beyond by down
during except for from in inside into like near of off on onto out outside over past per since than through
throughout to toward towards under until up upon via with within without
and but or nor so yet if because although though while whereas unless when where why how whether
am is are was were be been being have has had having do does did doing will would shall should can cannot could
may might must ought let
not never always often sometimes also too very more most less least much many few far just only even still again
already ever once now then soon quite rather almost enough however therefore
s t d m ll re ve don doesn didn isn aren wasn weren hasn haven hadn won wouldn shouldn couldn
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


Normalise = Callable[[str], str]
"""The cleaning that the training text went through."""


class Candidate(NamedTuple):
    """A term that may fill a gap, and who it belongs to, for messages: ("group northern: term", "Arctic")."""

    owner: str
    term: str


@dataclass(frozen=True)
class Prompt:
    """A sentence with one [MASK], and other ways to say it."""

    id: str
    theme: str
    text: str
    paraphrases: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The prompt itself, then its paraphrases."""
        return (self.text, *self.paraphrases)


@dataclass(frozen=True)
class Group:
    """Terms that may fill a prompt's [MASK]."""

    name: str
    label: str
    note: str
    terms: tuple[str, ...]


def load_prompts(path: Path) -> list[Prompt]:
    """Read prompts: a list of {id, theme, text, paraphrases}; `<mask>` is read as `[MASK]`.

    Raises ValueError, naming the file and the prompt, when a text does not hold exactly one [MASK] as a word of its
    own, a prompt has fewer than five paraphrases, an id occurs twice, or a key is unknown, missing or of another type.
    """
    content = read_yaml(path, "probe.prompts")
    if not isinstance(content, list) or not content:
        raise ValueError(f"{path}: expected a list of prompts, each with id, theme, text and paraphrases")
    prompts = [_parse_prompt(entry, f"{path}: prompt number {number}") for number, entry in enumerate(content, 1)]
    for prompt in prompts:
        _check_prompt(prompt, f"{path}: prompt {one_line(prompt.id)}")
    if twice := repeated(prompt.id for prompt in prompts):
        raise ValueError(f"{path}: prompt {one_line(twice)}: this id occurs more than once; give each prompt its own")
    return prompts


def load_groups(path: Path) -> tuple[Group, Group]:
    """Read the two groups: {name: {label, note, terms: {term: why it is there}}}, the positive direction first.

    Raises ValueError, naming the file and the group, when there are not exactly two groups, a group is empty, a term
    occurs twice (whatever its case), or a key is unknown, missing or of another type.
    """
    content = read_yaml(path, "probe.groups")
    if not isinstance(content, Mapping) or len(content) != 2:
        found = len(content) if isinstance(content, Mapping) else 0
        raise ValueError(f"{path}: holds {found} groups, expected exactly two, each with label, note and terms")
    parsed = [_parse_group(str(name), entry, f"{path}: group {one_line(str(name))}") for name, entry in content.items()]
    first, second = parsed
    if twice := repeated(term.casefold() for term in first.terms + second.terms):
        raise ValueError(f"{path}: term {shown(twice)} occurs more than once in the two groups; keep one of them")
    return first, second


def term_usage(terms: Sequence[str], texts: Iterable[str]) -> dict[str, int]:
    """How often each term occurs in the texts as a whole word, whatever its case, in one pass."""
    if not terms:
        return {}
    counts: Counter[str] = Counter()
    if all(_WORD.fullmatch(term) for term in terms):
        # Of plain words all are counted: that is several times as fast as looking for some.
        for text in texts:
            counts.update(_WORD.findall(text.casefold()))
    else:
        # Longest first: where one term begins another, the longer one is the word that was used.
        choices = "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
        pattern = re.compile(rf"(?<!\w)(?:{choices})(?!\w)", re.IGNORECASE)
        for text in texts:
            counts.update(match.casefold() for match in pattern.findall(text))
    return {term: counts[term.casefold()] for term in terms}


def is_content_word(word: str) -> bool:
    """Whether a word, as tokenizers split words, is neither a function word nor punctuation."""
    letters = "".join(re.findall(r"\w", word.casefold()))
    return bool(letters) and letters not in FUNCTION_WORDS


def around_mask(text: str, normalise: Normalise) -> tuple[str, str]:
    """The normalised text before its [MASK], without the space (it belongs to the candidate), and after it.

    Raises ValueError when normalising loses the place of the [MASK].
    """
    parts = re.split(_STAND_IN, normalise(text.replace(MASK, _STAND_IN)), flags=re.IGNORECASE)
    if len(parts) != 2:
        raise ValueError(f"prompt {shown(text)}: cleaning changes the text around its {MASK}; reword it")
    return parts[0].rstrip(), parts[1]


def written_after(before: str, term: str, normalise: Normalise) -> str:
    """A term as it is written after this text: with its leading space, and a capital where a sentence begins."""
    starts = not before or before[-1] in ".!?"
    cased = term[0].upper() + term[1:] if starts else term
    return (" " if before else "") + normalise(cased)


def _parse_prompt(entry: Any, where: str) -> Prompt:
    if isinstance(entry, Mapping) and "id" in entry:
        where = f"{where.rpartition(': ')[0]}: prompt {one_line(str(entry['id']))}"
    name, theme, text, paraphrases = fields(entry, where, ("id", "theme", "text", "paraphrases"))
    if not isinstance(paraphrases, list):
        raise ValueError(f"{where}: paraphrases is {shown(paraphrases)}, expected a list of texts")
    others = tuple(mask_of(text_of(item, f"{where}: paraphrase {n}")) for n, item in enumerate(paraphrases, 1))
    text = mask_of(text_of(text, f"{where}: text"))
    return Prompt(text_of(name, f"{where}: id"), text_of(theme, f"{where}: theme"), text, others)


def mask_of(text: str) -> str:
    """The text with its mask in the project's one spelling."""
    return text.replace("<mask>", MASK)


def check_mask(text: str, where: str) -> None:
    """Raise ValueError unless the text holds exactly one [MASK], as a word of its own."""
    count = text.count(MASK)
    if count != 1:
        raise ValueError(f"{where}: {shown(text)} holds {count} {MASK}, expected exactly one")
    if not _LONE_MASK.search(text):
        raise ValueError(f"{where}: {shown(text)} joins {MASK} to its neighbour, expected a space between; add it")


def _check_prompt(prompt: Prompt, where: str) -> None:
    for text in prompt.texts:
        check_mask(text, where)
    found = len(prompt.paraphrases)
    if found < MIN_PARAPHRASES:
        raise ValueError(f"{where}: {found} paraphrases, expected at least {MIN_PARAPHRASES}; write more")
    if twice := repeated(prompt.texts):
        raise ValueError(f"{where}: {shown(twice)} occurs more than once; a paraphrase says it in other words")


def _parse_group(name: str, entry: Any, where: str) -> Group:
    label, note, terms = fields(entry, where, ("label", "note", "terms"))
    if not isinstance(terms, Mapping) or not terms:
        raise ValueError(f"{where}: terms is {shown(terms)}, expected at least one `term: why it is there`; add terms")
    for term, reason in terms.items():
        text_of(reason, f"{where}: the note of term {shown(term)}")
    spelled = tuple(text_of(term, f"{where}: a term") for term in terms)
    return Group(name, text_of(label, f"{where}: label"), text_of(note, f"{where}: note"), spelled)
