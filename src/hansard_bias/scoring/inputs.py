"""What a model is scored on, checked: test speeches, the sample for likelihoods, and what identifies the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.base.code import code_digest
from hansard_bias.base.files import ALIGNED, ENCODED, MODELS, TOKENIZER, require_path, sha256
from hansard_bias.models.scorer import Ids
from hansard_bias.params import Config, ScoreConfig
from hansard_bias.scoring.scoring import likelihood_rows
from hansard_bias.scoring.shards import Part, cut_parts
from hansard_bias.scoring.tables import FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import SpecialIds, load_tokenizer, pieces_and_words, special_ids

_BATCH = 5_000
"""Speeches of an aligned corpus in memory at a time."""


@dataclass(frozen=True)
class Inputs:
    """Speeches by corpus, and the fingerprint of model, tokenizer and folds."""

    config: ScoreConfig
    corpora: Mapping[str, EncodedCorpus]
    test: Mapping[str, Ids]
    """Rows of the test speeches."""
    sample: Mapping[str, Ids]
    """Rows of those of them whose exact likelihood is computed."""
    words: Mapping[str, Mapping[int, Ids]]
    """Of each row of the sample, the word that every piece belongs to."""
    special: SpecialIds
    fingerprint: Mapping[bytes, str]
    key: str
    """One name for everything that the scores depend on."""

    def parts(self, positions: int) -> list[Part]:
        """The work in parts, for a model that reads so many positions."""
        parts: list[Part] = []
        for name, corpus in self.corpora.items():
            tests, sample = corpus.lengths[self.test[name]], corpus.lengths[self.sample[name]]
            parts += cut_parts("folds", name, self.test[name], tests, np.full_like(tests, self.config.folds))
            parts += cut_parts("likelihood", name, self.sample[name], sample, np.minimum(sample, positions), (2,))
        return parts


def read_inputs(config: Config, name: str, root: Path) -> Inputs:
    """Read what the run of this name is scored on.

    Raises ValueError where a stage has not run, or where model, encoded text and tokenizer do not belong together.
    """
    folder = require_path(root / MODELS / name, f"train@{name}")
    fingerprint = {
        FOLDS_KEY: f"seed {config.score.seed}, {config.score.folds} folds",
        TOKENIZER_KEY: sha256(require_path(root / TOKENIZER / "tokenizer.json", "tokenizer")),
        WEIGHTS_KEY: sha256(require_path(folder / "model.safetensors", f"train@{name}")),
    }
    if sha256(folder / "tokenizer.json") != fingerprint[TOKENIZER_KEY]:
        raise ValueError(f"{folder}: was trained with another tokenizer than {TOKENIZER}; run `dvc repro train@{name}`")
    corpora = {corpus: read_encoded(root / ENCODED / corpus) for corpus in config.corpora}
    test = {corpus: encoded.split_rows("test") for corpus, encoded in corpora.items()}
    sample = {corpus: likelihood_rows(encoded, test[corpus], config.score) for corpus, encoded in corpora.items()}
    return Inputs(
        config=config.score,
        corpora=corpora,
        test=test,
        sample=sample,
        words={corpus: _words(corpora[corpus], rows, corpus, root) for corpus, rows in sample.items()},
        special=special_ids(root / TOKENIZER),
        fingerprint=fingerprint,
        key=_key(config, fingerprint, root),
    )


def _words(encoded: EncodedCorpus, rows: Ids, corpus: str, root: Path) -> dict[int, Ids]:
    """The words of the sampled speeches, from their text; it must give the pieces that are on disk."""
    if not len(rows):
        return {}
    ids = encoded.index["speech_id"].take(pa.array(rows)).to_pylist()
    texts = _texts(require_path(root / ALIGNED / f"{corpus}.parquet", "align"), ids)
    found = pieces_and_words(load_tokenizer(root / TOKENIZER), [texts.get(speech, "") for speech in ids])
    words = {}
    for row, speech, (pieces, numbers) in zip(rows, ids, found, strict=True):
        start = encoded.starts[row]
        if not np.array_equal(pieces, encoded.pieces[start : start + encoded.lengths[row]]):
            raise ValueError(
                f"{root / ENCODED / corpus}: holds other pieces of {speech} than {TOKENIZER} makes of its text; "
                f"run `dvc repro encode@{corpus}`"
            )
        words[int(row)] = numbers
    return words


def _texts(path: Path, ids: list[str]) -> dict[str, str]:
    """The texts of these speeches; of the others, a batch at a time is in memory."""
    found: dict[str, str] = {}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=["speech_id", "text"]):
            chosen = batch.filter(pc.is_in(batch["speech_id"], value_set=pa.array(ids)))
            found.update(zip(chosen["speech_id"].to_pylist(), chosen["text"].to_pylist(), strict=True))
    return found


def _key(config: Config, fingerprint: Mapping[bytes, str], root: Path) -> str:
    """A hash of weights, tokenizer, texts, settings and code."""
    files = [path for corpus in config.corpora for path in sorted((root / ENCODED / corpus).iterdir())]
    content = [
        asdict(config.score),
        sorted(fingerprint.values()),
        list(config.corpora),
        code_digest("hansard_bias.pipeline.score"),
        [sha256(path) for path in files],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
