"""Everything that the models are asked: the files which params.yaml names under `probe`, read and checked together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from hansard_bias.config import ProbeConfig
from hansard_bias.measurement.benchmarks import Benchmark, load_benchmarks
from hansard_bias.measurement.frames import Filling, Surface
from hansard_bias.measurement.prompts import Group, Prompt, load_groups, load_prompts
from hansard_bias.measurement.word_sets import Associations, load_associations
from hansard_bias.paths import sha256


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
    def fillings(self) -> Iterator[Filling]:
        """Everything that a tokenizer must be able to write, with the place where a user finds it."""
        for group in self.groups:
            yield from (Filling(f"group {group.name}: term", term) for term in group.terms)
        for benchmark in self.benchmarks:
            for item in benchmark.items:
                where = f"{benchmark.path}:{item.line}: answer"
                yield from (Filling(where, answer) for answer in (item.favorable, item.unfavorable))
        yield from (Filling("probe.associations: word", word) for word in self.associations.words)


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


def check_writable(asked: Probing, tokenizer_file: Path, surface: Surface) -> None:
    """Raise ValueError for a word that this saved tokenizer (tokenizer.json) turns into its unknown token.

    Nothing but the file is read, so that a word which cannot be written stops the run before anything is trained.
    """
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    model = json.loads(tokenizer_file.read_text(encoding="utf-8"))["model"]
    unknown = {model.get("unk_id"), tokenizer.token_to_id(model.get("unk_token") or "")} - {None}
    for filling in asked.fillings:
        pieces = tokenizer.encode(" " + surface(filling.term), add_special_tokens=False).ids
        if not pieces or unknown & set(pieces):
            raise ValueError(f"{filling.owner} {filling.term!r} encodes to an unknown token; remove it or reword it")


def probe_digests(config: ProbeConfig, root: Path = Path(".")) -> dict[str, str]:
    """SHA-256 of every file that is asked from, by its path in params.yaml."""
    paths = [config.prompts, config.groups, *config.benchmarks, config.associations]
    return {path: sha256(root / path) for path in paths if path}
