"""The n-gram companion of every model, and the surprisal of every test token under it: `dvc repro companion`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.base.files import COMPANION, ENCODED, MIXTURES, TOKENIZER, atomic_folder, require_path, sha256
from hansard_bias.models.ngram import KneserNey, Texts
from hansard_bias.params import Config
from hansard_bias.scoring.tables import TOKENIZER_KEY, score_tables, write_scores
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import special_ids, vocabulary_size
from hansard_bias.training.data import training_data


def run(config: Config, root: Path = Path(".")) -> None:
    """Write data/companion/<model>.parquet, a table of scores for each model: what an n-gram model of its text says.

    It learns from exactly the text that the masked model is trained on, and reads the test text from left to right.
    """
    corpora = {name: read_encoded(root / ENCODED / name) for name in config.corpora}
    mixtures = pq.read_table(require_path(root / MIXTURES, "align"), filters=[("split", "!=", "test")])
    special, vocabulary = special_ids(root / TOKENIZER), vocabulary_size(root / TOKENIZER)
    # What may follow is an ordinary token or the end; what stands for no text never does.
    follow = len(special.ordinary(vocabulary)) + 1
    fingerprint = {TOKENIZER_KEY: sha256(root / TOKENIZER / "tokenizer.json")}
    with atomic_folder(root / COMPANION) as folder:
        for model in config.models:
            windows, _ = training_data(model, config, corpora, mixtures)
            known = KneserNey(Texts.of_windows([*corpora.values()], windows, special.cls, special.sep), follow)
            tables = _scores(known, corpora, special.cls, special.sep)
            write_scores(folder / f"{model}.parquet", tables, fingerprint)


def _scores(known: KneserNey, corpora: dict[str, EncodedCorpus], begin: int, end: int) -> Iterator[pa.Table]:
    for name, corpus in corpora.items():
        rows = corpus.split_rows("test")
        texts = Texts.of([(corpus, rows)], begin, end)
        # The end is predicted, too, but is no token of the text: masked models are not asked for it. It is known by its
        # place, not by its id: a speech may say "[SEP]".
        inside = np.ones(int((corpus.lengths[rows] + 1).sum()), dtype=bool)
        inside[np.cumsum(corpus.lengths[rows] + 1) - 1] = False
        yield from score_tables(name, corpus, rows, known.surprisals(texts)[inside].astype(np.float32))
