"""The sentences that depend on the numbers: the answer, how certain it is, and what it does not mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hansard_bias.report import formats as fmt
from hansard_bias.report.comparisons import has_learned
from hansard_bias.report.results import Results
from hansard_bias.report.tables import text

SAMPLE_FOLDER = "data/raw/sample"


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
    """What the intervals cover."""
    if all(cell.low is None for cell in results.cells.values()):
        return "No number of this run has an interval: there were not enough sitting days to tell it from chance."
    uncertainty = results.bias.uncertainty
    days = [f"{fmt.count(number)} of {fmt.title(corpus)}" for corpus, number in uncertainty.sittings.items()]
    covered = [f"other sitting days of the same legislature than those of the test text ({fmt.sentence_list(days)})"]
    if uncertainty.speakers:
        people = [f"{fmt.count(number)} of {fmt.title(name)}" for name, number in uncertainty.speakers.items()]
        covered.append(f"other speakers than those heard there ({fmt.sentence_list(people)})")
    luck = " Each model was trained once, so the luck of a training run is not in them."
    if uncertainty.seeds > 1:
        covered.append(f"other training runs than the {fmt.count(uncertainty.seeds)} of each model")
        luck = ""
    return (
        f"The intervals say where a number would lie, {confidence_text(results)} of the time, with "
        f"{fmt.sentence_list(covered)}. Interval and p are of one distribution: p is below the level of the test "
        f"exactly where the interval leaves 0 out.{luck}"
    )


@text("is_sample")
def is_sample(results: Results) -> bool:
    """Whether the debates are the bundled, generated ones."""
    return any(corpus.path.startswith(SAMPLE_FOLDER) for corpus in results.config.corpora.values())


@text("caveats")
def caveats(results: Results) -> Iterator[str]:
    """What this very run leaves open, beside the limits that every run has."""
    config, alignment = results.config, results.alignment
    if len(config.train.seeds) == 1 and config.models:
        yield "Every model was trained once. How much the result owes to one lucky or unlucky start is not known."
    if any(cell.low is None for cell in results.cells.values()):
        yield "Some numbers have no interval, because nothing is known of other sittings. They are not a finding."
    yield from _plateaus(results, config.models)
    if results.missing:
        yield f"{fmt.count(len(results.missing))} training curves are missing, so nobody can see how those runs went."
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
