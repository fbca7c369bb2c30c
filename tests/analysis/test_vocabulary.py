"""Words out of tokens where no blanks part them, against the characters of the text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from hansard_bias.analysis.vocabulary import TextVocabulary
from hansard_bias.tokens.tokenizer import Vocabulary, Words
from hansard_bias.writing import is_word, units_of, words_in

CHINESE = ["主席,我們的預算是 OK 的。預算案不是AI寫的!", "我們的預算。", "𠮷田"]
THAI = ["ท่านประธานครับ ที่ดินของเรา ๒๕๖๗", "ที่ดิน ที่นี่ land"]
HINDI = ["माननीय अध्यक्ष, हिन्दी में land है।"]
PLAIN = ["The member's house, élan 12; Nunavut is ᓄᓇᕗᑦ — our land.", "한국의 land"]
ALL = [*CHINESE, *THAI, *HINDI, *PLAIN]


def byte_level(size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(ALL * 3, trainer)
    return tokenizer


def word_piece(size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=size, show_progress=False, special_tokens=["[UNK]"])
    tokenizer.train_from_iterator(ALL * 3, trainer)
    return tokenizer


TOKENIZERS = [(byte_level, 256), (byte_level, 330), (byte_level, 600), (word_piece, 200), (word_piece, 400)]


def read(tokenizer: Tokenizer, texts: list[str], folder: Path, kind: type[Vocabulary]) -> Words:
    tokenizer.save(str(folder / "tokenizer.json"))
    encoded = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)])
    return kind(folder / "tokenizer.json").words(offsets, np.concatenate(encoded).astype(np.uint16))


def counted(words: Words) -> Counter[str]:
    return Counter(words.names[code] for code in words.code[words.first])


def expected(tokenizer: Tokenizer, text: str) -> Counter[str]:
    """The text's units, joined where a token holds the end of one and the beginning of the next, in characters."""
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    inside = {place for start, stop in offsets for place in range(start + 1, stop)}
    words, end, at = list[str](), -1, 0
    for unit in units_of(text):
        start, at = at + len(unit) - len(unit.lstrip()), at + len(unit)
        if is_word(unit.strip()) and start == end and start in inside:
            words[-1], end = words[-1] + unit, at
        elif is_word(unit.strip()):
            words.append(unit.strip())
            end = at
    return Counter(word.casefold() for word in words)


@pytest.mark.parametrize(("make", "size"), TOKENIZERS)
@pytest.mark.parametrize("texts", [CHINESE, THAI, HINDI, ALL], ids=["chinese", "thai", "hindi", "all"])
def test_words_end_where_characters_and_tokens_do(make, size, texts, tmp_path: Path) -> None:
    tokenizer = make(size)
    found = counted(read(tokenizer, texts, tmp_path, TextVocabulary))
    wanted = sum((expected(tokenizer, text) for text in texts), Counter())
    # What stands behind an apostrophe may share a token with it: it is in no word then.
    assert {word: n for word, n in wanted.items() if word != "s"} == {w: n for w, n in found.items() if w != "s"}
    assert all(map(is_word, found))


def test_bytes_alone_make_every_character_a_word(tmp_path: Path) -> None:
    found = read(byte_level(256), [*CHINESE, *THAI], tmp_path, TextVocabulary)
    expected = Counter(word for text in [*CHINESE, *THAI] for word in words_in(text.casefold()) if is_word(word))
    assert counted(found) == expected
    assert expected["預"] == 3 and expected["ที่"] == 3 and expected["ok"] == 1


def test_tokens_of_several_characters_are_words(tmp_path: Path) -> None:
    found = counted(read(byte_level(600), CHINESE, tmp_path, TextVocabulary))
    assert found["我們的預算"] == found["主席"] == 1


@pytest.mark.parametrize(("make", "size"), TOKENIZERS)
def test_speeches_with_blanks_have_the_same_words_as_ever(make, size, tmp_path: Path) -> None:
    tokenizer = make(size)
    plain = read(tokenizer, PLAIN, tmp_path, Vocabulary)
    mixed = read(tokenizer, [*PLAIN, *CHINESE], tmp_path, TextVocabulary)
    tokens = len(plain.code)
    assert (mixed.first[:tokens] == plain.first).all()
    named = [words.names[code] if code >= 0 else "" for words in (plain, mixed) for code in words.code[:tokens]]
    assert named[:tokens] == named[tokens:]
    alone = read(tokenizer, PLAIN, tmp_path, TextVocabulary)
    assert (alone.code == plain.code).all() and alone.names == plain.names
