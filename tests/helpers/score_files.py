"""Made-up score tables, aligned speeches and a tokenizer: what the findings read, without any model."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.base.files import YARDSTICKS, sha256
from hansard_bias.params import Config
from hansard_bias.scoring.tables import FOLDS_KEY, TOKENIZER_KEY, write_scores
from hansard_bias.yardsticks.tables import (
    AT_RANDOM,
    BY_TIME,
    DOSES,
    NO_TOPIC,
    OWN,
    PartFacts,
    Topic,
    Topics,
    write_parts,
    write_topics,
)

SPEECHES, PIECES, SITTINGS = 60, 6, 10
VOCABULARY = ("Ġthe", "Ġhou", "sing", "Ġseal", ",", "Ġ12")
"""Every speech is "the housing seal, 12"; only surprisals differ."""


def surprisal(corpus: str, model: int, seed: int) -> np.ndarray:
    """Made-up surprisals of all pieces of a corpus; the second model finds the third word hard."""
    rng = np.random.default_rng([len(corpus), model, seed])
    nats = rng.gamma(9, 0.3, size=(SPEECHES, PIECES))
    nats[:, 3] += 2.0 * (model == 1)
    return nats.ravel().astype(np.float32).astype(np.float64)


def write_project(config: Config, root: Path) -> None:
    """Everything that the score half of `bias` reads."""
    tokenizer = Tokenizer(models.BPE({piece: number for number, piece in enumerate(VOCABULARY)}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    folder = root / "models/tokenizer"
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    fingerprint = {FOLDS_KEY: "seed 17, 7 folds", TOKENIZER_KEY: sha256(folder / "tokenizer.json")}
    for row, model in enumerate(config.models):
        for column, seed in enumerate(config.train.seeds):
            tables = [_scores(corpus, row, column) for corpus in config.corpora]
            write_scores(root / "data/scores" / f"{model}-{seed}.parquet", tables, fingerprint)
        # Its companion is its first run: made-up numbers of one kind are as good as of another.
        tables = [_scores(corpus, row, 0) for corpus in config.corpora]
        write_scores(root / "data/companion" / f"{model}.parquet", tables, fingerprint)
    _write_yardsticks(config, root, fingerprint)
    none = {corpus: {"reason": "bias.halvings is 0", "halvings": []} for corpus in config.corpora}
    (root / "data/halvings.json").write_text(json.dumps(none), encoding="utf-8")
    (root / "data/aligned").mkdir(parents=True)
    for corpus in config.corpora:
        # Another order than that of the scores.
        pq.write_table(pa.Table.from_pandas(_speeches(corpus)[::-1]), root / "data/aligned" / f"{corpus}.parquet")


def _write_yardsticks(config: Config, root: Path, fingerprint: dict[bytes, str]) -> None:
    """Models of parts of the training text, each of which reads as another run would, and two topics."""
    ids = {corpus: pa.chunked_array([_names(corpus)]) for corpus in config.corpora}
    asked = [(kind, corpus, (corpus,)) for corpus in config.corpora for kind in (*BY_TIME, *AT_RANDOM)]
    asked += [(kind, model, tuple(config.corpora)) for model in config.models for kind in DOSES]
    asked += [(OWN, name, (corpus,)) for name, model in config.models.items() for corpus in model.mixture]
    read = [
        (
            PartFacts(kind, name, reads, 900, 20, "2001-01-01", "2001-06-30"),
            [surprisal(corpus, len(name), 90 + at).reshape(SPEECHES, PIECES).sum(axis=1) for corpus in reads],
        )
        for at, (kind, name, reads) in enumerate(asked)
    ]
    write_parts(root / YARDSTICKS, fingerprint, ids, read)
    topics = tuple(Topic((word, "the"), dict.fromkeys(config.corpora, 0.4)) for word in ("housing", "seal"))
    of_speech = dict.fromkeys(config.corpora, np.arange(SPEECHES) % 3 + NO_TOPIC)
    write_topics(root / YARDSTICKS, Topics(topics, of_speech), ids)


def _days() -> list[datetime.date]:
    return [datetime.date(2001 + at % SITTINGS // 5, 1, 1 + at % SITTINGS) for at in range(SPEECHES)]


def _names(corpus: str) -> list[str]:
    return [f"{corpus}/{day}/{at:05d}" for at, day in enumerate(_days())]


def _scores(corpus: str, model: int, seed: int) -> pa.Table:
    offsets = pa.array(np.arange(0, SPEECHES * PIECES + 1, PIECES), pa.int32())
    ids = np.tile(np.arange(PIECES), SPEECHES).astype(np.uint16)
    values = pa.array(surprisal(corpus, model, seed), pa.float32())
    return pa.table(
        {
            "speech_id": _names(corpus),
            "corpus": [corpus] * SPEECHES,
            "sitting": pa.array(_days(), pa.date32()),
            "bytes": pa.array([20] * SPEECHES, pa.int32()),
            "token_ids": pa.ListArray.from_arrays(offsets, pa.array(ids)),
            "surprisals": pa.ListArray.from_arrays(offsets, values),
        }
    )


def _speeches(corpus: str) -> pd.DataFrame:
    at = np.arange(SPEECHES)
    tested = pd.DataFrame(
        {
            "speech_id": _names(corpus),
            "sitting": _days(),
            "topic": np.where(at < 40, "Housing", np.where(at < 55, "Seals", "")),
            "role": np.where(at % 2 == 0, "member", "minister"),
            "speaker": np.where(at == 7, "Once", "Often"),
            "split": "test",
            "shares_13gram": at % 5 == 0,
        }
    )
    learned = tested[:2].assign(speech_id=[f"{corpus}/train/{at}" for at in range(2)], split="train")
    return pd.concat([tested, learned], ignore_index=True)


def known(data: StudyData, **parts: object) -> StudyData:
    """The same study, but for these parts, which are not read from its files."""
    other = StudyData(data.config, data.root)
    other.__dict__.update(parts)
    return other
