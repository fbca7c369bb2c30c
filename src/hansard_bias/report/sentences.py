"""The sentences that depend on the numbers: the answer, how certain it is, and what it does not mean."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from hansard_bias.params import Config
from hansard_bias.report import formats as fmt
from hansard_bias.report.comparisons import Comparison, comparisons, has_learned, smallest_detectable
from hansard_bias.report.results import Results
from hansard_bias.report.tables import text

SAMPLE_FOLDER = "data/raw/sample"
FORMAT_LIMIT = 0.6
"""Above it a classifier of layout does clearly better than guessing (0.5)."""


def answer(results: Results) -> tuple[str, str]:
    """The verdict and its size, a sentence or two each. Models that have hardly learned have no part in the verdict."""
    compared = comparisons(results)
    if not compared:
        return _nothing_compared(results)
    # A model that learned nothing reads everything alike: it would vote for "no difference".
    sound = [comparison for comparison in compared if not comparison.unlearned]
    idle = [m for m in results.config.models if any(m in comparison.unlearned for comparison in compared)]
    if not sound:
        why = f"{_names(results.config, idle)} learned too little for a comparison to say anything"
        return f"Not decided: {why}.", " ".join(_plateaus(results, idle))
    left_out = f" Left out: comparisons with {_names(results.config, idle)}, which learned too little." if idle else ""
    return _verdict(sound), _sizes(results, sound) + left_out


def _names(config: Config, models: Sequence[str]) -> str:
    plural = "s" if len(models) > 1 else ""
    return f"model{plural} {fmt.sentence_list([fmt.model_name(config, model) for model in models])}"


def _nothing_compared(results: Results) -> tuple[str, str]:
    config = results.config
    own = [(m, c) for c in config.corpora if (m := config.own_model(c)) is not None]
    sizes = [f"{fmt.estimate(results.perplexity(m, c), fmt.significant)} on {fmt.title(c)}" for m, c in own]
    second = f"The perplexity of a model on its own legislature is {fmt.sentence_list(sizes)}." if own else ""
    return "Nothing to compare: this run holds no two legislatures with a model trained on each alone.", second


def _verdict(compared: list[Comparison]) -> str:
    sides = [comparison.excess.side for comparison in compared]
    total = len(compared)
    # One undecided comparison is enough: the verdict is about all of them.
    if None in sides:
        return "Not decided: without an interval, what this run measured cannot be told from chance."
    if not any(sides):
        return "No difference found: reading another legislature costs a model no more than chance can explain."
    if all(side == 1 for side in sides):
        return "Yes: each model misreads a legislature it was not trained on, by more than chance can explain."
    # Some reading better, or no difference in some, is told by number: no word covers all mixtures of outcomes.
    worse, better = sides.count(1), sides.count(-1)
    reverse = f"; in {better} the model from outside reads better than the one trained there" if better else ""
    lead = "In part" if worse else "Not as expected"
    return f"{lead}: the model from outside reads worse in {worse} of {total} comparisons{reverse}; " + (
        f"no difference was found in {sides.count(0)}." if 0 in sides else "none is undecided."
    )


def _sizes(results: Results, compared: list[Comparison]) -> str:
    # With more than two the extremes say most.
    ordered = sorted(compared, key=lambda comparison: -comparison.excess.size.value)
    shown = ordered if len(ordered) <= 2 else [ordered[0], ordered[-1]]
    lead = "" if len(ordered) <= 2 else f"Of {len(ordered)} comparisons, these are the largest and the smallest: "
    confidence = confidence_text(results)
    phrases = [_size(results.config, comparison, index, confidence) for index, comparison in enumerate(shown)]
    least = smallest_detectable(results)
    undecided = any(comparison.excess.side == 0 for comparison in compared)
    ending = ""
    # Where nothing was found the reader must know what could have been.
    if undecided and least is not None:
        factor = fmt.decimal(math.exp(least))
        ending = f" (1 means no difference; this run could have detected a factor of {factor} or more)"
    text = f"{lead}{'; '.join(phrases)}{ending}."
    return text[0].upper() + text[1:]


def _size(config: Config, comparison: Comparison, index: int, confidence: str) -> str:
    factor, corpus = comparison.factor, fmt.title(comparison.corpus)
    bounds = f"{confidence} interval {fmt.span(factor, fmt.decimal)}" if factor.known else "no interval"
    excess = comparison.excess
    bounds += f", but p is {fmt.p_value(excess.p)} after correction" if excess.only_uncorrected else ""
    # The unit is spelled out once.
    unit = "" if index else " equally likely words to choose from as the model trained on them"
    reader, size = fmt.model_name(config, comparison.model), f"{fmt.decimal(factor.value)} times"
    return f"on the debates of {corpus}, model {reader} has {size} as many{unit} ({bounds})"


@text("confidence")
def confidence_text(results: Results) -> str:
    """The level of the intervals: "95 %"."""
    return fmt.percent(results.bias.uncertainty.confidence)


@text("uncertainty")
def uncertainty_sentence(results: Results) -> str:
    """What was resampled, how often, and what that could have detected."""
    if not any(results.perplexity(m, c).known for m in results.config.models for c in results.config.columns()):
        return "No number of this run has an interval: there were not enough sitting days to draw anew."
    uncertainty = results.bias.uncertainty
    days = [f"{fmt.count(number)} of {fmt.title(corpus)}" for corpus, number in uncertainty.sittings.items()]
    once = uncertainty.seeds == 1
    runs = "" if once else f" and the {fmt.count(uncertainty.seeds)} training runs per model"
    luck = " Each model was trained once, so the luck of a training run is not in them." if once else ""
    text = (
        f"The intervals come from {fmt.count(uncertainty.draws)} recomputations. In each, the sitting days of the "
        f"test text ({fmt.sentence_list(days)}){runs} were drawn anew, all models on the same days; "
        f"an interval holds the middle {confidence_text(results)} of the outcomes.{luck}"
    )
    least = smallest_detectable(results)
    if least is None:
        return text
    size = f"{fmt.fine(least)} nats per token, a factor of {fmt.fine(math.exp(least))}"
    return f"{text} The smallest effect that this design could have detected is {size}."


@text("is_sample")
def is_sample(results: Results) -> bool:
    """Whether the debates are the bundled, generated ones."""
    paths = [corpus.path for corpus in results.config.corpora.values()]
    return any(path.startswith(SAMPLE_FOLDER) for path in paths)


@text("caveats")
def caveats(results: Results) -> list[str]:
    """What this very run leaves open, beside the limits that every run has."""
    return list(_caveats(results))


def _caveats(results: Results) -> Iterator[str]:
    config, alignment = results.config, results.alignment
    if len(config.train.seeds) == 1:
        yield "Every model was trained once. How much the result owes to one lucky or unlucky start is not known."
    if any(not results.perplexity(m, c).known for m in config.models for c in config.columns()):
        yield "Some numbers have no interval, because there was nothing to resample. They are not a finding."
    yield from _plateaus(results, config.models)
    if results.missing:
        yield f"{fmt.count(len(results.missing))} training curves are missing, so nobody can see how those runs went."
    if config.align.budget == "full":
        yield "The models were trained on different amounts of text. A model that reads better may just have read more."
    auc = alignment.format_audit.auc_after
    # There is no score with a single legislature.
    if auc is not None and auc > FORMAT_LIMIT:
        yield (
            f"Layout and punctuation alone still give the legislature away (score {fmt.decimal(auc)}, where 0.5 is "
            "guessing), so part of the difference may be transcription style and not language."
        )
    if alignment.leakage.shared_speeches:
        shared = fmt.count(alignment.leakage.shared_speeches)
        yield f"{shared} test speeches also occur in training or validation text; a model may have met them before."
    if any(term.warnings for term in results.bias.probes.audit):
        number = fmt.count(sum(bool(term.warnings) for term in results.bias.probes.audit))
        yield f"{number} of the probe words carry a warning (see the table of words); read their prompts with care."


def _plateaus(results: Results, models: Iterable[str]) -> Iterator[str]:
    """Models that have hardly learned more of their own text than how often each word occurs."""
    for model in models:
        for corpus in results.config.models[model].mixture:
            if not has_learned(results, model, corpus):
                own = results.perplexity(model, corpus).value
                plain = results.unigrams(model).perplexity[f"on_{corpus}"].value
                yield (
                    f"Model {fmt.model_name(results.config, model)} reads {fmt.title(corpus)} hardly better than the "
                    f"word frequencies of its own training text would (perplexity {fmt.significant(own)} against "
                    f"{fmt.significant(plain)}). It has learned too little for its comparisons to say anything; its "
                    "training curve tells whether more updates would help, or only more text."
                )
