"""What a study found, as one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hansard_bias.config import Config

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
