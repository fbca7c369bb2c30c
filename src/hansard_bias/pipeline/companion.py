"""The n-gram companion of every model and what it is compared with, on all test text: `dvc repro companion`.

Scores of every test token by a model of each model's whole training text; their sums by models of parts of it (halves
of a legislature, doses, a mixture's share of each corpus); and topics that all corpora share.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from hansard_bias.base.files import (
    ALIGNED,
    COMPANION,
    ENCODED,
    MIXTURES,
    TOKENIZER,
    YARDSTICKS,
    atomic_folder,
    require_path,
    sha256,
)
from hansard_bias.params import Config
from hansard_bias.scoring.tables import TOKENIZER_KEY, write_scores
from hansard_bias.tokens.encoded import read_encoded
from hansard_bias.training.data import training_data
from hansard_bias.yardsticks.parts import parts_of
from hansard_bias.yardsticks.reading import Ngrams
from hansard_bias.yardsticks.tables import write_parts, write_topics
from hansard_bias.yardsticks.topics import find_topics


def run(config: Config, root: Path = Path(".")) -> None:
    """Write data/companion/<model>.parquet, a table of scores for each model, and data/companion/yardsticks.

    An n-gram model learns from exactly the text that the masked model is trained on, and reads the test text from left
    to right.
    """
    corpora = {name: read_encoded(root / ENCODED / name) for name in config.corpora}
    mixtures = pq.read_table(require_path(root / MIXTURES, "align"), filters=[("split", "!=", "test")])
    windows = {model: training_data(model, config, corpora, mixtures)[0] for model in config.models}
    ngrams = Ngrams.of(corpora, root)
    fingerprint = {TOKENIZER_KEY: sha256(root / TOKENIZER / "tokenizer.json")}
    tests = {name: corpus.index["speech_id"].take(corpus.split_rows("test")) for name, corpus in corpora.items()}
    with atomic_folder(root / COMPANION) as folder:
        for model, learned in windows.items():
            write_scores(folder / f"{model}.parquet", ngrams.tables(ngrams.learn(learned)), fingerprint)
        yardsticks = folder / YARDSTICKS.name
        write_parts(yardsticks, fingerprint, tests, ngrams.read_parts(parts_of(windows, config, corpora)))
        write_topics(yardsticks, find_topics(root / ALIGNED, list(corpora), config.bias.topics), tests)
