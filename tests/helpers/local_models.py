"""Tiny masked language models with tokenizers of their own, saved as Hugging Face folders."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from hansard_bias.tokens.tokenizer import NAMES
from hansard_bias.tokens.tokenizer import SPECIAL_TOKENS as BERT_TOKENS

ROBERTA_TOKENS = ("<pad>", "<unk>", "<s>", "</s>", "<mask>")
POSITIONS = 64
SIZES = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 48}


def roberta_tokenizer(texts: list[str]) -> Tokenizer:
    """Byte-level BPE in RoBERTa's layout: <s> is 0, and <mask> comes after all others, with the blank before it."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    first = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=first, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def bert_tokenizer(texts: list[str]) -> Tokenizer:
    """Lower-cased WordPiece in BERT's layout, special tokens at other ids than the project's own."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    order = ["[PAD]", "unused", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=400, special_tokens=order, initial_alphabet=list(string.printable), show_progress=False
    )
    # Every letter must be known inside a word, too.
    tokenizer.train_from_iterator([*texts, " ".join(f"x{letter}" for letter in string.ascii_lowercase)], trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 4), ("[CLS]", 3))
    return tokenizer


def modernbert_tokenizer(texts: list[str]) -> Tokenizer:
    """Byte-level BPE without a blank in front, as ModernBERT's: ordinary tokens first, then the special ones."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=395, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokens = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    tokenizer.add_special_tokens([AddedToken(token, lstrip=token == "[MASK]", special=True) for token in tokens])
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ids)
    return tokenizer


TOKENIZERS = {"roberta": roberta_tokenizer, "bert": bert_tokenizer, "modernbert": modernbert_tokenizer}


def save_local_model(kind: str, folder: Path, texts: list[str]) -> Path:
    """A model of this kind with random weights and a tokenizer that cuts and pads, as it was last used."""
    from transformers import PreTrainedTokenizerFast

    roberta = kind == "roberta"
    tokenizer = TOKENIZERS[kind](texts)
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    names = dict(zip(NAMES, ROBERTA_TOKENS if roberta else BERT_TOKENS, strict=True))
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    fast.save_pretrained(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    model_of(kind, tokenizer.get_vocab_size(), fast.pad_token_id).save_pretrained(str(folder))
    return folder


def model_of(kind: str, vocabulary: int, padding: int) -> Any:
    """A tiny model that reads POSITIONS tokens, with dropout, for a vocabulary that is a little larger."""
    from transformers import (
        BertConfig,
        BertForMaskedLM,
        ModernBertConfig,
        ModernBertForMaskedLM,
        RobertaConfig,
        RobertaForMaskedLM,
    )

    offset = padding + 1 if kind == "roberta" else 0
    settings: dict[str, Any] = SIZES | {"vocab_size": vocabulary + 3, "pad_token_id": padding}
    settings["max_position_embeddings"] = POSITIONS + offset
    torch.manual_seed(8)
    if kind == "roberta":
        return RobertaForMaskedLM(RobertaConfig(**settings, type_vocab_size=1, initializer_range=0.1))
    if kind == "modernbert":
        # As published: other thetas for near and far, the first of three layers far; and windows that rows exceed.
        heads = {"num_attention_heads": 3, "num_hidden_layers": 4, "hidden_size": 24, "local_attention": 8}
        return ModernBertForMaskedLM(ModernBertConfig(**settings | heads, initializer_range=0.1, norm_bias=True))
    return BertForMaskedLM(BertConfig(**settings, initializer_range=0.1))
