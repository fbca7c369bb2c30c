"""The sections of params.yaml about text: `sample`, `corpora`, `models`, `clean`, `align`."""

from __future__ import annotations

import codecs
import datetime
import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated

from hansard_bias.params.validation import Check, Section, at_least, did_you_mean, one_of, require

# What a person can be in a debate; `corpora.schema` holds readers to the same words.
ROLES = ("member", "chair", "minister", "witness", "crowd")
SPLITS = ("train", "validation", "test")
# What parts the cells of a text table, the likeliest first; and what its quotes mean: whether they hold a cell together
# (a quote inside is then written twice), and whether a backslash takes the meaning from what follows.
SIGNS = (",", ";", "\t", "|")
QUOTINGS = {
    "doubled": (True, False),
    "backslash": (True, True),
    "none": (False, False),
    "none_backslash": (False, True),
}
# The weekdays of 19 years on which a generated legislature may sit.
MOST_SITTINGS = 2_800

SittingDays = Annotated[int, Check(lambda days: 12 <= days <= MOST_SITTINGS, f"12 to {MOST_SITTINGS} sitting days")]
Share = Annotated[float, Check(lambda share: 0 < share < 1, "a share between 0 and 1")]


@dataclass(frozen=True)
class SampleConfig(Section, key="sample"):
    """The generated legislatures."""

    seed: int
    speeches: int  # speeches of each legislature, before the noise is added
    sittings: SittingDays  # sitting days of each legislature

    def __post_init__(self) -> None:
        super().__post_init__()
        least = 10 * self.sittings
        require(self.speeches >= least, "sample.speeches", self.speeches, f"at least {least}, ten a sitting")


@dataclass(frozen=True)
class ColumnsConfig:
    """What the columns of a `table` archive are called; an empty name means that there is no such column.

    A dotted name goes down into nested JSON: `speech.text`.
    """

    text: str
    date: str = ""  # or else the corpus has a `file_date`
    speaker: str | tuple[str, ...] = ""  # several: the parts of a name, in the order in which they are joined
    role: str = ""
    topic: str = ""
    id: str = ""  # only told with a record's source: speech ids count the records of a sitting, as in every corpus
    # How a day is written, in the codes of `strptime`; empty: found where it can be one day only. "%Y" for years alone.
    date_format: str = ""
    delimiter: str = ""  # what parts the cells of a text table; empty: found from each file's content, as is the next
    quoting: str = ""  # one of QUOTINGS
    roles: dict[str, str] = field(default_factory=dict)  # what words for a role or speaker mean: {Presidency: chair}
    # Whether rows that share an id are parts of one speech: join or apart; empty: found from their speakers and days.
    repeated_ids: str = ""

    def check(self, key: str, file_date: str = "") -> None:
        """Validate the names and the way to write days; `key` is this section's place in params.yaml."""
        for name in ("text",) if file_date else ("text", "date"):
            require(bool(getattr(self, name)), f"{key}.{name}", getattr(self, name), "the name of a column")
        one_day = "no column with days beside file_date"
        require(not (file_date and self.date), f"{key}.date", self.date, one_day, "remove one of the two")
        expected = 'codes of strptime for year, month and day such as "%d/%m/%Y", or "%Y" for years alone'
        readable = not self.date_format or tells_the_day(self.date_format)
        require(readable, f"{key}.date_format", self.date_format, expected)
        plain = len(self.delimiter) < 2 and self.delimiter not in ('"', "\\", "\n", "\r", " ")
        require(plain, f"{key}.delimiter", self.delimiter, r'one sign such as ";" or "\t" (a tab)')
        for name, words in (("quoting", tuple(QUOTINGS)), ("repeated_ids", ("join", "apart"))):
            require(getattr(self, name) in ("", *words), f"{key}.{name}", getattr(self, name), one_of(words).expected)
        for word, role in self.roles.items():
            require(role in ROLES, f"{key}.roles.{word}", role, one_of(ROLES).expected)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The columns of the parts of a speaker's name."""
        return (self.speaker,) if isinstance(self.speaker, str) else self.speaker

    def names(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(filter(None, (self.text, self.date, *self.speakers, self.role, self.topic, self.id)))


def tells_the_day(date_format: str) -> bool:
    """Whether a day, or else a month or year, survives being written and read in a form of `strptime`."""
    # Any day after the 12th: one that could be a month would hide that the two were swapped.
    day = datetime.datetime(2017, 6, 18)
    try:
        read = datetime.datetime.strptime(day.strftime(date_format), date_format)
    except ValueError:
        return False
    return read.date() in (day.date(), datetime.date(2017, 6, 1), datetime.date(2017, 1, 1))


@dataclass(frozen=True)
class JoinConfig:
    """A second table, whose columns stand beside those of the speeches where a key is the same."""

    path: str
    key: str  # the column with the key in the table of speeches
    their_key: str = ""  # and in the second table; empty: it is called the same

    def check(self, key: str) -> None:
        """Validate what can be known without looking for the table; `key` is this section's place in params.yaml."""
        require(bool(self.path), f"{key}.path", self.path, "the path of a table")
        require(bool(self.key), f"{key}.key", self.key, "the name of a column")


@dataclass(frozen=True)
class CorpusConfig:
    """One archive of debates. What stands behind `path` and before `licence`, only some readers take."""

    label: str  # one short name, as in tables: A, B
    reader: str
    path: str
    columns: ColumnsConfig | None = None
    encoding: str = ""  # of the files that are not UTF-8; empty: found from their content
    file_date: str = ""  # where no column has the day: how a file's name tells it, in the codes of `strptime`
    join: JoinConfig | None = None
    where: dict[str, str | tuple[str, ...]] = field(default_factory=dict)  # the records to keep: column, its value(s)
    licence: str = ""  # the licence of the archive, told in model cards; empty: not stated

    def check(self, name: str) -> None:
        """Validate what depends on the corpus's name; `corpora.readers` knows the readers, and what they take."""
        key = f"corpora.{name}"
        require(bool(self.path), f"{key}.path", self.path, "the path of the archive")
        if self.columns is not None:
            self.columns.check(f"{key}.columns", self.file_date)
        expected = "the name of an encoding such as windows-1250"
        require(not self.encoding or is_encoding(self.encoding), f"{key}.encoding", self.encoding, expected)
        expected = 'the part of the name that tells the day, such as "%Y-%m-%d" or "debates_%d%m%Y"'
        require(not self.file_date or tells_the_day(self.file_date), f"{key}.file_date", self.file_date, expected)
        if self.join is not None:
            self.join.check(f"{key}.join")
        for column, values in self.where.items():
            require(bool(values), f"{key}.where.{column}", values, "a value of this column, or a list of them")

    def selected(self, column: str) -> tuple[str, ...]:
        """The values of a column that `where` keeps; none where all are kept."""
        values = self.where.get(column, ())
        return (values,) if isinstance(values, str) else values


def is_encoding(name: str) -> bool:
    """Whether Python knows this as an encoding of text."""
    try:
        return bool(codecs.lookup(name)._is_text_encoding)
    except LookupError:
        return False


@dataclass(frozen=True)
class MixtureConfig:
    """One model: its label, and the share of its training text that each corpus gives, or the folder in which it is."""

    label: str
    mixture: dict[str, float] = field(default_factory=dict)
    folder: str = ""  # of a model that is there already: it is read and probed with its own tokenizer, never trained

    def check(self, name: str, corpora: Collection[str]) -> None:
        """Validate the corpora named and their weights; whether a folder holds a model, `given` knows."""
        key, known = f"models.{name}.mixture", ", ".join(corpora)
        if self.folder:
            require(not self.mixture, key, self.mixture, "no mixture beside a folder: such a model is never trained")
            return
        remedy = "or name the `folder` of a model that is there already"
        require(bool(self.mixture), key, self.mixture, f"at least one of the corpora {known}", remedy)
        for corpus, weight in self.mixture.items():
            require(corpus in corpora, key, corpus, f"a corpus of params.yaml ({known})", did_you_mean(corpus, corpora))
            require(0 < weight <= 1, f"{key}.{corpus}", weight, "a weight above 0 and at most 1")
        total = sum(self.mixture.values())
        require(_is_one(total), key, self.mixture, f"weights that sum to 1 (these sum to {total:g})")

    @property
    def is_single(self) -> bool:
        """Whether one corpus alone makes this model's training text."""
        return len(self.mixture) == 1


def _is_one(total: float) -> bool:
    # Decimal shares add up to 1 only within rounding.
    return math.isclose(total, 1.0, abs_tol=1e-6)


@dataclass(frozen=True)
class CleanConfig(Section, key="clean"):
    """One surface form for all corpora."""

    lowercase: bool
    min_characters: Annotated[int, at_least(1, "1 or more characters")]
    drop_procedural: bool  # leave out formulas such as "Agreed." and "Thank you."
    drop_roles: tuple[str, ...]  # roles left out: any of member, chair, minister, witness, crowd

    def __post_init__(self) -> None:
        super().__post_init__()
        for role in self.drop_roles:
            require(role in ROLES, "clean.drop_roles", role, one_of(ROLES).expected)


@dataclass(frozen=True)
class SplitConfig(Section, key="align.split"):
    """Shares of the sittings that go to each split, and what is dealt as one."""

    train: Share
    validation: Share
    test: Share
    # month: all sittings of a calendar month go to one split, so that few tests are of the agenda of a training day.
    by: Annotated[str, one_of(("sitting", "month"))] = "sitting"

    def __post_init__(self) -> None:
        super().__post_init__()
        shares = {name: getattr(self, name) for name in SPLITS}
        total = sum(shares.values())
        require(_is_one(total), "align.split", shares, f"shares that sum to 1 (not {total:g})")


@dataclass(frozen=True)
class AlignConfig(Section, key="align"):
    """Common window, periods, budget, splits and near-duplicates."""

    first_day: datetime.date
    last_day: datetime.date
    period: Annotated[str, one_of(("quarter", "year", "none"))]
    budget: Annotated[str, one_of(("balanced", "full"))]
    split: SplitConfig
    seed: int
    # Jaccard similarity of word 5-grams from which two speeches are near-duplicates.
    near_duplicate: Annotated[float, Check(lambda similarity: 0.5 <= similarity <= 1, "0.5 to 1")]
    # Similarity is of word 5-grams: a shorter speech has none.
    # Shorter speeches are formulaic: only exact repetitions are removed.
    near_duplicate_min_words: Annotated[int, at_least(5, "5 or more words")]

    def __post_init__(self) -> None:
        super().__post_init__()
        days = f"{self.first_day} to {self.last_day}"
        require(self.first_day <= self.last_day, "align.first_day", days, "a first day not after the last")
