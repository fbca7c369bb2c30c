"""Models that are there already: how they read, what they prefer, what they expect; each by its own tokens."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from hansard_bias.analysis.metrics.given import Given, GivenModel
from hansard_bias.report import formats as fmt
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table
from hansard_bias.report.tables.pairs import made_of
from hansard_bias.report.tables.probes import BENCHMARK_CAPTIONS, MASK, benchmark_table, direction_labels, tests_table

SECTION = "given"


def _given(results: Results) -> dict[str, tuple[str, GivenModel]]:
    """By row: name and results of every such model, in the order of params.yaml."""
    config, found = results.config, results.bias.metric(Given).models
    return {row: (fmt.model_name(config, m), found[row]) for m in config.given if (row := config.row_key(m)) in found}


@table("given")
def given_table(results: Results) -> Table:
    """Bits per byte of every text, and how finely the tokenizer cuts."""
    columns, rows = list(results.config.columns()), []
    for name, found in _given(results).values():
        read = [fmt.estimate(found.bits_per_byte[f"on_{column}"], fmt.fine) for column in columns]
        cut = [fmt.fine(found.tokens_per_byte[corpus]) for corpus in results.config.corpora]
        rows.append([name, found.folder, *read, *cut, fmt.percent(max(found.unknown.values()))])
    names = [f"Reading {fmt.title(column)}" for column in columns]
    names += [f"Tokens per byte, {fmt.title(corpus)}" for corpus in results.config.corpora]
    caption = (
        "Bits per byte of every model that is there already, by its own tokens, with intervals for other sittings and "
        "speakers. Between tokenizers they cannot be compared: smaller tokens give each other away. Unknown: the "
        "largest share of a text's tokens that the tokenizer cannot write."
    )
    return make_table(caption, ["Model", "Folder", *names, "Unknown"], rows, text=2)


@table("given_themes", section=SECTION, order=1, fold="What they put into a blank, by theme")
def given_theme_table(results: Results) -> Table:
    """Mean L of every theme and model, and how many prompts ask the model."""
    rows = []
    for row, (name, found) in _given(results).items():
        asks = len(found.probes.prompts) - found.probes.not_asked[row]
        for theme, mean in found.probes.themes[row].items():
            rows.append(
                [name, fmt.count(asks), theme, fmt.count(mean.prompts), fmt.estimate(mean.interval, fmt.signed)]
            )
    columns = ["Model", "Prompts that ask it", "Theme", "Prompts", "Mean L"]
    caption = "Mean log-odds L of the prompts of each theme that ask the model (nats), with its interval over prompts."
    return make_table(caption, columns, rows, words=["Theme"])


@table("given_prompts", section=SECTION, order=2, fold="What they put into a blank, prompt by prompt")
def given_prompt_table(results: Results) -> Table:
    """Every prompt: L of every model, and its most probable word."""
    given, labels = _given(results), direction_labels(results)
    answers = {row: {each.prompt: each for each in found.probes.prompts} for row, (_, found) in given.items()}
    rows = []
    for prompt in next(iter(answers.values()), {}).values():
        found = [answers[row][prompt.prompt].models[row] for row in given]
        cells = [
            (
                fmt.estimate(each.log_odds, fmt.signed),
                labels[each.direction],
                each.top[0].token.strip() if each.top else "",
            )
            for each in found
        ]
        rows.append([prompt.text.replace(MASK, "____"), prompt.theme, *chain.from_iterable(cells)])
    columns = [f"{what} {name}" for name, _ in given.values() for what in ("L,", "Finding,", "First word,")]
    caption = (
        "Log-odds L of the two groups (nats), with its interval over wordings. A single reading decides nothing, as it "
        "says nothing of other trainings; its first word is what the model would write."
    )
    words = [column for column in columns if not column.startswith("L,")]
    return make_table(caption, ["Prompt", "Theme", *columns], rows, text=2, words=words)


@table("given_benchmark", section=SECTION, order=3, fold="Benchmarks of two answers")
def given_benchmark_tables(results: Results) -> list[Table]:
    """A table a benchmark, model and way to correct: answers are of as many tokens as this model's tokenizer makes."""
    return [
        replace(made, caption=f"{name}. {made.caption}")
        for row, (name, found) in _given(results).items()
        for number, record in enumerate(found.benchmarks, 1)
        for kind in BENCHMARK_CAPTIONS
        for made in [benchmark_table({row: name}, record, kind, f"{row}-{number}-{kind}")]
    ]


@table("given_pairs", section=SECTION, order=4, fold="Benchmarks of sentences")
def given_pair_tables(results: Results) -> list[Table]:
    """The same of sentences: the pairs share as many tokens as this model's tokenizer makes."""
    return [
        replace(made, caption=f"{name}. {made.caption}")
        for row, (name, found) in _given(results).items()
        for made in made_of({row: name}, found.pairs, f"{row}-")
    ]


@table("given_associations", section=SECTION, order=5, fold="Which words stand close together")
def given_association_table(results: Results) -> Table:
    """The association tests of every model."""
    given = _given(results)
    names = {row: name for row, (name, _) in given.items()}
    return tests_table(names, chain.from_iterable(found.associations.tests for _, found in given.values()))
