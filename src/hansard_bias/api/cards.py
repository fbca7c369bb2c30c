"""The cards of what goes to the Hub: what it is, what was measured, what is in it and what is not."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, cast

from hansard_bias.api.study import Study

_MODEL = """
## What was measured
Perplexity and excess (nats a token, over the text's own model) on the test text, the mean of {seeds} trainings, of
which this is seed {seed}; in brackets the {confidence:.0%} interval.

| text | perplexity | excess |
|---|---|---|
{rows}

## What is in here
Weights, configuration and tokenizer, made with hansard-bias. No text of the archives; but the tokenizer's
vocabulary was learned from them, so that words and names of the debates stand in it.
"""
_STUDY = """---
pretty_name: {quoted}
license: {license}
tags: [parliamentary-debates, masked-language-modeling, bias-measurement]
configs:
{configs}
---

# {title}

{answer}

Tables of a study made with hansard-bias, whose docs/api.md says what each column means and docs/method.md what each
number is.

| configuration | rows | what it is |
|---|---|---|
{tables}

`load_dataset("ORG/NAME", "matrix")` loads one of them; of `scores` and `companion` each split is a model.

## Models
| model | label | training text | trainings |
|---|---|---|---|
{models}

## Archives
| corpus | label | licence of the archive |
|---|---|---|
{corpora}

## What is not in here
No speech, nor tokens that one could be put together from, no speakers and no headings: scores are sums of surprisals by
speech. Single words of the archives are in `words`; the prompts and pairs are those that the models were asked.
"""


def model_card(study: Study, model: str, seed: int, card: str) -> str:
    """The card of a training with what was measured since."""
    read = study.matrix.merge(study.excess, on=["model", "corpus"], how="left").query("model == @model")
    rows = [
        f"| {row['corpus']} | {_interval(row, 'perplexity', '.2f')} | {_interval(row, 'nats', '+.3f')} |"
        for row in cast(list[dict[str, Any]], read.to_dict("records"))
    ]
    confidence = study.config.bias.confidence
    about = {"seeds": len(study.seeds), "seed": seed, "confidence": confidence}
    return card.rstrip() + "\n" + _MODEL.format(rows="\n".join(rows), **about)


def study_card(study: Study, rows: Mapping[str, int]) -> str:
    """The card of a data set in the layout of `load_dataset`; rows: of every file, by its path."""
    files = {PurePosixPath(name): count for name, count in rows.items()}
    single = {path.stem: count for path, count in files.items() if path.parent.name == "data"}
    split = {kind: {p.stem: n for p, n in files.items() if p.parent.name == kind} for kind in ("scores", "companion")}
    configs = [f"- config_name: {name}\n  data_files: data/{name}.parquet" for name in single]
    # The first thing that a visitor of the page sees.
    configs[0] += "\n  default: true"
    tables = [f"| `{name}` | {count:,} | {_about(name)} |" for name, count in single.items()]
    for kind, runs in split.items():
        if runs:
            paths = [f"  - split: {run.replace('-', '_')}\n    path: data/{kind}/{run}.parquet" for run in runs]
            configs.append(f"- config_name: {kind}\n  data_files:\n" + "\n".join(paths))
            whose = "masked models" if kind == "scores" else "n-gram companions"
            tables.append(
                f"| `{kind}` | {sum(runs.values()):,} | Σ surprisal of every test speech, in nats, by {whose} |"
            )
    licences = [corpus.licence for corpus in study.config.corpora.values()]
    return _STUDY.format(
        title=study.config.report.title,
        # As JSON has it, a text is YAML whatever stands in it.
        quoted=json.dumps(study.config.report.title),
        # An archive that states none leaves the licence of the whole unknown.
        license="other" if all(licences) else "unknown",
        answer=study.answer,
        configs="\n".join(configs),
        tables="\n".join(tables),
        models="\n".join(_models(study)),
        corpora="\n".join(
            f"| {name} | {corpus.label} | {corpus.licence or 'not stated'} |"
            for name, corpus in study.config.corpora.items()
        ),
    )


def _models(study: Study) -> list[str]:
    trained = [
        f"| {name} | {model.label} | {', '.join(f'{share:.0%} {corpus}' for corpus, share in model.mixture.items())} "
        f"| {len(study.seeds)} |"
        for name, model in study.config.models.items()
    ]
    return trained + [f"| {n} | {model.label} | was there already | 0 |" for n, model in study.config.given.items()]


def _about(name: str) -> str:
    # Of the slices the topics and speakers stay at home.
    told = "Perplexity and excess by year and role" if name == "slices" else inspect.getdoc(getattr(Study, name)) or ""
    return told.partition("\n")[0].rstrip(".")


def _interval(row: Mapping[str, Any], name: str, form: str) -> str:
    value, low, high = (row[column] for column in (name, f"{name}_low", f"{name}_high"))
    if value != value:
        return "–"
    return f"{value:{form}}" + (f" ({low:{form}} to {high:{form}})" if low == low else "")
