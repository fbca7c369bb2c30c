"""The planted associations: which group of terms fills a frame, in which legislature, how often."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hansard_bias.sample.grammar import SpeechWriter, canonical, finish
from hansard_bias.sample.legislature import Filling, Sample
from hansard_bias.sample.lexicon import LEGISLATURES

MASK = "[MASK]"
GROUPS = ("northern", "southern")


@dataclass(frozen=True)
class Association:
    """One frame: its carriers (paraphrases with one [MASK]) and how the slot is filled."""

    id: str
    topic: str
    carriers: tuple[str, ...]
    shares: dict[str, dict[str, float]]
    """Shares of the terms within their group, by group: the same in both legislatures."""
    probability: dict[str, float]
    """Probability of the northern group, by legislature."""

    def sentence(self, legislature: str, writer: SpeechWriter) -> tuple[str, Filling]:
        """Draw a carrier, a group and a term; returns the sentence and what filled its slot."""
        rng = writer.rng
        group = GROUPS[0] if rng.random() < self.probability[legislature] else GROUPS[1]
        shares = self.shares[group]
        term = rng.choices(list(shares), list(shares.values()))[0]
        carrier = writer.expand(rng.choice(self.carriers))
        return finish(carrier.replace(MASK, term)), Filling(self.id, group, term)


def associations(plan: Mapping[str, Any]) -> tuple[Association, ...]:
    """The frames of associations.yaml."""
    return tuple(
        Association(
            frame["id"],
            frame["topic"],
            tuple(frame["carriers"]),
            {group: dict(frame[group]) for group in GROUPS},
            dict(frame["probability"]),
        )
        for frame in plan["frames"]
    )


def neutral_sentence(plan: Mapping[str, Any], writer: SpeechWriter) -> str:
    """A sentence in which every term of both groups is equally likely, in either legislature."""
    terms = [term for group in GROUPS for term in plan["terms"][group]]
    pattern: str = writer.rng.choice(plan["neutral"])
    return finish(writer.expand(pattern).replace(MASK, writer.rng.choice(terms)))


def planted_truth(frames: tuple[Association, ...], sample: Sample) -> dict[str, Any]:
    """The content of planted.json: the probabilities that were set and what was drawn from them.

    `log_odds` is ln(p / (1 - p)) of the northern group, in nats; the truth of a mixture is that of the
    occurrences-weighted mean of p.
    """
    drawn = {name: sample.fillings(name) for name in LEGISLATURES}
    occurrences = {name: Counter(filling.frame for filling in drawn[name]) for name in LEGISLATURES}
    northern = {
        name: Counter(filling.frame for filling in drawn[name] if filling.group == GROUPS[0]) for name in LEGISLATURES
    }
    records = [
        {
            "id": frame.id,
            "topic": frame.topic,
            "prompts": [canonical(carrier) for carrier in frame.carriers],
            "groups": {group: list(frame.shares[group]) for group in GROUPS},
            "probability_northern": frame.probability,
            "log_odds": {name: math.log(p / (1 - p)) for name, p in frame.probability.items()},
            "word_shares": frame.shares,
            "occurrences": {name: occurrences[name][frame.id] for name in LEGISLATURES},
            "occurrences_northern": {name: northern[name][frame.id] for name in LEGISLATURES},
        }
        for frame in frames
    ]
    return {"seed": sample.seed, "associations": records}
