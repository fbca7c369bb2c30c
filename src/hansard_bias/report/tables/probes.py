"""The probe prompts as rows of a table: preference with interval and the most probable fillings, per model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hansard_bias.analysis.probe_records import PromptAnswer
from hansard_bias.report.formats import count, estimate, facts, percent, readable, sentence_list, signed, span
from hansard_bias.report.results import Results
from hansard_bias.report.tables import Table, make_table, table, text

FILLINGS_SHOWN = 5
MASK = "[MASK]"


@dataclass(frozen=True)
class Answer:
    """What one model shows on one prompt."""

    value: float
    """Sort key."""
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

    theme: str
    parts: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def directions(self) -> str:
        """The direction of every model, in their order, for the filter."""
        return " ".join(answer.direction for answer in self.answers)


@text("prompts")
def prompt_rows(results: Results) -> list[Prompt]:
    """The prompts in the order of the metrics file."""
    groups = results.bias.probes.groups
    labels = {"first": f"prefers {groups.first.label}", "second": f"prefers {groups.second.label}"}
    labels |= {word: word for word in ("tie", "undecided")}
    keys = [results.config.row_key(model) for model in results.config.models]
    rows = []
    for record in results.bias.probes.prompts:
        answers = tuple(_answer(record.models[key], labels) for key in keys)
        rows.append(Prompt(record.theme, tuple(record.text.split(MASK)), answers))
    return rows


@table("prompts")
def prompt_table(results: Results) -> Table:
    """The same as a table for files: every model's preference and its direction."""
    columns, rows = ["Prompt", "Theme"], []
    for model in results.config.models.values():
        columns += [f"Model {model.label}", f"Finding {model.label}"]
    for prompt in prompt_rows(results):
        answers = [(answer.estimate, answer.direction_label) for answer in prompt.answers]
        # A blank as in a questionnaire: [MASK] would be a command in LaTeX.
        rows.append(["____".join(prompt.parts), prompt.theme, *(text for pair in answers for text in pair)])
    caption = "Preference L* of every model on every prompt, in nats, with its interval and direction."
    return make_table(caption, columns, rows, text=2, words=columns[3::2])


def _answer(record: PromptAnswer, labels: Mapping[str, str]) -> Answer:
    preference, plain = record.preference, record.uncorrected
    return Answer(
        value=preference.value,
        preference=signed(preference.value),
        bounds=span(preference, signed),
        estimate=estimate(preference, signed),
        plain=signed(plain.value),
        agreement=percent(record.stability.agreement),
        direction=record.direction,
        direction_label=labels[record.direction],
        # The tokenizer keeps the blank before a word in the token.
        fillings=tuple((item.token.strip(), percent(item.probability)) for item in record.top[:FILLINGS_SHOWN]),
    )


@text("groups")
def group_lists(results: Results) -> list[tuple[str, str]]:
    """The terms of both groups, by label."""
    groups = results.bias.probes.groups
    return [(group.label, sentence_list(group.terms)) for group in (groups.first, groups.second)]


@table("words")
def word_table(results: Results) -> Table:
    """The audit of the probe words: pieces, use in each corpus, warnings."""
    groups = results.bias.probes.groups
    labels = {group.name: group.label for group in (groups.first, groups.second)}
    rows = []
    for record in results.bias.probes.audit:
        usage = readable(results.config, "; ".join(f"{corpus} {uses}" for corpus, uses in facts(record.usage)))
        warnings = ", ".join(record.warnings) or "none"
        rows.append([record.term, labels[record.group], count(record.pieces), usage, warnings])
    caption = "The words that may fill the blank: pieces in the tokenizer, uses per legislature, warnings."
    columns = ["Word", "Group", "Pieces", "Uses in the text", "Warnings"]
    return make_table(caption, columns, rows, text=2, words=columns[3:])


@text("fillings")
def fillings_shown(results: Results) -> int:
    """How many of a model's guesses the page shows."""
    return FILLINGS_SHOWN
