"""The probe prompts as rows of a table: preference with interval and the most probable fillings, per model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hansard_bias.report.formats import NOTHING, count, estimate, facts, percent, readable, sentence_list, signed, span
from hansard_bias.report.results import Results, parse_interval
from hansard_bias.report.tables.comparison import Table, table

FILLINGS_SHOWN = 5
MASK = "[MASK]"


@dataclass(frozen=True)
class Answer:
    """What one model shows on one prompt."""

    value: float
    """Sort key; NaN-free: a prompt without a number sorts as 0."""
    preference: str
    bounds: str
    estimate: str
    """Both together, with their exact numbers."""
    plain: str
    """The same without prior correction."""
    agreement: str
    """Share of the wordings with the sign of their mean."""
    direction: str
    """first, second, tie or undecided."""
    direction_label: str
    fillings: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Prompt:
    """One row: the text, split where the blank is, and an answer per model."""

    name: str
    theme: str
    parts: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def directions(self) -> str:
        """The direction of every model, in their order, for the filter."""
        return " ".join(answer.direction for answer in self.answers)


def prompt_rows(results: Results) -> list[Prompt]:
    """The prompts in the order of the metrics file."""
    probes = results.bias["probes"]
    labels = {side: f"prefers {probes['groups'][side]['label']}" for side in ("first", "second")}
    labels["tie"] = "tie"
    keys = [results.config.row_key(model) for model in results.config.models]
    return [
        Prompt(
            name=str(record["prompt"]),
            theme=str(record.get("theme") or NOTHING),
            parts=tuple(str(record["text"]).split(MASK)),
            answers=tuple(_answer(record["models"].get(key) or {}, labels) for key in keys),
        )
        for record in probes["prompts"]
    ]


def prompt_table(results: Results) -> Table:
    """The same as a table for files: every model's preference and its direction."""
    config = results.config
    columns = ["Prompt", "Theme"]
    for model in config.models:
        columns += [f"Model {config.models[model].label}", f"Finding {config.models[model].label}"]
    rows = []
    for prompt in prompt_rows(results):
        answers = [(answer.estimate, answer.direction_label) for answer in prompt.answers]
        rows.append(["____".join(prompt.parts), prompt.theme, *(text for pair in answers for text in pair)])
    caption = "Preference L* of every model on every prompt, in nats, with its interval and direction."
    return table("prompts", caption, columns, rows, text=2, words=columns[3::2])


def _answer(record: Mapping[str, Any], labels: Mapping[str, str]) -> Answer:
    preference = parse_interval(record.get("preference"))
    direction = str(record.get("direction") or "undecided")
    plain = parse_interval(record.get("uncorrected"))
    agreement = (record.get("stability") or {}).get("agreement")
    top = record.get("top") or []
    return Answer(
        value=0.0 if preference is None else preference.value,
        preference=NOTHING if preference is None else signed(preference.value),
        bounds="" if preference is None else span(preference, signed),
        estimate=estimate(preference, signed),
        plain="" if plain is None else signed(plain.value),
        agreement="" if agreement is None else percent(agreement),
        direction=direction if direction in labels else "undecided",
        direction_label=labels.get(direction, "undecided"),
        fillings=tuple((str(item["token"]).strip(), percent(item["probability"])) for item in top[:FILLINGS_SHOWN]),
    )


def group_lists(results: Results) -> list[tuple[str, str]]:
    """The terms of both groups, by label."""
    groups = results.bias["probes"]["groups"]
    return [
        (str(groups[side]["label"]), sentence_list([str(term) for term in groups[side]["terms"]]))
        for side in ("first", "second")
    ]


def word_table(results: Results) -> Table:
    """The audit of the probe words: pieces, use in each corpus, warnings."""
    groups = results.bias["probes"]["groups"]
    labels = {str(groups[side]["name"]): str(groups[side]["label"]) for side in ("first", "second")}
    rows = [
        (
            str(record["term"]),
            labels.get(str(record["group"]), str(record["group"])),
            _plain(record.get("pieces")),
            readable(results.config, _plain(record.get("usage"))),
            _plain(record.get("warnings")),
        )
        for record in results.bias["probes"].get("audit") or []
    ]
    caption = "The words that may fill the blank: pieces in the tokenizer, uses per legislature, warnings."
    return Table(
        "words",
        caption,
        ("Word", "Group", "Pieces", "Uses in the text", "Warnings"),
        tuple(rows),
        frozenset({"Pieces"}),
    )


def _plain(value: object) -> str:
    if isinstance(value, int):
        return count(value)
    if value is None or value == [] or value == {}:
        return "none"
    return "; ".join(f"{name} {text}".strip() for name, text in facts(value))
