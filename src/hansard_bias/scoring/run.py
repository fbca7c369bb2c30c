"""What a model is scored on, checked; the work in parts that survive a kill; and all parts put together as tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain, starmap
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansard_bias.base import files
from hansard_bias.base.code import code_digest
from hansard_bias.base.messages import Progress
from hansard_bias.base.work import sync
from hansard_bias.models.scorer import Ids, Scorer
from hansard_bias.params import Config, ScoreConfig
from hansard_bias.scoring import tables
from hansard_bias.scoring.scoring import likelihood_rows, score_speeches, token_likelihoods
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import SpecialIds, load_tokenizer, special_ids, tokens_and_words

# What the copies of a part's speeches hold together: seconds of work for a small model, minutes for a large one.
PART_TOKENS = 1 << 18
IDENTITY = "identity.json"
Scores = tables.Nats
# Speeches of an aligned corpus in memory at a time.
_BATCH = 5_000


# The work in parts, each a file until all are there, so that a killed stage goes on where it was. Which speeches form a
# part depends on their lengths alone, and no batch reaches beyond its part: the number of processes and where a run was
# killed change nothing.


@dataclass(frozen=True)
class Part:
    """Some speeches of one corpus, to be scored in one go."""

    kind: str
    """`folds` or `likelihood`."""
    corpus: str
    number: int
    rows: Ids
    shape: tuple[int, ...]
    """Of the scores: tokens, or forms by tokens."""

    @property
    def file(self) -> str:
        """Its name in the folder of the run."""
        return f"{self.kind}-{self.corpus}-{self.number:05d}.npy"


def cut_parts(kind: str, corpus: str, rows: Ids, lengths: Ids, copies: Ids, forms: tuple[int, ...] = ()) -> list[Part]:
    """Speeches sorted by length, cut into parts of about PART_TOKENS.

    rows, lengths, copies: of each speech the row, its tokens, and how many copies of a token are read to score it.
    """
    # Ties by row: the parts of a run that goes on are those of the run that was killed.
    order = np.lexsort((rows, -lengths))
    tokens = (lengths * copies)[order]
    number = (np.cumsum(tokens) - tokens) // PART_TOKENS
    # Of no speeches NumPy makes one empty group.
    groups = [group for group in np.split(order, np.flatnonzero(np.diff(number)) + 1) if len(group)]
    return [Part(kind, corpus, at, rows[group], (*forms, int(lengths[group].sum()))) for at, group in enumerate(groups)]


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
    folder = files.require_path(root / files.MODELS / name, f"train@{name}")
    fingerprint = {
        tables.FOLDS_KEY: f"seed {config.score.seed}, {config.score.folds} folds",
        tables.TOKENIZER_KEY: files.sha256(files.require_path(root / files.TOKENIZER / "tokenizer.json", "tokenizer")),
        tables.WEIGHTS_KEY: files.sha256(files.require_path(folder / "model.safetensors", f"train@{name}")),
    }
    # Other tokens under the same numbers would be scored without complaint.
    if files.sha256(folder / "tokenizer.json") != fingerprint[tables.TOKENIZER_KEY]:
        problem = f"was trained with another tokenizer than {files.TOKENIZER}"
        raise ValueError(f"{folder}: {problem}; run `dvc repro train@{name}`")
    corpora = {corpus: read_encoded(root / files.ENCODED / corpus) for corpus in config.corpora}
    test = {corpus: encoded.split_rows("test") for corpus, encoded in corpora.items()}
    sample = {corpus: likelihood_rows(encoded, test[corpus], config.score) for corpus, encoded in corpora.items()}
    words = {corpus: _words(corpora[corpus], rows, corpus, root) for corpus, rows in sample.items()}
    special, identity = special_ids(root / files.TOKENIZER), _identity(config, name, fingerprint, root)
    return Inputs(config.score, corpora, test, sample, words, special, fingerprint, identity)


def _words(encoded: EncodedCorpus, rows: Ids, corpus: str, root: Path) -> dict[int, Ids]:
    # Words are known from the text alone, which must give the tokens that are on disk.
    if not len(rows):
        return {}
    ids = encoded.index["speech_id"].take(pa.array(rows)).to_pylist()
    texts = _texts(files.require_path(root / files.ALIGNED / f"{corpus}.parquet", "align"), ids)
    found = tokens_and_words(load_tokenizer(root / files.TOKENIZER), [texts.get(speech, "") for speech in ids])
    words = {}
    for row, speech, (tokens, numbers) in zip(rows, ids, found, strict=True):
        start = encoded.starts[row]
        if not np.array_equal(tokens, encoded.tokens[start : start + encoded.lengths[row]]):
            problem = f"holds other pieces of {speech} than {files.TOKENIZER} makes of its text"
            raise ValueError(f"{root / files.ENCODED / corpus}: {problem}; run `dvc repro encode@{corpus}`")
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
    encoded = [path for corpus in config.corpora for path in sorted((root / files.ENCODED / corpus).iterdir())]
    return {
        "name": name,
        "parameters": _digest([asdict(config.score), list(config.corpora)]),
        "data": _digest([fingerprint[tables.TOKENIZER_KEY], *map(files.sha256, encoded)]),
        "weights": fingerprint[tables.WEIGHTS_KEY],
        # Parts of other code must not stand beside those of this one.
        "code": code_digest("hansard_bias.pipeline.score"),
    }


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def compute(
    parts: list[Part], folder: Path, score: Callable[[Part], Scores], say: Callable[[str], None] | None = None
) -> None:
    """Score those of the parts that are not there yet, each in turn, into the folder."""
    missing = [part for part in parts if read(folder, part) is None]
    progress = Progress("scored", len(missing), "parts", say) if say else None
    for count, part in enumerate(missing, start=1):
        _write(folder / part.file, score(part))
        if progress:
            progress.reached(count)


def begin(parts: list[Part], folder: Path, identity: Mapping[str, str]) -> str:
    """Note in the folder whose parts it holds; returns a line that says what is there already, '' for nothing.

    Where this run has no part yet, but another one of its name was left unfinished, the line says why it is not used.
    """
    files.write_json(folder / IDENTITY, dict(identity))
    if ready := sum(read(folder, part) is not None for part in parts):
        return f"resumed: {ready} of {len(parts)} parts are scored"
    for path in folder.parent.glob(f"score-*/{IDENTITY}"):
        # Experiments share the folder: another one may end, and delete its own, at any moment.
        with suppress(FileNotFoundError):
            other = json.loads(path.read_text(encoding="utf-8"))
            if path.parent != folder and other["name"] == identity["name"]:
                words = ", ".join(word for word, digest in identity.items() if other[word] != digest)
                return f"{identity['name']} starts anew: an unfinished scoring has other {words}"
    return ""


def read(folder: Path, part: Part) -> Scores | None:
    """A part's scores; None where they are missing or broken off."""
    try:
        scores = np.load(folder / part.file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return scores if isinstance(scores, np.ndarray) and scores.shape == part.shape else None


def in_order_of(rows: Ids, lengths: Ids, parts: list[Part], folder: Path, forms: tuple[int, ...]) -> Scores:
    """The scores of all tokens of the speeches at `rows`, in that order, out of their parts; shape [*forms, tokens].

    lengths: tokens of every speech of the corpus. Raises ValueError for a part that is not in this folder.
    """
    sizes = lengths[rows]
    starts = np.zeros(len(lengths), dtype=np.int64)
    starts[rows] = np.cumsum(sizes) - sizes
    whole = np.full((*forms, int(sizes.sum())), np.nan, dtype=np.float32)
    for part in parts:
        scores = read(folder, part)
        if scores is None:
            problem = "missing after all processes were done; let all machines work in one shared project folder"
            raise ValueError(f"{folder / part.file}: {problem}")
        own = lengths[part.rows]
        inside = np.arange(int(own.sum())) - np.repeat(np.cumsum(own) - own, own)
        whole[..., np.repeat(starts[part.rows], own) + inside] = scores
    assert not np.isnan(whole).any(), "a speech is in no part"
    return whole


def _write(path: Path, scores: Scores) -> None:
    with files.atomic_write(path) as partial:
        # Given a path, NumPy would add an ending.
        with partial.open("wb") as handle:
            np.save(handle, scores, allow_pickle=False)
        # The content before the name: after a power failure a file is whole or not there.
        sync(partial)
    sync(path.parent)


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
        (root / files.LIKELIHOODS, inputs.sample, exact, {tables.SAMPLE_KEY: sample_text}),
        (root / files.SCORES, inputs.test, folds, {}),
    ):
        texts = tables.texts_digest((encoded, rows[corpus]) for corpus, encoded in inputs.corpora.items())
        fingerprint = {**inputs.fingerprint, tables.TEXTS_KEY: texts, **more}
        tables.write_scores(path / f"{name}.parquet", content, fingerprint)
