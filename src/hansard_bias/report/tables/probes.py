"""What the probes found: prompt by prompt, by theme, benchmarks, association tests, and the older definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from hansard_bias.analysis.probe_records import ANY_PROMPT, SPLIT, AssociationTest
from hansard_bias.analysis.records import BenchmarkRecord
from hansard_bias.report import formats as fmt
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

MASK = "[MASK]"
SPACES = {"input": "input embeddings (WEAT)", "contextual": "in sentences (SEAT)"}
BENCHMARK_CAPTIONS = {
    "plain": "mean log-odds of the favourable answer against the unfavourable one (nats) and the share of prompts by "
    "direction; tied: the odds are within 2 to 1. In {unlike} of {items} prompts the two answers have "
    "different numbers of word pieces.",
    "corrected": "the same, prior-corrected: less what the model would say with the content words hidden.",
}


@text("directions")
def direction_labels(results: Results) -> dict[str, str]:
    """What a direction of the records is called on the page."""
    groups = results.bias.probes.groups
    labels = {"first": f"prefers {groups.first.label}", "second": f"prefers {groups.second.label}"}
    return labels | {"tie": "tie", "undecided": "undecided", "not_asked": "not asked"}


@table("prompts")
def prompt_table(results: Results) -> Table:
    """For files what the page lists prompt by prompt: every model's preference and its direction."""
    labels, rows = direction_labels(results), []
    models = {results.config.row_key(model): spec.label for model, spec in results.config.models.items()}
    for prompt in results.bias.probes.prompts:
        answers = [prompt.models[row] for row in models]
        cells = [(fmt.estimate(answer.log_odds, fmt.signed), labels[answer.direction]) for answer in answers]
        # A blank as in a questionnaire: [MASK] would be a command in LaTeX.
        rows.append([prompt.text.replace(MASK, "____"), prompt.theme, *chain.from_iterable(cells)])
    columns = [f"{name} {label}" for label in models.values() for name in ("Model", "Finding")]
    caption = "Log-odds L of the two groups of every model on every prompt, in nats, with its interval and direction."
    return make_table(caption, ["Prompt", "Theme", *columns], rows, text=2, words=columns[1::2])


@table("words")
def word_table(results: Results) -> Table:
    """The audit of the probe words: pieces, use in each corpus, warnings."""
    groups = results.bias.probes.groups
    labels = {group.name: group.label for group in (groups.first, groups.second)}
    rows = []
    for record in results.bias.probes.audit:
        usage = fmt.readable(results.config, "; ".join(map(" ".join, fmt.facts(record.usage))))
        warnings = ", ".join(record.warnings) or "none"
        rows.append([record.term, labels[record.group], fmt.count(record.pieces), usage, warnings])
    caption = "The words that may fill the blank: pieces in the tokenizer, uses per legislature, warnings."
    columns = ["Word", "Group", "Pieces", "Uses in the text", "Warnings"]
    return make_table(caption, columns, rows, text=2, words=columns[3:])


@table("preferences")
def difference_table(results: Results) -> Table:
    """Every two models: the mean difference of L, of its two parts, and whether any prompt differs."""
    found = {(test.family, test.what): test for test in results.bias.tests}
    whole, *split = SPLIT
    rows = []
    for what in (what for family, what in found if family == whole):
        test = found[whole, what]
        parts = [fmt.estimate(found[family, what].interval, fmt.signed) for family in split]
        either = found.get((ANY_PROMPT, what))
        size = (fmt.decimal(either.effect), fmt.p_value(either.p_holm)) if either else (fmt.NOTHING, fmt.NOTHING)
        difference = [fmt.estimate(test.interval, fmt.signed), fmt.p_value(test.p_holm)]
        rows.append([fmt.readable(results.config, what), fmt.count(test.prompts or 0), *difference, *parts, *size])
    columns = ["Models", "Prompts", "Difference of L", "p", "of it habit", "of it content"]
    caption = (
        "Two models on the prompts that ask both: mean difference of the log-odds L (nats; above 0 the first model "
        "leans further to the first group), and its two parts, which add up to it: habit, what they differ by with the "
        "content words hidden, and content, what the words of the prompt add. Then whether they differ in any prompt, "
        "in whatever direction: root mean square difference beyond that of training runs (nats). p: Holm-corrected."
    )
    return make_table(caption, [*columns, "in any prompt", "p, any prompt"], rows)


@table("correction", section="probes", order=2, fold="Content effects alone, and how stable the answers are")
def correction_table(results: Results) -> Table:
    """The rates of content effects, how many prompts do not ask, and how far the wordings of a prompt agree."""
    probes, groups, rows = results.bias.probes, results.bias.probes.groups, []
    for row, name in fmt.row_names(results.config).items():
        rate, stability = probes.content_rates.get(row), probes.stability[row]
        # One training run has no rate.
        counts = [fmt.NOTHING] * 4
        if rate is not None:
            counts = [*fmt.shares(rate.first, rate.second), fmt.count(rate.tied), fmt.count(rate.undecided)]
        # A single wording of every prompt has no spread.
        spread = fmt.NOTHING if stability.spread is None else fmt.decimal(stability.spread)
        agreement = fmt.percent(stability.agreement)
        rows.append([name, fmt.count(probes.not_asked[row]), *counts, agreement, spread])
    labels = [f"Prefers {group.label}" for group in (groups.first, groups.second)]
    columns = ["Model", "Not asked", *labels, "Ties", "Undecided", "Wordings that agree", "Spread of wordings (nats)"]
    caption = (
        "The same prompts by the content effect L* alone (L less the habit); prompts that hardly ask the model; and "
        "how stable L is: the share of the wordings of a prompt whose sign is that of their mean, and the standard "
        "deviation between wordings."
    )
    return make_table(caption, columns, rows)


@table("themes", section="probes", order=3, fold="By theme")
def theme_table(results: Results) -> Table:
    """Mean L* of every theme and model."""
    models = {name: results.bias.probes.themes[row] for row, name in fmt.row_names(results.config).items()}
    # In the order of the prompts file, each once.
    themes = dict.fromkeys(theme for means in models.values() for theme in means)
    # A theme of which no prompt asks a model has no mean there.
    rows = []
    for theme in themes:
        found = [means[theme].interval if theme in means else None for means in models.values()]
        rows.append([theme, *(fmt.estimate(each, fmt.signed) for each in found)])
    about = "Mean log-odds L of the prompts of each theme (nats), with its interval over prompts and training runs."
    return make_table(about, ["Theme", *(f"Model {name}" for name in models)], rows)


@table("benchmark")
def benchmark_tables(results: Results) -> list[Table]:
    """Two tables a benchmark, as the answers are and prior-corrected: every model on all its prompts, then by theme."""
    benchmarks, names = enumerate(results.bias.benchmarks, 1), fmt.row_names(results.config)
    return [
        benchmark_table(names, record, kind, f"{n}-{kind}") for n, record in benchmarks for kind in BENCHMARK_CAPTIONS
    ]


def benchmark_table(names: Mapping[str, str], record: BenchmarkRecord, kind: str, end: str) -> Table:
    """Models, by row with their names, on all prompts of a benchmark and theme by theme; end: of the table's name."""
    rows = []
    for row, model in names.items():
        measure = record.models[row][kind]
        for theme, found in {"all": measure.all, **measure.themes}.items():
            shares = fmt.shares(found.favourable, found.unfavourable, found.tied)
            rows.append([model, theme, fmt.count(found.prompts), fmt.estimate(found.log_odds, fmt.signed), *shares])
    about = BENCHMARK_CAPTIONS[kind].format(unlike=fmt.count(record.unlike_pieces), items=len(record.items))
    caption = f"Benchmark \u201c{fmt.title(record.name)}\u201d: {about}"
    columns = ["Model", "Theme", "Prompts", "Log-odds", "Favourable", "Unfavourable", "Tied"]
    return make_table(caption, columns, rows, text=2, name=end)


@table("associations", section="associations", order=1, fold="The association tests")
def association_table(results: Results) -> Table:
    """Effect sizes and permutation p of the association tests."""
    return tests_table(fmt.row_names(results.config), results.bias.associations.tests)


def tests_table(names: Mapping[str, str], tests: Iterable[AssociationTest]) -> Table:
    """The same of any models, by row with their names."""
    rows = []
    for test in tests:
        asked = [" against ".join(sets).replace("_", " ") for sets in (test.targets, test.attributes)]
        for row, name in names.items():
            if row not in test.models:
                continue
            found = test.models[row]
            by_seed = ", ".join(fmt.NOTHING if d is None else fmt.signed(d) for d in found.by_seed)
            numbers = [fmt.estimate(found.effect_size, fmt.signed), by_seed, *map(fmt.p_value, (found.p, found.p_holm))]
            rows.append([*asked, SPACES[test.space], name, *numbers])
    columns = ["Targets", "Attributes", "Vectors", "Model", "Effect size d", "By run", "p", "p, Holm-corrected"]
    caption = (
        "Association tests. d above 0: the first targets stand closer to the first attributes, the second to the "
        "second. p is two-sided, over all divisions of the target words where they can be counted."
    )
    return make_table(caption, columns, rows, text=4, words=["By run"])


@table("cosines", section="associations", order=2, fold="Pairs of words")
def cosine_table(results: Results) -> Table:
    """Cosine similarity of pairs of words."""
    names, rows = fmt.row_names(results.config), []
    for pair in results.bias.associations.pairs:
        cosines = [fmt.estimate(pair.models[row], fmt.signed) for row in names]
        rows.append([f"{pair.word}, {pair.other}", SPACES[pair.space], *cosines])
    caption = "Cosine of pairs of words, with its interval over training runs: 1 is the same direction, 0 unrelated."
    return make_table(caption, ["Words", "Vectors", *(f"Model {name}" for name in names.values())], rows, text=2)


@text("unused_words")
def unused_words(results: Results) -> str:
    """The words of the association tests that one of the legislatures never uses; empty where there are none."""
    # An embedding of a word that was never read is the random one it started with.
    words = [record.word for record in results.bias.associations.audit if record.warnings]
    return fmt.sentence_list(words) if words else ""


@table("legacy")
def legacy_table(results: Results) -> Table:
    """The older definition of bias: a listed term among the first fillings."""
    legacy, groups, rows = results.bias.legacy, results.bias.probes.groups, []
    for row, name in fmt.row_names(results.config).items():
        found = legacy.models[row]
        shares = [fmt.percent(share.value) for share in (found.first, found.second, found.any)]
        rows.append([name, *shares, ", ".join(map(fmt.percent, found.any.by_seed))])
    labels = [f"Any \u201c{group.label}\u201d term" for group in (groups.first, groups.second)]
    columns = ["Model", *labels, "Either", "Either, by run"]
    return make_table(f"Older definition: {legacy.definition}.", columns, rows, words=columns[-1:])
