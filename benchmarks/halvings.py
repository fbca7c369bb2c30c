"""Does a study of two halves of one legislature get a "Yes"? Halvings of real text at random, by n-gram models.

python benchmarks/halvings.py STUDY [--corpus NAME] [--halvings 100]

STUDY is the folder of a finished study: its encoded text and tokenizer are read, nothing is written. Every halving
deals the sittings of one legislature into two "houses" at random, and those of each house into training and test text;
n-gram models of both, and the yardsticks of each, are compared by the rule of the verdict.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.yardsticks import Yardsticks, yardstick_findings
from hansard_bias.analysis.speeches import Losses
from hansard_bias.base.files import ENCODED
from hansard_bias.models.ngram import KneserNey, Texts
from hansard_bias.params import Config, MixtureConfig, load_config
from hansard_bias.randomness import mix, stable_hash, stable_hashes
from hansard_bias.tokens.encoded import EncodedCorpus, cut_windows, read_encoded
from hansard_bias.training.data import trim
from hansard_bias.yardsticks.parts import parts_of
from hansard_bias.yardsticks.reading import Ngrams
from hansard_bias.yardsticks.tables import Parts

HOUSES = ("first", "second")
TRAIN = 0.7


def houses(config: Config) -> Config:
    """The study's settings for two legislatures by these names, with a model of each."""
    corpus = next(iter(config.corpora.values()))
    corpora = {name: replace(corpus, label=name[0].upper()) for name in HOUSES}
    models = {name: MixtureConfig(name[0].upper(), {name: 1.0}) for name in HOUSES}
    train = replace(config.train, seeds=(1,))
    return replace(config, corpora=corpora, models=models, train=train)


def halving(corpus: EncodedCorpus, number: int) -> dict[str, dict[str, np.ndarray]]:
    """Rows of training and test speeches of both houses, dealt by sitting."""
    days = np.array(corpus.index["sitting"].to_pylist()).astype(str)
    drawn = mix(stable_hash(f"halving {number}"), stable_hashes(days.tolist()))
    share, second = (drawn % 1_000_003) / 1_000_003, (drawn >> np.uint64(40)) % 2 == 1
    dealt = {}
    for house, inside in zip(HOUSES, (~second, second), strict=True):
        dealt[house] = {
            "train": np.flatnonzero(inside & (share < TRAIN)),
            "test": np.flatnonzero(inside & (share >= TRAIN)),
        }
    return dealt


def compare(
    rows: dict[str, dict[str, np.ndarray]],
    sources: dict[str, EncodedCorpus],
    ngrams: Ngrams,
    config: Config,
    root: Path,
) -> Yardsticks:
    """The yardsticks' section of two houses."""
    corpora = [sources[name] for name in HOUSES]
    empty = np.zeros(0, dtype=np.int64)
    positions = config.model.max_position_embeddings
    windows = {
        name: cut_windows(corpora, [rows[name]["train"] if other == name else empty for other in HOUSES], positions)
        for name in HOUSES
    }
    budget = min(int(each.length.sum()) for each in windows.values())
    windows = {name: trim(each, budget) for name, each in windows.items()}
    tests = {name: Texts.of([(sources[name], rows[name]["test"])], ngrams.begin, ngrams.end) for name in HOUSES}

    def read(known: KneserNey, name: str) -> np.ndarray:
        lengths = sources[name].lengths[rows[name]["test"]]
        nats, ends = known.surprisals(tests[name]), np.cumsum(lengths + 1) - 1
        nats[ends] = 0.0
        return np.bincount(np.repeat(np.arange(len(lengths)), lengths + 1), nats, len(lengths))

    models = {name: ngrams.learn(each) for name, each in windows.items()}
    losses, companion = {}, {}
    for name in HOUSES:
        index = sources[name].index.take(rows[name]["test"])
        lengths = sources[name].lengths[rows[name]["test"]].astype(float)
        nats = np.array([[read(models[model], name)] for model in HOUSES])
        days = np.array(index["sitting"].to_pylist()).astype(str)
        nobody = np.full(len(days), "")
        losses[name] = Losses(nats, lengths, 4 * lengths, days, nobody, tuple(index["speech_id"].to_pylist()))
        companion[name] = nats
    facts, nats = [], {}
    for part in parts_of(windows, config, dict(zip(HOUSES, corpora, strict=True))):
        facts.append(part.facts)
        if not part.facts.reason:
            known = ngrams.learn(part.windows)
            for name in part.facts.reads:
                nats[part.facts.kind, part.facts.name, name] = read(known, name)
    data = StudyData(config, root)
    data.__dict__.update(losses=losses, companion=companion, parts=Parts(tuple(facts), nats))
    return yardstick_findings(data).section


def verdict(found: Yardsticks) -> tuple[bool, list[float], list[float]]:
    """Whether every model pays more than its yardstick, the excesses at half of the text, and the yardsticks."""
    each = [against for row in found.excess.values() for against in row.values()]
    halves = [float("nan") if a.companion_half is None else a.companion_half.value for a in each]
    sticks = [float("nan") if a.yardstick is None else a.yardstick.value for a in each]
    return all(a.companion_beyond for a in each), halves, sticks


def one(task: tuple[Path, str, int]) -> tuple[bool, list[float], list[float]]:
    """The verdict on one halving."""
    root, name, number = task
    os.chdir(root)
    config = load_config(root / "params.yaml")
    corpus = read_encoded(root / ENCODED / name)
    sources = dict.fromkeys(HOUSES, corpus)
    return verdict(compare(halving(corpus, number), sources, Ngrams.of(sources, root), houses(config), root))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--corpus", default="", help="one legislature; all by default")
    parser.add_argument("--halvings", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    root = arguments.study.resolve()
    names = [arguments.corpus] if arguments.corpus else list(load_config(root / "params.yaml").corpora)
    columns = ["halves of", "halvings", "\u201cYes\u201d", "excess, mean", "yardstick, mean", "seconds"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    with Pool(arguments.processes) as pool:
        for name in names:
            started = time.perf_counter()
            found = pool.map(one, [(root, name, number) for number in range(arguments.halvings)], chunksize=1)
            yes = sum(each[0] for each in found)
            sizes = [f"{np.nanmean([each[at] for each in found]):.3f}" for at in (1, 2)]
            seconds = f"{time.perf_counter() - started:.0f}"
            print("| " + " | ".join([name, str(len(found)), str(yes), *sizes, seconds]) + " |", flush=True)


if __name__ == "__main__":
    main()
