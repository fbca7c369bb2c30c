"""The one byte-level BPE tokenizer that all models share: trained here, applied here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from hansard_bias.config import ConfigError, TokenizerConfig

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID = range(5)


def train_tokenizer(texts: Iterable[str], config: TokenizerConfig) -> Tokenizer:
    """Learn byte-level BPE merges from texts.

    Raises ConfigError when the texts hold too few different words for the vocabulary asked for.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    # The blank before [MASK] belongs to the word that fills it, as a byte-level piece carries its own blank.
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
    learned = tokenizer.get_vocab_size()
    if learned < config.vocab_size:
        raise ConfigError(
            "tokenizer.vocab_size",
            config.vocab_size,
            f"at most {learned}, all that the training text supports",
            "lower it, or bring more text",
        )
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, max_length: int) -> None:
    """Write a fast Hugging Face tokenizer that AutoTokenizer loads offline."""
    from transformers import PreTrainedTokenizerFast

    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL_TOKENS, strict=True))
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_length, **names)
    fast.save_pretrained(str(folder))
    # save_pretrained rebuilds the special tokens; the file of record is the tokenizer as it was trained.
    tokenizer.save(str(folder / "tokenizer.json"))


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read the trained tokenizer without loading transformers."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ValueError(f"{path}: no such file, expected the tokenizer; run `dvc repro tokenizer`")
    return Tokenizer.from_file(str(path))


def encode_texts(tokenizer: Tokenizer, texts: list[str], batch: int = 10_000) -> Iterator[npt.NDArray[np.uint16]]:
    """The pieces of every text, without special tokens, in batches that use all cores."""
    for start in range(0, len(texts), batch):
        for encoding in tokenizer.encode_batch_fast(texts[start : start + batch], add_special_tokens=False):
            yield np.asarray(encoding.ids, dtype=np.uint16)


def equal_bytes(texts_by_corpus: dict[str, list[str]]) -> Iterator[str]:
    """The texts of every corpus in their order, cut where the smallest corpus ends, counted in UTF-8 bytes.

    METHOD section 7: a tokenizer that saw more of one corpus would favour it.
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
    """Number of pieces of a saved tokenizer, read from its file."""
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    return len(content["model"]["vocab"])
