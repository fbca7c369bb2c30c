"""Compared with what: yardsticks, what the excess is made of, topics, days, speakers, amount of text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from hansard_bias.analysis.compared import Slice
from hansard_bias.analysis.metrics.curve import LearningCurve
from hansard_bias.analysis.metrics.days import Days
from hansard_bias.analysis.metrics.decomposition import Decomposed, Decomposition
from hansard_bias.analysis.metrics.halvings import Halvings
from hansard_bias.analysis.metrics.speakers import Speakers
from hansard_bias.analysis.metrics.topics import SameTopics
from hansard_bias.analysis.metrics.yardsticks import Yardsticks
from hansard_bias.report import formats as fmt
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text
from hansard_bias.report.verdict import judged

SECTION = "yardsticks"
BEYOND = {True: "yes", False: "no", None: "not decided"}
TOPIC_WORDS = 5


def named_pairs(results: Results) -> Iterator[tuple[str, str, str, str]]:
    """Every model on every corpus that is not its own: names in params.yaml, then those of the results."""
    config = results.config
    for model, corpus in product(config.models, config.corpora):
        if config.own_model(corpus) not in (model, None):
            yield model, corpus, config.row_key(model), f"on_{corpus}"


def _names(results: Results, model: str, corpus: str) -> list[str]:
    return [fmt.model_name(results.config, model), fmt.title(corpus)]


@table("yardsticks", section=SECTION, order=1)
def yardstick_table(results: Results) -> Table:
    """Every excess beside the larger yardstick of its text."""
    found, rows = results.bias.metric(Yardsticks), []
    for model, corpus, row, column in named_pairs(results):
        each = found.excess[row][column]
        numbers = (each.excess, each.companion, each.companion_half, each.yardstick)
        cells = [fmt.NOTHING if number is None else fmt.estimate(number, fmt.signed) for number in numbers]
        many = fmt.NOTHING
        if each.companion_half is not None and each.yardstick is not None and each.yardstick.value > 0:
            many = f"{fmt.TIMES}{fmt.significant(max(each.companion_half.value / each.yardstick.value, 0.0))}"
        beyond = [BEYOND[flag] for flag in (each.beyond, each.companion_beyond)]
        rows.append([*_names(results, model, corpus), *cells, many, *beyond])
    columns = ["Model", "Reading", "Excess", "N-gram excess", "N-gram, half of the text", "Yardstick"]
    columns += ["N-gram excess over yardstick", "Beyond it", "N-gram, beyond it"]
    caption = (
        "What it costs to predict a text with another training, beside what n-gram models of two halves of that text's "
        "own legislature differ by; nats per token. The yardstick's models have half of the text, so it is set against "
        "n-gram models of half of the text; beyond: the difference is above 0 after correction."
    )
    return make_table(caption, columns, rows, text=2, words=["Beyond it", "N-gram, beyond it"])


@table("halves", section=SECTION, order=2, fold="Both yardsticks of every legislature")
def halves_table(results: Results) -> Table:
    """What two periods and two random halves of every corpus differ by."""
    rows = []
    for corpus, stick in results.bias.metric(Yardsticks).corpora.items():
        numbers = [
            fmt.NOTHING if each is None else fmt.estimate(each, fmt.signed) for each in (stick.time, stick.random)
        ]
        why = "; ".join(stick.reasons) or fmt.NOTHING
        rows.append([fmt.title(corpus), *numbers, fmt.count(stick.tokens), stick.cut or fmt.NOTHING, why])
    columns = ["Debates", "Early against late", "Two random halves", "Tokens a half", "Late from", "Missing because"]
    caption = (
        "Yardsticks: how much worse n-gram models of one half of a legislature's debates predict the other half's."
    )
    return make_table(caption, columns, rows, words=["Late from", "Missing because"])


@text("yardstick_sentence")
def yardstick_sentence(results: Results) -> str:
    """In words: how much more than its yardstick each comparison is."""
    parts = []
    for each in judged(results):
        half, stick = each.against.companion_half, each.against.yardstick
        if half is not None and stick is not None and stick.value > 0:
            name, place = fmt.model_name(results.config, each.comparison.model), fmt.title(each.comparison.corpus)
            size = fmt.significant(max(half.value / stick.value, 0.0))
            parts.append(f"an n-gram model of {name} pays {size} times as much for the debates of {place}")
    if not parts:
        return "No yardstick could be made: see the reasons in the table."
    told = "; ".join(parts)
    return f"Beside them, {told}."


@text("halvings_sentence")
def halvings_sentence(results: Results) -> str:
    """In words: how often the rule finds something in this text where there is nothing to find."""
    found = results.bias.metric(Halvings).corpora
    made = {corpus: each for corpus, each in found.items() if each.halvings}
    if not made:
        why = "; ".join(f"{fmt.title(corpus)}: {each.reason}" for corpus, each in found.items())
        return f"Whether the answer would be no where there is nothing to find was not tried on this text ({why})."
    told = [
        f"of {fmt.count(each.halvings)} halvings of {fmt.title(corpus)}, {fmt.count(each.yes)} get a \u201cYes\u201d, "
        f"and {fmt.count(each.rejected)} of {fmt.count(each.tests)} tests of the excess reject"
        for corpus, each in made.items()
    ]
    return (
        "And where there is nothing to find? The sittings of one legislature were dealt into two at random, again and "
        f"again, and read as a study of two legislatures, by n-gram models: {fmt.sentence_list(told)}."
    )


@table("decomposition", section=SECTION, order=3, fold="What the excess is made of")
def decomposition_table(results: Results) -> Table:
    """Parts of every excess, of masked and of n-gram models."""
    found, rows, classes = results.bias.metric(Decomposition), [], _classes(results)
    for kind, by_row in (("masked", found.masked), ("n-gram", found.companion)):
        for model, corpus, row, column in named_pairs(results):
            each = by_row[row][column]
            parts = [each.excess, each.frequency, each.context, *(each.classes[name] for name in classes)]
            rows.append([*_names(results, model, corpus), kind, *(fmt.estimate(part, fmt.signed) for part in parts)])
    columns = [
        "Model",
        "Reading",
        "Kind",
        "Excess",
        "Word frequency",
        "Context",
        *(name.capitalize() for name in classes),
    ]
    caption = (
        "Parts of the excess, nats per token of the whole text: word frequency and context add up to it, and so do the "
        "classes of words."
    )
    return make_table(caption, columns, rows, text=2, words=["Kind"])


def _classes(results: Results) -> list[str]:
    return list(next(iter(results.bias.metric(Decomposition).tokens.values()), {}))


@text("decomposition_sentence")
def decomposition_sentence(results: Results) -> str:
    """Which share of the excess is word frequency, and on which words most of it falls."""
    found, parts = results.bias.metric(Decomposition), []
    for each in judged(results):
        part = found.masked[results.config.row_key(each.comparison.model)][f"on_{each.comparison.corpus}"]
        if part.excess.value > 0:
            parts.append(_made_of(results, each.comparison.model, each.comparison.corpus, part))
    return (
        f"{' '.join(parts)} The rest of each is context: what the words around tell one model and not the other."
        if parts
        else ""
    )


def _made_of(results: Results, model: str, corpus: str, part: Decomposed) -> str:
    largest = max(part.classes, key=lambda name: part.classes[name].value)
    share, falls = (fmt.percent(each.value / part.excess.value) for each in (part.frequency, part.classes[largest]))
    text_share = fmt.percent(results.bias.metric(Decomposition).tokens[corpus][largest])
    return (
        f"Of what model {fmt.model_name(results.config, model)} pays on {fmt.title(corpus)}, {share} is that other "
        f"words are frequent; {falls} falls on {largest}, which are {text_share} of the text."
    )


@table("topics", section=SECTION, order=4, fold="On the same topics")
def topic_excess_table(results: Results) -> Table:
    """Excess as it is and with equal topics."""
    found, rows = results.bias.metric(SameTopics), []
    for model, corpus, row, column in named_pairs(results):
        each = found.excess.get(row, {}).get(column)
        if each is not None:
            both = [(pair.masked, pair.companion) if pair else (None, None) for pair in (each.plain, each.matched)]
            cells = [fmt.NOTHING if e is None else fmt.estimate(e, fmt.signed) for pair in both for e in pair]
            size = fmt.count(round(each.speeches)) if each.speeches else fmt.NOTHING
            rows.append(
                [*_names(results, model, corpus), *cells, fmt.percent(each.overlap), size, each.reason or fmt.NOTHING]
            )
    columns = ["Model", "Reading", "Excess", "N-gram excess", "Same topics", "N-gram, same topics", "Topics in common"]
    columns += ["Worth so many speeches", "Left out because"]
    caption = (
        "The excess over speeches with a topic, as it is and with every topic weighted by the smaller of its shares in "
        "the two legislatures; nats per token."
    )
    return make_table(caption, columns, rows, text=2, words=["Left out because"])


@table("topic_list", section=SECTION, order=5, fold="The topics")
def topic_list(results: Results) -> Table:
    """The words of every topic and its share of each legislature's debates."""
    found, corpora = results.bias.metric(SameTopics), list(results.config.corpora)
    rows = [
        [", ".join(topic.words[:TOPIC_WORDS]), *(fmt.percent(topic.shares[corpus]) for corpus in corpora)]
        for topic in found.topics
    ]
    columns = ["Topic, by its words", *map(fmt.title, corpora)]
    return make_table("Topics found in all debates together, by share of the test text with a topic.", columns, rows)


@text("topic_sentence")
def topic_sentence(results: Results) -> str:
    """What is left of the excess on the same topics."""
    found = results.bias.metric(SameTopics)
    if found.reason:
        return f"On the same topics: no number, because {found.reason}."
    parts = []
    for model, corpus, row, column in named_pairs(results):
        each = found.excess.get(row, {}).get(column)
        if each is not None and each.matched is not None and each.plain is not None:
            sizes = [f"{fmt.TIMES}{fmt.significant(math.exp(e.masked.value))}" for e in (each.matched, each.plain)]
            name = fmt.model_name(results.config, model)
            parts.append(f"model {name} on {fmt.title(corpus)}: {sizes[0]} instead of {sizes[1]}")
    return f"If both legislatures spoke as much of every topic: {'; '.join(parts)}." if parts else ""


@table("days", section=SECTION, order=6, fold="By distance from the days that the text's own model has read")
def day_table(results: Results) -> Table:
    """The excess by distance in days."""
    caption = (
        "The excess by days between a test speech and the nearest sitting that the text's own model has read (the same "
        "agenda, the same week); nats per token."
    )
    return _slice_table(results, results.bias.metric(Days).corpora, "Distance", caption)


@table("speakers", section=SECTION, order=7, fold="By speakers whom the text's own model has read, or not")
def speaker_table(results: Results) -> Table:
    """The excess on known and new speakers."""
    caption = "The excess by whether the text's own model has read the speaker; nats per token."
    return _slice_table(results, results.bias.metric(Speakers).corpora, "Speakers", caption)


def _slice_table(results: Results, corpora: dict[str, tuple[Slice, ...]], kind: str, caption: str) -> Table:
    rows = []
    for model, corpus, row, _ in named_pairs(results):
        for each in corpora.get(corpus, ()):
            if found := each.excess.get(row):
                sizes = [fmt.count(each.speeches), fmt.count(each.sittings), fmt.percent(each.tokens_share)]
                excess = [fmt.estimate(part, fmt.signed) for part in (found.masked, found.companion)]
                rows.append([*_names(results, model, corpus), each.what, *sizes, *excess])
    columns = ["Model", "Reading", kind, "Speeches", "Sitting days", "Share of the text", "Excess", "N-gram excess"]
    return make_table(caption, columns, rows, text=3)


@text("slice_sentences")
def slice_sentences(results: Results) -> Iterator[str]:
    """What nearness in time and known speakers change, in words."""
    for corpus, found in results.bias.metric(Days).corpora.items():
        if found:
            near = found[0]
            yield (
                f"{fmt.percent(near.tokens_share)} of the test text of {fmt.title(corpus)} lies within "
                f"{near.what.removeprefix('0 to ')} of a sitting that its own model has read, often on the same agenda."
            )
    for corpus, reason in results.bias.metric(Speakers).reasons.items():
        yield f"Known and new speakers of {fmt.title(corpus)}: no numbers, because {reason}."


@table("learning", section=SECTION, order=8, fold="With less training text")
def learning_table(results: Results) -> Table:
    """The n-gram models' excess over the amount of text."""
    rows = []
    for model, corpus, row, column in named_pairs(results):
        for point in results.bias.metric(LearningCurve).excess[row][column]:
            tokens = fmt.NOTHING if point.tokens is None else fmt.count(point.tokens)
            rows.append([*_names(results, model, corpus), point.share, tokens, fmt.estimate(point.excess, fmt.signed)])
    caption = (
        "The excess of n-gram models that learned from a part of the text, nats per token: it grows with the text."
    )
    return make_table(caption, ["Model", "Reading", "Share of the text", "Tokens", "N-gram excess"], rows, text=3)
