"""Random halves of one legislature, read as a study of two would: `dvc repro halvings`.

Every halving deals the sittings of one legislature into two "houses" at random, and those of each house into training
and test text. N-gram models of both, and the yardsticks of each, read the test text of each: there is nothing to find
(method.md section 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hansard_bias.base.files import ENCODED, HALVINGS, write_json
from hansard_bias.base.parallel import in_order
from hansard_bias.models.ngram import KneserNey, Texts
from hansard_bias.params import Config
from hansard_bias.randomness import mix, stable_hash, stable_hashes
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows, read_encoded
from hansard_bias.training.data import trim
from hansard_bias.yardsticks.houses import HOUSES, as_two
from hansard_bias.yardsticks.parts import parts_of
from hansard_bias.yardsticks.reading import Ngrams
from hansard_bias.yardsticks.tables import AT_RANDOM, BY_TIME, HALF

TRAIN = 0.7
# Sittings that a house needs: halves of its training text, and test days that can differ.
LEAST_SITTINGS = 16
# Tokens that a house learns from at most: what a hundred halvings may cost.
MOST_TOKENS = 150_000
YARDSTICKS = (*BY_TIME, *AT_RANDOM, HALF)

Rows = dict[str, npt.NDArray[np.int64]]


def run(config: Config, root: Path = Path(".")) -> None:
    """Write data/halvings.json: by corpus the halvings, or the reason why there are none."""
    write_json(root / HALVINGS, {name: _halvings(name, config, root) for name in config.corpora})


def _halvings(name: str, config: Config, root: Path) -> dict[str, Any]:
    sittings = len(set(read_encoded(root / ENCODED / name).index["sitting"].to_pylist()))
    if not config.bias.halvings:
        return {"reason": "bias.halvings is 0", "halvings": []}
    if sittings < 2 * LEAST_SITTINGS:
        return {"reason": f"{sittings} sittings, expected {2 * LEAST_SITTINGS} or more", "halvings": []}
    task = partial(halving, name=name, config=as_two(config), root=root)
    found = [each for each in in_order(task, range(config.bias.halvings)) if each is not None]
    return {"reason": "" if found else "no halving left both houses with text to read", "halvings": found}


def halving(number: int, name: str, config: Config, root: Path) -> dict[str, Any] | None:
    """One halving: by house its sittings with tokens, bytes and the surprisal sums of all models; and what these are.

    Sums by sitting say all that the statistics ask where speakers are not told apart: both houses have the same ones.
    None where a house has no text to learn from or to read.
    """
    corpus = read_encoded(root / ENCODED / name)
    rows = dealt(corpus, name, number)
    if any(not len(part) for house in rows.values() for part in house.values()):
        return None
    sources = dict.fromkeys(HOUSES, corpus)
    ngrams, windows = Ngrams.of(sources, root), _training(rows, corpus, config)
    told = {house: _TestText(corpus, rows[house]["test"], ngrams) for house in HOUSES}
    facts = []
    for model, learned in windows.items():
        known = ngrams.learn(learned)
        for house in HOUSES:
            told[house].read(f"model {model}", known)
    # What the verdict looks at; smaller doses are for the learning curve.
    for part in (each for each in parts_of(windows, config, sources) if each.facts.kind in YARDSTICKS):
        facts.append(asdict(part.facts))
        if not part.facts.reason:
            known = ngrams.learn(part.windows)
            for house in part.facts.reads:
                told[house].read(f"{part.facts.kind} {part.facts.name}", known)
    return {"facts": facts, "houses": {house: each.sums for house, each in told.items()}}


class _TestText:
    """The test speeches of a house, and sums over each of its sittings."""

    def __init__(self, corpus: EncodedCorpus, rows: npt.NDArray[np.int64], ngrams: Ngrams) -> None:
        index = corpus.index.take(rows)
        days, self._sitting = np.unique(np.array(index["sitting"].to_pylist()).astype(str), return_inverse=True)
        self._lengths, self._texts = corpus.lengths[rows], Texts.of([(corpus, rows)], ngrams.begin, ngrams.end)
        self.sums: dict[str, Any] = {"sittings": days.tolist()}
        self._add("tokens", self._lengths)
        self._add("bytes", index["bytes"].to_numpy())

    def read(self, name: str, known: KneserNey) -> None:
        """Add the surprisals under a model, in nats, without those of ends, which no masked model scores."""
        nats, ends = known.surprisals(self._texts), np.cumsum(self._lengths + 1) - 1
        nats[ends] = 0.0
        owner = np.repeat(np.arange(len(self._lengths)), self._lengths + 1)
        self._add(name, np.bincount(owner, nats, len(self._lengths)))

    def _add(self, name: str, values: npt.NDArray[Any]) -> None:
        self.sums[name] = np.bincount(self._sitting, values).tolist()


def dealt(corpus: EncodedCorpus, name: str, number: int) -> dict[str, Rows]:
    """Rows of training and test speeches of both houses, dealt by sitting."""
    days = np.array(corpus.index["sitting"].to_pylist()).astype(str)
    drawn = mix(stable_hash(f"halving {number} of {name}"), stable_hashes(days.tolist()))
    share, second = (drawn % 1_000_003) / 1_000_003, (drawn >> np.uint64(40)) % 2 == 1
    return {
        house: {"train": np.flatnonzero(inside & (share < TRAIN)), "test": np.flatnonzero(inside & (share >= TRAIN))}
        for house, inside in zip(HOUSES, (~second, second), strict=True)
    }


def _training(rows: dict[str, Rows], corpus: EncodedCorpus, config: Config) -> Mapping[str, Windows]:
    """The windows of both houses, of equal numbers of tokens."""
    empty, positions = np.zeros(0, dtype=np.int64), config.model.max_position_embeddings
    windows = {
        house: cut_windows([corpus, corpus], [rows[house]["train"] if h == house else empty for h in HOUSES], positions)
        for house in HOUSES
    }
    budget = min(MOST_TOKENS, *(int(each.length.sum()) for each in windows.values()))
    return {house: trim(each, budget) for house, each in windows.items()}
