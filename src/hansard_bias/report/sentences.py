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
# Above it a classifier of layout does clearly better than guessing (0.5).
FORMAT_LIMIT = 0.6


def answer(results: Results) -> tuple[str, str]:
    """The verdict and its size, a sentence or two each. Models that have hardly learned have no part in the verdict."""
    compared = comparisons(results)
    if not compared:
        own = [(m, c) for c in results.config.corpora if (m := results.config.own_model(c)) is not None]
        sizes = [f"{fmt.estimate(results.perplexity(m, c), fmt.significant)} on {fmt.title(c)}" for m, c in own]
        second = f"The perplexity of a model on its own legislature is {fmt.sentence_list(sizes)}." if own else ""
        return "Nothing to compare: this run holds no two legislatures with a model trained on each alone.", second
    # A model that learned nothing reads everything alike: it would vote for "no difference".
    sound = [comparison for comparison in compared if not comparison.unlearned]
    idle = [m for m in results.config.models if any(m in comparison.unlearned for comparison in compared)]
    if not sound:
        why = f"{_names(results.config, idle)} learned too little for a comparison to say anything"
        return f"Not decided: {why}.", " ".join(_plateaus(results, idle))
    left_out = f" Left out: comparisons with {_names(results.config, idle)}, which learned too little." if idle else ""
    return _verdict(sound), _sizes(results, sound) + left_out


def _names(config: Config, models: Sequence[str]) -> str:
    return f"model{'s' if len(models) > 1 else ''} {fmt.model_names(config, models)}"


def _verdict(compared: list[Comparison]) -> str:
    sides = [comparison.excess.side for comparison in compared]
    # One undecided comparison is enough: the verdict is about all of them.
    if None in sides:
        return "Not decided: without an interval, what this run measured cannot be told from chance."
    if not any(sides):
        return "No difference found: reading another legislature costs a model no more than chance can explain."
    if all(side == 1 for side in sides):
        own = "than that legislature\u2019s own model does, by more than chance can explain"
        return f"Yes: each model predicts the debates of a legislature it was not trained on worse {own}."
    # Some reading better, or no difference in some, is told by number: no word covers all mixtures of outcomes.
    worse, better = sides.count(1), sides.count(-1)
    reverse = f"; in {better} the model from outside predicts better than the one trained there" if better else ""
    rest = f"no difference was found in {sides.count(0)}" if 0 in sides else "none is undecided"
    lead = "In part" if worse else "Not as expected"
    return f"{lead}: the model from outside predicts worse in {worse} of {len(sides)} comparisons{reverse}; {rest}."


def _sizes(results: Results, compared: list[Comparison]) -> str:
    ordered = sorted(compared, key=lambda comparison: -comparison.excess.size.value)
    lead, ending = "", ""
    # With more than two the extremes say most.
    if len(ordered) > 2:
        lead = f"Of {len(ordered)} comparisons, these are the largest and the smallest: "
        ordered = [ordered[0], ordered[-1]]
    phrases = [_size(results, comparison, first=comparison is ordered[0]) for comparison in ordered]
    least = smallest_detectable(results)
    # Where nothing was found the reader must know what could have been.
    if least is not None and any(comparison.excess.side == 0 for comparison in compared):
        factor = fmt.decimal(math.exp(least))
        ending = f" (1 means no difference; this run could have detected a factor of {factor} or more)"
    text = f"{lead}{'; '.join(phrases)}{ending}."
    return text[0].upper() + text[1:]


def _size(results: Results, comparison: Comparison, first: bool) -> str:
    factor, excess = comparison.factor, comparison.excess
    bounds = f"{confidence_text(results)} interval {fmt.span(factor, fmt.decimal)}" if factor.known else "no interval"
    bounds += f", but p is {fmt.p_value(excess.p)} after correction" if excess.only_uncorrected else ""
    # The unit is spelled out once.
    unit = " equally likely words to choose from as the model trained on them" if first else ""
    reader, size = fmt.model_name(results.config, comparison.model), f"{fmt.decimal(factor.value)} times"
    return f"on the debates of {fmt.title(comparison.corpus)}, model {reader} has {size} as many{unit} ({bounds})"


def confidence_text(results: Results) -> str:
    """The level of the intervals: "95 %"."""
    return fmt.percent(results.bias.uncertainty.confidence)


@text("budget_caveat")
def budget_caveat(results: Results) -> str:
    """What belongs beside the verdict with `align.budget: full`: how much each model learned from; empty otherwise."""
    if results.config.align.budget != "full":
        return ""
    words = results.alignment.budget.words_per_model
    sizes = [
        f"{fmt.count(words[model])} for {fmt.model_name(results.config, model)}" for model in results.config.models
    ]
    return (
        f"The models learned from different amounts of text (words: {fmt.sentence_list(sizes)}), as align.budget is "
        "full. A model of more text predicts any debates better, so part of what is found here may be amount and not "
        "language."
    )


@text("uncertainty")
def uncertainty_sentence(results: Results) -> str:
    """What was resampled, how often, and what that could have detected."""
    if all(cell.low is None for cell in results.cells.values()):
        return "No number of this run has an interval: there were not enough sitting days to draw anew."
    uncertainty = results.bias.uncertainty
    days = [f"{fmt.count(number)} of {fmt.title(corpus)}" for corpus, number in uncertainty.sittings.items()]
    runs, luck = f" and the {fmt.count(uncertainty.seeds)} training runs per model", ""
    if uncertainty.seeds == 1:
        runs, luck = "", " Each model was trained once, so the luck of a training run is not in them."
    text = (
        f"The intervals come from {fmt.count(uncertainty.draws)} recomputations. In each, the sitting days of the "
        f"test text ({fmt.sentence_list(days)}){runs} were drawn anew, all models on the same days; "
        f"an interval holds the middle {confidence_text(results)} of the outcomes.{luck}"
    )
    if (least := smallest_detectable(results)) is None:
        return text
    size = f"{fmt.fine(least)} nats per token, a factor of {fmt.fine(math.exp(least))}"
    return f"{text} The smallest effect that this design could have detected is {size}."


@text("is_sample")
def is_sample(results: Results) -> bool:
    """Whether the debates are the bundled, generated ones."""
    return any(corpus.path.startswith(SAMPLE_FOLDER) for corpus in results.config.corpora.values())


@text("caveats")
def caveats(results: Results) -> Iterator[str]:
    """What this very run leaves open, beside the limits that every run has."""
    config, alignment = results.config, results.alignment
    if len(config.train.seeds) == 1:
        yield "Every model was trained once. How much the result owes to one lucky or unlucky start is not known."
    if any(cell.low is None for cell in results.cells.values()):
        yield "Some numbers have no interval, because there was nothing to resample. They are not a finding."
    yield from _plateaus(results, config.models)
    if results.missing:
        yield f"{fmt.count(len(results.missing))} training curves are missing, so nobody can see how those runs went."
    auc = alignment.format_audit.auc_after
    # There is no score with a single legislature.
    if auc is not None and auc > FORMAT_LIMIT:
        yield (
            f"Layout and punctuation alone still give the legislature away (score {fmt.decimal(auc)}, where 0.5 is "
            "guessing), so part of the difference may be transcription style and not language."
        )
    if shared := alignment.leakage.shared_speeches:
        met = "also occur in training or validation text; a model may have met them before"
        yield f"{fmt.count(shared)} test speeches {met}."
    if warned := sum(bool(term.warnings) for term in results.bias.probes.audit):
        care = "carry a warning (see the table of words); read their prompts with care"
        yield f"{fmt.count(warned)} of the probe words {care}."


def _plateaus(results: Results, models: Iterable[str]) -> Iterator[str]:
    """Models that have hardly learned more of their own text than how often each word occurs."""
    for model, corpus in [(m, corpus) for m in models for corpus in results.config.models[m].mixture]:
        if not has_learned(results, model, corpus):
            own = results.perplexity(model, corpus).value
            plain = results.unigrams(model).perplexity[f"on_{corpus}"].value
            yield (
                f"Model {fmt.model_name(results.config, model)} reads {fmt.title(corpus)} hardly better than the "
                f"word frequencies of its own training text would (perplexity {fmt.significant(own)} against "
                f"{fmt.significant(plain)}). It has learned too little for its comparisons to say anything; its "
                "training curve tells whether more updates would help, or only more text."
            )
