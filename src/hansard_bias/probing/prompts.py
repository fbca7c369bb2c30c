"""Prompts and groups of terms: reading data/probes, and counting the terms in text (method.md section 4)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hansard_bias.base.messages import one_line, shown
from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.params.validation import expect
from hansard_bias.writing import is_plain, whole_word

MASK = "[MASK]"
MIN_PARAPHRASES = 5

# Stands in for the mask while a text is cleaned: cleaning must see a sentence, not a gap or brackets.
_STAND_IN = "maskedterm"

# Letters or digits that touch the mask would make the candidate part of a longer word; any other sign may, and so may
# a character that is a word of its own.
_LONE_MASK = re.compile(whole_word(MASK))

# Signs that stand between a blank and the first word of a sentence.
_OPENING = "\"'([{\u00ab\u2039\u201c\u201e\u2018\u201a\u00bf\u00a1"

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

# The cleaning that the training text went through.
Normalise = Callable[[str], str]


class Candidate(NamedTuple):
    """A term that may fill a gap, and who it belongs to, for messages: ("group northern: term", "Arctic")."""

    owner: str
    term: str

    def refused(self, token: str) -> ValueError:
        """The error for a term that a tokenizer turns into such a token."""
        return ValueError(f"{self.owner} {self.term!r} encodes to {token}; remove it or reword it")


class LeftOut(NamedTuple):
    """An item of a benchmark that is not asked, and why: "crows.csv:17: both sentences are …"."""

    benchmark: str
    problem: str


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

    @property
    def candidates(self) -> list[Candidate]:
        """The terms with the group's name for messages."""
        return [Candidate(f"group {self.name}: term", term) for term in self.terms]


Groups = tuple[Group, Group]


def load_prompts(path: Path) -> list[Prompt]:
    """Read prompts: a list of {id, theme, text, paraphrases}; `<mask>` is read as `[MASK]`.

    Raises ValueError, naming the file and the prompt, for a text without exactly one [MASK] or with letters that touch
    it, fewer than five paraphrases, an id that occurs twice, and a key that is unknown, missing or of another type.
    """
    content = read_plain_yaml(path, remedy="check probe.prompts in params.yaml")
    if not isinstance(content, list) or not content:
        raise ValueError(f"{path}: expected a list of prompts, each with id, theme, text and paraphrases")
    return entries_of(content, path, "prompt", _parse_prompt)


def load_groups(path: Path) -> Groups:
    """Read the two groups: {name: {label, note, terms: {term: why it is there}}}, the positive direction first.

    Raises ValueError, naming the file and the group, for a third group or none, an empty one, a term that occurs twice
    (whatever its case), and a key that is unknown, missing or of another type.
    """
    content = read_plain_yaml(path, remedy="check probe.groups in params.yaml")
    if not isinstance(content, Mapping) or len(content) != 2:
        found = len(content) if isinstance(content, Mapping) else 0
        raise ValueError(f"{path}: holds {found} groups, expected exactly two, each with label, note and terms")
    first, second = (_parse_group(str(name), entry, path) for name, entry in content.items())
    if twice := repeated(term.casefold() for term in first.terms + second.terms):
        raise ValueError(f"{path}: term {shown(twice)} occurs more than once in the two groups; keep one of them")
    return first, second


def _parse_prompt(entry: Any, where: str) -> Prompt:
    name, theme, text, paraphrases = fields(entry, where, ("id", "theme", "text"), ("paraphrases",))
    expect(isinstance(paraphrases, list), f"{where}: paraphrases", paraphrases, "a list of texts")
    others = [text_of(other, f"{where}: paraphrase {number}") for number, other in enumerate(paraphrases, 1)]
    prompt = Prompt(name, theme, mask_of(text), tuple(map(mask_of, others)))
    for each in prompt.texts:
        check_mask(each, where)
    if len(others) < MIN_PARAPHRASES:
        raise ValueError(f"{where}: {len(others)} paraphrases, expected at least {MIN_PARAPHRASES}; write more")
    if twice := repeated(prompt.texts):
        raise ValueError(f"{where}: {shown(twice)} occurs more than once; a paraphrase says it in other words")
    return prompt


def _parse_group(name: str, entry: Any, path: Path) -> Group:
    where = f"{path}: group {one_line(name)}"
    label, note, terms = fields(entry, where, ("label", "note"), ("terms",))
    reasons = "at least one `term: why it is there`"
    expect(isinstance(terms, Mapping) and terms, f"{where}: terms", terms, reasons, "add terms")
    for term, reason in terms.items():
        text_of(reason, f"{where}: the note of term {shown(term)}")
    return Group(name, label, note, tuple(text_of(term, f"{where}: a term") for term in terms))


# The mask, and the words around it.


def mask_of(text: str) -> str:
    """The text with its mask in the project's one spelling."""
    return text.replace("<mask>", MASK)


def check_mask(text: str, where: str) -> None:
    """Raise ValueError unless the text holds exactly one [MASK], not inside a word."""
    count = text.count(MASK)
    if count != 1:
        raise ValueError(f"{where}: {shown(text)} holds {count} {MASK}, expected exactly one")
    if not _LONE_MASK.search(text):
        problem = f"joins {MASK} to the letters or digits beside it, expected a space between"
        raise ValueError(f"{where}: {shown(text)} {problem}; add it")


def around_mask(text: str, normalise: Normalise) -> tuple[str, str]:
    """The normalised text before its [MASK], with the blank if there is one, and after it.

    Raises ValueError when normalising loses the place of the [MASK].
    """
    parts = re.split(_STAND_IN, normalise(text.replace(MASK, _STAND_IN)), flags=re.IGNORECASE)
    if len(parts) != 2:
        raise ValueError(f"prompt {shown(text)}: cleaning changes the text around its {MASK}; reword it")
    before = parts[0].rstrip()
    return before + " " * (before not in ("", parts[0])), parts[1]


def written_after(before: str, term: str, normalise: Normalise) -> str:
    """A term as it is written after this text: with a capital where a sentence begins."""
    # A sentence may begin with a sign that touches its first word; one that stands alone ends something, too.
    outside = before.rstrip(_OPENING)
    starts = not outside or (outside[-1] == " " and outside[-2:-1] in tuple(".!?"))
    return normalise(term[0].upper() + term[1:] if starts else term)


def is_content_word(word: str, function_words: Container[str] = FUNCTION_WORDS) -> bool:
    """Whether a word, as tokenizers split words, is neither a function word nor punctuation."""
    letters = "".join(re.findall(r"\w", word.casefold()))
    return bool(letters) and letters not in function_words


def is_sentence(text: str) -> bool:
    """Whether this is a whole sentence, as SEAT lists them, and no word or name."""
    return " " in text and text[-1] in ".!?"


def term_usage(terms: Sequence[str], texts: Iterable[str]) -> dict[str, int]:
    """How often each term occurs in the texts as a whole word, whatever its case, in one pass.

    In a script without blanks a word may begin and end at any character.
    """
    counts: Counter[str] = Counter()
    plain = all(_WORD.fullmatch(term) for term in terms)
    # Longest first: where one term begins another, the longer one is the word that was used.
    ordered = sorted(terms, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)", re.IGNORECASE)
    unparted = re.compile("|".join(map(whole_word, ordered)), re.IGNORECASE)
    for text in texts:
        # Of plain words all are counted: that is several times as fast as looking for some.
        if plain and is_plain(text):
            counts.update(_WORD.findall(text.casefold()))
        else:
            found = pattern if is_plain(text) else unparted
            counts.update(map(str.casefold, found.findall(text)))
    return {term: counts[term.casefold()] for term in terms}


# Entries of the YAML files that users write for the probes: a mistake is told with the file and the entry.


def entries_of(listed: Iterable[Any], path: Path, kind: str, parse: Callable[[Any, str], Any]) -> list[Any]:
    """Every entry of a list, parsed; mistakes name it by its id, or by its number where it has none."""
    parsed = []
    for number, entry in enumerate(listed, 1):
        # Known before it is parsed: whatever else is wrong with an entry, the user finds it by its id.
        named = isinstance(entry, Mapping) and "id" in entry
        parsed.append(parse(entry, f"{path}: {kind} {one_line(str(entry['id'])) if named else f'number {number}'}"))
    if twice := repeated(each.id for each in parsed):
        raise ValueError(f"{path}: {kind} {one_line(twice)}: this id occurs more than once; give each {kind} its own")
    return parsed


def fields(entry: Any, where: str, texts: Sequence[str], others: Sequence[str]) -> list[Any]:
    """The values of a mapping that holds exactly these keys: first the texts, checked, then the others as they are."""
    names = (*texts, *others)
    expected = ", ".join(names)
    expect(isinstance(entry, Mapping), f"{where}:", entry, f"the keys {expected}")
    for key in entry:
        if key not in names:
            raise ValueError(f"{where}: unknown key {shown(key)}, expected {expected}; remove it or correct its name")
    for name in names:
        if name not in entry:
            raise ValueError(f"{where}: the key {name!r} is missing, expected {expected}; add it")
    return [text_of(entry[name], f"{where}: {name}") for name in texts] + [entry[name] for name in others]


def text_of(value: Any, where: str) -> str:
    """A text that is not blank, in one line."""
    expect(isinstance(value, str) and value.strip(), f"{where}:", value, "text", "put it between quotes")
    return " ".join(value.split())


def texts_of(value: Any, where: str, least: int = 1) -> tuple[str, ...]:
    """A list of texts, none of them blank or repeated, at least so many."""
    expect(isinstance(value, list) and len(value) >= least, f"{where}:", value, f"a list of {least} or more texts")
    texts = tuple(text_of(item, f"{where}: entry {number}") for number, item in enumerate(value, 1))
    if twice := repeated(text.casefold() for text in texts):
        # In the spelling of the second place, where the user will look for it.
        again = [text for text in texts if text.casefold() == twice][1]
        raise ValueError(f"{where}: {shown(again)} occurs more than once; keep one of them")
    return texts


def repeated(names: Iterable[str]) -> str:
    """The first name that occurs more than once, '' where none does."""
    return next((name for name, count in Counter(names).items() if count > 1), "")
