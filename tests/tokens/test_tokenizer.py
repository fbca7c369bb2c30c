"""The shared tokenizer: reversible on any text, special tokens in place, loadable by Hugging Face."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hansard_bias.params import ConfigError, TokenizerConfig
from hansard_bias.pipeline.tokenizer import take_tokenizer
from hansard_bias.tokens.tokenizer import (
    MASK_ID,
    OWN_IDS,
    SPECIAL_TOKENS,
    SpecialIds,
    encode_texts,
    equal_bytes,
    load_tokenizer,
    save_tokenizer,
    special_ids,
    train_tokenizer,
    vocabulary_size,
)
from helpers.local_models import save_local_model

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
    assert special_ids(tmp_path) == OWN_IDS


def test_every_corpus_gives_the_tokenizer_as_many_bytes() -> None:
    texts = {"short": ["aé"] * 10, "long": ["bbbb"] * 1000}
    taken = list(equal_bytes(texts))
    assert sum(len(text.encode()) for text in taken if "a" in text) == 30
    assert 26 < sum(len(text.encode()) for text in taken if "b" in text) <= 30


@pytest.mark.parametrize("named", [True, False], ids=["named", "as the class has them"])
@pytest.mark.parametrize(
    ("kind", "first"), [("roberta", SpecialIds(1, 3, 0, 2, 0, (0, 1, 2, 3))), ("bert", SpecialIds(0, 2, 3, 4, 5, ()))]
)
def test_a_local_model_s_tokenizer_keeps_its_ids_and_cuts_nothing(
    tmp_path: Path, kind: str, first: SpecialIds, named: bool
) -> None:
    folder = save_local_model(kind, tmp_path / "start", TEXTS)
    if not named:
        # Published folders such as roberta-base leave the names to the tokenizer's class.
        (folder / "tokenizer_config.json").write_text('{"model_max_length": 512}', encoding="utf-8")
    taken, tokens = take_tokenizer(str(folder))
    save_tokenizer(taken, tmp_path / "taken", 40, tokens)
    ids, size = special_ids(tmp_path / "taken"), vocabulary_size(tmp_path / "taken")
    if kind == "roberta":
        expected = replace(first, mask=size - 1, every=(*first.every, size - 1))
    else:
        expected = replace(first, every=tuple(range(6)))
    assert ids == expected
    (pieces,) = encode_texts(load_tokenizer(tmp_path / "taken"), [" ".join(TEXTS)])
    assert len(pieces) > 3000
    assert ids.pad not in pieces
    assert ids.ordinary(size).tolist() == sorted(set(range(size)) - set(ids.every))


def test_a_tokenizer_that_does_not_fit_its_model_is_refused(tmp_path: Path) -> None:
    folder = save_local_model("roberta", tmp_path / "start", TEXTS)
    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for changes, said in (
        ({"pad_token_id": 0}, r"the same padding in config\.json \(id 0\) and tokenizer \(id 1\)"),
        ({"vocab_size": 300}, r"no more pieces \(\d+\) than the model \(300\)"),
    ):
        (folder / "config.json").write_text(json.dumps(content | changes), encoding="utf-8")
        with pytest.raises(ConfigError, match=said):
            take_tokenizer(str(folder))


def test_a_tokenizer_without_a_mask_is_refused(tmp_path: Path) -> None:
    folder = save_local_model("bert", tmp_path / "start", TEXTS)
    names = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    del names["mask_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(names), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"model\.init is .*, expected a tokenizer with a mask_token"):
        take_tokenizer(str(folder))
