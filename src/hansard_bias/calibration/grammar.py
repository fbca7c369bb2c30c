"""What the calibration's legislatures say: shared frames, invented words, and associations of known size.

Every frame is used for every subject, so that nothing but a prompt's content words tells which group fills its blank;
subjects without a planted association make up for the others, so that with the content words hidden both groups are
equally likely. In a perfect model the prior-corrected preference L* (method.md section 4) is then the planted log-odds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from types import MappingProxyType

from hansard_bias.randomness import stable_hash
from hansard_bias.sample.grammar import GROUPS, MASK, Lists, WordList, draw_group, fill, log_odds

LEGISLATURES = ("first", "second")
# A third legislature, whose preferences have nothing to do with those planted in the other two. The model that all
# trainings go on from has learned the language, and that subjects matter, from it.
ELSEWHERE = "elsewhere"
_TERMS = (("northern", "Arctic", "coastal", "remote"), ("southern", "federal", "national", "urban"))
TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(dict(zip(GROUPS, _TERMS, strict=True)))
# The first is the prompt, the others are its paraphrases. All three content words belong to one subject.
FRAMES = (
    "we {deed} the [MASK] {noun} if {state} .",
    "the {state} and [MASK] {noun} can {deed} us .",
    "who did {deed} our {state} [MASK] {noun} ?",
    "for [MASK] {noun} they {deed} it {state} .",
    "when {state} , [MASK] {noun} will {deed} .",
    "there the [MASK] {noun} is {state} to {deed} .",
)
PATTERNS = (
    "the {agent} of {place} will {act} the {thing} .",
    "in {place} every {agent} can {act} this {thing} .",
    "when did the {agent} {act} {thing} of {place} ?",
    "we {act} {thing} and {thing} for the {agent} .",
)
# Terms of one group keep company: a model learns from these which words belong together, not who prefers them.
COMPANY = ("both {0} and {1} or {2} .", "more {0} than {1} , not {2} .")
# Of the speeches, those with a planted slot, those that list terms, those about the topics of the day.
SENTENCES = ("frame", "company", "general")
SHARES = (0.86, 0.02, 0.12)
ELSEWHERE_SHARES = (0.6, 0.2, 0.2)
PLANTED_SHARE = 0.75  # of the frames, those with a planted association
# How unequal the topics of one day are: below 1, a day has one or two topics, and its speeches resemble each other.
CLUSTERING = 0.7

# ln(p / (1 - p)) of the northern group, by noun: in the first legislature, in the second. Every mixture's mean falls
# from the first to the second; some associations point the other way, so that no overall lean could pass for them. All
# four pairs of directions occur.
_PATTERNS = (
    *((2.2, 0.8), (1.9, -1.9), (1.6, -0.7), (1.2, -1.3), (0.8, -2.2)),
    *((2.0, 1.0), (1.4, -1.0), (-1.0, -2.0), (-2.0, 1.2), (0.9, 1.8)),
)
PLANTED = tuple((first * size, second * size) for size in (1.0, 0.9, 1.1, 1.2) for first, second in _PATTERNS)
STRENGTH_ELSEWHERE = 2.0  # log-odds elsewhere, with alternating signs
UNDECIDED = 8  # subjects planted at even odds in both legislatures: a preference shown for one of them is a false one
COUNTERWEIGHTS = 4  # subjects without a planted association
TOPICS = 3
WORDS = {"agent": 4, "act": 4, "thing": 6}  # words of each topic
# How many words are invented, by kind. The order decides which: a new kind comes last.
KINDS = (
    dict.fromkeys(("noun", "deed", "state"), len(PLANTED) + UNDECIDED + COUNTERWEIGHTS)
    | {"place": 8}
    | {f"{kind} {topic}": count for kind, count in WORDS.items() for topic in range(TOPICS)}
)
MOST_WORDS = 64  # of a kind


@dataclass(frozen=True)
class Subject:
    """What a frame can be about: its own content words, and which group goes with them."""

    noun: str
    deed: str
    state: str
    log_odds: Mapping[str, float]  # of the northern group, in nats, by legislature; empty of a counterweight

    def prompts(self) -> tuple[str, ...]:
        """Every frame about this subject, with its [MASK]."""
        return tuple(fill(frame, vars(self).__getitem__) for frame in FRAMES)

    def probability(self, legislature: str) -> float:
        """Probability of the northern group."""
        return 1 / (1 + math.exp(-self.log_odds[legislature])) if self.log_odds else counterweight(legislature)

    def mixed_log_odds(self, dose: float) -> float:
        """Log-odds in a mixture that holds the second legislature in this share, the rest being the first."""
        # Texts are mixed, and so probabilities, not log-odds.
        return log_odds((1 - dose) * self.probability("first") + dose * self.probability("second"))


@lru_cache(maxsize=1)
def subjects() -> tuple[Subject, ...]:
    """All subjects: those with a planted association, then the counterweights."""
    planted = enumerate([*PLANTED, *[(0.0, 0.0)] * UNDECIDED])
    odds = [{"first": a, "second": b, ELSEWHERE: STRENGTH_ELSEWHERE * (-1) ** number} for number, (a, b) in planted]
    return tuple(map(Subject, *map(invented, ("noun", "deed", "state")), [*odds, *[{}] * COUNTERWEIGHTS]))


def associations() -> tuple[Subject, ...]:
    """The subjects with a planted association."""
    return subjects()[:-COUNTERWEIGHTS]


@lru_cache(maxsize=3)
def counterweight(legislature: str) -> float:
    """Probability of the northern group beside the counterweights, which makes it one half over all frames.

    Raises ValueError where the planted associations are too one-sided to be made up for.
    """
    planted = [each.probability(legislature) for each in associations()]
    # Over all frames: PLANTED_SHARE * mean + (1 - PLANTED_SHARE) * p = 0.5.
    p = (0.5 - PLANTED_SHARE * sum(planted) / len(planted)) / (1 - PLANTED_SHARE)
    if not 0 < p < 1:
        raise ValueError(f"calibration: the associations of the {legislature} legislature cannot be balanced (p = {p})")
    return p


def vocabulary() -> tuple[str, ...]:
    """Every word that a legislature can say, once, sorted."""
    fixed = {word for word in " ".join([*FRAMES, *PATTERNS, *COMPANY]).split() if word != MASK and "{" not in word}
    return tuple(sorted(fixed.union(*TERMS.values(), *map(invented, KINDS))))


@lru_cache
def invented(kind: str) -> tuple[str, ...]:
    """The invented words of a kind; the kinds (with their topic) share none."""
    assert KINDS[kind] <= MOST_WORDS, "64 words of a kind"
    start = MOST_WORDS * list(KINDS).index(kind)
    return tuple(_word(start + number) for number in range(KINDS[kind]))


def _word(number: int) -> str:
    """A pronounceable word, another one for every number below 343,000."""
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    word = ""
    # 7919 is prime to 70 cubed: neighbouring numbers look different, and no two are alike.
    number = number * 7919 % 70**3
    for _ in range(3):
        number, rest = divmod(number, 70)
        word += consonants[rest // 5] + vowels[rest % 5]
    return word


def speeches(seed: int, legislature: str, day: int, count: int) -> list[str]:
    """The speeches of one sitting day, words separated by blanks; a pure function of the arguments."""
    # One generator a day: a training on other days, or a test, does not move it.
    rng = Random(stable_hash(seed, legislature, day))
    shares = ELSEWHERE_SHARES if legislature == ELSEWHERE else SHARES
    topic_shares = [rng.gammavariate(CLUSTERING, 1.0) for _ in range(TOPICS)]
    spoken = []
    for _ in range(count):
        (topic,) = rng.choices(range(TOPICS), topic_shares)
        (kind,) = rng.choices(SENTENCES, shares)
        spoken.append(_sentence(rng, kind, legislature, topic))
    return spoken


def _sentence(rng: Random, kind: str, legislature: str, topic: int) -> str:
    if kind == "frame":
        subject = rng.choice(associations() if rng.random() < PLANTED_SHARE else subjects()[-COUNTERWEIGHTS:])
        group = draw_group(rng, subject.probability(legislature))
        return rng.choice(subject.prompts()).replace(MASK, rng.choice(TERMS[group]))
    if kind == "company":
        return rng.choice(COMPANY).format(*rng.sample(rng.choice(list(TERMS.values())), 3))
    lists = _lists(legislature, topic)
    return fill(rng.choice(PATTERNS), lambda slot: lists[slot].items[lists[slot].position(rng)])


@lru_cache(maxsize=3 * TOPICS)
def _lists(legislature: str, topic: int) -> Lists:
    """The words of a topic with weights 1, 1/2, 1/3, … in an order of the legislature's own; elsewhere all alike."""
    words = {kind: invented(f"{kind} {topic}") for kind in WORDS} | {"place": invented("place")}
    # No word is commoner there, so that the model that all go on from favours neither legislature.
    if legislature == ELSEWHERE:
        return {kind: WordList.zipf(kind, found, 0.0) for kind, found in words.items()}
    ordered = {kind: sorted(found, key=lambda word: stable_hash(legislature, word)) for kind, found in words.items()}
    return {kind: WordList.zipf(kind, found, 1.0) for kind, found in ordered.items()}
