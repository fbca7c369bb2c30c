"""The word sets of the association tests: reading data/probes/associations.yaml (method.md section 5)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from hansard_bias.base.files import sha256
from hansard_bias.base.messages import joined, one_line, shown
from hansard_bias.params import ProbeConfig
from hansard_bias.probing.benchmarks import Benchmark, load_benchmarks
from hansard_bias.probing.prompts import (
    MASK,
    Candidate,
    Group,
    Normalise,
    Prompt,
    check_mask,
    fields,
    load_groups,
    load_prompts,
    read_yaml,
    repeated,
    text_of,
    texts_of,
)

WORD = "[WORD]"
KEYS = ("sets", "templates", "tests", "pairs")
MIN_WORDS = 2


@dataclass(frozen=True)
class WordSet:
    """Words under one name."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class AssociationTest:
    """Whether the first targets go with the first attributes, and the second with the second."""

    id: str
    targets: tuple[WordSet, WordSet]
    attributes: tuple[WordSet, WordSet]

    def names(self) -> dict[str, Any]:
        """The test in metrics files: `test`, `targets` and `attributes`, by name."""
        sides = {"targets": self.targets, "attributes": self.attributes}
        return {"test": self.id, **{kind: [part.name for part in parts] for kind, parts in sides.items()}}


@dataclass(frozen=True)
class Associations:
    """What is asked: the tests, the sentences that words are shown in, and pairs of words to compare."""

    tests: tuple[AssociationTest, ...]
    templates: tuple[str, ...]
    """Sentences with one [MASK] in the place of the word."""
    pairs: tuple[tuple[str, str], ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Every word once, in the order of the file."""
        tested = (word for test in self.tests for part in (*test.targets, *test.attributes) for word in part.words)
        return tuple(dict.fromkeys((*tested, *(word for pair in self.pairs for word in pair))))


def load_associations(path: Path, groups: Sequence[Group]) -> Associations:
    """Read {sets, templates, tests, pairs}; targets and attributes name sets of the file or the groups of terms.

    Raises ValueError, naming the file and the entry, for an unknown, missing or wrongly typed key, an empty set or one
    of a single word, a word in two sets of one test, a set that is not there or bears a
    group's name, a template without exactly one [WORD], a test id that occurs twice, or a pair that is not two words.
    """
    sets_, templates, tests, pairs = fields(read_yaml(path, "probe.associations"), str(path), KEYS)
    known = {group.name: WordSet(group.name, group.terms) for group in groups}
    for part in _sets(sets_, str(path)):
        if part.name in known:
            raise ValueError(
                f"{path}: set {one_line(part.name)}: a group of probe.groups has this name; choose another"
            )
        known[part.name] = part
    listed = tests if isinstance(tests, list) else [tests]
    parsed = tuple(_test(entry, f"{path}: test number {number}", known) for number, entry in enumerate(listed, 1))
    if twice := repeated(test.id for test in parsed):
        raise ValueError(f"{path}: test {one_line(twice)}: this id occurs more than once; give each test its own")
    return Associations(parsed, _templates(templates, f"{path}: templates"), _pairs(pairs, str(path)))


def _sets(entry: Any, path: str) -> list[WordSet]:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{path}: sets is {shown(entry)}, expected `name: {{note, words}}`")
    parts = []
    for name, content in entry.items():
        where = f"{path}: set {one_line(str(name))}"
        note, words = fields(content, where, ("note", "words"))
        text_of(note, f"{where}: note")
        parts.append(WordSet(str(name), texts_of(words, f"{where}: words", MIN_WORDS)))
    return parts


def _test(entry: Any, where: str, known: Mapping[str, WordSet]) -> AssociationTest:
    if isinstance(entry, Mapping) and "id" in entry:
        where = f"{where.rpartition(': ')[0]}: test {one_line(str(entry['id']))}"
    name, targets, attributes = fields(entry, where, ("id", "targets", "attributes"))
    pairs = [
        _two(names, f"{where}: {kind}", known) for kind, names in (("targets", targets), ("attributes", attributes))
    ]
    test = AssociationTest(text_of(name, f"{where}: id"), *pairs)
    # A word on both sides would cancel itself out and make the sides look alike.
    if shared := repeated(word.casefold() for part in (*test.targets, *test.attributes) for word in part.words):
        raise ValueError(f"{where}: {shown(shared)} is in two of its sets; keep it in one")
    return test


def _two(names: Any, where: str, known: Mapping[str, WordSet]) -> tuple[WordSet, WordSet]:
    if not isinstance(names, list) or len(names) != 2:
        raise ValueError(f"{where}: is {shown(names)}, expected the names of two sets")
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"{where}: no set is named {shown(name)}, expected one of {joined(known)}; correct it")
        if len(known[name].words) < MIN_WORDS:
            raise ValueError(f"{where}: {name} holds 1 word, expected {MIN_WORDS} or more; add words")
    return known[names[0]], known[names[1]]


def _templates(entry: Any, where: str) -> tuple[str, ...]:
    templates = texts_of(entry, where)
    for template in templates:
        count = template.count(WORD)
        if count != 1 or MASK in template:
            raise ValueError(f"{where}: {shown(template)} holds {count} {WORD}, expected exactly one and no {MASK}")
    asked = tuple(template.replace(WORD, MASK) for template in templates)
    for template in asked:
        check_mask(template, where)
    return asked


def _pairs(entry: Any, path: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(entry, list):
        raise ValueError(f"{path}: pairs is {shown(entry)}, expected a list of pairs of words (or [])")
    pairs = []
    for number, pair in enumerate(entry, 1):
        where = f"{path}: pair {number}"
        words = texts_of(pair, where, 2)
        if len(words) != 2:
            raise ValueError(f"{where}: is {shown(pair)}, expected two words")
        pairs.append((words[0], words[1]))
    return tuple(pairs)


# Everything that the models are asked: the files which params.yaml names under `probe`, read and checked together.


@dataclass(frozen=True)
class Probing:
    """Prompts, groups, benchmarks and association tests."""

    prompts: Sequence[Prompt]
    groups: tuple[Group, Group]
    benchmarks: Sequence[Benchmark]
    associations: Associations

    @property
    def words(self) -> list[str]:
        """Every term and every word of the association tests once."""
        terms = (term for group in self.groups for term in group.terms)
        return list(dict.fromkeys((*terms, *self.associations.words)))

    @property
    def candidates(self) -> Iterator[Candidate]:
        """Everything that a tokenizer must be able to write, with the place where a user finds it."""
        for group in self.groups:
            yield from (Candidate(f"group {group.name}: term", term) for term in group.terms)
        for benchmark in self.benchmarks:
            for item in benchmark.items:
                where = f"{benchmark.path}:{item.line}: answer"
                yield from (Candidate(where, answer) for answer in (item.favorable, item.unfavorable))
        yield from (Candidate("probe.associations: word", word) for word in self.associations.words)


def load_probing(config: ProbeConfig, root: Path = Path(".")) -> Probing:
    """Read all files; ValueError, one line with the file and the entry, for any mistake in them."""
    groups = load_groups(root / config.groups)
    named = config.associations
    return Probing(
        prompts=load_prompts(root / config.prompts),
        groups=groups,
        benchmarks=load_benchmarks(root / path for path in config.benchmarks),
        associations=load_associations(root / named, groups) if named else Associations((), (), ()),
    )


def check_writable(asked: Probing, tokenizer_file: Path, normalise: Normalise) -> None:
    """Raise ValueError for a word that this saved tokenizer (tokenizer.json) turns into its unknown token.

    Nothing but the file is read, so that a word which cannot be written stops the run before anything is trained.
    """
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    model = json.loads(tokenizer_file.read_text(encoding="utf-8"))["model"]
    unknown = {model.get("unk_id"), tokenizer.token_to_id(model.get("unk_token") or "")} - {None}
    for candidate in asked.candidates:
        tokens = tokenizer.encode(" " + normalise(candidate.term), add_special_tokens=False).ids
        if not tokens or unknown & set(tokens):
            raise ValueError(
                f"{candidate.owner} {candidate.term!r} encodes to an unknown token; remove it or reword it"
            )


def probe_digests(config: ProbeConfig, root: Path = Path(".")) -> dict[str, str]:
    """SHA-256 of every file that is asked from, by its path in params.yaml."""
    paths = [config.prompts, config.groups, *config.benchmarks, config.associations]
    return {path: sha256(root / path) for path in paths if path}
