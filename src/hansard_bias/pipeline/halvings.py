"""Does a study of two halves of one legislature get a "Yes", on the user's own text? `dvc repro halvings`.

Every halving deals the sittings of one legislature into two "houses" at random, and those of each house into training
and test text. N-gram models of both, and the yardsticks of each, are compared by the rule of the verdict, as if they
were two legislatures: there is nothing to find (method.md section 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.yardsticks import Against, yardstick_findings
from hansard_bias.analysis.record_files import to_json
from hansard_bias.analysis.speeches import Losses
from hansard_bias.analysis.stage_records import HalvingsOf
from hansard_bias.base.files import ENCODED, HALVINGS, write_json
from hansard_bias.base.parallel import in_order
from hansard_bias.models.ngram import KneserNey, Texts
from hansard_bias.params import Config, MixtureConfig
from hansard_bias.randomness import mix, stable_hash, stable_hashes
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows, read_encoded
from hansard_bias.training.data import trim
from hansard_bias.yardsticks.parts import parts_of
from hansard_bias.yardsticks.reading import Ngrams
from hansard_bias.yardsticks.tables import PartFacts, Parts

HOUSES = ("first", "second")
TRAIN = 0.7
# Sittings that a house needs: halves of its training text, and test days that can differ.
LEAST_SITTINGS = 16
# Tokens that a house learns from at most: what a hundred halvings may cost.
MOST_TOKENS = 150_000

Rows = dict[str, npt.NDArray[np.int64]]
Outcome = tuple[bool, int, int, float, float]


def run(config: Config, root: Path = Path(".")) -> None:
    """Write data/halvings.json: of every corpus, how many halvings were told apart by the verdict and by the excess."""
    write_json(root / HALVINGS, {name: to_json(_halvings(name, config, root)) for name in config.corpora})


def _halvings(name: str, config: Config, root: Path) -> HalvingsOf:
    sittings = len(set(read_encoded(root / ENCODED / name).index["sitting"].to_pylist()))
    if not config.bias.halvings:
        return HalvingsOf(reason="bias.halvings is 0")
    if sittings < 2 * LEAST_SITTINGS:
        return HalvingsOf(reason=f"{sittings} sittings, expected {2 * LEAST_SITTINGS} or more")
    task = partial(halving, name=name, config=houses(config), root=root)
    found = [each for each in in_order(task, range(config.bias.halvings)) if each is not None]
    if not found:
        return HalvingsOf(reason="no halving left both houses with text to read")
    yes, rejected, tests, excess, yardstick = (list(each) for each in zip(*found, strict=True))
    sizes = float(np.mean(excess)), float(np.mean(yardstick))
    return HalvingsOf(len(found), sum(yes), sum(tests), sum(rejected), *sizes)


def houses(config: Config) -> Config:
    """The study's settings for two legislatures by these names, with a model of each."""
    corpus = next(iter(config.corpora.values()))
    corpora = {name: replace(corpus, label=name[0].upper()) for name in HOUSES}
    models = {name: MixtureConfig(name[0].upper(), {name: 1.0}) for name in HOUSES}
    return replace(config, corpora=corpora, models=models, train=replace(config.train, seeds=(1,)))


def halving(number: int, name: str, config: Config, root: Path) -> Outcome | None:
    """One halving: whether the verdict says "Yes", rejections and tests of the excess, its mean, and the yardstick's.

    None where a house has no text to learn from or to read.
    """
    corpus = read_encoded(root / ENCODED / name)
    rows = dealt(corpus, name, number)
    if any(not len(part) for house in rows.values() for part in house.values()):
        return None
    data = _study(rows, corpus, config, root)
    found = yardstick_findings(data).section.excess
    each = [against for row in found.values() for against in row.values()]
    p = [
        float(data.losses[house].mean(np.diff(data.companion[house][:: 1 if place else -1, 0], axis=0)).p)
        for place, house in enumerate(HOUSES)
    ]
    rejected = [value < 1 - config.bias.confidence for value in p if np.isfinite(value)]
    halves, sticks = (
        [getattr(against, field).value for against in each if getattr(against, field)]
        for field in ("companion_half", "yardstick")
    )
    means = [float(np.mean(values)) if values else 0.0 for values in (halves, sticks)]
    return _says_yes(each), sum(rejected), len(rejected), means[0], means[1]


def _says_yes(each: list[Against]) -> bool:
    return all(against.companion_beyond for against in each)


def dealt(corpus: EncodedCorpus, name: str, number: int) -> dict[str, Rows]:
    """Rows of training and test speeches of both houses, dealt by sitting."""
    days = np.array(corpus.index["sitting"].to_pylist()).astype(str)
    drawn = mix(stable_hash(f"halving {number} of {name}"), stable_hashes(days.tolist()))
    share, second = (drawn % 1_000_003) / 1_000_003, (drawn >> np.uint64(40)) % 2 == 1
    return {
        house: {"train": np.flatnonzero(inside & (share < TRAIN)), "test": np.flatnonzero(inside & (share >= TRAIN))}
        for house, inside in zip(HOUSES, (~second, second), strict=True)
    }


def _study(rows: dict[str, Rows], corpus: EncodedCorpus, config: Config, root: Path) -> StudyData:
    """A study of the two houses, whose masked models are n-gram models too."""
    sources = dict.fromkeys(HOUSES, corpus)
    ngrams, windows = Ngrams.of(sources, root), _training(rows, corpus, config)
    models = {house: ngrams.learn(each) for house, each in windows.items()}
    read = partial(_nats, rows=rows, corpus=corpus, ngrams=ngrams)
    losses, companion = {}, {}
    for house in HOUSES:
        index = corpus.index.take(rows[house]["test"])
        companion[house] = np.array([[read(models[model], house)] for model in HOUSES])
        lengths = corpus.lengths[rows[house]["test"]].astype(np.float64)
        days, ids = np.array(index["sitting"].to_pylist()).astype(str), tuple(index["speech_id"].to_pylist())
        bytes_ = index["bytes"].to_numpy().astype(np.float64)
        losses[house] = Losses(companion[house], lengths, bytes_, days, np.full(len(days), ""), ids)
    facts: list[PartFacts] = []
    nats: dict[tuple[str, str, str], npt.NDArray[np.float64]] = {}
    for part in parts_of(windows, config, sources):
        facts.append(part.facts)
        if not part.facts.reason:
            known = ngrams.learn(part.windows)
            nats |= {(part.facts.kind, part.facts.name, house): read(known, house) for house in part.facts.reads}
    data = StudyData(config, root)
    data.__dict__.update(losses=losses, companion=companion, parts=Parts(tuple(facts), nats))
    return data


def _training(rows: dict[str, Rows], corpus: EncodedCorpus, config: Config) -> Mapping[str, Windows]:
    """The windows of both houses, of equal numbers of tokens."""
    empty, positions = np.zeros(0, dtype=np.int64), config.model.max_position_embeddings
    windows = {
        house: cut_windows([corpus, corpus], [rows[house]["train"] if h == house else empty for h in HOUSES], positions)
        for house in HOUSES
    }
    budget = min(MOST_TOKENS, *(int(each.length.sum()) for each in windows.values()))
    return {house: trim(each, budget) for house, each in windows.items()}


def _nats(
    known: KneserNey, house: str, rows: dict[str, Rows], corpus: EncodedCorpus, ngrams: Ngrams
) -> npt.NDArray[np.float64]:
    """Surprisal of every test speech of a house, without that of its end, which no masked model scores."""
    test = rows[house]["test"]
    lengths = corpus.lengths[test]
    nats, ends = known.surprisals(Texts.of([(corpus, test)], ngrams.begin, ngrams.end)), np.cumsum(lengths + 1) - 1
    nats[ends] = 0.0
    return np.bincount(np.repeat(np.arange(len(lengths)), lengths + 1), nats, len(lengths)).astype(np.float64)
