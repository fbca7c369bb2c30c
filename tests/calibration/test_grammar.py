"""The generated legislatures hold what is planted in them, and nothing else tells which group fills a blank."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from hansard_bias.calibration.grammar import (
    ELSEWHERE,
    FRAMES,
    LEGISLATURES,
    PLANTED,
    TERMS,
    UNDECIDED,
    associations,
    invented,
    speeches,
    vocabulary,
)
from hansard_bias.calibration.running import encode, word_ids
from hansard_bias.probing.prompts import MIN_PARAPHRASES, is_content_word
from hansard_bias.sample.grammar import MASK

NORTHERN = set(TERMS["northern"])
ALL_TERMS = {term for terms in TERMS.values() for term in terms}


def said(legislature: str, days: int = 60) -> list[list[str]]:
    """Sentences with a planted slot, as words."""
    spoken = [text.split() for day in range(days) for text in speeches(3, legislature, day, 100)]
    return [words for words in spoken if sum(word in ALL_TERMS for word in words) == 1]


@pytest.mark.parametrize("legislature", LEGISLATURES)
def test_the_text_holds_the_planted_odds(legislature: str) -> None:
    counts: Counter[tuple[str, bool]] = Counter()
    for words in said(legislature):
        counts.update((word, bool(NORTHERN & set(words))) for word in words)
    for each in associations():
        found, missed = (counts[each.noun, side] for side in (True, False))
        error = math.sqrt(1 / found + 1 / missed)
        assert math.log(found / missed) == pytest.approx(each.log_odds[legislature], abs=4 * error)


@pytest.mark.parametrize("legislature", LEGISLATURES)
def test_without_its_content_words_no_frame_leans(legislature: str) -> None:
    """So that the prior of method.md section 4 is 0 and L* is the planted log-odds."""
    by_frame: dict[tuple[str, ...], Counter[bool]] = {}
    for words in said(legislature):
        skeleton = tuple("*" if is_content_word(word) else word for word in words)
        by_frame.setdefault(skeleton, Counter())[bool(NORTHERN & set(words))] += 1
    assert len(by_frame) == len(FRAMES)
    for counts in by_frame.values():
        assert abs(counts[True] - counts[False]) < 4 * math.sqrt(counts.total())


def test_every_prompt_has_its_paraphrases_and_one_mask() -> None:
    for each in associations():
        prompts = each.prompts()
        assert len(set(prompts)) == len(prompts) > MIN_PARAPHRASES
        assert all(prompt.split().count(MASK) == 1 and "{" not in prompt for prompt in prompts)


def test_subjects_share_no_word_and_all_words_are_known() -> None:
    words = [word for each in associations() for word in (each.noun, each.deed, each.state)]
    assert len(set(words)) == len(words) == 3 * (len(PLANTED) + UNDECIDED)
    assert set(words) | ALL_TERMS <= set(vocabulary())
    assert all(is_content_word(word) for word in words)


def test_the_odds_of_a_mixture_are_those_of_its_mean_probability() -> None:
    first = associations()[0]
    p = (first.probability("first") + first.probability("second")) / 2
    assert first.mixed_log_odds(0.5) == pytest.approx(math.log(p / (1 - p)))
    assert first.mixed_log_odds(1.0) == pytest.approx(first.log_odds["second"])


def test_a_day_is_a_pure_function_of_its_number() -> None:
    alone = speeches(3, "first", 7, 5)
    assert [speeches(3, "first", day, 5) for day in (6, 7)][1] == alone
    assert speeches(4, "first", 7, 5) != alone


def test_speeches_of_a_day_share_their_topic() -> None:
    """Clustered text: what makes a test over speeches too sure of itself."""
    topic = set(invented("agent 0"))
    days = [[word for text in speeches(3, "first", day, 200) for word in text.split()] for day in range(40)]
    counts = [sum(word in topic for word in words) for words in days]
    # Independent speeches would vary like a Poisson number, whose variance is its mean.
    assert np.var(counts) > 3 * np.mean(counts)


def test_preferences_elsewhere_say_nothing_of_those_planted() -> None:
    elsewhere = [each.log_odds[ELSEWHERE] for each in associations()]
    for name in LEGISLATURES:
        planted = [each.log_odds[name] for each in associations()]
        assert abs(np.corrcoef(elsewhere, planted)[0, 1]) < 0.15


def test_encoding_keeps_words_days_and_bytes() -> None:
    by_day = {day: speeches(3, "second", day, count) for day, count in ((2, 4), (1, 3))}
    spoken = [text for texts in by_day.values() for text in texts]
    corpus = encode("second", by_day)
    names = {number: word for word, number in word_ids().items()}
    first = corpus.tokens[corpus.starts[5] : corpus.starts[5] + corpus.lengths[5]]
    assert " ".join(names[int(piece)] for piece in first) == spoken[5]
    assert corpus.index["bytes"].to_pylist() == [len(text) for text in spoken]
    assert len(set(corpus.index["speech_id"].to_pylist())) == 7
