"""Stage companion, step by step, on two corpora and three models of the size of a study, or of any other.

    python benchmarks/companion.py [--tokens 22000000] [--tests 90000] [--texts 1000000]

--tokens: of each model's training text. --tests, --texts: test and training speeches of both corpora together; topics
are found in their texts, of 60 words each, half of them of one of thirty topics. Tokens and words are random, by Zipf's
law: they hold more different n-grams than as much of a debate does. One core is used; processor time is that of the
stage alone, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import datetime
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer, models

from hansard_bias.base.files import ALIGNED, COMPANION, ENCODED, MIXTURES, TOKENIZER, YARDSTICKS, table_writer
from hansard_bias.corpora.schema import ALIGNED as COLUMNS
from hansard_bias.params import Config, load_config
from hansard_bias.scoring.tables import write_scores
from hansard_bias.tokens.encoded import read_encoded, write_encoded_parts
from hansard_bias.tokens.tokenizer import SPECIAL_TOKENS, save_tokenizer
from hansard_bias.training.data import training_data
from hansard_bias.yardsticks.parts import parts_of
from hansard_bias.yardsticks.reading import Ngrams
from hansard_bias.yardsticks.tables import write_parts, write_topics
from hansard_bias.yardsticks.topics import find_topics

ROOT = Path(__file__).parents[1]
VOCABULARY, POSITIONS = 30_522, 512
SPEECH_TOKENS, SPEECH_WORDS, TOPICS = 180, 60, 30
SITTINGS = {"nunavut": 110, "canada": 330}
SPLITS = {"train": datetime.date(1999, 1, 1), "test": datetime.date(2009, 1, 1)}
BATCH = 8192


def config_of() -> Config:
    """The shipped parameters with the window of the study."""
    config = load_config(ROOT / "params.yaml")
    return config.with_sections(model=replace(config.model, max_position_embeddings=POSITIONS))


def facts(name: str, split: str, speeches: int) -> pa.Table:
    """Who speaks when: the speeches of a split, spread over the corpus's sittings."""
    sittings = np.arange(speeches) * SITTINGS[name] // speeches
    days = [SPLITS[split] + datetime.timedelta(days=int(at)) for at in range(SITTINGS[name])]
    ids = [f"{name}/{days[at]}/{number:06d}" for number, at in enumerate(sittings)]
    columns = {"speech_id": ids, "sitting": pa.array(days, pa.date32()).take(sittings), "split": [split] * speeches}
    return pa.table(columns | {"bytes": pa.array(np.full(speeches, 5 * SPEECH_TOKENS))})


def prepare(root: Path, tokens: int, tests: int, texts: int) -> None:
    """What the stage reads, made up."""
    names = [*SPECIAL_TOKENS, *(f"t{number}" for number in range(len(SPECIAL_TOKENS), VOCABULARY))]
    vocabulary = {word: number for number, word in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens([*SPECIAL_TOKENS])
    save_tokenizer(tokenizer, root / TOKENIZER, POSITIONS)
    rng = np.random.default_rng(1)
    (root / ALIGNED).mkdir(parents=True)
    rows = []
    for name in SITTINGS:
        learned = facts(name, "train", tokens // SPEECH_TOKENS)
        index = pa.concat_tables([learned, facts(name, "test", tests // 2)])
        write_encoded_parts(root / ENCODED / name, index.schema, [(index, zipf_speeches(rng, len(index)))])
        for model, part in ((name, learned), ("mixed", learned.slice(0, len(learned) // 2))):
            rows.append(part.select(["speech_id", "split"]).append_column("model", pa.array([model] * len(part))))
            rows[-1] = rows[-1].append_column("corpus", pa.array([name] * len(part)))
        write_texts(
            root / ALIGNED / f"{name}.parquet", rng, [facts(name, "train", texts // 2), index.slice(len(learned))]
        )
    pq.write_table(pa.concat_tables(rows), root / MIXTURES)


def zipf(rng: np.random.Generator, kinds: int, size: int) -> np.ndarray:
    """Numbers below `kinds`, each about as often as its rank says."""
    return np.floor(kinds ** rng.random(size)).astype(np.int64) - 1


def zipf_speeches(rng: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """The tokens of so many speeches."""
    for _ in range(count):
        yield len(SPECIAL_TOKENS) + zipf(rng, VOCABULARY - len(SPECIAL_TOKENS), SPEECH_TOKENS)


def write_texts(path: Path, rng: np.random.Generator, parts: list[pa.Table]) -> None:
    """Aligned speeches; ten in a row are of one topic."""
    letters = np.array([*"abcdefghijklmnop"])
    words = np.array(["".join(letters[[at >> 12 & 15, at >> 8 & 15, at >> 4 & 15, at & 15]]) for at in range(1 << 15)])
    with table_writer(path, COLUMNS) as writer:
        for part in parts:
            for start in range(0, len(part), BATCH):
                batch = part.slice(start, BATCH)
                topic = (start + np.arange(len(batch))) // 10 * 7 % TOPICS
                common = zipf(rng, 16_000, len(batch) * SPEECH_WORDS // 2).reshape(len(batch), -1)
                telling = zipf(rng, 400, common.size).reshape(common.shape) + 16_000 + 400 * topic[:, None]
                said = [" ".join(row) for row in words[np.hstack([common, telling])]]
                columns = {name: pa.nulls(len(batch), COLUMNS.field(name).type) for name in COLUMNS.names}
                columns |= {name: batch[name] for name in ("speech_id", "sitting", "split", "bytes")}
                columns |= {"text": pa.array(said), "words": pa.array(np.full(len(batch), SPEECH_WORDS))}
                writer.write_table(pa.table(columns, schema=COLUMNS))


class Clock:
    """Time since the last step, and the process's peak memory."""

    def __init__(self) -> None:
        self._begun = self._since = self._now()

    def _now(self) -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def show(self, step: str) -> None:
        """Print one step as a line of the table."""
        self._print(step, self._since)
        self._since = self._now()

    def show_all(self) -> None:
        """Print all steps together."""
        self._print("together", self._begun)

    def _print(self, step: str, since: tuple[float, float]) -> None:
        wall, processor = (now - then for now, then in zip(self._now(), since, strict=True))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"| {step} | {wall:.1f} s | {processor:.1f} s | {peak:.2f} GB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("tokens", 22_000_000), ("tests", 90_000), ("texts", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        # In a process of its own: its memory is none of the stage's.
        making = multiprocessing.get_context("spawn").Process(target=prepare, args=(root, *vars(arguments).values()))
        making.start()
        making.join()
        run(root)


def run(root: Path) -> None:
    """The steps of the stage."""
    config = config_of()
    print("| step | time | processor time | peak memory so far |\n|---|---|---|---|")
    clock = Clock()
    corpora = {name: read_encoded(root / ENCODED / name) for name in config.corpora}
    mixtures = pq.read_table(root / MIXTURES)
    windows = {model: training_data(model, config, corpora, mixtures)[0] for model in config.models}
    ngrams = Ngrams.of(corpora, root)
    tests = {name: corpus.index["speech_id"].take(corpus.split_rows("test")) for name, corpus in corpora.items()}
    clock.show("training text of three models")
    for model, learned in windows.items():
        write_scores(root / COMPANION / f"{model}.parquet", ngrams.tables(ngrams.learn(learned)), {})
    clock.show("n-gram models of all of it read all test text")
    write_parts(root / YARDSTICKS, {}, tests, ngrams.read_parts(parts_of(windows, config, corpora)))
    clock.show("models of its halves, doses and shares of mixtures")
    write_topics(root / YARDSTICKS, find_topics(root / ALIGNED, list(corpora), config.bias.topics), tests)
    clock.show("topics")
    clock.show_all()


if __name__ == "__main__":
    main()
