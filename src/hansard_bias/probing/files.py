"""What the models are asked, from files: word sets of the association tests, what the sample planted, all of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from hansard_bias.base.files import SAMPLE, require_path, sha256
from hansard_bias.base.messages import joined, one_line, shown
from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.params import Config, ProbeConfig
from hansard_bias.params.validation import expect
from hansard_bias.probing import prompts as reading
from hansard_bias.probing.benchmarks import MIN_WORDS, Benchmark, load_benchmarks
from hansard_bias.probing.prompts import (
    MASK,
    Candidate,
    Group,
    Groups,
    LeftOut,
    Normalise,
    Prompt,
    fields,
    is_sentence,
    repeated,
    texts_of,
)

WORD = "[WORD]"
KEYS = ("sets", "templates", "tests", "pairs")
PLANTED = SAMPLE / "planted.json"


@dataclass(frozen=True)
class AssociationTest:
    """Whether the first targets go with the first attributes, and the second with the second."""

    id: str
    targets: Groups
    attributes: Groups
    path: str = ""
    """Of the benchmark that it is from, if it is from one."""

    @property
    def parts(self) -> tuple[Group, ...]:
        """All four sets."""
        return (*self.targets, *self.attributes)

    @property
    def words(self) -> list[str]:
        """Those of all four sets."""
        return [word for part in self.parts for word in part.terms]

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
        tested = (word for test in self.tests for word in test.words)
        return tuple(dict.fromkeys((*tested, *(word for pair in self.pairs for word in pair))))

    @property
    def candidates(self) -> list[Candidate]:
        """The same with their place for messages."""
        return [Candidate("probe.associations: word", word) for word in self.words]

    def writable(self, write: Callable[[Candidate], object]) -> tuple[Associations, list[LeftOut]]:
        """Without the words of benchmarks that `write` refuses with a ValueError, and these; those of the user stay."""
        tests, left_out = list[AssociationTest](), list[LeftOut]()
        for test in self.tests:
            if test.path:
                first, second, near, far = (_writable_part(part, test, write, left_out) for part in test.parts)
                test = replace(test, targets=(first, second), attributes=(near, far))
            if test.path and min(len(part.terms) for part in test.parts) < MIN_WORDS:
                left_out.append(LeftOut(test.id, f"{test.path}: too few words are left for a test; add words"))
            else:
                tests.append(test)
        return replace(self, tests=tuple(tests)), left_out


def _writable_part(
    part: Group, test: AssociationTest, write: Callable[[Candidate], object], left_out: list[LeftOut]
) -> Group:
    kept = []
    for word in part.terms:
        try:
            write(Candidate(f"{test.path}: {part.name}:", word))
            kept.append(word)
        except ValueError as error:
            left_out.append(LeftOut(test.id, str(error)))
    return replace(part, terms=tuple(kept))


def load_associations(path: Path, groups: Sequence[Group]) -> Associations:
    """Read {sets, templates, tests, pairs}; targets and attributes name sets of the file or the groups of terms.

    Raises ValueError, naming the file and the entry, for a wrong key, a set of fewer than two words, one that is not
    there or bears a group's name, a word in two sets of one test, a template without exactly one [WORD], a test id that
    occurs twice, and a pair that is not two words.
    """
    content = read_plain_yaml(path, remedy="check probe.associations in params.yaml")
    sets, templates, tests, pairs = fields(content, str(path), (), KEYS)
    expect(isinstance(sets, Mapping), f"{path}: sets", sets, "`name: {note, words}`")
    # A set of words and a group of terms are one thing here: words under a name.
    known = {group.name: group for group in groups}
    for name, entry in sets.items():
        where = f"{path}: set {one_line(str(name))}"
        note, words = fields(entry, where, ("note",), ("words",))
        part = Group(str(name), str(name), note, texts_of(words, f"{where}: words", MIN_WORDS))
        if part.name in known:
            raise ValueError(f"{where}: a group of probe.groups has this name; choose another")
        known[part.name] = part
    listed = tests if isinstance(tests, list) else [tests]
    parsed = reading.entries_of(listed, path, "test", lambda entry, where: _test(entry, where, known))
    return Associations(tuple(parsed), _templates(templates, f"{path}: templates"), _pairs(pairs, path))


def _test(entry: Any, where: str, known: Mapping[str, Group]) -> AssociationTest:
    name, targets, attributes = fields(entry, where, ("id",), ("targets", "attributes"))
    sides = _two(targets, f"{where}: targets", known), _two(attributes, f"{where}: attributes", known)
    test = AssociationTest(name, *sides)
    # A word on both sides would cancel itself out and make the sides look alike.
    if shared := repeated(word.casefold() for word in test.words):
        raise ValueError(f"{where}: {shown(shared)} is in two of its sets; keep it in one")
    return test


def _two(names: Any, where: str, known: Mapping[str, Group]) -> Groups:
    expect(isinstance(names, list) and len(names) == 2, f"{where}:", names, "the names of two sets")
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"{where}: no set is named {shown(name)}, expected one of {joined(known)}; correct it")
        # Sets of the file have passed this check: only a group can be too small.
        if len(known[name].terms) < MIN_WORDS:
            raise ValueError(f"{where}: {name} holds 1 word, expected {MIN_WORDS} or more; add words")
    return known[names[0]], known[names[1]]


def _templates(entry: Any, where: str) -> tuple[str, ...]:
    asked = []
    for template in texts_of(entry, where):
        count = template.count(WORD)
        if count != 1 or MASK in template:
            raise ValueError(f"{where}: {shown(template)} holds {count} {WORD}, expected exactly one and no {MASK}")
        asked.append(template.replace(WORD, MASK))
        reading.check_mask(asked[-1], where)
    return tuple(asked)


def _pairs(entry: Any, path: Path) -> tuple[tuple[str, str], ...]:
    expect(isinstance(entry, list), f"{path}: pairs", entry, "a list of pairs of words (or [])")
    pairs = []
    for number, pair in enumerate(entry, 1):
        words = texts_of(pair, f"{path}: pair {number}", 2)
        expect(len(words) == 2, f"{path}: pair {number}:", pair, "two words")
        pairs.append((words[0], words[1]))
    return tuple(pairs)


# What the bundled sample planted: the frames to ask about, and the truth of any mixture of its archives.


@dataclass(frozen=True)
class PlantedFrame:
    """One association of planted.json."""

    id: str
    topic: str
    prompts: tuple[str, ...]
    """Its carriers, each with one [MASK]: paraphrases of one another."""
    groups: Mapping[str, tuple[str, ...]]
    """Terms of the two groups that fill the slot; log-odds above 0 favour the first."""
    probability: Mapping[str, float]
    """Of the first group, by legislature."""
    occurrences: Mapping[str, int]
    """How often the frame was written, by legislature."""

    def log_odds(self, shares: Mapping[str, float]) -> float:
        """The truth of a text that takes these shares from the legislatures, in nats.

        That of the mean of p, weighted by how often each legislature's part holds the frame: its occurrences times
        its share. The legislatures have equally many speeches, so that equal shares weigh by occurrences alone.
        """
        weights = {name: share * self.occurrences[name] for name, share in shares.items()}
        p = sum(weight * self.probability[name] for name, weight in weights.items()) / sum(weights.values())
        return math.log(p / (1 - p))


def _sample_legislatures(config: Config) -> dict[str, str]:
    """The corpora that are the sample's archives, each with its legislature's name in planted.json."""
    paths = {name: Path(corpus.path) for name, corpus in config.corpora.items()}
    return {name: path.name for name, path in paths.items() if path.parent == SAMPLE}


def planted_frames(config: Config, root: Path = Path(".")) -> tuple[PlantedFrame, ...]:
    """Everything that was planted in this study's corpora; nothing where none of them is the sample's.

    Raises ValueError, naming the file and its stage, where it is missing or no record of what was planted.
    """
    if not _sample_legislatures(config):
        return ()
    path = require_path(root / PLANTED, "sample")
    try:
        return tuple(_frame(record) for record in json.loads(path.read_text(encoding="utf-8"))["associations"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no record of what was planted ({error}); run `dvc repro -f sample`") from None


def planted_shares(config: Config) -> dict[str, dict[str, float]]:
    """By model: its shares of the sample's legislatures; of models that read nothing else, whose truth is known."""
    names = _sample_legislatures(config)
    return {
        model: {names[corpus]: share for corpus, share in spec.mixture.items()}
        for model, spec in config.models.items()
        if set(spec.mixture) <= set(names)
    }


def _frame(record: Mapping[str, Any]) -> PlantedFrame:
    groups = {name: tuple(terms) for name, terms in record["groups"].items()}
    told = record["probability_northern"], record["occurrences"]
    return PlantedFrame(record["id"], record["topic"], tuple(record["prompts"]), groups, *told)


# Everything that the models are asked: the files which params.yaml names under `probe`, read and checked together.


@dataclass(frozen=True)
class Probing:
    """Prompts, groups, benchmarks and association tests."""

    prompts: Sequence[Prompt]
    groups: Groups
    benchmarks: Sequence[Benchmark]
    associations: Associations

    @property
    def words(self) -> list[str]:
        """Every term and every word of the association tests once; sentences of SEAT are no words."""
        terms = (term for group in self.groups for term in group.terms)
        words = (word for word in self.associations.words if not is_sentence(word))
        return list(dict.fromkeys((*terms, *words)))

    @property
    def candidates(self) -> list[Candidate]:
        """What a tokenizer must be able to write, with the place where a user finds it; of benchmarks nothing."""
        own = tuple(test for test in self.associations.tests if not test.path)
        terms = [candidate for group in self.groups for candidate in group.candidates]
        return terms + replace(self.associations, tests=own).candidates


def load_probing(config: ProbeConfig, root: Path = Path(".")) -> Probing:
    """Read all files; ValueError, one line with the file and the entry, for any mistake in them."""
    groups, prompts = reading.load_groups(root / config.groups), reading.load_prompts(root / config.prompts)
    benchmarks, named = load_benchmarks(root / path for path in config.benchmarks), config.associations
    associations = load_associations(root / named, groups) if named else Associations((), (), ())
    lists = (AssociationTest(each.name, *each.sets, each.path) for each in benchmarks if each.sets)
    tests = [*associations.tests, *lists]
    if twice := repeated(test.id for test in tests):
        raise ValueError(f"probe.benchmarks: a file is named {twice!r}, as a test of probe.associations; rename one")
    return Probing(prompts, groups, benchmarks, replace(associations, tests=tuple(tests)))


def check_writable(asked: Probing, tokenizer_file: Path, normalise: Normalise) -> None:
    """Raise ValueError for a word that this saved tokenizer (tokenizer.json) turns into its unknown token."""
    # Nothing but the file is read, so that a word which cannot be written stops the run before anything is trained.
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    model = json.loads(tokenizer_file.read_text(encoding="utf-8"))["model"]
    # Unigram models name the unknown token by its number, all others by its text.
    unknown = {model.get("unk_id"), tokenizer.token_to_id(model.get("unk_token") or "")} - {None}
    for candidate in asked.candidates:
        tokens = tokenizer.encode(" " + normalise(candidate.term), add_special_tokens=False).ids
        if not tokens or unknown & set(tokens):
            raise candidate.refused("an unknown token")


def probe_digests(config: ProbeConfig, root: Path = Path(".")) -> dict[str, str]:
    """SHA-256 of every file that is asked from, by its path in params.yaml."""
    paths = [config.prompts, config.groups, *config.benchmarks, config.associations]
    return {path: sha256(root / path) for path in paths if path}
