"""The shared tokenizer: reversible on any text, special tokens in place, loadable by Hugging Face."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hansard_bias.config import ConfigError, TokenizerConfig
from hansard_bias.tokenization import (
    MASK_ID,
    SPECIAL_TOKENS,
    encode_texts,
    equal_bytes,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
    vocabulary_size,
)

TEXTS = [f"The member for riding {n} asks about houses, roads and schools in district {n % 7}." for n in range(300)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS, TokenizerConfig(vocab_size=320, min_frequency=2))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_comes_back(tokenizer: Tokenizer, text: str) -> None:
    pieces = next(iter(encode_texts(tokenizer, [text])))
    if not any(token in text for token in SPECIAL_TOKENS):
        assert tokenizer.decode(pieces.tolist()).removeprefix(" ") == text.removeprefix(" ")


def test_a_word_is_the_same_at_the_start_and_inside(tokenizer: Tokenizer) -> None:
    first, inside = tokenizer.encode("houses", add_special_tokens=False), tokenizer.encode("the houses")
    assert inside.ids[-1 - len(first.ids) : -1] == first.ids


def test_mask_takes_its_blank_along(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("the [MASK] asks").ids
    assert ids == [
        *tokenizer.encode("the").ids[:-1],
        MASK_ID,
        *tokenizer.encode(" asks", add_special_tokens=False).ids,
        tokenizer.token_to_id("[SEP]"),
    ]


def test_more_vocabulary_than_text_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"tokenizer\.vocab_size is 5000, expected at most \d+, all that"):
        train_tokenizer(TEXTS, TokenizerConfig(vocab_size=5000, min_frequency=2))


def test_saved_folder_loads_with_auto_tokenizer(tokenizer: Tokenizer, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    save_tokenizer(tokenizer, tmp_path, 64)
    fast = AutoTokenizer.from_pretrained(str(tmp_path), local_files_only=True)
    text = "The member asks about [MASK] roads."
    assert fast.is_fast
    assert fast(text)["input_ids"] == tokenizer.encode(text).ids == load_tokenizer(tmp_path).encode(text).ids
    assert fast.mask_token_id == MASK_ID
    assert fast.model_max_length == 64
    assert vocabulary_size(tmp_path) == 320


def test_every_corpus_gives_the_tokenizer_as_many_bytes() -> None:
    texts = {"short": ["aé"] * 10, "long": ["bbbb"] * 1000}
    taken = list(equal_bytes(texts))
    assert sum(len(text.encode()) for text in taken if "a" in text) == 30
    assert 26 < sum(len(text.encode()) for text in taken if "b" in text) <= 30
