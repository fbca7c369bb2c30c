"""What a study found, as one frozen object: everything in metrics/, complete or refused, never half a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from hansard_bias.analysis import stage_records as stages
from hansard_bias.analysis.record_files import read_bias, read_cells, read_json, read_record, read_rows, remake
from hansard_bias.analysis.records import BiasResults, Cell, Interval, ModelRecord, SliceRow, UnigramRecord, WordRow
from hansard_bias.base.files import run_name
from hansard_bias.params import Config

Line = TypeVar("Line")
VERDICT = "calibration/dvc.yaml:verdict"


@dataclass(frozen=True)
class Run:
    """One model trained with one seed; its curve is empty where the file is gone, and the page then says so."""

    model: str
    seed: int
    curve: tuple[stages.CurveRow, ...]
    record: stages.TrainingRecord


@dataclass(frozen=True)
class Results:
    """What the pipeline measured. Keys of models and columns are the names in params.yaml."""

    config: Config
    bias: BiasResults
    cells: Mapping[tuple[str, str], Cell]
    corpora: Mapping[str, stages.CorpusRecord]
    alignment: stages.AlignmentRecord
    runs: tuple[Run, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)
    slices: tuple[SliceRow, ...] = ()
    words: tuple[WordRow, ...] = ()
    # None where no calibration was run: it is a pipeline of its own.
    calibration: stages.CalibrationRecord | None = None
    # What the page does without, a line each.
    missing: tuple[str, ...] = ()

    def perplexity(self, model: str, column: str) -> Interval:
        """Perplexity of a cell with its interval."""
        cell = self.cells[model, column]
        return Interval(cell.perplexity, cell.low, cell.high)

    def excess(self, model: str, column: str) -> Interval | None:
        """Excess cross-entropy of a cell in nats per token; None where no model is trained on that corpus alone."""
        cell = self.cells[model, column]
        return None if cell.excess_nats is None else Interval(cell.excess_nats, cell.excess_low, cell.excess_high)

    def measures(self, model: str) -> ModelRecord:
        """The numbers that a model has one of, such as its bias ratio or tilt."""
        return self.bias.models[self.config.row_key(model)]

    def measured(self, name: str) -> dict[str, Any]:
        """One of these numbers of every model that has it, in the order of the models."""
        found = {model: getattr(self.measures(model), name) for model in self.config.models}
        return {model: value for model, value in found.items() if value is not None}

    def unigrams(self, model: str) -> UnigramRecord:
        """What the token frequencies of the model's training text give on every column."""
        return self.bias.unigrams[self.config.row_key(model)]


def load_results(
    metrics: Path, config: Config, provenance: Mapping[str, str] | None = None, *, trainings: bool = True
) -> Results:
    """Read what the report needs from the metrics folder.

    trainings: whether the trainings' summaries must be there, which DVC keeps, not git.
    Raises ValueError, one line, naming the file and the stage that makes it, if a file is missing, not readable
    or of another configuration.
    """
    # First, because its schema says whether this is a study of this code at all.
    bias = read_bias(metrics / "bias.json")
    rows = [config.row_key(model) for model in config.models]
    _require_keys(metrics / "bias.json", bias.models, rows)
    _require_keys(metrics / "bias.json", bias.unigrams, rows)
    matrix = read_json(metrics / "bias_matrix.json", "bias")
    # The page shows the numbers of cells.json; this file, which `dvc metrics` compares, must be of the same study.
    _require_keys(metrics / "bias_matrix.json", matrix, rows)
    for row in rows:
        _require_keys(metrics / "bias_matrix.json", matrix[row], [f"on_{column}" for column in config.columns()])
    cells = {f"{cell.model} on {cell.corpus}": cell for cell in read_cells(metrics / "cells.json")}
    wanted = {(m, column): f"{config.row_key(m)} on {column}" for m in config.models for column in config.columns()}
    _require_keys(metrics / "cells.json", cells, wanted.values())
    trained = [*product(config.models, config.train.seeds)] if trainings else []
    missing = []
    for model, seed in trained:
        path = metrics / "curves" / f"{run_name(model, seed)}.csv"
        if not path.is_file():
            restore = f"`git checkout {path}` brings it back from git, `dvc repro train@{path.stem}` trains anew"
            missing.append(f"{path}: no such file, expected the training curve of {model}, seed {seed}; {restore}")
    verdict = metrics / "calibration.json"
    return Results(
        config=config,
        bias=bias,
        cells={place: cells[name] for place, name in wanted.items()},
        corpora={
            name: read_record(metrics / "corpora" / f"{name}.json", stages.CorpusRecord, f"corpus@{name}")
            for name in config.corpora
        },
        alignment=read_record(metrics / "alignment.json", stages.AlignmentRecord, "align"),
        runs=tuple(_load_run(metrics, model, seed) for model, seed in trained),
        provenance=dict(provenance or {}),
        slices=_load_lines(metrics / "slices.csv", SliceRow),
        words=_load_lines(metrics / "words.csv", WordRow),
        calibration=read_record(verdict, stages.CalibrationRecord, VERDICT) if verdict.is_file() else None,
        missing=tuple(missing),
    )


def _load_lines(path: Path, kind: type[Line], stage: str = "bias") -> tuple[Line, ...]:
    """The lines of a table that the page can do without; none where there is no file."""
    return read_rows(path, kind, stage) if path.is_file() else ()


def _load_run(metrics: Path, model: str, seed: int) -> Run:
    name = run_name(model, seed)
    record = read_record(metrics / "training" / f"{name}.json", stages.TrainingRecord, f"train@{name}")
    return Run(model, seed, _load_lines(metrics / "curves" / f"{name}.csv", stages.CurveRow, f"train@{name}"), record)


def _require_keys(path: Path, raw: object, keys: Iterable[str]) -> None:
    for key in keys:
        if not isinstance(raw, Mapping) or key not in raw:
            raise ValueError(f"{path}: holds no {key!r}, which params.yaml asks for; {remake('bias')}")
