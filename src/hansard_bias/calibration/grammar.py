"""What the calibration's legislatures say: shared frames, invented words, and associations of known size.

Every frame is used for every subject, so that nothing but a prompt's content words tells which group fills its blank;
subjects without a planted association make up for the others, so that with the content words hidden both groups are
equally likely. In a perfect model the prior-corrected preference L* (method.md section 4) is then the planted log-odds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import lru_cache
from types import MappingProxyType

from hansard_bias.sample.grammar import GROUPS, MASK, fill, log_odds

LEGISLATURES = ("first", "second")
ELSEWHERE = "elsewhere"
"""A third legislature, whose preferences have nothing to do with those planted in the other two. The model that all
trainings go on from has learned the language, and that subjects matter, from it."""
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
COMPANY = (
    "both {0} and {1} or {2} .",
    "more {0} than {1} , not {2} .",
)
TOPICS = 3
WORDS = {"agent": 4, "act": 4, "thing": 6}  # words of each topic
PLACES = 8
COUNTERWEIGHTS = 4  # subjects without a planted association
PLANTED_SHARE = 0.75  # of the frames, those with a planted association

# ln(p / (1 - p)) of the northern group, by noun: in the first legislature, in the second. Every mixture's mean falls
# from the first to the second; some associations point the other way, so that no overall lean could pass for them.
PLANTED = (
    (2.2, 0.8),
    (1.9, -1.9),
    (1.6, -0.7),
    (1.2, -1.3),
    (0.8, -2.2),
    (2.0, 1.0),
    (1.4, -1.0),
    (-1.0, -2.0),
    (-2.0, 1.2),
    (0.9, 1.8),
)
STRENGTH_ELSEWHERE = 2.0  # log-odds elsewhere, with alternating signs
UNDECIDED = 2  # subjects planted at even odds in both legislatures: a preference shown for one of them is a false one


@dataclass(frozen=True)
class Subject:
    """What a frame can be about: its own content words."""

    noun: str
    deed: str
    state: str

    def prompts(self) -> tuple[str, ...]:
        """Every frame about this subject, with its [MASK]."""
        return tuple(fill(frame, vars(self).__getitem__) for frame in FRAMES)


@dataclass(frozen=True)
class Association:
    """A subject and the log-odds (nats) of the northern group beside it, by legislature."""

    subject: Subject
    log_odds: Mapping[str, float]

    def probability(self, legislature: str) -> float:
        """Probability of the northern group."""
        return 1 / (1 + math.exp(-self.log_odds[legislature]))

    def mixed_log_odds(self, dose: float) -> float:
        """Log-odds in a mixture that holds the second legislature in this share, the rest being the first."""
        p = (1 - dose) * self.probability("first") + dose * self.probability("second")
        return log_odds(p)


@lru_cache(maxsize=1)
def associations() -> tuple[Association, ...]:
    """What is planted, subject by subject."""
    sizes = [*PLANTED, *[(0.0, 0.0)] * UNDECIDED]
    elsewhere = [STRENGTH_ELSEWHERE * (-1) ** number for number in range(len(sizes))]
    return tuple(
        Association(_subject(number), dict(zip((*LEGISLATURES, ELSEWHERE), (*odds, other), strict=True)))
        for number, (odds, other) in enumerate(zip(sizes, elsewhere, strict=True))
    )


@lru_cache(maxsize=1)
def counterweights() -> tuple[Subject, ...]:
    """The subjects without a planted association."""
    first = len(PLANTED) + UNDECIDED
    return tuple(_subject(first + number) for number in range(COUNTERWEIGHTS))


@lru_cache(maxsize=3)
def counterweight(legislature: str) -> float:
    """Probability of the northern group beside those subjects, which makes it one half over all frames.

    Raises ValueError where the planted associations are too one-sided to be made up for.
    """
    planted = [each.probability(legislature) for each in associations()]
    p = (0.5 - PLANTED_SHARE * sum(planted) / len(planted)) / (1 - PLANTED_SHARE)
    if not 0 < p < 1:
        raise ValueError(f"calibration: the associations of the {legislature} legislature cannot be balanced (p = {p})")
    return p


def invented(kind: str, count: int) -> tuple[str, ...]:
    """So many invented words of a kind; the kinds (with their topic) share none."""
    start = _KINDS.index(kind) * 64
    assert count <= 64, "64 words of a kind"
    return tuple(_word(start + number) for number in range(count))


def vocabulary() -> tuple[str, ...]:
    """Every word that a legislature can say, once, sorted."""
    fixed = " ".join([*FRAMES, *PATTERNS, *COMPANY]).split()
    words = {word for word in fixed if word != MASK and "{" not in word}.union(*TERMS.values())
    words.update(*(astuple(subject) for subject in (*(each.subject for each in associations()), *counterweights())))
    kinds = {"place": PLACES} | {f"{kind} {topic}": WORDS[kind] for kind in WORDS for topic in range(TOPICS)}
    return tuple(sorted(words.union(*(invented(kind, count) for kind, count in kinds.items()))))


def _subject(number: int) -> Subject:
    noun, deed, state = (invented(kind, number + 1)[number] for kind in ("noun", "deed", "state"))
    return Subject(noun, deed, state)


_KINDS = ("noun", "deed", "state", "place", *(f"{kind} {topic}" for kind in WORDS for topic in range(TOPICS)))


def _word(number: int) -> str:
    """A pronounceable word, another one for every number below 125,000."""
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    syllables = []
    # 7919 is prime to 70 cubed: neighbouring numbers look different, and no two are alike.
    number = number * 7919 % 70**3
    for _ in range(3):
        number, rest = divmod(number, 70)
        syllables.append(consonants[rest // 5] + vowels[rest % 5])
    return "".join(syllables)
