"""What a study found, as one frozen object."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from hansard_bias.base.files import run_name
from hansard_bias.params import Config

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Interval:
    """A number and the bounds of its interval; the bounds are None where nothing could be resampled."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None and self.high is not None

    def side(self, reference: float) -> int | None:
        """+1 or -1 if the whole interval lies above or below the reference, 0 if it includes it, None if unknown."""
        if self.low is None or self.high is None:
            return None
        return int(self.low > reference) - int(self.high < reference)

    def map(self, function: Callable[[float], float]) -> Interval:
        """Value and bounds through an increasing function."""
        low = None if self.low is None else function(self.low)
        high = None if self.high is None else function(self.high)
        return Interval(function(self.value), low, high)


@dataclass(frozen=True)
class Point:
    """One line of a training curve; None where nothing was evaluated."""

    update: int
    train_loss: float | None
    validation_loss: float | None


@dataclass(frozen=True)
class Run:
    """One model trained with one seed."""

    model: str
    seed: int
    curve: tuple[Point, ...]
    summary: Json


@dataclass(frozen=True)
class Results:
    """What the pipeline measured. Keys of models and columns are the names in params.yaml."""

    config: Config
    matrix: Mapping[str, Mapping[str, float]]
    cells: Mapping[tuple[str, str], Json]
    bias: Json
    corpora: Mapping[str, Json]
    alignment: Json
    runs: tuple[Run, ...]
    provenance: Json = field(default_factory=dict)
    slices: tuple[Mapping[str, str], ...] = ()
    """Lines of slices.csv."""
    words: tuple[Mapping[str, str], ...] = ()
    """Lines of words.csv."""
    calibration: Json = field(default_factory=dict)
    """Nothing where no calibration was run: it is a pipeline of its own."""
    missing: tuple[str, ...] = ()
    """What the page does without, a line each."""

    def perplexity(self, model: str, column: str) -> Interval:
        """Perplexity of a cell with its interval."""
        cell = self.cells[model, column]
        return Interval(self.matrix[model][column], cell.get("low"), cell.get("high"))

    def excess(self, model: str, column: str) -> Interval | None:
        """Excess cross-entropy of a cell in nats per token; None where no model is trained on that corpus alone."""
        cell = self.cells[model, column]
        value = cell.get("excess_nats")
        return None if value is None else Interval(value, cell.get("excess_low"), cell.get("excess_high"))

    def unigram(self, model: str, column: str) -> Interval:
        """Perplexity of a column under the word frequencies of the model's training text."""
        raw = self.bias["unigrams"][self.config.row_key(model)]["perplexity"][f"on_{column}"]
        return Interval(raw["value"], raw.get("low"), raw.get("high"))

    def measure(self, model: str, name: str) -> Interval | None:
        """A number of bias.json that a model has one of, such as `bias_ratio` or `tilt`."""
        return parse_interval(self.bias["models"][self.config.row_key(model)].get(name))


def parse_interval(raw: object) -> Interval | None:
    """`{"value", "low", "high"}` of a metrics file; None where there is no number."""
    if not isinstance(raw, Mapping) or raw.get("value") is None:
        return None
    return Interval(raw["value"], raw.get("low"), raw.get("high"))


# Everything in metrics/ as one object, complete or refused: the page never shows half a run.

CURVE_COLUMNS = ("update", "epoch", "learning_rate", "train_loss", "validation_loss")


def load_results(metrics: Path, config: Config, provenance: Json | None = None) -> Results:
    """Read what the report needs from the metrics folder.

    Raises ValueError, one line, naming the file and the stage that makes it, if a file is missing, not readable
    or of another configuration.
    """
    bias = _read_json(metrics / "bias.json", "bias")
    _require_keys(metrics / "bias.json", bias, ("models", "tests", "uncertainty", "unigrams", "probes"), "bias")
    rows = [config.row_key(model) for model in config.models]
    for section in ("models", "unigrams"):
        _require_keys(metrics / "bias.json", bias[section], rows, "bias")
    cells = _load_cells(metrics / "cells.json", config)
    return Results(
        config=config,
        matrix=_load_matrix(metrics / "bias_matrix.json", config, cells),
        cells=cells,
        bias=bias,
        corpora={name: _read_json(metrics / "corpora" / f"{name}.json", f"corpus@{name}") for name in config.corpora},
        alignment=_read_json(metrics / "alignment.json", "align"),
        runs=tuple(_load_run(metrics, model, seed) for model, seed in product(config.models, config.train.seeds)),
        provenance=dict(provenance or {}),
        slices=_load_lines(metrics / "slices.csv"),
        words=_load_lines(metrics / "words.csv"),
        calibration=_load_calibration(metrics / "calibration.json"),
        missing=tuple(_missing_curves(metrics, config)),
    )


def _missing_curves(metrics: Path, config: Config) -> Iterator[str]:
    """A line for each training curve that is not there, with what to do."""
    for model, seed in product(config.models, config.train.seeds):
        path = metrics / "curves" / f"{run_name(model, seed)}.csv"
        if not path.is_file():
            restore = f"`git checkout {path}` brings it back from git, `dvc repro train@{path.stem}` trains anew"
            yield f"{path}: no such file, expected the training curve of {model}, seed {seed}; {restore}"


def _load_lines(path: Path) -> tuple[Mapping[str, str], ...]:
    """The lines of a table that the page can do without; none where there is no file."""
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def _load_calibration(path: Path) -> Json:
    if not path.is_file():
        return {}
    stage = "calibration/dvc.yaml:verdict"
    raw: Json = _read_json(path, stage)
    _require_keys(path, raw, ("metrics", "planted"), stage)
    return raw


def _load_matrix(path: Path, config: Config, cells: Mapping[tuple[str, str], Json]) -> dict[str, dict[str, float]]:
    """The cells' perplexities; the file itself may be rounded, for comparing experiments, but must be of this study."""
    raw = _read_json(path, "bias")
    _require_keys(path, raw, [config.row_key(model) for model in config.models], "bias")
    for model in config.models:
        _require_keys(path, raw[config.row_key(model)], [f"on_{column}" for column in config.columns()], "bias")
    return {
        model: {column: cells[model, column]["perplexity"] for column in config.columns()} for model in config.models
    }


def _load_cells(path: Path, config: Config) -> dict[tuple[str, str], Json]:
    models = {config.row_key(model): model for model in config.models} | {model: model for model in config.models}
    columns = {f"on_{name}": name for name in config.columns()} | {name: name for name in config.columns()}
    cells = {}
    for record in _read_json(path, "bias"):
        model, column = models.get(record.get("model")), columns.get(record.get("corpus"))
        if model is not None and column is not None:
            _require_keys(path, record, ("perplexity",), "bias")
            cells[model, column] = record
    for model, column in product(config.models, config.columns()):
        if (model, column) not in cells:
            raise ValueError(_stale(path, f"{config.row_key(model)} on {column}", "bias"))
    return cells


def _load_run(metrics: Path, model: str, seed: int) -> Run:
    name = run_name(model, seed)
    stage = f"train@{name}"
    summary = _read_json(metrics / "training" / f"{name}.json", stage)
    path = metrics / "curves" / f"{name}.csv"
    if not path.is_file():
        return Run(model, seed, (), summary)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if not set(CURVE_COLUMNS) <= set(reader.fieldnames or ()):
            found = ",".join(reader.fieldnames or ())
            raise ValueError(f"{path}:1: columns are {found!r}, expected {','.join(CURVE_COLUMNS)!r}; {_remake(stage)}")
        points = tuple(_parse_point(path, reader.line_num, row, stage) for row in reader)
    return Run(model, seed, points, summary)


def _parse_point(path: Path, line: int, row: Mapping[str, str | None], stage: str) -> Point:
    try:
        update, train, validation = (row[name] or "" for name in ("update", "train_loss", "validation_loss"))
        return Point(int(float(update)), _loss(train), _loss(validation))
    except ValueError:
        raise ValueError(
            f"{path}:{line}: {list(row.values())} holds a value that is no number; {_remake(stage)}"
        ) from None


def _loss(text: str) -> float | None:
    value = float(text) if text.strip() else math.nan
    return value if math.isfinite(value) else None


def _read_json(path: Path, stage: str) -> Any:
    try:
        return json.loads(_existing(path, stage).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid JSON ({error}); {_remake(stage)}") from None


def _existing(path: Path, stage: str) -> Path:
    if not path.is_file():
        raise ValueError(f"{path}: no such file; {_remake(stage)}")
    return path


def _require_keys(path: Path, raw: Any, keys: Sequence[str], stage: str) -> None:
    for key in keys:
        if not isinstance(raw, Mapping) or key not in raw:
            raise ValueError(_stale(path, key, stage))


def _stale(path: Path, what: str, stage: str) -> str:
    return f"{path}: holds no {what!r}, which params.yaml asks for; {_remake(stage)}"


def _remake(stage: str) -> str:
    return f"make it with `dvc repro {stage}`"
