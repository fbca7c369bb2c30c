"""Same topics: the excess where the topics of the two legislatures are given the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hansard_bias.analysis.compared import Excess, Pair, differences, pairs
from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import metric
from hansard_bias.analysis.speeches import Losses
from hansard_bias.statistics.clusters import Clusters
from hansard_bias.statistics.intervals import FloatArray
from hansard_bias.statistics.variance import Estimate, linear
from hansard_bias.tokens.encoded import Ids

# With less in common there is no excess on the same topics to speak of.
LEAST_OVERLAP = 0.1


@dataclass(frozen=True)
class TopicRecord:
    """A topic, found in the training text of all corpora together."""

    words: tuple[str, ...]
    """The heaviest first."""
    shares: dict[str, float]
    """By corpus: its share of the test tokens that have a topic."""


@dataclass(frozen=True)
class Matched:
    """The excess of a model on another legislature's debates, as if both spoke as much of every topic."""

    plain: Excess | None
    """Over the speeches that have a topic."""
    matched: Excess | None
    """The same with each topic's weight the smaller of its shares in both; None where there is hardly one in common."""
    overlap: float
    """Σ of the smaller shares: 1 where both speak as much of everything, 0 where they have no topic in common."""
    speeches: float
    """How many equally weighted speeches the matched excess is worth (Kish 1965): (Σ weight)² / Σ weight²."""
    reason: str = ""
    """Why there is no number; empty where there is one."""


@dataclass(frozen=True)
class SameTopics:
    """Topics, and the excess of every single-corpus model on every other corpus with equal topics."""

    topics: tuple[TopicRecord, ...]
    """The largest first."""
    excess: dict[str, dict[str, Matched]] = field(default_factory=dict)
    """By row, then `on_<corpus>`."""
    reason: str = ""
    """Why there are no topics; empty where there are."""


@metric("topics", SameTopics)
def topic_findings(data: StudyData) -> SameTopics:
    """The matched excess of every pair of a single-corpus model and another corpus."""
    found = data.topics
    if not found.topics:
        return SameTopics((), reason=found.reason)
    shares = {
        corpus: topic_shares(data.losses[corpus], topic, len(found.topics)) for corpus, topic in found.of_speech.items()
    }
    records = tuple(
        TopicRecord(topic.words, {corpus: float(each[at]) for corpus, each in shares.items()})
        for at, topic in enumerate(found.topics)
    )
    excess: dict[str, dict[str, Matched]] = {}
    for pair in pairs(data):
        learned = [*data.config.models[[*data.config.models][pair.model]].mixture]
        if len(learned) == 1:
            excess.setdefault(pair.row, {})[pair.column] = _matched(data, pair, shares, learned[0])
    return SameTopics(records, excess)


def topic_shares(losses: Losses, topic: Ids, number: int) -> FloatArray:
    """The share of every topic in the test tokens that have one, shape [number]; zeros where none has."""
    held = np.bincount(topic[topic >= 0], weights=losses.tokens[topic >= 0], minlength=number)
    return np.asarray(held / max(held.sum(), 1.0))


def _matched(data: StudyData, pair: Pair, shares: Mapping[str, FloatArray], other: str) -> Matched:
    losses, topic = data.losses[pair.corpus], data.topics.of_speech[pair.corpus]
    common = np.minimum(shares[pair.corpus], shares[other])
    overlap = float(common.sum())
    plain = _excess(data, pair, shares[pair.corpus])
    if overlap < LEAST_OVERLAP:
        return Matched(plain, None, overlap, 0.0, f"hardly a topic in common with {other} ({overlap:.0%} of the text)")
    weight = speech_weights(losses.tokens, topic, common)
    return Matched(plain, _excess(data, pair, common), overlap, float(weight.sum() ** 2 / (weight**2).sum()))


def _excess(data: StudyData, pair: Pair, weights: FloatArray) -> Excess | None:
    if not weights.any():
        return None
    losses, topic = data.losses[pair.corpus], data.topics.of_speech[pair.corpus]
    estimates = {
        kind: weighted_by_topic(nats, losses, topic, weights) for kind, nats in differences(data, pair).items()
    }
    return Excess(**{kind: each.interval(data.config.bias.confidence) for kind, each in estimates.items()})


def weighted_by_topic(nats: FloatArray, losses: Losses, topic: Ids, weights: FloatArray) -> Estimate:
    """Nats per token of every topic, averaged with these weights, which are taken as given; an estimate without axes.

    Direct standardisation: Σ_k w_k S_k / N_k, linearised in the speeches as a ratio in every topic (Cochran 1977, ch.
    5A and 6).

    Parameters
    ----------
    nats : of every speech, shape [seeds, speeches].
    topic : of every speech, a place in `weights` or less than 0; shape [speeches].
    weights : of every topic, shape [topics]; those of topics without a token are 0.
    """
    shares = speech_weights(losses.tokens, topic, weights)
    # A speech's share, spread over its nats: without tokens there are none.
    per_token = np.divide(nats, losses.tokens, out=np.zeros_like(nats), where=losses.tokens > 0)
    by_topic = np.stack([np.bincount(topic[topic >= 0], (shares * row)[topic >= 0], len(weights)) for row in per_token])
    normed = weights / weights.sum()
    means = np.divide(by_topic, normed, out=np.zeros_like(by_topic), where=normed > 0)
    deviations = shares * (per_token - np.where(topic >= 0, means[:, topic], 0.0))
    kept = shares > 0
    sitting, speaker = losses.clusters
    clusters = Clusters.of(sitting[kept], None if speaker is None else speaker[kept])
    return linear(by_topic.sum(axis=1)[None], deviations[:, kept], shares[kept], clusters).of(0)


def speech_weights(tokens: FloatArray, topic: Ids, weights: FloatArray) -> FloatArray:
    """Each speech's share in a mean whose topics have these weights; they sum to 1, shape [speeches]."""
    inside = topic >= 0
    held = np.bincount(topic[inside], weights=tokens[inside], minlength=len(weights))
    present = np.divide(weights, held, out=np.zeros_like(weights), where=held > 0)
    found = np.where(inside, tokens * present[np.where(inside, topic, 0)], 0.0)
    return np.asarray(found / found.sum())
