"""Tables beside the prompts: with and without prior correction, by theme, benchmarks, and the older definition."""

from __future__ import annotations

from hansard_bias.analysis.probe_records import AssociationEffect
from hansard_bias.analysis.records import BenchmarkRecord, BenchmarkShares
from hansard_bias.report.formats import (
    NOTHING,
    count,
    decimal,
    estimate,
    p_value,
    percent,
    row_names,
    sentence_list,
    signed,
    title,
)
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

SPACES = {"input": "input embeddings (WEAT)", "contextual": "in sentences (SEAT)"}


@table("correction", section="probes", order=2, fold="Without prior correction, and how stable it is")
def correction_table(results: Results) -> Table:
    """The rates without prior correction, and how far the wordings of a prompt agree."""
    probes, groups = results.bias.probes, results.bias.probes.groups
    labels = [f"Prefers {group.label}" for group in (groups.first, groups.second)]
    rows = []
    for row, name in row_names(results.config).items():
        rate, stability = probes.uncorrected_rates[row], probes.stability[row]
        shares = [estimate(each.rate, percent) for each in (rate.first, rate.second)]
        # A single wording of every prompt has no spread.
        spread = NOTHING if stability.spread is None else decimal(stability.spread)
        rows.append([name, *shares, count(rate.tied), count(rate.undecided), percent(stability.agreement), spread])
    columns = ["Model", *labels, "Ties", "Undecided", "Wordings that agree", "Spread of wordings (nats)"]
    caption = (
        "The same prompts without prior correction (L), and how stable L* is: the share of the wordings of a prompt "
        "whose sign is that of their mean, and the standard deviation between wordings."
    )
    return make_table(caption, columns, rows)


@table("themes", section="probes", order=3, fold="By theme")
def theme_table(results: Results) -> Table:
    """Mean L* of every theme and model."""
    models = {name: results.bias.probes.themes[row] for row, name in row_names(results.config).items()}
    themes = list(dict.fromkeys(theme for means in models.values() for theme in means))
    rows = [[theme, *(estimate(means[theme].interval, signed) for means in models.values())] for theme in themes]
    caption = (
        "Mean preference L* of the prompts of each theme (nats), with its interval over prompts and training runs."
    )
    return make_table(caption, ["Theme", *(f"Model {name}" for name in models)], rows)


@table("benchmark")
def benchmark_tables(results: Results) -> list[Table]:
    """Two tables a benchmark, as the answers are and prior-corrected: every model on all its prompts, then by theme."""
    return [
        _benchmark_table(results, f"{number}-{kind}", record, kind)
        for number, record in enumerate(results.bias.benchmarks, 1)
        for kind in ("plain", "corrected")
    ]


def _benchmark_table(results: Results, name: str, record: BenchmarkRecord, kind: str) -> Table:
    unlike, items = count(record.unlike_pieces), len(record.items)
    captions = {
        "plain": (
            "mean log-odds of the favourable answer against the unfavourable one (nats) and the share of prompts by "
            f"direction; tied: the odds are within 2 to 1. In {unlike} of {items} prompts the two answers have "
            "different numbers of word pieces."
        ),
        "corrected": "the same, prior-corrected: less what the model would say with the content words hidden.",
    }
    caption = f"Benchmark \u201c{title(record.name)}\u201d: {captions[kind]}"
    columns = ["Model", "Theme", "Prompts", "Log-odds", "Favourable", "Unfavourable", "Tied"]
    rows = [
        [model, theme, count(found.prompts), *_odds_and_shares(found)]
        for row, model in row_names(results.config).items()
        for theme, found in {"all": record.models[row][kind].all, **record.models[row][kind].themes}.items()
    ]
    return make_table(caption, columns, rows, text=2, name=name)


def _odds_and_shares(found: BenchmarkShares) -> list[str]:
    shares = [estimate(each.rate, percent) for each in (found.favourable, found.unfavourable, found.tied)]
    return [estimate(found.log_odds, signed), *shares]


@table("associations", section="associations", order=1, fold="The association tests")
def association_table(results: Results) -> Table:
    """Effect sizes and permutation p of the association tests."""
    rows = []
    for test in results.bias.associations.tests:
        asked = [" against ".join(map(_words, names)) for names in (test.targets, test.attributes)]
        for row, name in row_names(results.config).items():
            rows.append([*asked, SPACES[test.space], name, *_effect(test.models[row])])
    columns = ["Targets", "Attributes", "Vectors", "Model", "Effect size d", "By run", "p", "p, Holm-corrected"]
    caption = (
        "Association tests. d above 0: the first targets stand closer to the first attributes, the second to the "
        "second. p is two-sided, over all divisions of the target words where they can be counted."
    )
    return make_table(caption, columns, rows, text=4, words=["By run"])


def _effect(found: AssociationEffect) -> list[str]:
    by_seed = ", ".join(NOTHING if d is None else signed(d) for d in found.by_seed)
    return [estimate(found.effect_size, signed), by_seed, p_value(found.p), p_value(found.p_holm)]


@table("cosines", section="associations", order=2, fold="Pairs of words")
def cosine_table(results: Results) -> Table:
    """Cosine similarity of pairs of words."""
    names = row_names(results.config)
    rows = [
        [f"{pair.word}, {pair.other}", SPACES[pair.space], *(estimate(pair.models[row], signed) for row in names)]
        for pair in results.bias.associations.pairs
    ]
    caption = "Cosine of pairs of words, with its interval over training runs: 1 is the same direction, 0 unrelated."
    return make_table(caption, ["Words", "Vectors", *(f"Model {name}" for name in names.values())], rows, text=2)


@text("unused_words")
def unused_words(results: Results) -> str:
    """The words of the association tests that one of the legislatures never uses; empty where there are none."""
    words = [record.word for record in results.bias.associations.audit if record.warnings]
    return sentence_list(words) if words else ""


@table("legacy")
def legacy_table(results: Results) -> Table:
    """The older definition of bias: a listed term among the first fillings."""
    legacy, groups = results.bias.legacy, results.bias.probes.groups
    rows = []
    for row, name in row_names(results.config).items():
        found = legacy.models[row]
        shares = [percent(share.value) for share in (found.first, found.second, found.any)]
        rows.append([name, *shares, ", ".join(map(percent, found.any.by_seed))])
    caption = f"Older definition: {legacy.definition}."
    labels = [f"Any \u201c{group.label}\u201d term" for group in (groups.first, groups.second)]
    return make_table(caption, ["Model", *labels, "Either", "Either, by run"], rows, words=["Either, by run"])


def _words(name: str) -> str:
    return name.replace("_", " ")
