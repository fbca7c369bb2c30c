"""The sections of params.yaml about text: `sample`, `corpora`, `models`, `clean`."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection
from dataclasses import dataclass

from hansard_bias.params.validation import did_you_mean, require, require_one_of

ROLES = ("member", "chair", "minister", "witness", "crowd")
MOST_SITTINGS = 2_800
"""Of a generated legislature: the weekdays of 19 years on which it may sit."""


@dataclass(frozen=True)
class SampleConfig:
    """The generated legislatures."""

    seed: int
    speeches: int
    """Speeches of each legislature, before the noise is added."""
    sittings: int
    """Sitting days of each legislature."""

    def __post_init__(self) -> None:
        days = f"12 to {MOST_SITTINGS} sitting days"
        require(12 <= self.sittings <= MOST_SITTINGS, "sample.sittings", self.sittings, days)
        least = 10 * self.sittings
        require(self.speeches >= least, "sample.speeches", self.speeches, f"at least {least}, ten a sitting")


@dataclass(frozen=True)
class ColumnsConfig:
    """What the columns of a `table` archive are called; an empty name means that there is no such column."""

    text: str
    date: str
    speaker: str
    role: str = ""
    topic: str = ""
    id: str = ""
    """Only told with a record's source: speech ids count the records of a sitting, as in every corpus."""
    date_format: str = ""
    """How a day is written, in the codes of `strptime`; empty: ISO dates, with or without a time."""

    def check(self, key: str) -> None:
        """Validate the names and the way to write days; `key` is this section's place in params.yaml."""
        for name in ("text", "date", "speaker"):
            require(bool(getattr(self, name)), f"{key}.{name}", "", "the name of a column")
        readable = not self.date_format or _tells_the_day(self.date_format)
        expected = 'codes of strptime for year, month and day such as "%d/%m/%Y"'
        require(readable, f"{key}.date_format", self.date_format, expected)

    def names(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(filter(None, (self.text, self.date, self.speaker, self.role, self.topic, self.id)))


def _tells_the_day(date_format: str) -> bool:
    """Whether a day that is written this way can be read back."""
    day = datetime.datetime(2017, 6, 18)
    try:
        return datetime.datetime.strptime(day.strftime(date_format), date_format).date() == day.date()
    except ValueError:
        return False


@dataclass(frozen=True)
class CorpusConfig:
    """One archive of debates."""

    label: str
    """One short name, as in tables: A, B."""
    reader: str
    path: str
    columns: ColumnsConfig | None = None
    """For the reader `table` alone."""
    licence: str = ""
    """The licence of the archive, told in model cards; empty: not stated."""

    def check(self, name: str) -> None:
        """Validate what depends on the corpus's name; `corpora.readers` knows the readers, and which take columns."""
        key = f"corpora.{name}"
        require(bool(self.path), f"{key}.path", self.path, "the path of the archive")
        if self.columns is not None:
            self.columns.check(f"{key}.columns")


@dataclass(frozen=True)
class MixtureConfig:
    """One model to train: its label and the share of its training text that each corpus gives."""

    label: str
    mixture: dict[str, float]

    def check(self, name: str, corpora: Collection[str]) -> None:
        """Validate the corpora named and their weights."""
        key, known = f"models.{name}.mixture", ", ".join(corpora)
        require(bool(self.mixture), key, self.mixture, f"at least one of the corpora {known}")
        for corpus, weight in self.mixture.items():
            require(corpus in corpora, key, corpus, f"a corpus of params.yaml ({known})", did_you_mean(corpus, corpora))
            require(0 < weight <= 1, f"{key}.{corpus}", weight, "a weight above 0 and at most 1")
        total = sum(self.mixture.values())
        sums = math.isclose(total, 1.0, abs_tol=1e-6)
        require(sums, key, self.mixture, f"weights that sum to 1 (these sum to {total:g})")

    @property
    def is_single(self) -> bool:
        """Whether one corpus alone makes this model's training text."""
        return len(self.mixture) == 1


@dataclass(frozen=True)
class CleanConfig:
    """One surface form for all corpora."""

    lowercase: bool
    min_characters: int
    drop_procedural: bool
    """Leave out formulas such as "Agreed." and "Thank you."."""
    drop_roles: tuple[str, ...]
    """Roles left out: any of member, chair, minister, witness, crowd."""

    def __post_init__(self) -> None:
        require(self.min_characters >= 1, "clean.min_characters", self.min_characters, "1 or more characters")
        for role in self.drop_roles:
            require_one_of(ROLES, "clean.drop_roles", role)
