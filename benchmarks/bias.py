"""What the score half of `bias` costs on a study of the full size: 90,000 test speeches, 3 models, 5 seeds.

python benchmarks/bias.py

Scores, companions, parts and topics are made up, written as the stages write them, and read back as `bias` does; every
metric that does not ask about probes is measured, and the slices. The tokenizer is that of a finished sample.
"""

from __future__ import annotations

import argparse
import datetime
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.analysis.comparison import slice_rows
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.companion import companion
from hansard_bias.analysis.metrics.curve import learning_curve
from hansard_bias.analysis.metrics.days import day_findings
from hansard_bias.analysis.metrics.decomposition import decomposition
from hansard_bias.analysis.metrics.runs import without_shared
from hansard_bias.analysis.metrics.speakers import speaker_findings
from hansard_bias.analysis.metrics.topics import topic_findings
from hansard_bias.analysis.metrics.unigrams import unigram_findings
from hansard_bias.analysis.metrics.words import word_findings
from hansard_bias.analysis.metrics.yardsticks import yardstick_findings
from hansard_bias.base.files import ALIGNED, COMPANION, SCORES, TOKENIZER, run_name, sha256
from hansard_bias.params import Config, load_config
from hansard_bias.scoring.tables import FOLDS_KEY, TOKENIZER_KEY, write_scores
from hansard_bias.statistics.matrix import measure
from hansard_bias.yardsticks.tables import AT_RANDOM, BY_TIME, DOSES, OWN, PartFacts, Parts, Topic, Topics

SITTINGS = {"nunavut": 110, "canada": 330}
SHARES = {"nunavut": 0.25, "canada": 0.75}
SPEAKERS, TOPICS, CHUNK = 400, 20, 5000
METRICS = {
    "the matrix": lambda data: measure(data.sums, data.design),
    "companions": companion,
    "yardsticks": yardstick_findings,
    "decomposition": decomposition,
    "topics": topic_findings,
    "days": day_findings,
    "speakers": speaker_findings,
    "learning curve": learning_curve,
    "word frequencies": unigram_findings,
    "words": word_findings,
    "without shared text": without_shared,
    "slices": lambda data: list(slice_rows(data)),
}


def tables(corpus: str, count: int, vocabulary: int, seed: int) -> Iterator[pa.Table]:
    """The scores of one corpus under one run, a chunk of speeches at a time; token ids are the same for all runs."""
    days = [datetime.date(2000, 1, 1) + datetime.timedelta(days=at) for at in range(SITTINGS[corpus])]
    for start in range(0, count, CHUNK):
        text, luck = np.random.default_rng([len(corpus), start]), np.random.default_rng([len(corpus), start, seed])
        size = min(CHUNK, count - start)
        lengths = np.ceil(text.lognormal(3.8, 0.9, size=size)).astype(np.int64)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        ids = (vocabulary * text.random(lengths.sum()) ** 3).astype(np.uint16)
        nats = luck.gamma(4, 1, size=len(ids)).astype(np.float32)
        yield pa.table(
            {
                "speech_id": [f"{corpus}/{at:06d}" for at in range(start, start + size)],
                "corpus": [corpus] * size,
                "sitting": pa.array([days[at * len(days) // count] for at in range(start, start + size)], pa.date32()),
                "bytes": pa.array(4 * lengths, pa.int32()),
                "token_ids": pa.ListArray.from_arrays(offsets, pa.array(ids)),
                "surprisals": pa.ListArray.from_arrays(offsets, pa.array(nats)),
            }
        )


def write_study(config: Config, root: Path, speeches: int) -> None:
    """Scores of all runs, companions and aligned speeches."""
    fingerprint = {TOKENIZER_KEY: sha256(root / TOKENIZER / "tokenizer.json"), FOLDS_KEY: "made up"}
    counts = {corpus: round(speeches * share) for corpus, share in SHARES.items()}
    runs = [(model, seed) for model in config.models for seed in config.train.seeds]
    paths = [root / SCORES / f"{run_name(*run)}.parquet" for run in runs]
    for number, path in enumerate([*paths, *(root / COMPANION / f"{model}.parquet" for model in config.models)]):
        made = (table for corpus, count in counts.items() for table in tables(corpus, count, 8000, number))
        write_scores(path, made, fingerprint)
    (root / ALIGNED).mkdir(parents=True)
    for corpus, count in counts.items():
        rng = np.random.default_rng(7)
        days = [
            datetime.date(2000, 1, 1) + datetime.timedelta(days=at * SITTINGS[corpus] // count) for at in range(count)
        ]
        split = np.where(rng.random(count) < 0.02, "train", "test")
        table = {
            "speech_id": [f"{corpus}/{at:06d}" for at in range(count)],
            "sitting": pa.array(days, pa.date32()),
            "speaker": [f"Speaker {at}" for at in (SPEAKERS * rng.random(count) ** 3).astype(int)],
            "topic": [f"Topic {at}" for at in rng.integers(0, 200, size=count)],
            "role": ["member"] * count,
            "shares_13gram": rng.random(count) < 0.1,
        }
        # All speeches are scored; some days are training days, too, for the distances.
        both = pa.concat_tables([pa.table(table | {"split": ["test"] * count})])
        train = pa.table(table | {"split": ["train"] * count}).filter(pa.array(split == "train"))
        pq.write_table(pa.concat_tables([both, train]), root / ALIGNED / f"{corpus}.parquet")


def made_up(data: StudyData) -> None:
    """Parts and topics."""
    rng, nats, facts = np.random.default_rng(3), {}, []
    kinds = [(kind, corpus, [corpus]) for corpus in SITTINGS for kind in (*BY_TIME, *AT_RANDOM)]
    kinds += [(kind, model, [*SITTINGS]) for model in data.config.models for kind in DOSES]
    kinds += [(OWN, "mixed", [corpus]) for corpus in SITTINGS]
    for kind, name, reads in kinds:
        facts.append(PartFacts(kind, name, tuple(reads), 1000, 20, "2000-03-01", "2000-12-01"))
        for corpus in reads:
            tokens = data.losses[corpus].tokens
            nats[kind, name, corpus] = tokens * rng.normal(4, 0.2, size=len(tokens))
    topics = tuple(Topic((f"word {at}",), {}) for at in range(TOPICS))
    of_speech = {corpus: rng.integers(-1, TOPICS, size=len(each)) for corpus, each in data.losses.items()}
    frequencies = rng.gamma(8, 1, size=(len(data.config.models), len(data.vocabulary.begins)))
    data.__dict__.update(parts=Parts(tuple(facts), nats), topics=Topics(topics, of_speech), frequencies=frequencies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speeches", type=int, default=90_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tokenizer", type=Path, default=TOKENIZER, help="the folder of a tokenizer")
    arguments = parser.parse_args()
    config = load_config(Path("params.yaml"))
    config = replace(config, train=replace(config.train, seeds=tuple(range(1, arguments.seeds + 1))))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / TOKENIZER).parent.mkdir(parents=True)
        (root / TOKENIZER).symlink_to(arguments.tokenizer.resolve())
        (root / config.bias.word_classes).parent.mkdir(parents=True)
        (root / config.bias.word_classes).symlink_to(Path(config.bias.word_classes).resolve())
        write_study(config, root, arguments.speeches)
        print("| part | seconds | peak memory |\n|---|---|---|")
        started = last = time.perf_counter()
        data = StudyData(config, root)
        made_up(data)
        for name, measured in {"read": lambda data: data.facts, **METRICS}.items():
            measured(data)
            now = time.perf_counter()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(f"| {name} | {now - last:.1f} | {peak:.2f} GB |", flush=True)
            last = now
        print(f"| all | {last - started:.1f} | |")


if __name__ == "__main__":
    main()
