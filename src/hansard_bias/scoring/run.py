"""What a model is scored on, checked; one part of it scored; and all parts put together as tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain, starmap
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.base.code import code_digest
from hansard_bias.base.files import ALIGNED, ENCODED, LIKELIHOODS, MODELS, SCORES, TOKENIZER, require_path, sha256
from hansard_bias.models.scorer import Ids, Scorer
from hansard_bias.params import Config, ScoreConfig
from hansard_bias.scoring import tables
from hansard_bias.scoring.scoring import likelihood_rows, score_speeches, token_likelihoods
from hansard_bias.scoring.shards import Part, Scores, cut_parts, in_order_of
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import SpecialIds, load_tokenizer, special_ids, tokens_and_words

# Speeches of an aligned corpus in memory at a time.
_BATCH = 5_000


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
    """Of each row of the sample, the word that every token belongs to."""
    special: SpecialIds
    fingerprint: Mapping[bytes, str]
    identity: Mapping[str, str]
    """Digests of everything that the scores depend on."""

    @property
    def key(self) -> str:
        """One name for all that the scores depend on."""
        return _digest(self.identity)

    def parts(self, positions: int) -> list[Part]:
        """The work in parts, for a model that reads so many positions."""
        parts: list[Part] = []
        for name, corpus in self.corpora.items():
            tests, sample = corpus.lengths[self.test[name]], corpus.lengths[self.sample[name]]
            parts += cut_parts("folds", name, self.test[name], tests, np.full_like(tests, self.config.folds))
            parts += cut_parts("likelihood", name, self.sample[name], sample, np.minimum(sample, positions), (2,))
        return parts

    def score(self, scorer: Scorer, part: Part) -> Scores:
        """The surprisals of one part's tokens."""
        corpus = self.corpora[part.corpus]
        if part.kind == "folds":
            return score_speeches(scorer, corpus, part.rows, self.config, self.special)
        words = [self.words[part.corpus][int(row)] for row in part.rows]
        return token_likelihoods(scorer, corpus, part.rows, words, self.config.batch_tokens, self.special)


def read_inputs(config: Config, name: str, root: Path) -> Inputs:
    """Read what the run of this name is scored on.

    Raises ValueError where a stage has not run, or where model, encoded text and tokenizer do not belong together.
    """
    folder = require_path(root / MODELS / name, f"train@{name}")
    fingerprint = {
        tables.FOLDS_KEY: f"seed {config.score.seed}, {config.score.folds} folds",
        tables.TOKENIZER_KEY: sha256(require_path(root / TOKENIZER / "tokenizer.json", "tokenizer")),
        tables.WEIGHTS_KEY: sha256(require_path(folder / "model.safetensors", f"train@{name}")),
    }
    # Other tokens under the same numbers would be scored without complaint.
    if sha256(folder / "tokenizer.json") != fingerprint[tables.TOKENIZER_KEY]:
        raise ValueError(f"{folder}: was trained with another tokenizer than {TOKENIZER}; run `dvc repro train@{name}`")
    corpora = {corpus: read_encoded(root / ENCODED / corpus) for corpus in config.corpora}
    test = {corpus: encoded.split_rows("test") for corpus, encoded in corpora.items()}
    sample = {corpus: likelihood_rows(encoded, test[corpus], config.score) for corpus, encoded in corpora.items()}
    words = {corpus: _words(corpora[corpus], rows, corpus, root) for corpus, rows in sample.items()}
    special, identity = special_ids(root / TOKENIZER), _identity(config, name, fingerprint, root)
    return Inputs(config.score, corpora, test, sample, words, special, fingerprint, identity)


def _words(encoded: EncodedCorpus, rows: Ids, corpus: str, root: Path) -> dict[int, Ids]:
    # Words are known from the text alone, which must give the tokens that are on disk.
    if not len(rows):
        return {}
    ids = encoded.index["speech_id"].take(pa.array(rows)).to_pylist()
    texts = _texts(require_path(root / ALIGNED / f"{corpus}.parquet", "align"), ids)
    found = tokens_and_words(load_tokenizer(root / TOKENIZER), [texts.get(speech, "") for speech in ids])
    words = {}
    for row, speech, (tokens, numbers) in zip(rows, ids, found, strict=True):
        start = encoded.starts[row]
        if not np.array_equal(tokens, encoded.tokens[start : start + encoded.lengths[row]]):
            problem = f"holds other pieces of {speech} than {TOKENIZER} makes of its text"
            raise ValueError(f"{root / ENCODED / corpus}: {problem}; run `dvc repro encode@{corpus}`")
        words[int(row)] = numbers
    return words


def _texts(path: Path, ids: list[str]) -> dict[str, str]:
    # By batches: the sample is a few hundred speeches of a corpus that may not fit into memory.
    found: dict[str, str] = {}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=["speech_id", "text"]):
            chosen = batch.filter(pc.is_in(batch["speech_id"], value_set=pa.array(ids)))
            found.update(zip(chosen["speech_id"].to_pylist(), chosen["text"].to_pylist(), strict=True))
    return found


def _identity(config: Config, name: str, fingerprint: Mapping[bytes, str], root: Path) -> dict[str, str]:
    # By what it is in words, for the line that says why parts of another run are not used.
    files = [path for corpus in config.corpora for path in sorted((root / ENCODED / corpus).iterdir())]
    return {
        "name": name,
        "parameters": _digest([asdict(config.score), list(config.corpora)]),
        "data": _digest([fingerprint[tables.TOKENIZER_KEY], *map(sha256, files)]),
        "weights": fingerprint[tables.WEIGHTS_KEY],
        # Parts of other code must not stand beside those of this one.
        "code": code_digest("hansard_bias.pipeline.score"),
    }


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def write_tables(inputs: Inputs, parts: list[Part], folder: Path, name: str, root: Path) -> None:
    """Put the parts together as the two tables, each with its fingerprint, corpus by corpus."""

    def assembled(kind: str, rows: Mapping[str, Ids], forms: tuple[int, ...]) -> Iterator[tuple[Any, ...]]:
        for corpus, encoded in inputs.corpora.items():
            own = [part for part in parts if (part.kind, part.corpus) == (kind, corpus)]
            yield corpus, encoded, rows[corpus], in_order_of(rows[corpus], encoded.lengths, own, folder, forms)

    # Generators: one corpus, and of it one row group, is in memory at a time.
    exact = starmap(tables.likelihood_table, assembled("likelihood", inputs.sample, (2,)))
    folds = chain.from_iterable(starmap(tables.score_tables, assembled("folds", inputs.test, ())))
    sample_text = f"seed {inputs.config.seed}, {inputs.config.likelihood_speeches} speeches of each corpus"
    for path, rows, content, more in (
        (root / LIKELIHOODS, inputs.sample, exact, {tables.SAMPLE_KEY: sample_text}),
        (root / SCORES, inputs.test, folds, {}),
    ):
        texts = tables.texts_digest((encoded, rows[corpus]) for corpus, encoded in inputs.corpora.items())
        fingerprint = {**inputs.fingerprint, tables.TEXTS_KEY: texts, **more}
        tables.write_scores(path / f"{name}.parquet", content, fingerprint)
