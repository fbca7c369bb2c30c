"""The tables of the material: training runs, corpora, audits."""

from __future__ import annotations

from collections.abc import Mapping

from hansard_bias.report.comparisons import detectable
from hansard_bias.report.formats import (
    NOTHING,
    count,
    decimal,
    facts,
    model_name,
    percent,
    seconds,
    sentence_list,
    size,
    title,
)
from hansard_bias.report.results import Json, Results, Run
from hansard_bias.report.tables.comparison import Table, table

RUN_COLUMNS = (
    "Run",
    "Validation loss",
    "Training loss",
    "Best of updates",
    "Epochs",
    "Tokens",
    "Time",
    "Tokens per second",
    "Peak memory",
    "Share of peak speed",
    "Device",
    "Stopped by",
)
AUDIT_NAMES = {
    "leakage, shared speeches": "test speeches that also occur in training or validation text",
    "leakage, shared 13grams": "share of the 13-word runs of the test text that occur in training text",
    "auc before": "score before cleaning",
    "auc after": "score after cleaning",
    "content audit, auc": "content audit, score",
    "duplicates, ": "copies removed, ",
}


def training_table(results: Results) -> Table:
    """One row a model and seed."""
    rows = [_run_row(results, run) for run in results.runs]
    filled = [place for place in range(len(RUN_COLUMNS)) if any(row[place] != NOTHING for row in rows)]
    columns, rows = [RUN_COLUMNS[place] for place in filled], [[row[place] for place in filled] for row in rows]
    caption = "Training runs. Loss is in nats per masked token."
    return table("training", caption, columns, rows, words=["Device", "Stopped by"])


def _run_row(results: Results, run: Run) -> list[str]:
    summary = run.summary
    losses = [_optional(summary.get(name)) for name in ("validation_loss", "train_loss")]
    utilisation = summary.get("model_flop_utilisation")
    return [
        f"{model_name(results.config, run.model)}, seed {run.seed}",
        *losses,
        f"{count(summary.get('best_update'))} of {count(summary.get('updates'))}",
        _optional(summary.get("epochs"), 1),
        count(summary.get("tokens")),
        seconds(summary.get("wall_seconds")),
        count(summary.get("tokens_per_second")),
        size(summary.get("peak_memory_bytes")),
        NOTHING if utilisation is None else percent(utilisation),
        f"{summary.get('device') or NOTHING}, {summary.get('precision') or NOTHING}",
        str(summary.get("stopped_by") or NOTHING),
    ]


def _optional(value: float | None, digits: int = 3) -> str:
    return NOTHING if value is None else decimal(value, digits)


def corpus_table(results: Results) -> Table:
    """Size of the text of every model and corpus, by split."""
    columns = ["Text", "Split", "Speeches", "Words", "Size", "Speakers", "Sittings", "First day", "Last day"]
    rows = [
        [
            f"{record['label']} ({title(str(record['name']))})",
            str(record["split"]),
            *(count(record.get(name)) for name in ("speeches", "words")),
            size(record.get("bytes")),
            *(count(record.get(name)) for name in ("speakers", "sittings")),
            *(str(record.get(name) or NOTHING) for name in ("first_day", "last_day")),
        ]
        for record in results.alignment.get("statistics") or []
    ]
    return table("statistics", "The aligned text by split. Whole sitting days go to one split.", columns, rows, text=2)


def account_table(results: Results) -> Table:
    """Every record of every archive: read, kept, or dropped and why; first by the reader, then by the alignment."""
    rows = []
    later, aligned = (results.alignment.get(name) or {} for name in ("dropped", "speeches"))
    for name, record in results.corpora.items():
        rows.append(_account_row(title(name), record, record.get("dropped") or {}))
        if name in later and name in aligned:
            rows.append(_account_row(f"{title(name)}, aligned", aligned[name], later[name]))
    columns = ["Archive", "Read", "Kept", "Dropped", "Reasons", "Account"]
    caption = "Records accounted for: what was read, kept and dropped, and why."
    return table("accounts", caption, columns, rows, words=["Reasons", "Account"])


def _account_row(name: str, record: Json, dropped: Mapping[str, int]) -> list[str]:
    total = sum(dropped.values())
    missing = record["read"] - record["kept"] - total
    check = "complete" if missing == 0 else f"{count(missing)} not accounted for"
    return [name, count(record["read"]), count(record["kept"]), count(total), _reasons(dropped), check]


def _reasons(dropped: Mapping[str, int]) -> str:
    ordered = sorted(((name, n) for name, n in dropped.items() if n), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{reason.replace('_', ' ')} {count(number)}" for reason, number in ordered) or "none"


def archive_table(results: Results) -> Table:
    """What each archive holds after cleaning."""
    rows = [
        [
            title(name),
            *(count(record.get(key)) for key in ("sittings", "speakers", "tokens")),
            *(str(record.get(key) or NOTHING) for key in ("first_day", "last_day")),
        ]
        for name, record in results.corpora.items()
    ]
    columns = ["Archive", "Sittings", "Speakers", "Tokens", "First day", "Last day"]
    return table("archives", "The archives after cleaning, before alignment.", columns, rows)


def audit_rows(results: Results) -> list[tuple[str, str]]:
    """Leakage, format and content audits as name and value."""
    alignment = results.alignment
    form = dict(alignment.get("format_audit") or {})
    form["most telling marks"] = [str(item["feature"]) for item in form.pop("features", None) or []]
    content = {key: value for key, value in (alignment.get("content_audit") or {}).items() if key != "telling"}
    plain = {name: alignment[name] for name in ("window", "budget", "duplicates", "leakage") if name in alignment}
    parts = plain | {"format audit": form, "content audit": content}
    return [(_audit_name(name), value) for name, value in facts(parts)]


def _audit_name(name: str) -> str:
    for start, words in AUDIT_NAMES.items():
        name = name.replace(start, words)
    return name


def telling_words(results: Results) -> list[tuple[str, str]]:
    """The words that give each corpus away, per corpus."""
    telling = (results.alignment.get("content_audit") or {}).get("telling") or {}
    return [(title(corpus), sentence_list([str(word) for word in words])) for corpus, words in telling.items()]


def uncertainty_table(results: Results) -> Table:
    """Per cell: whose variance it is, and the smallest excess that could have been detected."""
    shares = results.bias["uncertainty"].get("variance_shares") or {}
    rows = []
    for model in results.config.models:
        for column in results.config.columns():
            cell = (shares.get(results.config.row_key(model)) or {}).get(f"on_{column}") or {}
            least = detectable(results, model, column)
            if cell or least is not None:
                parts = [NOTHING if cell.get(kind) is None else percent(cell[kind]) for kind in ("seeds", "sittings")]
                rows.append([model_name(results.config, model), title(column), *parts, _optional(least)])
    columns = ["Model", "Reading", "Variance due to seeds", "Due to sittings", "Smallest detectable excess (nats)"]
    caption = "Where the uncertainty of each cell comes from, and the smallest excess that could have been detected."
    return table("uncertainty", caption, columns, rows, text=2)
