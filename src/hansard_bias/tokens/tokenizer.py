"""The tokenizer that all models share: trained here, or taken from a model to continue from; applied here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from hansard_bias.base.files import atomic_folder
from hansard_bias.models.architectures import first_position, init_error, read_settings
from hansard_bias.params import ConfigError, TokenizerConfig

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

    def ordinary(self, vocab_size: int) -> npt.NDArray[np.int64]:
        """Ids of all tokens that are no special ones, ascending."""
        return np.setdiff1d(np.arange(vocab_size, dtype=np.int64), np.array(self.every, dtype=np.int64))


OWN_IDS = SpecialIds(PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID, tuple(range(5)))
"""Those of a tokenizer that is trained here."""


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
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocab_size,
        min_frequency=config.min_frequency,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS_ID), ("[SEP]", SEP_ID)],
    )
    # A smaller vocabulary than params.yaml says would make models of two runs incomparable without a word.
    learned = tokenizer.get_vocab_size()
    if learned < config.vocab_size:
        raise ConfigError(
            "tokenizer.vocab_size",
            config.vocab_size,
            f"at most {learned}, all that the training text supports",
            "lower it, or bring more text",
        )
    return tokenizer


def take_tokenizer(init: str) -> tuple[Tokenizer, tuple[str, ...]]:
    """The fast tokenizer of a model's folder and its special tokens, in the order of NAMES.

    Raises ConfigError when one of them is missing, or when the tokenizer and the model do not fit each other.
    """
    from transformers import AutoTokenizer

    settings = read_settings(init)
    # The class of the tokenizer knows the special tokens of folders that do not name them.
    known: Any = AutoTokenizer.from_pretrained(init, local_files_only=True, trust_remote_code=False)
    tokenizer = Tokenizer.from_file(str(Path(init) / "tokenizer.json"))
    # A tokenizer may be saved with the length of its last use: speeches are never cut off, nor padded here.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokens = tuple(str(getattr(known, name)) for name in NAMES)
    ids = [tokenizer.token_to_id(token) for token in tokens]
    for name, token, number in zip(NAMES, tokens, ids, strict=True):
        if number is None:
            raise init_error(init, f"a tokenizer with a {name} (there: {token})")
    size = _size(tokenizer)
    if size > settings["vocab_size"]:
        raise init_error(init, f"a tokenizer with no more pieces ({size}) than the model ({settings['vocab_size']})")
    first = first_position(settings)
    if first and first - 1 != ids[0]:
        raise init_error(init, f"the same padding in config.json (id {first - 1}) and tokenizer (id {ids[0]})")
    return tokenizer, tokens


def save_tokenizer(
    tokenizer: Tokenizer, folder: Path, max_length: int, tokens: tuple[str, ...] = SPECIAL_TOKENS
) -> None:
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


def load_fast_tokenizer(folder: Path) -> Any:
    """The Hugging Face tokenizer of a local folder, never of a hub."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)


def encode_texts(tokenizer: Tokenizer, texts: list[str], batch: int = 10_000) -> Iterator[npt.NDArray[np.uint16]]:
    """The tokens of every text, without special tokens, in batches that use all cores."""
    for start in range(0, len(texts), batch):
        for encoding in tokenizer.encode_batch_fast(texts[start : start + batch], add_special_tokens=False):
            yield np.asarray(encoding.ids, dtype=np.uint16)


def tokens_and_words(
    tokenizer: Tokenizer, texts: list[str]
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
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
        used = 0
        for text in texts:
            used += len(text.encode())
            if used > budget:
                break
            yield text


def vocabulary_size(folder: Path) -> int:
    """Number of tokens of a saved tokenizer, special tokens included."""
    return _size(load_tokenizer(folder))


def _size(tokenizer: Tokenizer) -> int:
    # The largest id, not the number of tokens: ids may have holes.
    return max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1


def special_ids(folder: Path) -> SpecialIds:
    """The special tokens' ids of a tokenizer that `save_tokenizer` wrote, read without loading transformers."""
    tokenizer = load_tokenizer(folder)
    names = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    pad, unk, cls, sep, mask = (vocabulary[names[name]] for name in NAMES)
    special = {key for key, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    return SpecialIds(pad, unk, cls, sep, mask, tuple(sorted(special | {pad, unk, cls, sep, mask})))
