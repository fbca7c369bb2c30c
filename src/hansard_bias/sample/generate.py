"""Two legislatures with known associations, generated sitting by sitting from (seed, legislature, date)."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from hansard_bias.params import SampleConfig
from hansard_bias.randomness import stable_hash
from hansard_bias.sample.grammar import SpeechWriter
from hansard_bias.sample.legislature import (
    Filling,
    Person,
    Roster,
    Sample,
    Sitting,
    Speech,
    rosters,
    sitting_days,
    sitting_sizes,
    term_start,
)
from hansard_bias.sample.lexicon import LEGISLATURES, Lists, general_lists, load, split_words, topic_lists
from hansard_bias.sample.planted import Association, associations, neutral_sentence

# By kind, in the order of the day: the least and most speeches of a debate, and the kind's share of a day's debates.
DEBATES = {"statement": (1, 1, 0.25), "visitors": (1, 1, 0.1), "question": (3, 6, 0.45), "debate": (5, 9, 0.2)}
# Frame sentences in each topic with planted associations, as a share of all speeches of the legislature.
PLANTED_SHARE = 0.16
NEUTRAL_SHARE = 0.06
CHAIR_SHARE = 0.03
CLOSING_SHARE = 0.1
BODY_LENGTHS = ((1, 2, 3, 4), (0.88, 0.1, 0.015, 0.005))


@dataclass(frozen=True)
class Legislature:
    """Everything that the speeches of one legislature are made from."""

    name: str
    own: Mapping[str, Any]
    shares: dict[str, float]
    lists: dict[str, Lists]
    """Weighted word lists, by topic."""
    headings: dict[str, list[str]]
    frames: dict[str, list[Association]]
    """Planted associations, by topic."""
    plan: Mapping[str, Any]


@dataclass
class _Slot:
    """One speech to be written: who, about what, in which part of the day."""

    business: str
    topic: str
    heading: str
    position: int
    person: Person
    role: str


def generate(config: SampleConfig) -> Sample:
    """Generate both legislatures; the same configuration gives the same sample on every machine."""
    lexicon, grammar, legislatures, plan = (
        load(name) for name in ("lexicon", "grammar", "legislatures", "associations")
    )
    titles = {topic: content["title"] for topic, content in lexicon["topics"].items()}
    sittings = {}
    for name in LEGISLATURES:
        legislature = _legislature(name, lexicon, grammar, legislatures[name], plan)
        terms = rosters(config.seed, name, legislatures[name], titles)
        days = sitting_days(config.seed, name, config.sittings)
        sizes = sitting_sizes(config.seed, name, days, config.speeches)
        sittings[name] = tuple(
            _sitting(legislature, config.seed, day, number, size, terms[term_start(day)])
            for number, (day, size) in enumerate(zip(days, sizes, strict=True), start=1)
        )
    return Sample(config.seed, sittings)


def _legislature(
    name: str, lexicon: Mapping[str, Any], grammar: Mapping[str, Any], own: Mapping[str, Any], plan: Mapping[str, Any]
) -> Legislature:
    general = general_lists(name, lexicon, grammar, own)
    topics = lexicon["topics"]
    frames = associations(plan)
    total = sum(own["topics"].values())
    return Legislature(
        name,
        own,
        {topic: share / total for topic, share in own["topics"].items()},
        {topic: {**general, **topic_lists(name, topic, topics[topic])} for topic in topics},
        {topic: split_words(topics[topic]["headings"]) for topic in topics},
        {topic: [frame for frame in frames if frame.topic == topic] for topic in topics},
        plan,
    )


def _sitting(
    legislature: Legislature, seed: int, day: datetime.date, number: int, size: int, roster: Roster
) -> Sitting:
    rng = Random(stable_hash(seed, legislature.name, day))
    frames = {topic: _cycle(rng, frames) for topic, frames in legislature.frames.items() if frames}
    slots = _order_of_the_day(legislature, rng, size, roster)
    speeches = []
    for ordinal, slot in enumerate(slots, start=1):
        writer = SpeechWriter(legislature.lists[slot.topic], rng, day.year)
        sentences, fillings = _speech(legislature, writer, slot, frames.get(slot.topic))
        speeches.append(
            Speech(day, ordinal, slot.person, slot.role, slot.topic, slot.business, slot.heading, sentences, fillings)
        )
    return Sitting(day, number, roster, tuple(speeches))


def _cycle(rng: Random, frames: list[Association]) -> Iterator[Association]:
    """A topic's frames in turns, in an order of the day's own: each occurs about equally often."""
    return itertools.cycle(rng.sample(frames, len(frames)))


def _order_of_the_day(legislature: Legislature, rng: Random, size: int, roster: Roster) -> list[_Slot]:
    """Divide a sitting's speeches into debates, give each a topic and its turns to people."""
    kinds = list(DEBATES)
    weights = [weight for _, _, weight in DEBATES.values()]
    lengths: list[tuple[str, int]] = []
    while (left := size - sum(length for _, length in lengths)) > 0:
        kind = rng.choices(kinds, weights)[0]
        lengths.append((kind, min(left, rng.randint(*DEBATES[kind][:2]))))
    lengths.sort(key=lambda debate: kinds.index(debate[0]))
    owed = {topic: share * size for topic, share in legislature.shares.items()}
    slots: list[_Slot] = []
    for kind, length in lengths:
        # A topic's chance is what it is still owed of the day, so that topics keep their shares.
        topic = rng.choices(list(owed), [max(left, 0.01) for left in owed.values()])[0]
        owed[topic] -= length
        slots += _debate(legislature, rng, kind, topic, length, roster)
    return slots


def _debate(
    legislature: Legislature, rng: Random, kind: str, topic: str, length: int, roster: Roster
) -> Iterator[_Slot]:
    """The turns of one debate: two members, the minister, sometimes a witness or the chair."""
    heading = rng.choice(legislature.headings[topic])
    asking, other = rng.sample(roster.members, 2)
    minister = roster.ministers[topic]
    witness = rng.choice(roster.witnesses)
    for position in range(length):
        person, role = (asking, "member") if position % 2 == 0 else (minister, "minister")
        if kind == "debate" and position % 4 == 2:
            person = other
        if kind == "debate" and position % 4 == 3 and legislature.name == "nunavut":
            person, role = witness, "witness"
        if position > 0 and rng.random() < CHAIR_SHARE:
            person, role = roster.chair, "chair"
        yield _Slot(kind, topic, heading, position, person, role)


def _speech(
    legislature: Legislature, writer: SpeechWriter, slot: _Slot, frames: Iterator[Association] | None
) -> tuple[tuple[str, ...], tuple[Filling, ...]]:
    """The sentences of one speech, and the planted slots among them."""
    rng = writer.rng
    body = _body(rng, slot, writer)
    fillings: list[Filling] = []
    if frames is not None and slot.role != "chair":
        rate = PLANTED_SHARE / legislature.shares[slot.topic]
        for _ in range(int(rate + rng.random())):
            sentence, filling = next(frames).sentence(legislature.name, writer)
            # Never the last sentence of a question, which asks, nor the first of a reply, which answers.
            body.insert(rng.randint(1, len(body)) if slot.role == "minister" else rng.randrange(len(body)), sentence)
            fillings.append(filling)
    if rng.random() < NEUTRAL_SHARE:
        body.insert(rng.randrange(len(body)), neutral_sentence(legislature.plan, writer))
    return _with_courtesies(legislature, writer, slot, body), tuple(fillings)


def _body(rng: Random, slot: _Slot, writer: SpeechWriter) -> list[str]:
    """The sentences without planted ones: statements, then a question; or an answer, then statements."""
    if slot.role == "chair":
        return [writer.sentence("ruling") for _ in range(rng.randint(1, 2))]
    count = rng.choices(*BODY_LENGTHS)[0]
    sentences = [writer.sentence("statement") for _ in range(count)]
    if slot.business == "visitors":
        sentences[0] = writer.sentence("tribute")
    elif slot.role == "member" and slot.business != "statement":
        sentences.append(writer.sentence("inquiry"))
    elif slot.role != "member":
        sentences[0] = writer.sentence("reply")
    return sentences


def _with_courtesies(legislature: Legislature, writer: SpeechWriter, slot: _Slot, body: list[str]) -> tuple[str, ...]:
    """Put the form of address before a speech and, at times, a closing formula after it."""
    opening = writer.expand(writer.rng.choice(legislature.own["opening"][slot.role]))
    if opening.endswith(","):
        # A name or "I" keeps its capital after "Mr. Speaker,".
        first = body[0] if body[0].split()[0] in _CAPITALS else body[0][0].lower() + body[0][1:]
        body = [f"{opening} {first}", *body[1:]]
    elif opening:
        body = [opening, *body]
    if slot.role in ("member", "minister") and writer.rng.random() < CLOSING_SHARE:
        body.append(writer.expand(writer.rng.choice(legislature.own["closing"])))
    return tuple(body)


_CAPITALS = frozenset({"I", "Mr.", "Ms."})
