"""What a study found, from its typed results to the rows of the frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hansard_bias.analysis.metrics.companion import Companion
from hansard_bias.analysis.metrics.given import Given, GivenModel
from hansard_bias.analysis.metrics.pairs import Pairs, PairScores
from hansard_bias.analysis.metrics.yardsticks import Yardsticks
from hansard_bias.analysis.records import BenchmarkAnswer, TestRecord
from hansard_bias.api.frames import spread
from hansard_bias.report.results import Results

Rows = Iterator[Mapping[str, Any]]


def names(results: Results) -> dict[str, str]:
    """The names in params.yaml of the models that are trained, by those of their rows in the files of results."""
    return {results.config.row_key(model): model for model in results.config.models}


def all_names(results: Results) -> dict[str, str]:
    """The same of all models."""
    return {results.config.row_key(model): model for model in results.config.all_models}


def given(results: Results) -> dict[str, GivenModel]:
    """What was measured of the models that are there already, by their names in params.yaml."""
    found = results.bias.metric(Given).models
    return {model: found[results.config.row_key(model)] for model in results.config.given}


def given_rows(results: Results) -> Rows:
    """One row a model that is there already and text that it reads."""
    for model, found in given(results).items():
        for column in results.config.columns():
            exact = found.likelihoods.get(f"on_{column}")
            yield (
                {"model": model, "folder": found.folder, "corpus": column}
                | spread("bits_per_byte", found.bits_per_byte[f"on_{column}"])
                | spread("perplexity", found.perplexity[f"on_{column}"])
                # Of a mixture there is no text by itself.
                | {"tokens_per_byte": found.tokens_per_byte.get(column), "unknown": found.unknown.get(column)}
                | spread("pll", exact.pll if exact else None)
                | spread("pll_within_word", exact.pll_within_word if exact else None)
            )


def matrix_rows(results: Results) -> Rows:
    """One row a model and text that it reads."""
    companions = results.bias.metric(Companion).models
    for row, model in names(results).items():
        masked, companion = results.bias.models[row], companions[row]
        for column in results.config.columns():
            read: dict[str, Any] = {"model": model, "corpus": column}
            for prefix, record in (("", masked), ("companion_", companion)):
                read |= spread(f"{prefix}perplexity", record.perplexity[f"on_{column}"])
                read |= spread(f"{prefix}bits_per_byte", record.bits_per_byte[f"on_{column}"])
            yield read


def excess_rows(results: Results) -> Rows:
    """One row a model and text whose corpora all have a model of their own."""
    companion, sticks = results.bias.metric(Companion), results.bias.metric(Yardsticks).excess
    for row, model in names(results).items():
        masked = results.bias.models[row]
        for column, nats in masked.excess_nats.items():
            corpus, against = column.removeprefix("on_"), sticks.get(row, {}).get(column)
            yield (
                {"model": model, "corpus": corpus}
                | spread("nats", nats)
                | spread("bits_per_byte", masked.excess_bits_per_byte[column])
                | spread("companion_nats", companion.models[row].excess_nats[column])
                | _p(results, row, corpus)
                | {"companion_agrees": companion.agrees.get(row, {}).get(column)}
                | spread("yardstick", against.yardstick if against else None)
                | spread("more", against.more if against else None)
                | {"beyond": against.beyond if against else None}
            )


def _p(results: Results, row: str, corpus: str) -> dict[str, float | None]:
    wanted = "excess", row, corpus
    found = next((test for test in results.bias.tests if (test.family, test.model, test.corpus) == wanted), None)
    return {"p": found.p if found else None, "p_holm": found.p_holm if found else None}


def yardstick_rows(results: Results) -> Rows:
    """One row a corpus with a model of its own."""
    for corpus, stick in results.bias.metric(Yardsticks).corpora.items():
        told = {"corpus": corpus, "cut": stick.cut, "tokens": stick.tokens, "reasons": "; ".join(stick.reasons)}
        yield told | spread("time", stick.time) | spread("random", stick.random)


def test_rows(results: Results) -> Rows:
    """One row a test: of the masked models, of the companions, and of each model that is there already."""
    known = names(results)
    tests: tuple[TestRecord, ...] = (*results.bias.tests, *results.bias.metric(Companion).tests)
    for place, test in enumerate(tests):
        family = test.family if place < len(results.bias.tests) else f"{test.family}, n-gram models"
        yield vars(test) | {"family": family, "model": known.get(test.model or "")}
    for model, found in given(results).items():
        yield from (vars(test) | {"model": model} for test in found.tests)


def line_rows(results: Results, lines: tuple[Any, ...]) -> Rows:
    """The lines of a CSV file, with the models' names."""
    known = names(results)
    for line in lines:
        told = {key: known.get(value, value) for key, value in vars(line).items() if key in ("model", "against")}
        yield vars(line) | told


def prompt_rows(results: Results) -> Rows:
    """One row a prompt and model."""
    known = all_names(results)
    others = (prompt for found in given(results).values() for prompt in found.probes.prompts)
    for prompt in (*results.bias.probes.prompts, *others):
        for row, answer in prompt.models.items():
            yield (
                {"prompt": prompt.prompt, "theme": prompt.theme, "text": prompt.text, "model": known[row]}
                | spread("log_odds", answer.log_odds)
                | spread("habit", answer.habit)
                | spread("content", answer.content)
                | {"mass": answer.mass, "direction": answer.direction, "p_corrected": answer.p_corrected}
                | {"agreement": answer.stability.agreement, "spread": answer.stability.spread}
            )


def pair_rows(results: Results) -> Rows:
    """One row a benchmark of sentences, model and way to score, of all items and of each part and theme."""
    known = all_names(results)
    records = results.bias.metric(Pairs), *(found.pairs for found in given(results).values())
    for record in (benchmark for pairs in records for benchmark in pairs.benchmarks):
        for row, found in record.models.items():
            for score, measure in vars(found).items():
                told = {"benchmark": record.name, "form": record.form, "model": known[row], "score": score}
                for of, scores in {"all": measure.all, **measure.parts, **measure.themes}.items():
                    yield told | {"of": of} | _scores(scores)


def _scores(scores: PairScores) -> dict[str, Any]:
    own = scores.stereoset
    numbers = spread("preferring", scores.preferring) | spread("difference", scores.difference)
    for name in ("ss", "lms", "icat"):
        numbers |= spread(name, getattr(own, name) if own else None)
    return {"items": scores.items, **numbers}


def answer_rows(results: Results) -> Rows:
    """One row a prompt of a benchmark of two answers, and model."""
    known = all_names(results)
    others = (benchmark for found in given(results).values() for benchmark in found.benchmarks)
    for benchmark in (*results.bias.benchmarks, *others):
        for item in benchmark.items:
            told = {"benchmark": benchmark.name, "line": item.line, "theme": item.theme, "text": item.prompt}
            told |= {"first": item.favorable, "second": item.unfavorable}
            yield from (told | {"model": known[row]} | _odds(answer) for row, answer in item.models.items())


def _odds(answer: BenchmarkAnswer) -> dict[str, Any]:
    numbers = spread("log_odds", answer.plain) | spread("content", answer.corrected)
    return numbers | {"direction": answer.direction}
