"""Parts of the training texts by whole sittings: halves of one corpus, doses of a model, a mixture's text of a corpus.

The sittings of a text are put in an order, by day or by hash, and a part is what comes first in it, to the exact token:
one sitting at most is cut, and a smaller part lies in every larger one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hansard_bias.models.ngram import ORDER
from hansard_bias.params import Config
from hansard_bias.randomness import UInt64, mix, stable_hash, stable_hashes
from hansard_bias.tokens.encoded import EncodedCorpus, Windows
from hansard_bias.yardsticks.tables import AT_RANDOM, BY_TIME, DOSES, OWN, PartFacts

# Where sittings are so unequal that a half holds less of the whole, halves are not what they are compared as.
LEAST_SHARE = 0.25


@dataclass(frozen=True)
class Part:
    """What an n-gram model learns from; no window where there is a reason for it."""

    facts: PartFacts
    windows: Windows


@dataclass(frozen=True)
class Text:
    """Training windows and their sittings; all arrays have shape [windows]."""

    windows: Windows
    days: npt.NDArray[np.datetime64]
    sittings: UInt64
    """Of each window's sitting a random number, which the corpus's name and the day decide."""

    @classmethod
    def of(cls, windows: Windows, corpora: Mapping[str, EncodedCorpus]) -> Text:
        """corpora: those that the windows were cut from, in their order."""
        days = np.zeros(len(windows), dtype="datetime64[D]")
        sittings = np.zeros(len(windows), dtype=np.uint64)
        for number, (name, corpus) in enumerate(corpora.items()):
            inside = windows.corpus == number
            # An empty speech begins where the next one does, and has no window.
            speech = np.searchsorted(corpus.starts, windows.start[inside], side="right") - 1
            days[inside] = pc.cast(corpus.index["sitting"], pa.date32()).to_numpy()[speech]
            unique, which = np.unique(days[inside], return_inverse=True)
            drawn = mix(stable_hash("parts of a training text"), stable_hashes(f"{name}/{day}" for day in unique))
            sittings[inside] = drawn[which]
        return cls(windows, days, sittings)

    @property
    def tokens(self) -> int:
        """How many tokens it holds."""
        return int(self.windows.length.sum())

    def take(self, rows: npt.NDArray[np.int64]) -> Text:
        """The windows in these rows, in this order."""
        return Text(self.windows.take(rows), self.days[rows], self.sittings[rows])

    def of_corpus(self, number: int) -> Text:
        """The windows of one of the corpora."""
        return self.take(np.flatnonzero(self.windows.corpus == number))

    def leading(self, order: npt.NDArray[np.generic], tokens: int) -> Text:
        """What comes first when its sittings are read in `order`, shape [windows]: exactly so many tokens."""
        windows = self.windows
        rows = np.lexsort((windows.start, windows.corpus, order))
        ends = np.cumsum(windows.length[rows])
        count = int(np.searchsorted(ends, tokens)) + 1 if tokens else 0
        found = self.take(rows[:count])
        length = found.windows.length.copy()
        # The last window ends where the part does, and a mark of the end is put only where a speech does.
        length[-1:] -= ends[count - 1 : count] - tokens
        return replace(found, windows=replace(found.windows, length=length))


def parts_of(texts: Mapping[str, Windows], config: Config, corpora: Mapping[str, EncodedCorpus]) -> Iterator[Part]:
    """All parts of a study, in the order of names; texts: the training windows of every model."""
    # By name, as everything here: no part depends on the order of entries in params.yaml.
    numbers = {name: [*corpora].index(name) for name in sorted(corpora)}
    known = {model: Text.of(texts[model], corpora) for model in sorted(texts)}
    # All models have so much text: a dose of one is as long as the same dose of another.
    shared = min((text.tokens for text in known.values()), default=0)
    for corpus in numbers:
        own = config.own_model(corpus)
        yield from _halves(corpus, known[own]) if own else _no_halves(corpus)
    for model, text in known.items():
        for kind, parts in DOSES.items():
            yield _part(kind, model, [*numbers], _dose(text, shared // parts, [*numbers.values()]))
    for model, text in known.items():
        mixed = sorted(config.models[model].mixture)
        if len(mixed) == 2 and all(map(config.own_model, mixed)):
            yield from (_part(OWN, model, [corpus], text.of_corpus(numbers[corpus])) for corpus in mixed)


def _part(kind: str, name: str, reads: list[str], text: Text) -> Part:
    if text.tokens < ORDER:
        reason = f"{text.tokens} tokens would be left to learn from, and an n-gram has {ORDER}"
        return _none(kind, name, reads, reason)
    days = (str(text.days.min()), str(text.days.max()))
    facts = PartFacts(kind, name, tuple(reads), text.tokens, len(np.unique(text.sittings)), *days)
    return Part(facts, text.windows)


def _none(kind: str, name: str, reads: list[str], reason: str) -> Part:
    nothing = np.zeros(0, dtype=np.int64)
    windows = Windows(nothing.astype(np.int32), nothing, nothing, nothing, nothing.astype(np.uint64))
    return Part(PartFacts(kind, name, tuple(reads), reason=reason), windows)


def _no_halves(corpus: str) -> Iterator[Part]:
    for kind in (*BY_TIME, *AT_RANDOM):
        yield _none(kind, corpus, [corpus], f"no model learns from {corpus} alone")


def _halves(corpus: str, text: Text) -> Iterator[Part]:
    """Early against late, and two at random: both of a pair have as many tokens, and no sitting in common."""
    for kinds, order in ((BY_TIME, text.days), (AT_RANDOM, text.sittings)):
        unique, place = np.unique(order, return_inverse=True)
        before = np.cumsum(np.bincount(place, weights=text.windows.length).astype(np.int64))[:-1]
        smaller = np.minimum(before, text.tokens - before)
        if smaller.max(initial=0) < LEAST_SHARE * text.tokens:
            what = f"its {text.tokens} training tokens cannot be halved between whole sittings"
            reason = f"{what} (there are {len(unique)}, or one holds most of the text)"
            yield from (_none(kind, corpus, [corpus], reason) for kind in kinds)
            continue
        cut = int(np.argmax(smaller))
        # One from each end: what the larger one has too much lies at the cut, and is left out.
        for kind, side, ranks in zip(kinds, (place <= cut, place > cut), (place, -place), strict=True):
            rows = np.flatnonzero(side)
            yield _part(kind, corpus, [corpus], text.take(rows).leading(ranks[rows], int(smaller[cut])))


def _dose(text: Text, tokens: int, numbers: list[int]) -> Text:
    """So many tokens, of each corpus its share of the text; numbers: the corpora, in the order of their names."""
    own = [text.of_corpus(number) for number in numbers]
    # Whole numbers with exactly this sum.
    wanted = np.diff(tokens * np.cumsum([each.tokens for each in own]) // text.tokens, prepend=0)
    found = [each.leading(each.sittings, int(share)) for each, share in zip(own, wanted, strict=True)]
    columns = zip(*(vars(each.windows).values() for each in found), strict=True)
    days, sittings = (np.concatenate([getattr(each, name) for each in found]) for name in ("days", "sittings"))
    return Text(Windows(*map(np.concatenate, columns)), days, sittings)
