"""The answer: how much worse, compared with what, and how sure (method.md section 2a)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hansard_bias.analysis.metrics.companion import Companion
from hansard_bias.analysis.metrics.topics import SameTopics
from hansard_bias.analysis.metrics.yardsticks import Against, Yardsticks
from hansard_bias.analysis.records import Interval
from hansard_bias.params import Config
from hansard_bias.report import formats as fmt
from hansard_bias.report.comparisons import Comparison, at_most, comparisons, tilt_sentence, tilts
from hansard_bias.report.results import Results
from hansard_bias.report.sentences import confidence_text
from hansard_bias.report.tables import text

MORE, WITHIN, BETTER, DISAGREE, UNKNOWN = OUTCOMES = (
    "more than its yardstick",
    "within its yardstick",
    "predicts better",
    "masked and n-gram models disagree",
    "not decided",
)
# Of the numbers beside the answer: four fit in one row of the page.
MOST_HEADLINES = 4
# Above it a classifier of layout does clearly better than guessing (0.5).
FORMAT_LIMIT = 0.6
NOTHING_TRAINED = (
    "No model was trained here: models that are there already were read and asked, and their numbers follow."
)
HEADS = {
    MORE: "Yes, by more than two parts of one legislature's debates differ",
    WITHIN: "No: by no more than two parts of one legislature's debates differ",
    BETTER: "Not as expected: models from outside predict better than those trained on the debates",
    UNKNOWN: "Not decided: it cannot be told from chance, or there is nothing to compare it with",
}


@dataclass(frozen=True)
class Judged:
    """A comparison beside the yardstick of its text. N-gram models decide where a masked one has learned too little."""

    comparison: Comparison
    against: Against

    @property
    def excess(self) -> Interval:
        """Of the models that decide, in nats per token."""
        return self.against.companion if self.comparison.unlearned else self.against.excess

    @property
    def factor(self) -> Interval:
        """How many times as many equally likely words there are to choose from."""
        return self.excess.map(math.exp)

    @property
    def outcome(self) -> str:
        """One of OUTCOMES."""
        beyond = self.against.companion_beyond if self.comparison.unlearned else self.against.beyond
        side = self.excess.side(0.0)
        if beyond is None or side is None:
            return UNKNOWN
        claimed = side if beyond or side < 0 else 0
        # Models of two kinds that point different ways: neither can be believed alone.
        if claimed and not self.comparison.unlearned and claimed * self.against.companion.value <= 0:
            return DISAGREE
        return BETTER if claimed < 0 else MORE if claimed else WITHIN


def judged(results: Results) -> list[Judged]:
    """Every comparison, the largest excess first."""
    excess = results.bias.metric(Yardsticks).excess
    found = [Judged(c, excess[results.config.row_key(c.model)][f"on_{c.corpus}"]) for c in comparisons(results)]
    return sorted(found, key=lambda each: -each.excess.value)


def answer(results: Results) -> tuple[str, str]:
    """The verdict with its numbers, and how sure they are; a few sentences each."""
    found = judged(results)
    if found:
        return f"{_head(found)}. {_sentence(_amounts(results, found))}", " ".join(_how_sure(results, found))
    own = [(m, c) for c in results.config.corpora if (m := results.config.own_model(c)) is not None]
    sizes = [f"{fmt.estimate(results.perplexity(m, c), fmt.significant)} on {fmt.title(c)}" for m, c in own]
    second = f"The perplexity of a model on its own legislature is {fmt.sentence_list(sizes)}." if own else ""
    if not results.config.models:
        return NOTHING_TRAINED, ""
    return "Nothing to compare: this run holds no two legislatures with a model trained on each alone.", second


def _head(found: Sequence[Judged]) -> str:
    counts = {outcome: sum(each.outcome == outcome for each in found) for outcome in OUTCOMES}
    if counts[DISAGREE]:
        where = f"in {counts[DISAGREE]} of {len(found)} comparisons"
        return f"Not decided: masked models and n-gram models of the same texts point different ways {where}"
    if len(found) in counts.values():
        return HEADS[next(outcome for outcome, count in counts.items() if count)]
    # Of mixed outcomes no word covers all: they are counted.
    told = [f"{outcome} in {count}" for outcome, count in counts.items() if count]
    lead = "In part" if counts[MORE] else "Not as expected" if counts[BETTER] else "Not decided"
    return f"{lead}: of {len(found)} comparisons, the excess is {fmt.sentence_list(told)}"


def _amounts(results: Results, found: Sequence[Judged]) -> str:
    """How much, and compared with what; of more than two comparisons the largest and the smallest."""
    shown, lead = found, ""
    if len(found) > 2:
        shown, lead = (found[0], found[-1]), f"the largest and the smallest of {len(found)}: "
    parts = []
    for each in shown:
        name, place = fmt.model_name(results.config, each.comparison.model), fmt.title(each.comparison.corpus)
        unit = " as many equally likely words to choose from as the model trained there" if each is shown[0] else ""
        size = f"{_times(each.factor.value)}{unit}"
        parts.append(f"in the debates of {place}, model {name} has {size}, {_beside(results, each)}")
    return lead + "; ".join(parts)


def _beside(results: Results, each: Judged) -> str:
    """The yardstick."""
    corpus = each.comparison.corpus
    stick, larger = results.bias.metric(Yardsticks).corpora[corpus], each.against.yardstick
    if larger is None:
        return f"with nothing to compare it with ({'; '.join(stick.reasons) or 'no halves of its own text'})"
    halves = "two periods" if larger == stick.time else "two random halves"
    return f"where {halves} of those debates differ by {_times(math.exp(larger.value))}"


def _how_sure(results: Results, found: Sequence[Judged]) -> Iterator[str]:
    shown = (found[0], found[-1]) if len(found) > 2 else found
    ranges = [fmt.span(each.factor, _times) for each in shown if each.factor.known]
    if ranges:
        covers = results.bias.uncertainty.covers
        yield f"How sure: {confidence_text(results)} ranges, for other {covers}, are {fmt.sentence_list(ranges)}."
    if idle := list(dict.fromkeys(model for each in found for model in each.comparison.unlearned)):
        yield f"N-gram models decide where {_names(results.config, idle)} learned too little."
    yield _agreement(results, shown)
    within = [at_most(each.excess) for each in found if each.outcome == WITHIN]
    if largest := max((far for far in within if far is not None), default=None):
        yield f"Where it is within its yardstick, it is at most {_times(math.exp(largest))}."
    yield from _same_topics(results, shown)


def _agreement(results: Results, shown: Sequence[Judged]) -> str:
    cells = [agree for row in results.bias.metric(Companion).agrees.values() for agree in row.values()]
    sizes = fmt.sentence_list([_times(math.exp(each.against.companion.value)) for each in shown])
    if all(cells):
        return f"N-gram models of the same texts, which need few words and no luck, agree: {sizes}."
    where = f"in {sum(cells)} of {len(cells)} comparisons"
    return f"N-gram models of the same texts say {sizes}, and agree in direction {where}."


def _same_topics(results: Results, shown: Sequence[Judged]) -> Iterator[str]:
    matched = results.bias.metric(SameTopics).excess
    factors = []
    for each in shown:
        found = matched.get(results.config.row_key(each.comparison.model), {}).get(f"on_{each.comparison.corpus}")
        if found is None or found.matched is None:
            return
        part = found.matched.companion if each.comparison.unlearned else found.matched.masked
        factors.append(_times(math.exp(part.value)))
    if factors:
        yield f"With every topic given the weight that both legislatures have for it: {fmt.sentence_list(factors)}."


@dataclass(frozen=True)
class Headline:
    """A number in large type, what it is, its interval and what it says."""

    what: str
    number: str
    bounds: str
    finding: str
    # The calibration's name; empty where the number says nothing, so that nothing vouches for it.
    metric: str


def headlines(results: Results) -> list[Headline]:
    """The few numbers beside the answer: the excess of the models from outside, largest first, then a tilt."""
    found = []
    for each in judged(results):
        comparison = each.comparison
        what = f"{fmt.model_name(results.config, comparison.model)} reads {fmt.title(comparison.corpus)}"
        if comparison.unlearned:
            what += ", n-gram models"
        # Nothing vouches for n-gram models: the calibration is of masked ones.
        metric = "" if comparison.unlearned else "excess"
        found.append(Headline(what, _times(each.factor.value), fmt.span(each.factor, _times), each.outcome, metric))
    # One place is kept for a tilt.
    found = found[: MOST_HEADLINES - 1]
    for model, tilt in [*tilts(results).items()][:1]:
        what = f"tilt of {fmt.model_name(results.config, model)}, in nats, n-gram models"
        finding = tilt_sentence(results, model) or ""
        found.append(Headline(what, fmt.signed(tilt.value), fmt.span(tilt, fmt.signed), finding, ""))
    return found


@text("format_audit")
def format_sentence(results: Results) -> str:
    """Whether layout alone gives the legislature away: it stands beside the verdict; empty with one legislature."""
    auc = results.alignment.format_audit.auc_after
    if auc is None:
        return ""
    score = f"a score of {fmt.decimal(auc)}, where 0.5 is guessing"
    care = ": part of the difference may be transcription and not language" if auc > FORMAT_LIMIT else ""
    return f"Layout and punctuation alone tell the legislatures apart with {score}{care}."


def _times(value: float) -> str:
    return f"{fmt.TIMES}{fmt.significant(value)}"


def _names(config: Config, models: Sequence[str]) -> str:
    return f"model{'s' if len(models) > 1 else ''} {fmt.model_names(config, models)}"


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."
