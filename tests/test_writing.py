"""Words in any script: what is counted where no blanks part them, and that all other text is split as ever."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.writing import (
    count_characters,
    count_words,
    is_character,
    is_plain,
    is_word,
    terms,
    units_of,
    whole_word,
    words_in,
)

CASES = [
    # text, words, of these characters, and the words as they are compared
    ("主席,我想問「預算」的問題。", 10, 10, "主 席 我 想 問 預 算 的 問 題"),
    ("总理的报告:GDP 增长 5.2%,超过预期!", 13, 11, "总 理 的 报 告 GDP 增 长 5 2 超 过 预 期"),
    ("コンピュータを2019年に。", 10, 9, "コ ン ピ ュ ー タ を 2019 年 に"),
    ("ที่ดิน พ.ศ. ๒๕๖๗", 6, 5, "ที่ ดิ น พ ศ ๒๕๖๗"),
    ("ເຂົ້າ", 3, 3, "ເ ຂົ້ າ"),
    ("ភាសា ខ្មែរ", 5, 5, "ភា សា ខ្ មែ រ"),
    ("မြန်မာ။", 3, 3, "မြ န် မာ"),
    ("The (習近平) visit - no.", 7, 3, "The 習 近 平 visit no"),
    # Scripts that part their words, some of them by other signs than blanks.
    ("माननीय अध्यक्ष, हिन्दी में!", 4, 0, "माननीय अध्यक्ष हिन्दी में"),
    ("국회의장님, 감사합니다.", 2, 0, "국회의장님 감사합니다"),
    ("བོད་ཡིག་གི་སྐད།", 4, 0, "བོད ཡིག གི སྐད"),
    ("ሰላም፡ለዓለም", 2, 0, "ሰላም ለዓለም"),
    ("ᓄᓇᕗᑦ — l'été, 5 $", 5, 0, "ᓄᓇᕗᑦ l été 5"),
]


@pytest.mark.parametrize(("text", "words", "characters", "compared"), CASES)
def test_characters_take_the_place_of_words(text: str, words: int, characters: int, compared: str) -> None:
    assert (count_words(text), count_characters(text)) == (words, characters)
    assert words_in(text) == compared.split()
    assert "".join(units_of(text)) == text
    # A unit is never more than a word, and holds its marks.
    assert [unit.strip() for unit in units_of(text) if is_word(unit.strip())] == [
        word for word in compared.split() if not re.search(r"\d", word)
    ]


@given(st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x77F) | st.sampled_from("한국ᓄᓇẽ€ ")))
def test_text_with_blanks_is_split_as_ever(text: str) -> None:
    assert is_plain(text) and count_characters(text) == 0
    assert count_words(text) == len(text.split())
    assert words_in(text) == re.findall(r"[^\W_]+", text)
    assert terms(text) == re.findall(r"[^\W\d_]+", text)
    assert terms(text, 2) == re.findall(r"[^\W\d_]{2,}", text)


@given(st.text(st.sampled_from("我們กิา่ហ្កமிA1é .,-(「」。\n")))
def test_mixed_text_loses_nothing(text: str) -> None:
    assert "".join(units_of(text)) == text
    assert sum(map(len, words_in(text))) >= sum(sign.isalnum() for sign in text)
    assert count_characters(text) <= count_words(text) <= len(text)
    # Blanks between characters, which a line that was broken may leave, change no number.
    joined = re.sub(r"(?<=[我們])\s+(?=[我們])", "", text)
    assert words_in(joined) == words_in(text) and count_characters(joined) == count_characters(text)


def test_terms_are_pairs_of_characters_and_words_of_other_scripts() -> None:
    assert terms("預算案 and 税 i 2019", 2) == ["預算", "算案", "and"]
    assert terms("税 i") == ["税", "i"]
    assert terms("งบ ประ") == ["งบ", "ปร", "ระ"]


@pytest.mark.parametrize(
    ("word", "text", "times"),
    [
        ("預算", "政府的預算案和預算。", 2),
        ("AI", "發展AI技術, AIR", 1),
        ("งาน", "ทำงานที่บ้าน งานนี้", 2),
        ("กา", "กาแฟ กา่", 1),  # the second has a mark more
        ("ना", "नाम ना हिना", 1),
        ("budget", "budgets, a budget", 1),
    ],
)
def test_a_word_is_found_as_a_whole(word: str, text: str, times: int) -> None:
    assert len(re.findall(whole_word(word), text)) == times


def test_punctuation_and_digits_are_no_characters() -> None:
    assert all(map(is_character, "我々のーกิ๋ก្ພမ"))
    assert not any(map(is_character, "。、「・๕๚៛၁၊〒0A é"))
