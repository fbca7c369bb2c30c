"""Words out of pieces, against splitting the decoded text."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from hansard_bias.tokens.tokenizer import Vocabulary

TEXTS = [
    "The member said: housing, Housing and re-housing cost 12 dollars; élan at the café.",
    "Nunavut is ᓄᓇᕗᑦ, our land. The land is ours (the House's land).",
    "housing",
]


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=266, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=90, show_progress=False, special_tokens=["[UNK]"])
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


@pytest.mark.parametrize("make", [byte_level, word_piece])
def test_words_are_the_runs_of_letters_of_the_text(make: object, tmp_path: Path) -> None:
    tokenizer = make()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    encoded = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
    offsets = np.cumsum([0, *map(len, encoded)])
    words = Vocabulary(tmp_path / "tokenizer.json").words(offsets, np.concatenate(encoded).astype(np.uint16))
    found = Counter(words.names[code] for code in words.code[words.first])
    expected = Counter(word for text in TEXTS for word in re.findall(r"[^\W\d_]+", text.casefold()))
    # What follows an apostrophe is cut off with it by some tokenizers: it is in no word then.
    assert {word: n for word, n in expected.items() if word != "s"} == {w: n for w, n in found.items() if w != "s"}
    assert np.sum(words.code >= 0) > np.sum(words.first), "some words of this test have several pieces"
    last = slice(int(offsets[2]), int(offsets[3]))
    assert len(set(words.code[last])) == 1
    assert words.first[last].sum() == 1


def test_pieces_of_another_kind_are_refused(tmp_path: Path) -> None:
    Tokenizer(models.WordLevel({"the": 0}, unk_token="the")).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ValueError, match="pieces of WordLevel, expected byte-level BPE or WordPiece"):
        Vocabulary(tmp_path / "tokenizer.json")
