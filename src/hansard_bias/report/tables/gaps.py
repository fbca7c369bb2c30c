"""The tables behind the gap: words, slices of the debates, and the test text without what training text shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hansard_bias.report.formats import (
    Shown,
    count,
    decimal,
    estimate,
    model_name,
    p_value,
    percent,
    readable,
    sentence_list,
    signed,
    title,
)
from hansard_bias.report.results import Interval, Json, Results, parse_interval
from hansard_bias.report.tables.comparison import Table, table

WORDS_SHOWN = 8
"""Of every model on every corpus; all are in words.csv."""
SLICES_SHOWN = 12
"""Topics and speakers of every corpus; all are in slices.csv."""
KINDS = {"year": "Year", "topic": "Topic", "role": "Role", "speaker": "Speaker"}


def word_gap_table(results: Results) -> Table:
    """The words that contribute most to each model's gap, in either direction."""
    rows, shown = [], dict[tuple[str, str], int]()
    for record in results.words:
        pair = record["corpus"], record["model"]
        if record["text"] == "all" and shown.setdefault(pair, 0) < WORDS_SHOWN:
            shown[pair] += 1
            rows.append(_word_row(results, record))
    columns = ["Model", "Reading", "Word", "Occurrences", "Nats per occurrence", "Share of the gap", "p, corrected"]
    caption = "Words behind the gap: how much more surprising each is to the model than to the text's own model."
    return table("gaps", caption, columns, rows, text=3)


def _word_row(results: Results, record: Json) -> list[str]:
    difference = _interval(record, "difference", "low", "high")
    return [
        _row_name(results, record["model"]),
        title(record["corpus"]),
        record["word"],
        count(float(record["occurrences"])),
        estimate(difference, signed),
        signed(float(record["contribution"])),
        p_value(float(record["p_holm"]) if record["p_holm"] else None),
    ]


def word_sentence(results: Results) -> str:
    """How many words were looked at, and how many differ beyond chance; empty where there are none."""
    found = [summary for summary in results.bias.get("words") or [] if summary["text"] == "all"]
    parts = [
        f"{_row_name(results, each['model'])} on {title(each['corpus'])}: {count(each['more_surprising'])} more and "
        f"{count(each['less_surprising'])} less surprising of {count(each['tested'])}"
        for each in found
    ]
    return f"Words that differ beyond chance, after correction: {'; '.join(parts)}." if parts else ""


def slice_tables(results: Results) -> list[Table]:
    """One table for each of year, topic, role and speaker: the excess of every model, slice by slice."""
    found = (_slice_table(results, kind) for kind in KINDS)
    return [each for each in found if each.rows]


def _slice_table(results: Results, kind: str) -> Table:
    records: dict[tuple[str, str], dict[str, Json]] = {}
    shown: dict[str, int] = {}
    for record in results.slices:
        key = record["corpus"], record["value"]
        if record["text"] != "all" or record["slice"] != kind:
            continue
        if key not in records:
            shown[key[0]] = shown.get(key[0], 0) + 1
        if kind not in ("topic", "speaker") or shown[key[0]] <= SLICES_SHOWN:
            records.setdefault(key, {})[record["model"]] = record
    models = [results.config.row_key(model) for model in results.config.models]
    rows = [
        [title(corpus), value, *_sizes(next(iter(cells.values()))), *(_excess(cells.get(row)) for row in models)]
        for (corpus, value), cells in records.items()
    ]
    columns = ["Debates", KINDS[kind], "Speeches", "Sittings", *(_row_name(results, row) for row in models)]
    caption = f"Excess by {kind}, in nats per token. 0 by definition for the debates' own model."
    return table(f"slices-{kind}", caption, columns, rows, text=2)


def _sizes(record: Json) -> list[str]:
    return [count(float(record[name])) for name in ("speeches", "sittings")]


def _excess(record: Json | None) -> str:
    """The excess of a slice, with its interval or the word that it has none."""
    interval = None if record is None else _interval(record, "excess_nats", "excess_nats_low", "excess_nats_high")
    if interval is not None and interval.value == 0 and not interval.low:
        return Shown("0", 0.0, None, None)
    return estimate(interval, signed)


def sharing_table(results: Results) -> Table:
    """The main numbers with and without test speeches that share 13 words in a row with training text."""
    models = (results.bias.get("without_shared_13grams") or {}).get("models") or {}
    rows = []
    for model in results.config.models if models else ():
        row = results.config.row_key(model)
        for name, before, after in _numbers(results.bias["models"][row], models[row]):
            form: Callable[[float], str] = decimal if name == "bias ratio" else signed
            what = readable(results.config, name)
            rows.append([model_name(results.config, model), what, estimate(before, form), estimate(after, form)])
    columns = ["Model", "Number", "All test speeches", "Without shared text"]
    caption = "With and without test speeches that share 13 words in a row with training text."
    return table("sharing", caption, columns, rows, text=2)


def _numbers(before: Json, after: Json) -> Iterator[tuple[str, Interval | None, Interval | None]]:
    """The numbers of one model that are worth comparing."""
    for name in ("bias_ratio", "tilt"):
        if name in before:
            yield name.replace("_", " "), parse_interval(before[name]), parse_interval(after.get(name))
    for column, excess in (before.get("excess_nats") or {}).items():
        if excess["value"] != 0:
            other = (after.get("excess_nats") or {}).get(column)
            yield f"excess on {column.removeprefix('on_')}", parse_interval(excess), parse_interval(other)


def sharing_sentence(results: Results) -> str:
    """How much test text was left out; empty where nothing is known of it."""
    record = results.bias.get("without_shared_13grams") or {}
    parts = [
        f"{count(each['speeches'])} of {count(each['of_speeches'])} of {title(corpus)} "
        f"({percent(each['share_of_tokens'])} of its text)"
        for corpus, each in (record.get("left_out") or {}).items()
    ]
    if not parts:
        return ""
    reason = f" No numbers without them: {record['reason']}." if "reason" in record else ""
    return f"Test speeches that share 13 words in a row with training text: {sentence_list(parts)}.{reason}"


def coverage_sentence(results: Results) -> str:
    """What the p of the tests covers."""
    covers = {str(record["p_covers"]) for record in results.bias["tests"] if "p_covers" in record}
    if not covers:
        return ""
    if any("only" in each for each in covers):
        return (
            "Each model was trained once, so p covers sittings only: it says nothing of what another training run "
            "would have shown."
        )
    return (
        "The first p covers other sittings and other training runs. The last column takes the runs at hand as given: "
        "where runs of one model differ by luck, it calls equal models different too often."
    )


def _row_name(results: Results, row: str) -> str:
    """A row of the matrix with its label."""
    return readable(results.config, row)


def _interval(record: Mapping[str, Any], name: str, low: str, high: str) -> Interval | None:
    """A number and its bounds from a line of a CSV file."""
    value, *bounds = (float(record[key]) if record.get(key) else None for key in (name, low, high))
    return None if value is None else Interval(value, *bounds)
