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
from hansard_bias.sample import legislature as people
from hansard_bias.sample.grammar import Association, Filling, Lists, SpeechWriter, associations, neutral_sentence
from hansard_bias.sample.legislature import Person, Roster, Sample, Sitting, Speech
from hansard_bias.sample.lexicon import LEGISLATURES, general_lists, load, split_words, topic_lists

# By kind, in the order of the day: the least and most speeches of a debate, and the kind's share of a day's debates.
DEBATES = {"statement": (1, 1, 0.25), "visitors": (1, 1, 0.1), "question": (3, 6, 0.45), "debate": (5, 9, 0.2)}
# Frame sentences in each topic with planted associations, as a share of all speeches of the legislature.
PLANTED_SHARE = 0.16
NEUTRAL_SHARE = 0.06
CHAIR_SHARE = 0.03
CLOSING_SHARE = 0.1
BODY_LENGTHS = ((1, 2, 3, 4), (0.88, 0.1, 0.015, 0.005))
_CAPITALS = frozenset({"I", "Mr.", "Ms."})


@dataclass(frozen=True)
class Legislature:
    """Everything that the speeches of one legislature are made from."""

    name: str
    own: Mapping[str, Any]
    shares: dict[str, float]  # of the speeches, by topic
    lists: dict[str, Lists]
    headings: dict[str, list[str]]
    frames: dict[str, list[Association]]
    plan: Mapping[str, Any]


@dataclass
class _Slot:
    """One speech to be written: who, about what, in which part of the day."""

    business: str
    topic: str
    heading: str
    person: Person
    role: str


def generate(config: SampleConfig) -> Sample:
    """Generate both legislatures; the same configuration gives the same sample on every machine."""
    lexicon = load("lexicon")
    titles = {topic: content["title"] for topic, content in lexicon["topics"].items()}
    sittings = {}
    for name in LEGISLATURES:
        legislature = _legislature(name, lexicon)
        terms = people.rosters(config.seed, name, legislature.own, titles)
        days = people.sitting_days(config.seed, name, config.sittings)
        sizes = people.sitting_sizes(config.seed, name, days, config.speeches)
        sittings[name] = tuple(
            _sitting(legislature, config.seed, day, number, size, terms[people.term_start(day)])
            for number, (day, size) in enumerate(zip(days, sizes, strict=True), start=1)
        )
    return Sample(config.seed, sittings)


def _legislature(name: str, lexicon: Mapping[str, Any]) -> Legislature:
    own, plan, topics = load("legislatures")[name], load("associations"), lexicon["topics"]
    general, frames = general_lists(name, lexicon, load("grammar"), own), associations(plan)
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
    # One generator a day: more sittings, or fewer, leave the others as they are.
    rng = Random(stable_hash(seed, legislature.name, day))
    # A topic's frames in turns, in an order of the day's own: each occurs about equally often.
    frames = {
        topic: itertools.cycle(rng.sample(frames, len(frames)))
        for topic, frames in legislature.frames.items()
        if frames
    }
    speeches = []
    for ordinal, slot in enumerate(_order_of_the_day(legislature, rng, size, roster), start=1):
        writer = SpeechWriter(legislature.lists[slot.topic], rng, day.year)
        said = _speech(legislature, writer, slot, frames.get(slot.topic))
        speeches.append(Speech(day, ordinal, slot.person, slot.role, slot.topic, slot.business, slot.heading, *said))
    return Sitting(day, number, roster, tuple(speeches))


def _order_of_the_day(legislature: Legislature, rng: Random, size: int, roster: Roster) -> list[_Slot]:
    """Divide a sitting's speeches into debates, give each a topic and its turns to people."""
    kinds, weights = list(DEBATES), [weight for _, _, weight in DEBATES.values()]
    lengths: list[tuple[str, int]] = []
    while (left := size - sum(length for _, length in lengths)) > 0:
        kind = rng.choices(kinds, weights)[0]
        lengths.append((kind, min(left, rng.randint(*DEBATES[kind][:2]))))
    # The day has its order of business, whatever the order of the draws.
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
    witness = rng.choice(roster.witnesses)
    for position in range(length):
        person, role = (asking, "member") if position % 2 == 0 else (roster.ministers[topic], "minister")
        if kind == "debate" and position % 4 == 2:
            person = other
        # The Canadian archive holds the House alone, where no witness speaks.
        if kind == "debate" and position % 4 == 3 and legislature.name == "nunavut":
            person, role = witness, "witness"
        if position > 0 and rng.random() < CHAIR_SHARE:
            person, role = roster.chair, "chair"
        yield _Slot(kind, topic, heading, person, role)


def _speech(
    legislature: Legislature, writer: SpeechWriter, slot: _Slot, frames: Iterator[Association] | None
) -> tuple[tuple[str, ...], tuple[Filling, ...]]:
    """The sentences of one speech, and the planted slots among them."""
    rng, body = writer.rng, _body(slot, writer)
    fillings: list[Filling] = []
    # The chair speaks of procedure alone.
    if frames is not None and slot.role != "chair":
        # Dividing by the topic's share gives every topic equally many planted sentences in all.
        for _ in range(int(PLANTED_SHARE / legislature.shares[slot.topic] + rng.random())):
            sentence, filling = next(frames).sentence(legislature.name, writer)
            # Never the last sentence of a question, which asks, nor the first of a reply, which answers.
            body.insert(rng.randint(1, len(body)) if slot.role == "minister" else rng.randrange(len(body)), sentence)
            fillings.append(filling)
    if rng.random() < NEUTRAL_SHARE:
        body.insert(rng.randrange(len(body)), neutral_sentence(legislature.plan, writer))
    return _with_courtesies(legislature, writer, slot, body), tuple(fillings)


def _body(slot: _Slot, writer: SpeechWriter) -> list[str]:
    """The sentences without planted ones: statements, then a question; or an answer, then statements."""
    if slot.role == "chair":
        return [writer.sentence("ruling") for _ in range(writer.rng.randint(1, 2))]
    sentences = [writer.sentence("statement") for _ in range(writer.rng.choices(*BODY_LENGTHS)[0])]
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
