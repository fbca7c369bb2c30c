"""The tokenizer that all models share, trained and applied; and whole words in what it makes of a text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from hansard_bias.base.files import atomic_folder
from hansard_bias.params import TokenizerConfig
from hansard_bias.params.validation import require
from hansard_bias.randomness import mix
from hansard_bias.tokens.encoded import Ids, Pieces

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID = range(5)
NAMES = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")


@dataclass(frozen=True)
class SpecialIds:
    """The ids of a tokenizer's special tokens, by what they are for."""

    pad: int
    unk: int
    cls: int
    sep: int
    mask: int
    every: tuple[int, ...]
    """All special tokens, those without one of the five uses too."""

    def ordinary(self, vocab_size: int) -> Ids:
        """Ids of all tokens that are no special ones, ascending."""
        return np.setdiff1d(np.arange(vocab_size, dtype=np.int64), np.array(self.every, dtype=np.int64))


# Those of a tokenizer that is trained here.
OWN_IDS = SpecialIds(PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID, tuple(range(5)))


def train_tokenizer(texts: Iterable[str], config: TokenizerConfig) -> Tokenizer:
    """Learn byte-level BPE merges from texts.

    Raises ConfigError when the texts hold too few different words for the vocabulary asked for.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    # Bytes: nothing is unknown, whatever the language. With the blank a word is the same at the start and within.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    # The blank before [MASK] belongs to the word that fills it, as a byte-level token carries its own blank.
    special = [AddedToken(token, lstrip=token == "[MASK]", special=True) for token in SPECIAL_TOKENS]
    # Every byte, whether the texts hold it or not: another text may.
    sizes, alphabet = asdict(config), pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(**sizes, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    ends = [("[CLS]", CLS_ID), ("[SEP]", SEP_ID)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    # A smaller vocabulary than params.yaml says would make models of two runs incomparable without a word.
    learned = tokenizer.get_vocab_size()
    enough, supported = learned >= config.vocab_size, f"at most {learned}, all that the training text supports"
    require(enough, "tokenizer.vocab_size", config.vocab_size, supported, "lower it, or bring more text")
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, max_length: int, tokens: Sequence[str] = SPECIAL_TOKENS) -> None:
    """Write a fast Hugging Face tokenizer that AutoTokenizer loads offline; tokens: in the order of NAMES."""
    from transformers import PreTrainedTokenizerFast

    names = dict(zip(NAMES, tokens, strict=True))
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_length, **names)
    with atomic_folder(folder) as new:
        fast.save_pretrained(str(new))
        # save_pretrained rebuilds the special tokens; the file of record is the tokenizer as it was trained.
        tokenizer.save(str(new / "tokenizer.json"))


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read the trained tokenizer without loading transformers."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ValueError(f"{path}: no such file, expected the tokenizer; run `dvc repro tokenizer`")
    return Tokenizer.from_file(str(path))


def encode_texts(tokenizer: Tokenizer, texts: list[str], batch: int = 10_000) -> Iterator[Pieces]:
    """The tokens of every text, without special tokens, in batches that use all cores."""
    for start in range(0, len(texts), batch):
        for encoding in tokenizer.encode_batch_fast(texts[start : start + batch], add_special_tokens=False):
            yield np.asarray(encoding.ids, dtype=np.uint16)


def tokens_and_words(tokenizer: Tokenizer, texts: list[str]) -> list[tuple[Ids, Ids]]:
    """For every text its tokens and the number of the word that each belongs to, -1 - n for the n-th that is in none.

    Words are what the tokenizer cuts a text into before it looks for tokens.
    """
    found = []
    for encoding in tokenizer.encode_batch(texts, add_special_tokens=False):
        words = [-1 - at if word is None else word for at, word in enumerate(encoding.word_ids)]
        found.append((np.array(encoding.ids, dtype=np.int64), np.array(words, dtype=np.int64)))
    return found


def equal_bytes(texts_by_corpus: dict[str, list[str]]) -> Iterator[str]:
    """The texts of every corpus in their order, cut where the smallest corpus ends, counted in UTF-8 bytes.

    method.md section 7: a tokenizer that saw more of one corpus would favour it.
    """
    budget = min(sum(len(text.encode()) for text in texts) for texts in texts_by_corpus.values())
    for texts in texts_by_corpus.values():
        used = accumulate(len(text.encode()) for text in texts)
        yield from (text for text, size in zip(texts, used, strict=True) if size <= budget)


def vocabulary_size(folder: Path) -> int:
    """Number of tokens of a saved tokenizer, special tokens included."""
    # The largest id, not the number of tokens: ids may have holes.
    return max(load_tokenizer(folder).get_vocab(with_added_tokens=True).values()) + 1


def special_ids(folder: Path) -> SpecialIds:
    """The special tokens' ids of a tokenizer that `save_tokenizer` wrote, read without loading transformers."""
    tokenizer = load_tokenizer(folder)
    names = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    pad, unk, cls, sep, mask = (vocabulary[names[name]] for name in NAMES)
    special = {key for key, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    return SpecialIds(pad, unk, cls, sep, mask, tuple(sorted(special | {pad, unk, cls, sep, mask})))


# Whole words in sequences of tokens, for byte-level BPE (RoBERTa, the project's own) and WordPiece (BERT).


@dataclass(frozen=True)
class Words:
    """The words of a corpus."""

    code: Ids
    """Which word each token belongs to, shape [tokens]; -1 for tokens of numbers and punctuation."""
    first: npt.NDArray[np.bool_]
    """Whether a word begins with this token, shape [tokens]."""
    names: tuple[str, ...]
    """The words in lower case, by code."""


class Vocabulary:
    """What the tokens of a tokenizer say about where words begin."""

    def __init__(self, path: Path) -> None:
        """Read tokenizer.json; ValueError where its tokens are neither byte-level nor WordPiece."""
        self._tokenizer = Tokenizer.from_file(str(path))
        raw = json.loads(path.read_text(encoding="utf-8"))
        kinds = {(raw.get("decoder") or {}).get("type"), raw["model"]["type"]}
        if not kinds & {"ByteLevel", "WordPiece"}:
            raise ValueError(f"{path}: pieces of {raw['model']['type']}, expected byte-level BPE or WordPiece")
        byte_level = "ByteLevel" in kinds
        ids = self._tokenizer.get_vocab(with_added_tokens=True)
        self.begins = np.ones(max(ids.values()) + 1, dtype=bool)
        self.letters_first, self.letters_last = np.zeros((2, len(self.begins)), dtype=bool)
        for token, number in ids.items():
            self.begins[number] = token.startswith("Ġ" if byte_level else "##") == byte_level
            plain = self._tokenizer.decode([number]).lstrip() if byte_level else token.removeprefix("##")
            # A blank alone belongs to the letters that follow it.
            ends = (plain[0], plain[-1]) if plain else ("", "a")
            self.letters_first[number], self.letters_last[number] = map(_letter, ends)

    def words(self, offsets: Ids, tokens: Ids) -> Words:
        """Group the tokens of speeches into words: runs of letters, told apart without regard to case.

        offsets: where each speech begins and ends, shape [speeches + 1]; tokens: of all speeches, shape [tokens].
        """
        ids = tokens.astype(np.int64)
        # Without a blank in front a word goes on, unless letters meet something else.
        starts = self.begins[ids]
        starts[1:] |= self.letters_first[ids[1:]] != self.letters_last[ids[:-1]]
        starts[offsets[:-1][np.diff(offsets) > 0]] = True
        begin = np.flatnonzero(starts)
        group = np.cumsum(starts) - 1
        # Equal words have equal 64-bit keys: each is decoded once, however often it occurs.
        mixed = mix(ids, np.arange(len(ids)) - begin[group])
        keys = np.add.reduceat(mixed, begin) if len(begin) else mixed
        _, example, kind = np.unique(keys, return_index=True, return_inverse=True)
        ends = np.append(begin, len(ids))
        texts = [self._tokenizer.decode(ids[begin[at] : ends[at + 1]].tolist()).strip().casefold() for at in example]
        names: dict[str, int] = {}
        codes = [names.setdefault(text, len(names)) if text.isalpha() else -1 for text in texts]
        code = np.array(codes, dtype=np.int64)[kind][group]
        return Words(code, starts & (code >= 0), tuple(names))


def _letter(character: str) -> bool:
    # Or half of one: tokens may end within the bytes of a character.
    return character.isalpha() or character == "\ufffd"
