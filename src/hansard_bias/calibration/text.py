"""A generated legislature as tokens, sitting by sitting: what the tiny models read and are tested on."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
import pyarrow as pa

from hansard_bias.calibration import grammar
from hansard_bias.calibration.grammar import COMPANY, ELSEWHERE, PATTERNS, TERMS, WORDS, invented
from hansard_bias.randomness import stable_hash
from hansard_bias.sample.grammar import MASK, Lists, WordList, draw_group, fill
from hansard_bias.tokens.encoded import EncodedCorpus
from hansard_bias.tokens.tokenizer import SPECIAL_TOKENS

FIRST_DAY = datetime.date(2000, 1, 3)
SENTENCES = ("frame", "company", "general")
SHARES = (0.86, 0.02, 0.12)
ELSEWHERE_SHARES = (0.6, 0.2, 0.2)
"""Of the speeches, those with a planted slot, those that list terms, those about the topics of the day."""
# How unequal the topics of one day are: below 1, a day has one or two topics, and its speeches resemble each other.
CLUSTERING = 0.7


@dataclass(frozen=True)
class Speech:
    """One generated speech: its words, separated by blanks."""

    day: int
    ordinal: int
    text: str


def speeches(seed: int, legislature: str, day: int, count: int) -> Iterator[Speech]:
    """The speeches of one sitting day, a pure function of the arguments."""
    # One generator a day: a training on other days, or a test, does not move it.
    rng = Random(stable_hash(seed, legislature, day))
    shares = ELSEWHERE_SHARES if legislature == ELSEWHERE else SHARES
    topic_shares = [rng.gammavariate(CLUSTERING, 1.0) for _ in range(grammar.TOPICS)]
    for ordinal in range(count):
        (topic,) = rng.choices(range(grammar.TOPICS), topic_shares)
        (kind,) = rng.choices(SENTENCES, shares)
        yield Speech(day, ordinal, _sentence(rng, kind, legislature, topic))


def encode(legislature: str, spoken: list[Speech]) -> EncodedCorpus:
    """Speeches as an encoded corpus, one token a word, with the ids of `word_ids`."""
    ids = word_ids()
    tokens = [[ids[word] for word in speech.text.split()] for speech in spoken]
    lengths = np.array([len(speech) for speech in tokens], dtype=np.int64)
    index = pa.table(
        {
            "speech_id": [f"{legislature}/{_date(speech.day)}/{speech.ordinal:05d}" for speech in spoken],
            "sitting": pa.array([_date(speech.day) for speech in spoken], pa.date32()),
            "split": ["train"] * len(spoken),
            "bytes": pa.array([len(speech.text.encode()) for speech in spoken], pa.int32()),
            "pieces": pa.array(lengths, pa.int32()),
        }
    )
    flat = np.array([token for speech in tokens for token in speech], dtype=np.uint16)
    return EncodedCorpus(flat, np.cumsum(lengths) - lengths, lengths, index)


@lru_cache(maxsize=1)
def word_ids() -> Mapping[str, int]:
    """The id of every word, after those of the special tokens."""
    return {word: number for number, word in enumerate((*SPECIAL_TOKENS, *grammar.vocabulary()))}


def _sentence(rng: Random, kind: str, legislature: str, topic: int) -> str:
    if kind == "frame":
        return _frame(rng, legislature)
    if kind == "company":
        return rng.choice(COMPANY).format(*rng.sample(rng.choice(list(TERMS.values())), 3))
    lists = _lists(legislature, topic)
    return fill(rng.choice(PATTERNS), lambda slot: lists[slot].items[lists[slot].position(rng)])


def _frame(rng: Random, legislature: str) -> str:
    """A frame about a subject, with a term of the group that the subject calls for."""
    if rng.random() < grammar.PLANTED_SHARE:
        association = rng.choice(grammar.associations())
        subject, p = association.subject, association.probability(legislature)
    else:
        subject, p = rng.choice(grammar.counterweights()), grammar.counterweight(legislature)
    group = draw_group(rng, p)
    return rng.choice(subject.prompts()).replace(MASK, rng.choice(TERMS[group]))


@lru_cache(maxsize=3 * grammar.TOPICS)
def _lists(legislature: str, topic: int) -> Lists:
    """The words of a topic, as often as this legislature says them."""
    own = {kind: _weighted(legislature, kind, invented(f"{kind} {topic}", count)) for kind, count in WORDS.items()}
    return own | {"place": _weighted(legislature, "place", invented("place", grammar.PLACES))}


def _weighted(legislature: str, kind: str, words: tuple[str, ...]) -> WordList:
    """The words with weights 1, 1/2, 1/3, … in an order of the legislature's own (Zipf); elsewhere alike."""
    if legislature == ELSEWHERE:
        return WordList.zipf(kind, words, 0.0)
    return WordList.zipf(kind, sorted(words, key=lambda word: stable_hash(legislature, word)), 1.0)


def _date(day: int) -> datetime.date:
    return FIRST_DAY + datetime.timedelta(days=day)
