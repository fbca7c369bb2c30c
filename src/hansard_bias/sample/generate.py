"""Two legislatures with known associations, generated sitting by sitting from (seed, legislature, date)."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hansard_bias.params import SampleConfig
from hansard_bias.randomness import stable_hash
from hansard_bias.sample import grammar
from hansard_bias.sample import legislature as people
from hansard_bias.sample.grammar import LEGISLATURES, Association, Filling, SpeechWriter, load, split_words
from hansard_bias.sample.legislature import Person, Roster, Sample, Sitting, Speech

# By kind, in the order of the day: the least and most speeches of a debate, and the kind's share of a day's debates.
DEBATES = {"statement": (1, 1, 0.25), "visitors": (1, 1, 0.1), "question": (3, 6, 0.45), "debate": (5, 9, 0.2)}
# Frame sentences in each topic with planted associations, as a share of all speeches of the legislature.
PLANTED_SHARE = 0.16
# Of the speeches: those with a sentence that uses a term without leaning, those of the chair, those that end politely.
NEUTRAL_SHARE, CHAIR_SHARE, CLOSING_SHARE = 0.06, 0.03, 0.1
# Statements in a speech, and how often: few, so that a planted sentence is a large part of the text.
BODY_LENGTHS = ((1, 2, 3, 4), (0.88, 0.1, 0.015, 0.005))
CAPITALS = frozenset({"I", "Mr.", "Ms."})


def generate(config: SampleConfig) -> Sample:
    """Generate both legislatures; the same configuration gives the same sample on every machine."""
    lexicon = load("lexicon")
    titles = {topic: content["title"] for topic, content in lexicon["topics"].items()}
    sittings = {}
    for name in LEGISLATURES:
        legislature = _Legislature(name, config.seed, lexicon)
        terms = people.rosters(config.seed, name, legislature.own, titles)
        days = people.sitting_days(config.seed, name, config.sittings)
        sizes = people.sitting_sizes(config.seed, name, days, config.speeches)
        sittings[name] = tuple(
            legislature.sitting(day, number, size, terms[people.term_start(day)])
            for number, (day, size) in enumerate(zip(days, sizes, strict=True), start=1)
        )
    return Sample(config.seed, sittings)


class _Legislature:
    """Everything that the speeches of one legislature are made from."""

    def __init__(self, name: str, seed: int, lexicon: Mapping[str, Any]) -> None:
        self.name, self.seed, self.own, self.plan = name, seed, load("legislatures")[name], load("associations")
        shares, topics, planted = self.own["topics"], lexicon["topics"], grammar.associations()
        # Of the speeches, by topic, as all that follows.
        self.shares = {topic: share / sum(shares.values()) for topic, share in shares.items()}
        self.lists = grammar.topic_lists(name)
        self.headings = {topic: split_words(topics[topic]["headings"]) for topic in topics}
        # In the order of the topics: a day draws the order of each topic's frames.
        self.frames = {topic: found for topic in topics if (found := [each for each in planted if each.topic == topic])}

    def sitting(self, day: datetime.date, number: int, size: int, roster: Roster) -> Sitting:
        """One day's speeches."""
        # One generator a day: more sittings, or fewer, leave the others as they are.
        rng = Random(stable_hash(self.seed, self.name, day))
        # A topic's frames in turns, in an order of the day's own: each occurs about equally often.
        frames = {topic: itertools.cycle(rng.sample(found, len(found))) for topic, found in self.frames.items()}
        speeches: list[Speech] = []
        for turn in self._order_of_the_day(rng, day, size, roster):
            writer = SpeechWriter(self.lists[turn.topic], rng, day.year)
            sentences, fillings = self._speech(writer, turn, frames.get(turn.topic))
            speeches.append(replace(turn, ordinal=len(speeches) + 1, sentences=sentences, fillings=fillings))
        return Sitting(day, number, roster, tuple(speeches))

    def _order_of_the_day(self, rng: Random, day: datetime.date, size: int, roster: Roster) -> list[Speech]:
        """Divide a sitting's speeches into debates, give each a topic and its turns to people; nothing is said yet."""
        kinds, weights = list(DEBATES), [weight for _, _, weight in DEBATES.values()]
        lengths: list[tuple[str, int]] = []
        while (left := size - sum(length for _, length in lengths)) > 0:
            kind = rng.choices(kinds, weights)[0]
            # The last debate is cut off where the day is full.
            lengths.append((kind, min(left, rng.randint(*DEBATES[kind][:2]))))
        # The day has its order of business, whatever the order of the draws.
        lengths.sort(key=lambda debate: kinds.index(debate[0]))
        owed = {topic: share * size for topic, share in self.shares.items()}
        turns: list[Speech] = []
        for kind, length in lengths:
            # A topic's chance is what it is still owed of the day, so that topics keep their shares.
            topic = rng.choices(list(owed), [max(left, 0.01) for left in owed.values()])[0]
            owed[topic] -= length
            heading = rng.choice(self.headings[topic])
            speakers = self._speakers(rng, kind, topic, length, roster)
            turns += [Speech(day, 0, person, role, topic, kind, heading) for person, role in speakers]
        return turns

    def _speakers(
        self, rng: Random, kind: str, topic: str, length: int, roster: Roster
    ) -> Iterator[tuple[Person, str]]:
        """Who speaks in one debate, and in what role: two members, the minister, sometimes a witness or the chair."""
        asking, other = rng.sample(roster.members, 2)
        witness = rng.choice(roster.witnesses)
        in_turn = [(asking, "member"), (roster.ministers[topic], "minister")] * 2
        if kind == "debate":
            in_turn[2] = (other, "member")
            # The Canadian archive holds the House alone, where no witness speaks.
            if self.name == "nunavut":
                in_turn[3] = (witness, "witness")
        for position in range(length):
            # No debate begins with the chair.
            chairs = position > 0 and rng.random() < CHAIR_SHARE
            yield (roster.chair, "chair") if chairs else in_turn[position % 4]

    def _speech(
        self, writer: SpeechWriter, turn: Speech, frames: Iterator[Association] | None
    ) -> tuple[tuple[str, ...], tuple[Filling, ...]]:
        """The sentences of one speech, and the planted slots among them."""
        rng, body = writer.rng, _body(turn, writer)
        fillings: list[Filling] = []
        # The chair speaks of procedure alone.
        if frames is not None and turn.role != "chair":
            # Dividing by the topic's share gives every topic equally many planted sentences in all.
            for _ in range(int(PLANTED_SHARE / self.shares[turn.topic] + rng.random())):
                sentence, filling = next(frames).sentence(self.name, writer)
                # Never the last sentence of a question, which asks, nor the first of a reply, which answers.
                place = rng.randint(1, len(body)) if turn.role == "minister" else rng.randrange(len(body))
                body.insert(place, sentence)
                fillings.append(filling)
        if rng.random() < NEUTRAL_SHARE:
            # The sentence is drawn after its place.
            place = rng.randrange(len(body))
            body.insert(place, grammar.neutral_sentence(self.plan, writer))
        return self._with_courtesies(writer, turn, body), tuple(fillings)

    def _with_courtesies(self, writer: SpeechWriter, turn: Speech, body: list[str]) -> tuple[str, ...]:
        """Put the form of address before a speech and, at times, a closing formula after it."""
        opening = writer.expand(writer.rng.choice(self.own["opening"][turn.role]))
        if opening.endswith(","):
            # A name or "I" keeps its capital after "Mr. Speaker,".
            first = body[0] if body[0].split()[0] in CAPITALS else body[0][0].lower() + body[0][1:]
            body = [f"{opening} {first}", *body[1:]]
        elif opening:
            body = [opening, *body]
        # A witness or the chair has no leave to ask for.
        if turn.role in ("member", "minister") and writer.rng.random() < CLOSING_SHARE:
            body.append(writer.expand(writer.rng.choice(self.own["closing"])))
        return tuple(body)


def _body(turn: Speech, writer: SpeechWriter) -> list[str]:
    """The sentences without planted ones: statements, then a question; or an answer, then statements."""
    if turn.role == "chair":
        return [writer.sentence("ruling") for _ in range(writer.rng.randint(1, 2))]
    sentences = [writer.sentence("statement") for _ in range(writer.rng.choices(*BODY_LENGTHS)[0])]
    if turn.business == "visitors":
        sentences[0] = writer.sentence("tribute")
    elif turn.role == "member" and turn.business != "statement":
        sentences.append(writer.sentence("inquiry"))
    elif turn.role != "member":
        sentences[0] = writer.sentence("reply")
    return sentences
