"""Topics of made-up debates: what was planted is found, in every language, and what is missing has a reason."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hansard_bias.corpora.schema import ALIGNED
from hansard_bias.yardsticks.tables import NO_TOPIC, Topics
from hansard_bias.yardsticks.topics import PASSAGE_WORDS, Speeches, find_topics, passages, words_of

LATIN, GREEK = "bdfgklmnprstv", "βγδζθκλμνξπρσ"
PLANTED, WORDS = 8, 90


def invented(letters: str, seed: int, count: int) -> list[str]:
    """Words that nobody ever said."""
    rng = np.random.default_rng(seed)
    syllables = ["".join(pair) for pair in itertools.product(letters, "aeiou")]
    words = ["".join(triple) for triple in itertools.product(syllables, syllables)]
    return [str(word) for word in rng.choice(words, count, replace=False)]


@dataclass(frozen=True)
class House:
    """Words of a legislature: of the topics, of everybody's small talk, and its own."""

    topics: list[list[str]]
    small: list[str]
    own: list[str]


def house_of(letters: str, own: int) -> House:
    words = invented(letters, 1, WORDS * PLANTED + 25)
    planted = [words[WORDS * at : WORDS * (at + 1)] for at in range(PLANTED)]
    return House(planted, words[WORDS * PLANTED :], invented(letters, own, 15))


def debates(house: House, sittings: int, seed: int, weights: Sequence[float]) -> tuple[pa.Table, list[int]]:
    """Speeches in the columns of an aligned corpus, and the topic of each; one in three has small talk alone."""
    rng = np.random.default_rng(seed)
    rows, truth = [], []
    for sitting, place in itertools.product(range(sittings), range(4)):
        topic = int(rng.choice(len(weights), p=weights))
        for part in range(6):
            said = rng.choice(house.small, 15).tolist() + rng.choice(house.own, 15).tolist()
            if part % 3:
                said += rng.choice(house.topics[topic], 60).tolist()
            day = datetime.date(2001, 1, 1) + datetime.timedelta(days=sitting)
            split = ("train", "train", "test")[sitting % 3]
            row = {"speech_id": f"{seed}/{sitting}/{place}/{part}", "sitting": day, "ordinal": len(rows)}
            rows.append(row | {"text": " ".join(rng.permutation(said)).capitalize() + ".", "split": split})
            rows[-1] |= {"words": len(said), "bytes": 9, "shares_13gram": False}
            truth += [topic] if split == "test" else []
    return pa.Table.from_pylist([dict.fromkeys(ALIGNED.names) | row for row in rows], ALIGNED), truth


SHARES = {"moor": (0.2, 0.2, 0.15, 0.15, 0.1, 0.1, 0.05, 0.05), "heath": (0.05, 0.05, 0.1, 0.1, 0.15, 0.15, 0.2, 0.2)}


def write(folder: Path, houses: dict[str, House], sittings: int = 60) -> dict[str, list[int]]:
    """Aligned corpora, and what their test speeches are about."""
    truths = {}
    for seed, (name, house) in enumerate(houses.items()):
        table, truths[name] = debates(house, sittings, seed, SHARES[name])
        pq.write_table(table, folder / f"{name}.parquet")
    return truths


def planted_in(houses: dict[str, House]) -> list[set[str]]:
    return [set(words) for words in next(iter(houses.values())).topics]


def recovered(found: Topics, truths: dict[str, list[int]], houses: dict[str, House]) -> float:
    """The share of test speeches that have the topic whose words were planted in them."""
    planted = planted_in(houses)
    named = [int(np.argmax([len(words & {*topic.words}) for words in planted])) for topic in found.topics]
    right = [named[at] == true for name in truths for at, true in zip(found.of_speech[name], truths[name], strict=True)]
    return float(np.mean(right))


@pytest.mark.parametrize("letters", [LATIN, GREEK])
def test_planted_topics_are_found_by_their_words(tmp_path: Path, letters: str) -> None:
    """Both houses have words of their own in every speech: those tell no topic."""
    houses = {"moor": house_of(letters, 8), "heath": house_of(letters, 9)}
    truths = write(tmp_path, houses)
    found = find_topics(tmp_path, [*houses], PLANTED)
    assert not found.reason
    assert len(found.topics) == PLANTED
    topics = [
        {at for at, words in enumerate(planted_in(houses)) if set(topic.words) <= words} for topic in found.topics
    ]
    assert sorted(topics, key=str) == [{at} for at in range(PLANTED)]
    # A passage may end in the middle of a debate, and takes in what comes first of the next.
    assert recovered(found, truths, houses) > 0.8
    for topic, (meant,) in zip(found.topics, topics, strict=True):
        for name, share in topic.shares.items():
            assert share == pytest.approx(SHARES[name][meant], abs=0.1)


def test_a_short_speech_has_the_topic_of_its_exchange(tmp_path: Path) -> None:
    houses = {"moor": house_of(LATIN, 8), "heath": house_of(LATIN, 9)}
    truths = write(tmp_path, houses)
    found = find_topics(tmp_path, [*houses], PLANTED)
    small_talk = np.arange(len(truths["moor"])) % 3 == 0
    assert (found.of_speech["moor"][small_talk] != NO_TOPIC).all()
    only = {name: list(np.array(truth)[np.arange(len(truth)) % 3 == 0]) for name, truth in truths.items()}
    some = Topics(
        found.topics, {name: topic[np.arange(len(topic)) % 3 == 0] for name, topic in found.of_speech.items()}
    )
    assert recovered(some, only, houses) > 0.7


def test_topics_do_not_depend_on_the_order_of_corpora(tmp_path: Path) -> None:
    write(tmp_path, {"moor": house_of(LATIN, 8), "heath": house_of(LATIN, 9)})
    one, other = (find_topics(tmp_path, names, PLANTED) for names in (["moor", "heath"], ["heath", "moor"]))
    assert one.topics == other.topics
    for name in ("moor", "heath"):
        np.testing.assert_array_equal(one.of_speech[name], other.of_speech[name])
    totals = [sum(topic.shares.values()) for topic in one.topics]
    assert totals == sorted(totals, reverse=True)


def test_a_corpus_of_five_times_the_text_has_no_larger_say(tmp_path: Path) -> None:
    write(tmp_path, {"moor": house_of(LATIN, 8), "heath": house_of(LATIN, 9)})
    table, _ = debates(house_of(LATIN, 8), 300, 7, SHARES["moor"])
    pq.write_table(table, tmp_path / "moor.parquet")
    known = {name: Speeches.read(tmp_path / f"{name}.parquet", "train") for name in ("moor", "heath")}
    fewest = known["heath"].passages
    some = known["moor"].some(fewest)
    assert known["moor"].passages > 4 * fewest == 4 * some.passages
    assert np.unique(some.passage).tolist() == list(range(fewest))
    texts = [text for batch in some.texts() for text in batch]
    chosen = {
        speech: text for speech, text in zip(table["speech_id"].to_pylist(), table["text"].to_pylist(), strict=True)
    }
    assert texts == [chosen[speech] for speech in some.ids.to_pylist()]
    # More is asked for: what was chosen stays.
    assert set(some.ids.to_pylist()) < set(known["moor"].some(2 * fewest).ids.to_pylist())
    assert len(find_topics(tmp_path, ["moor", "heath"], PLANTED).topics) == PLANTED


@pytest.mark.parametrize(
    ("count", "houses", "sittings", "reason"),
    [
        (0, {"moor": house_of(LATIN, 8)}, 3, "bias.topics is 0"),
        (20, {"moor": house_of(LATIN, 8)}, 3, "passages of 200 words in the shortest corpus's training text"),
        (20, {"moor": house_of(LATIN, 8), "heath": house_of(GREEK, 9)}, 60, "0 words are in all corpora"),
        (20, {"moor": House([["of"]] * PLANTED, ["of"], ["of"])}, 60, "0 words are in all corpora"),
        (20, {"moor": House([["1"]] * PLANTED, ["2"], ["3"])}, 60, "0 words are in all corpora"),
    ],
)
def test_where_there_can_be_no_topics_the_reason_is_told(
    tmp_path: Path, count: int, houses: dict[str, House], sittings: int, reason: str
) -> None:
    write(tmp_path, houses, sittings)
    found = find_topics(tmp_path, [*houses], count)
    assert reason in found.reason
    assert (found.topics, found.of_speech) == ((), {})


def test_fewer_topics_are_found_in_little_text(tmp_path: Path) -> None:
    houses = {"moor": house_of(LATIN, 8), "heath": house_of(LATIN, 9)}
    write(tmp_path, houses, 30)
    most = min(Speeches.read(tmp_path / f"{name}.parquet", "train").passages for name in houses)
    assert len(find_topics(tmp_path, [*houses], 20).topics) <= 2 * most // 25 < 20


def test_passages_are_of_one_sitting_and_long_enough() -> None:
    rng = np.random.default_rng(3)
    days, words = np.sort(rng.integers(0, 40, 900)), rng.integers(1, 400, 900)
    found = passages(days, words)
    assert (np.diff(found) >= 0).all() and np.unique(found).tolist() == list(range(found[-1] + 1))
    for number in range(found[-1] + 1):
        inside = found == number
        assert len(set(days[inside])) == 1
        alone = (found[days == days[inside][0]] == number).all()
        assert words[inside].sum() >= PASSAGE_WORDS or alone


@pytest.mark.parametrize(
    ("days", "words", "expected"),
    [
        ([], [], []),
        ([1], [5], [0]),
        ([1, 1, 1], [150, 50, 10], [0, 0, 0]),
        ([1, 1, 1, 1], [150, 50, 10, 190], [0, 0, 1, 1]),
        ([1, 1, 2, 2], [10, 10, 500, 10], [0, 0, 1, 1]),
        ([1, 2, 2], [200, 200, 200], [0, 1, 2]),
    ],
)
def test_what_is_left_of_a_sitting_joins_the_passage_before(
    days: list[int], words: list[int], expected: list[int]
) -> None:
    assert passages(np.array(days, np.int64), np.array(words, np.int64)).tolist() == expected


def test_words_are_runs_of_letters_in_any_script() -> None:
    assert words_of("The 3 Ministers' ÉTUDE: ΛΌΓΟΣ, a речь.") == ["the", "ministers", "étude", "λόγοσ", "речь"]
