"""The sentences that depend on the numbers: the answer, how certain it is, and what it does not mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hansard_bias.report import formats as fmt
from hansard_bias.report.comparisons import has_learned
from hansard_bias.report.results import Results
from hansard_bias.report.tables import text

SAMPLE_FOLDER = "data/raw/sample"
# Of the words that are characters: below it, some names in a text of words.
LEAST_SHARE = 0.005


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
    unit = ", or characters where no blanks part them" if word_units(results) else ""
    return (
        f"The models learned from different amounts of text (words{unit}: {fmt.sentence_list(sizes)}), as align.budget "
        "is full. A model of more text predicts any debates better, so part of what is found here may be amount and "
        "not language."
    )


@text("word_units")
def word_units(results: Results) -> str:
    """What a word is where the debates are in a language written without blanks; empty where blanks part all words."""
    shares = {name: share for name, share in results.alignment.counted_by_character.items() if share >= LEAST_SHARE}
    if not shares:
        return ""
    parts = [f"{fmt.percent(share)} of the words of {fmt.title(name)}" for name, share in shares.items()]
    return (
        "Where a language is written without blanks between words, every character counts as one "
        f"({fmt.sentence_list(parts)}). So runs of 5 and of 13 words are shorter there, and more of them recur; topics "
        "and telling words are pairs of characters; and a word behind the gap, or of a class, is what the tokenizer "
        "keeps as one token. Where the exact likelihoods hide the rest of a word, they hide all up to the next blank "
        "or mark."
    )


@text("period_caveat")
def period_caveat(results: Results) -> str:
    """What belongs beside the verdict where the debates are of different periods; empty where they share one."""
    periods = results.alignment.different_periods
    if not periods:
        return ""
    spans = [f"{fmt.title(name)} {each.first_day} to {each.last_day}" for name, each in periods.items()]
    return (
        f"The debates are of different periods ({fmt.sentence_list(spans)}), which align.period none allows. Language "
        "changes with the years, so part of what is found here may be the period and not the legislature."
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
