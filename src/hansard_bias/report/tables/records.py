"""The material: training runs with their curves, corpora, audits, and where the numbers come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair as alt

from hansard_bias.analysis.record_files import to_json
from hansard_bias.analysis.stage_records import CorpusRecord, CurveRow, Kept
from hansard_bias.report import formats as fmt
from hansard_bias.report.comparisons import at_most
from hansard_bias.report.figures import GREY, Figure, chart_of, figure, series_colour
from hansard_bias.report.provenance import CODE, training_energy, watt_hours
from hansard_bias.report.results import Results, Run
from hansard_bias.report.tables import Table, make_table, table, text

# Of a training run: what tells of the machine and not of the model.
MEASURED = ("Time", "Tokens per second", "Peak memory", "Share of peak speed", "Device")
LEARNED = ("Validation loss", "Training loss", "Best of updates", "Epochs", "Tokens")
AUDIT_NAMES = {
    "leakage, shared speeches": "test speeches that also occur in training or validation text",
    "leakage, shared 13grams": "share of the 13-word runs of the test text that occur in training text",
    "auc before": "score before cleaning",
    "auc after": "score after cleaning",
    "content audit, auc": "content audit, score",
    "duplicates, ": "copies removed, ",
}
# One point for every pixel and a half of the panel.
MOST_POINTS = 150
CURVES = (
    "Loss during training, lower is better. Grey: on the text being learned. Coloured, with dots: on held-out days of "
    "the same mixture. One line a training run (seed). Long runs are drawn as means of neighbouring updates."
)


@table("training", section="training", fold="Every training run", local=MEASURED)
def training_table(results: Results) -> Table:
    """One row a model and seed."""
    rows = []
    for run in results.runs:
        record, best = run.record, f"{fmt.count(run.record.best_update)} of {fmt.count(run.record.updates)}"
        losses = map(fmt.fine, (record.validation_loss, record.train_loss))
        learned = [*losses, best, fmt.decimal(record.epochs, 1), fmt.count(record.tokens)]
        speed, memory = fmt.count(record.tokens_per_second), fmt.size(record.peak_memory_bytes)
        measured = [fmt.seconds(record.wall_seconds), speed, memory, fmt.percent(record.model_flop_utilisation)]
        device = f"{record.device}, {record.precision}"
        rows.append([_run_name(results, run), *learned, *measured, device, record.stopped_by])
    caption = "Training runs. Loss is in nats per masked token."
    return make_table(caption, ["Run", *LEARNED, *MEASURED, "Stopped by"], rows, words=["Device", "Stopped by"])


def _run_name(results: Results, run: Run) -> str:
    return f"{fmt.model_name(results.config, run.model)}, seed {run.seed}"


@figure("curves", section="training", title="Training curves", caption=CURVES, order=60, columns=3)
def curve_figures(results: Results) -> list[Figure]:
    """One figure a model, all on the same axes."""
    records: dict[str, list[dict[str, Any]]] = {model: [] for model in results.config.models}
    for run in results.runs:
        records[run.model] += [{"seed": str(run.seed), **point} for point in _points(run.curve)]
    drawn = [record for found in records.values() for record in found]
    if not drawn:
        return []
    losses, updates = ([record[key] for record in drawn] for key in ("loss", "update"))
    across, upwards = alt.Axis(tickCount=4, grid=False, labelFlush=False), alt.Axis(tickCount=5, titlePadding=12)
    # Only on common axes can models be compared by eye.
    x = alt.X("update:Q", title="update", scale=alt.Scale(domain=[0, max(updates)]), axis=across)
    y_scale = alt.Scale(domain=[min(losses), max(losses)], nice=True)
    y = alt.Y("loss:Q", title="nats per masked token", scale=y_scale, axis=upwards)
    return [_model_curves(results, model, found, x, y) for model, found in records.items() if found]


def _model_curves(results: Results, model: str, records: list[dict[str, Any]], x: alt.X, y: alt.Y) -> Figure:
    colour, name = series_colour(results, model), f"Model {fmt.model_name(results.config, model)}"
    base = chart_of(records).encode(x=x, y=y, detail="seed:N")
    # Grey, because the text being learned is not what the model is judged by.
    train = base.transform_filter("datum.kind == 'train'").mark_line(strokeWidth=1, color=GREY, opacity=0.8)
    validation = base.transform_filter("datum.kind == 'validation'")
    lines = validation.mark_line(strokeWidth=1.6, color=colour)
    dots = validation.mark_point(filled=True, size=14, color=colour, opacity=1)
    chart = alt.layer(train, lines, dots).properties(width=240, height=190, title=name)
    best = min((record["loss"] for record in records if record["kind"] == "validation"), default=None)
    if best is None:
        return Figure(chart, f"Training loss of {name}; nothing was validated.")
    seeds = len({record["seed"] for record in records})
    label = f"Training and validation loss of {name}, {seeds} seeds; best validation loss {fmt.decimal(best)}."
    return Figure(chart, label)


def _points(curve: Sequence[CurveRow]) -> Iterator[dict[str, Any]]:
    # Most updates are not validated, and the first may have no mean of the training loss yet.
    train = [(row.update, row.train_loss) for row in curve if row.train_loss is not None]
    validation = [(row.update, row.validation_loss) for row in curve if row.validation_loss is not None]
    for kind, pairs in (("train", train), ("validation", validation)):
        yield from ({"kind": kind, "update": x, "loss": y} for x, y in thin(pairs))


def thin(pairs: Sequence[tuple[float, float]], most: int = MOST_POINTS) -> Sequence[tuple[float, float]]:
    """At most `most` points: the means of equal runs of neighbours, so that no spike is picked by chance."""
    if len(pairs) <= most:
        return pairs
    edges = [round(index * len(pairs) / most) for index in range(most + 1)]
    groups = [pairs[start:end] for start, end in pairwise(edges)]
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


@table("statistics")
def corpus_table(results: Results) -> Table:
    """Size of the text of every model and corpus, by split."""
    columns = ["Text", "Split", "Speeches", "Words", "Size", "Speakers", "Sittings", "First day", "Last day"]
    rows = []
    for record in results.alignment.statistics:
        names = [f"{results.config.column_label(record.name)} ({fmt.title(record.name)})", record.split]
        text = [fmt.count(record.speeches), fmt.count(record.words), fmt.size(record.bytes)]
        # A small archive may have a split without a day.
        days = [day or fmt.NOTHING for day in (record.first_day, record.last_day)]
        rows.append([*names, *text, fmt.count(record.speakers), fmt.count(record.sittings), *days])
    whole = {"sitting": "sitting days", "month": "months"}[results.config.align.split.by]
    return make_table(f"The aligned text by split. Whole {whole} go to one split.", columns, rows, text=2)


@table("accounts", section="text", order=1, fold="Every record accounted for")
def account_table(results: Results) -> Table:
    """Every record of every archive: read, kept, or dropped and why; first by the reader, then by the alignment."""
    rows, alignment = [], results.alignment
    for name, record in results.corpora.items():
        rows.append(_account_row(fmt.title(name), record, record.dropped))
        rows.append(_account_row(f"{fmt.title(name)}, aligned", alignment.speeches[name], alignment.dropped[name]))
    columns = ["Archive", "Read", "Kept", "Dropped", "Reasons", "Account"]
    caption = "Records accounted for: what was read, kept and dropped, and why."
    return make_table(caption, columns, rows, words=["Reasons", "Account"])


def _account_row(name: str, record: CorpusRecord | Kept, dropped: Mapping[str, int]) -> list[str]:
    total = sum(dropped.values())
    # Shown and not asserted: an archive that loses records must be seen by the reader of the page.
    missing = record.read - record.kept - total
    check = f"{fmt.count(missing)} not accounted for" if missing else "complete"
    # The commonest reason first; names settle ties, so that a file keeps its order.
    ordered = sorted(((reason, n) for reason, n in dropped.items() if n), key=lambda item: (-item[1], item[0]))
    reasons = "; ".join(f"{reason.replace('_', ' ')} {fmt.count(n)}" for reason, n in ordered) or "none"
    return [name, *map(fmt.count, (record.read, record.kept, total)), reasons, check]


@table("archives", section="text", order=2, fold="The archives before alignment")
def archive_table(results: Results) -> Table:
    """What each archive holds after cleaning."""
    rows = []
    for name, record in results.corpora.items():
        counts = map(fmt.count, (record.sittings, record.speakers, record.tokens))
        rows.append([fmt.title(name), *counts, record.first_day, record.last_day])
    columns = ["Archive", "Sittings", "Speakers", "Tokens", "First day", "Last day"]
    return make_table("The archives after cleaning, before alignment.", columns, rows)


@text("audits")
def audit_rows(results: Results) -> list[tuple[str, str]]:
    """Leakage, format and content audits as name and value."""
    written = to_json(results.alignment)
    parts = {name: written[name] for name in ("window", "different_periods", "budget", "duplicates", "leakage")}
    parts |= {name.replace("_", " "): written[name] for name in ("format_audit", "content_audit")}
    marks = parts["format audit"].pop("features")
    parts["format audit"]["most telling marks"] = [mark["feature"] for mark in marks]
    # The words have a list of their own.
    del parts["content audit"]["telling"]
    rows = []
    for name, value in fmt.facts(parts):
        for start, words in AUDIT_NAMES.items():
            name = name.replace(start, words)
        rows.append((name, value))
    return rows


@text("telling")
def telling_words(results: Results) -> list[tuple[str, str]]:
    """The words that give each corpus away, per corpus."""
    telling = results.alignment.content_audit.telling
    return [(fmt.title(corpus), fmt.sentence_list(words)) for corpus, words in telling.items()]


@table("uncertainty", section="chance", fold="Where the uncertainty comes from, and how large an excess can be")
def uncertainty_table(results: Results) -> Table:
    """Per cell: whose variance it is, and how large its excess can still be."""
    shares, rows = results.bias.uncertainty.variance_shares, []
    kinds = ("seeds", "sittings", "speakers")
    for model, column in results.cells:
        # Only a cell with an interval has a variance, and only one with an own model to compare with has an excess.
        cell = shares.get(results.config.row_key(model), {}).get(f"on_{column}", {})
        excess = results.excess(model, column)
        most = None if excess is None else at_most(excess)
        # The excess of a model on its own text is 0 by definition.
        if cell or most:
            parts = [fmt.percent(cell[kind]) if kind in cell else fmt.NOTHING for kind in kinds]
            names = [fmt.model_name(results.config, model), fmt.title(column)]
            rows.append([*names, *parts, fmt.fine(most) if most else fmt.NOTHING])
    columns = ["Model", "Reading", *(f"Due to {kind}" for kind in kinds), "Excess at most (nats)"]
    caption = "Where the uncertainty of each cell comes from, and how large its excess can still be."
    return make_table(caption, columns, rows, text=2)


# Where the numbers come from: code, data, hardware, time and energy, and every parameter.
@text("origins")
def origin_rows(results: Results) -> Iterator[tuple[str, str]]:
    """What a reader asks first, as name and value."""
    # Outside git there is no commit.
    known = [(name, results.provenance[name]) for name in CODE if results.provenance.get(name)]
    config, window, runs = results.config, results.alignment.window, [run.record for run in results.runs]
    yield from [*known, ("sittings", f"{window.first_day} to {window.last_day}")]
    for corpus, record in results.corpora.items():
        yield f"digest of the archive, {fmt.title(corpus)}", record.digest
    for model, spec in config.given.items():
        yield f"taken as it is, {fmt.model_name(config, model)}", Path(spec.folder).name
    seeds = fmt.sentence_list([str(seed) for seed in config.train.seeds])
    if runs:
        yield from _trainings(results, seeds)
    if machine := results.provenance.get("machine"):
        yield "page built on", machine


def _trainings(results: Results, seeds: str) -> Iterator[tuple[str, str]]:
    """What was trained, where, how long, and the energy that it took."""
    config, runs = results.config, [run.record for run in results.runs]
    yield "training runs", f"{fmt.count(len(runs))}: {fmt.sentence_list(sorted(config.models))}, seeds {seeds}"
    # Runs of one study may have been trained on different machines.
    yield "trained on", "; ".join(sorted({f"{run.device}, {run.precision}" for run in runs}))
    times = [run.wall_seconds for run in runs]
    yield "wall time of all trainings", f"{fmt.seconds(sum(times))} (the longest {fmt.seconds(max(times))})"
    energy, assumption = training_energy(runs)
    yield "energy of all trainings", f"about {watt_hours(energy)}: {assumption}"


@text("versions")
def version_rows(results: Results) -> list[tuple[str, str]]:
    """Versions of what computed, and whatever else the caller knows."""
    return [(name, value) for name, value in fmt.facts(results.provenance) if name not in (*CODE, "machine")]


@table("parameters", section="provenance", order=1, fold="Every parameter")
def parameter_table(results: Results) -> Table:
    """Every parameter of params.yaml, under the name that `dvc exp run -S` takes."""
    rows, content = [], asdict(results.config)
    models = content["models"] | content.pop("given")
    # A mixture or a folder, never both.
    content["models"] = {name: {key: value for key, value in each.items() if value} for name, each in models.items()}
    for path, value in fmt.leaves(content):
        # What is not set is left out.
        if value is not None:
            text = ", ".join(map(str, value)) or "none" if isinstance(value, (list, tuple)) else str(value)
            rows.append((".".join(path), text or fmt.NOTHING))
    caption = "Every parameter, by the name that dvc exp run -S takes."
    return make_table(caption, ["Parameter", "Value"], rows, text=2)


@table("fingerprints", section="provenance", order=2, fold="Fingerprints of the weights", local=("Run", "Fingerprint"))
def fingerprint_table(results: Results) -> Table:
    """What tells the weights of every training run apart."""
    rows = [(_run_name(results, run), run.record.fingerprint) for run in results.runs]
    caption = "Fingerprints of the trained weights: the same fingerprint is the same model."
    return make_table(caption, ["Run", "Fingerprint"], rows, text=2)
