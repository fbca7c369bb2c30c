"""The surprisal of any texts under a model folder or an n-gram companion: `hb.score(texts, model)`."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.api.frames import frame
from hansard_bias.base.files import ENCODED, MIXTURES, TOKENIZER, require_path
from hansard_bias.base.messages import require_known, shown
from hansard_bias.given.folders import read_folder
from hansard_bias.models.ngram import KneserNey
from hansard_bias.params import Config, ScoreConfig
from hansard_bias.tokens.encoded import EncodedCorpus, read_encoded
from hansard_bias.tokens.tokenizer import load_tokenizer, special_ids
from hansard_bias.yardsticks.reading import Ngrams

Nats = npt.NDArray[np.float64]
METHODS = ("folds", "pll", "pll_within_word")


@dataclass(frozen=True)
class Scored:
    """The surprisal of texts, in nats: by token, by word and by text."""

    tokens: pd.DataFrame
    """One row a token, in the order of the texts."""
    words: pd.DataFrame
    """One row a word, as the tokenizer parts a text before it looks for tokens: punctuation by itself."""
    texts: pd.DataFrame
    """One row a text, in their order."""


@dataclass(frozen=True, repr=False)
class Companion:
    """An n-gram model that reads from left to right, with the tokenizer of its study; `Study.companion` makes one."""

    name: str
    """Of the model whose training text it has learned."""
    _known: KneserNey
    _ngrams: Ngrams
    _folder: Path
    """Of the tokenizer."""

    def __repr__(self) -> str:
        return f"<n-gram companion of {self.name}>"


def score(
    texts: Iterable[str],
    model: str | os.PathLike[str] | Companion,
    *,
    method: str = "folds",
    ids: Iterable[str] | None = None,
    seed: int = 17,
    mask_rate: float = 0.15,
    batch_tokens: int = 2048,
) -> Scored:
    """How surprised a model is by every token, word and text.

    model: the Hugging Face folder of a masked language model (BERT, RoBERTa or ModernBERT, with its own tokenizer), or
    a companion. method, of masked models: `folds` hides one token in seven at a time, as the study does (`seed` and
    `ids`, for example speech ids, deal them; by default a text is its own id); `pll` hides one token alone, and
    `pll_within_word` what follows in its word, too: exact, and slower. A text longer than the model's window is read in
    several. batch_tokens: in one forward pass; more for a GPU.

    Raises ValueError for what is no list of texts, for another method, and for a folder that holds no such model.

    >>> scored = hb.score(["Mr. Speaker, I rise today.", "Thank you."], "models/mixed-1")
    >>> scored.texts[["text", "tokens", "unknown"]].shape
    (2, 3)
    >>> scored.words.query("text == 1").word.tolist()
    ['Thank', 'you', '.']
    >>> sums = scored.tokens.groupby("text").nats.sum()
    >>> bool(((sums - scored.texts.nats).abs() < 1e-4).all())
    True
    >>> hb.score(["Thank you."], study.companion("mixed")).words.word.tolist()
    ['Thank', 'you', '.']
    """
    require_known("method", method, METHODS)
    listed = _texts(texts)
    named = listed if ids is None else _texts(ids, "ids")
    if len(named) != len(listed):
        raise ValueError(f"ids: {len(named)} for {len(listed)} texts, expected one of each")
    settings = ScoreConfig(seed, mask_rate, batch_tokens, 0)
    reader = _LeftToRight(model, method) if isinstance(model, Companion) else _Masked(Path(model), method, settings)
    read = _Read.of(reader.tokenizer, listed, named)
    return read.scored(reader.nats(read), reader.special.unk)


def learned_companion(root: Path, config: Config, model: str) -> Companion:
    """The n-gram model of a model's training text, as stage `companion` learns it."""
    from hansard_bias.training.data import training_data

    corpora = {name: read_encoded(root / ENCODED / name) for name in config.corpora}
    mixtures = pq.read_table(require_path(root / MIXTURES, "align"), filters=[("split", "!=", "test")])
    windows, _ = training_data(model, config, corpora, mixtures)
    ngrams = Ngrams.of(corpora, root)
    return Companion(model, ngrams.learn(windows), replace(ngrams, corpora={}), root / TOKENIZER)


def _texts(texts: Iterable[str], what: str = "texts") -> list[str]:
    if isinstance(texts, str):
        raise ValueError(f"{what}: a single text {shown(texts, 60)}, expected a list of them; put it into brackets")
    listed = list(texts)
    for place, text in enumerate(listed):
        if not isinstance(text, str):
            raise ValueError(f"{what}: number {place} is {shown(text, 60)}, expected text")
    return listed


@dataclass(frozen=True)
class _Read:
    """Texts as tokens."""

    texts: Sequence[str]
    ids: Sequence[str]
    encodings: Sequence[Any]
    corpus: EncodedCorpus
    words: list[npt.NDArray[np.int64]]
    """Of each text the word of every token, from 0."""

    @classmethod
    def of(cls, tokenizer: Any, texts: Sequence[str], ids: Sequence[str]) -> _Read:
        encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        lengths = np.array([len(each.ids) for each in encodings], dtype=np.int64)
        # Wider than those on disk: a vocabulary from elsewhere may have more tokens than two bytes can name.
        tokens: Any = np.array([number for each in encodings for number in each.ids], dtype=np.int64)
        index = pa.table({"speech_id": pa.array(ids, pa.string()), "split": pa.array(["test"] * len(ids), pa.string())})
        corpus = EncodedCorpus(tokens, np.cumsum(lengths) - lengths, lengths, index)
        return cls(texts, ids, encodings, corpus, [_numbered(each.word_ids) for each in encodings])

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        return np.arange(len(self.texts))

    def scored(self, nats: Nats, unknown: int) -> Scored:
        lengths = self.corpus.lengths
        owner = np.repeat(self.rows, lengths)
        spans = np.array([span for each in self.encodings for span in each.offsets], dtype=np.int64).reshape(-1, 2)
        names = [token for each in self.encodings for token in each.tokens]
        tokens = pd.DataFrame({"text": owner, "position": np.arange(len(owner)) - self.corpus.starts[owner]})
        tokens = tokens.assign(token_id=self.corpus.tokens, token=names, start=spans[:, 0], end=spans[:, 1], nats=nats)
        texts = pd.DataFrame({"text": self.rows, "id": self.ids, "tokens": lengths})
        texts["nats"] = np.bincount(owner, nats, len(texts))
        texts["unknown"] = np.bincount(owner, self.corpus.tokens == unknown, len(texts))
        texts["bytes"] = [len(text.encode("utf-8", "replace")) for text in self.texts]
        # Nothing by nothing is not a number: so it is with a text without a token.
        with np.errstate(invalid="ignore", divide="ignore"):
            texts["nats_per_token"] = texts["nats"] / texts["tokens"]
            texts["bits_per_byte"] = texts["nats"] / (math.log(2) * texts["bytes"])
        texts.loc[texts["tokens"] == 0, ["nats_per_token", "bits_per_byte"]] = math.nan
        return Scored(frame("scored.tokens", tokens), self._words(tokens), frame("scored.texts", texts))

    def _words(self, tokens: pd.DataFrame) -> pd.DataFrame:
        number = np.concatenate([np.zeros(0, dtype=np.int64), *self.words])
        found = tokens.assign(position=number).groupby(["text", "position"], as_index=False)
        words = found.agg(start=("start", "min"), end=("end", "max"), tokens=("nats", "size"), nats=("nats", "sum"))
        spans = zip(words["text"], words["start"], words["end"], strict=True)
        return frame("scored.words", words.assign(word=[self.texts[at][start:end].strip() for at, start, end in spans]))


def _numbered(words: Sequence[int | None]) -> npt.NDArray[np.int64]:
    """Consecutive numbers of words from the tokenizer's, where what belongs to none is a word by itself."""
    own = np.array([-1 - place if word is None else word for place, word in enumerate(words)], dtype=np.int64)
    return np.cumsum(np.diff(own, prepend=own[:1]) != 0) if len(own) else own


class _Masked:
    """A masked language model of a folder."""

    def __init__(self, path: Path, method: str, settings: ScoreConfig) -> None:
        self.folder, self.method, self.settings = read_folder(path, "model"), method, settings
        self.tokenizer, self.special = self.folder.tokenizer, self.folder.special

    def nats(self, read: _Read) -> Nats:
        from hansard_bias.scoring.scoring import score_speeches, token_likelihoods

        scorer, rows = self.folder.scorer(), read.rows
        if self.method == "folds":
            return score_speeches(scorer, read.corpus, rows, self.settings, self.special).astype(np.float64)
        both = token_likelihoods(scorer, read.corpus, rows, read.words, self.settings.batch_tokens, self.special)
        return np.asarray(both[METHODS.index(self.method) - 1], dtype=np.float64)


class _LeftToRight:
    """An n-gram companion, which hides nothing: it has not seen yet what it predicts."""

    def __init__(self, model: Companion, method: str) -> None:
        if method != METHODS[0]:
            raise ValueError(f"method is {method!r}, expected none: a companion reads from left to right")
        self.model, self.tokenizer, self.special = model, load_tokenizer(model._folder), special_ids(model._folder)

    def nats(self, read: _Read) -> Nats:
        ngrams = replace(self.model._ngrams, corpora={"texts": read.corpus})
        return ngrams.surprisals(self.model._known, "texts")
