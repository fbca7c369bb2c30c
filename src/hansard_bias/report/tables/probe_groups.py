"""Tables beside the prompts: with and without prior correction, by theme, benchmarks, and the older definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hansard_bias.report.formats import (
    NOTHING,
    count,
    decimal,
    estimate,
    model_name,
    p_value,
    percent,
    sentence_list,
    signed,
    title,
)
from hansard_bias.report.results import Json, Results, parse_interval
from hansard_bias.report.sentences import rate_interval
from hansard_bias.report.tables.comparison import Table, table


def correction_table(results: Results) -> Table:
    """The rates without prior correction, and how far the wordings of a prompt agree."""
    probes = results.bias["probes"]
    labels = [f"Prefers {probes['groups'][side]['label']}" for side in ("first", "second")]
    rows = []
    for name, row in _models(results):
        record = (probes.get("uncorrected_rates") or {}).get(row)
        stability = (probes.get("stability") or {}).get(row) or {}
        if record:
            shares = [estimate(rate_interval(record, side), percent) for side in ("first", "second")]
            counts = [count(record.get(kind)) for kind in ("tied", "undecided")]
            agreement, spread = stability.get("agreement"), stability.get("spread")
            agreed = NOTHING if agreement is None else percent(agreement)
            rows.append([name, *shares, *counts, agreed, NOTHING if spread is None else decimal(spread)])
    columns = ["Model", *labels, "Ties", "Undecided", "Wordings that agree", "Spread of wordings (nats)"]
    caption = (
        "The same prompts without prior correction (L), and how stable L* is: the share of the wordings of a prompt "
        "whose sign is that of their mean, and the standard deviation between wordings."
    )
    return table("correction", caption, columns, rows)


def theme_table(results: Results) -> Table:
    """Mean L* of every theme and model."""
    found = results.bias["probes"].get("themes") or {}
    models = [(name, found[row]) for name, row in _models(results) if row in found]
    themes = list(dict.fromkeys(theme for _, record in models for theme in record))
    rows = [[theme, *(estimate(parse_interval(record.get(theme)), signed) for _, record in models)] for theme in themes]
    caption = (
        "Mean preference L* of the prompts of each theme (nats), with its interval over prompts and training runs."
    )
    return table("themes", caption, ["Theme", *(f"Model {name}" for name, _ in models)], rows)


def benchmark_tables(results: Results) -> list[Table]:
    """Two tables a benchmark, as the answers are and prior-corrected: every model on all its prompts, then by theme."""
    return [
        _benchmark_table(results, f"benchmark-{number}-{kind}", record, kind)
        for number, record in enumerate(results.bias.get("benchmarks") or [], 1)
        for kind in ("plain", "corrected")
    ]


def _benchmark_table(results: Results, name: str, record: Json, kind: str) -> Table:
    unlike, items = count(record.get("unlike_pieces")), len(record.get("items") or [])
    captions = {
        "plain": (
            "mean log-odds of the favourable answer against the unfavourable one (nats) and the share of prompts by "
            f"direction; tied: the odds are within 2 to 1. In {unlike} of {items} prompts the two answers have "
            "different numbers of word pieces."
        ),
        "corrected": "the same, prior-corrected: less what the model would say with the content words hidden.",
    }
    caption = f"Benchmark \u201c{title(str(record['name']))}\u201d: {captions[kind]}"
    columns = ["Model", "Theme", "Prompts", "Log-odds", "Favourable", "Unfavourable", "Tied"]
    rows = [
        [model, theme, count(found["prompts"]), *_odds_and_shares(found)]
        for model, row in _models(results)
        for theme, found in _themes((record["models"].get(row) or {}).get(kind) or {})
    ]
    return table(name, caption, columns, rows, text=2)


def _themes(measured: Json) -> Iterator[tuple[str, Json]]:
    if measured:
        yield "all", measured["all"]
        yield from measured["themes"].items()


def _odds_and_shares(found: Json) -> list[str]:
    shares = [estimate(parse_interval(found[kind]["rate"]), percent) for kind in ("favourable", "unfavourable", "tied")]
    return [estimate(parse_interval(found["log_odds"]), signed), *shares]


def association_table(results: Results) -> Table:
    """Effect sizes and permutation p of the association tests."""
    rows = []
    for record in _associations(results, "tests"):
        asked = [" against ".join(_words(name) for name in record[kind]) for kind in ("targets", "attributes")]
        for name, row in _models(results):
            found = record["models"].get(row)
            if found:
                rows.append([*asked, _space(record), name, *_effect(found)])
    columns = ["Targets", "Attributes", "Vectors", "Model", "Effect size d", "By run", "p", "p, Holm-corrected"]
    caption = (
        "Association tests. d above 0: the first targets stand closer to the first attributes, the second to the "
        "second. p is two-sided, over all divisions of the target words where they can be counted."
    )
    return table("associations", caption, columns, rows, text=4, words=["By run"])


def _effect(found: Json) -> list[str]:
    by_seed = [NOTHING if d is None else signed(d) for d in found.get("by_seed") or []]
    effect = estimate(parse_interval(found["effect_size"]), signed)
    probabilities = [p_value(found.get(name)) for name in ("p", "p_holm")]
    return [effect, ", ".join(by_seed) or NOTHING, *probabilities]


def cosine_table(results: Results) -> Table:
    """Cosine similarity of pairs of words."""
    models = _models(results)
    rows = [
        [
            f"{record['word']}, {record['other']}",
            _space(record),
            *(estimate(parse_interval(record["models"].get(row)), signed) for _, row in models),
        ]
        for record in _associations(results, "pairs")
    ]
    caption = "Cosine of pairs of words, with its interval over training runs: 1 is the same direction, 0 unrelated."
    return table("cosines", caption, ["Words", "Vectors", *(f"Model {name}" for name, _ in models)], rows, text=2)


def unused_words(results: Results) -> str:
    """The words of the association tests that one of the legislatures never uses; empty where there are none."""
    audit = (results.bias.get("associations") or {}).get("audit") or []
    words = [str(record["word"]) for record in audit if record.get("warnings")]
    return sentence_list(words) if words else ""


def legacy_table(results: Results) -> Table:
    """The older definition of bias: a listed term among the first fillings."""
    legacy = results.bias.get("legacy") or {}
    labels = [str(results.bias["probes"]["groups"][side]["label"]) for side in ("first", "second")]
    rows = []
    for name, row in _models(results):
        record = (legacy.get("models") or {}).get(row)
        if record:
            shares = [percent(record[side]["value"]) for side in ("first", "second", "any")]
            rows.append([name, *shares, ", ".join(percent(share) for share in record["any"]["by_seed"])])
    caption = f"Older definition: {legacy.get('definition', '')}."
    columns = ["Model", *(f"Any \u201c{label}\u201d term" for label in labels), "Either", "Either, by run"]
    return table("legacy", caption, columns, rows, words=["Either, by run"])


def _models(results: Results) -> list[tuple[str, str]]:
    """Every model's name on the page and its row in metrics files."""
    config = results.config
    return [(model_name(config, model), config.row_key(model)) for model in config.models]


def _associations(results: Results, part: str) -> list[dict[str, Any]]:
    return list((results.bias.get("associations") or {}).get(part) or [])


def _space(record: Json) -> str:
    return {"input": "input embeddings (WEAT)", "contextual": "in sentences (SEAT)"}.get(str(record["space"]), NOTHING)


def _words(name: object) -> str:
    return str(name).replace("_", " ")
