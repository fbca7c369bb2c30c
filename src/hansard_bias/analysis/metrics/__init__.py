"""The metrics: each makes a section of bias.json. A new one is a new file of its name here: nothing lists them.

@metric("dispersion", Dispersion)
def dispersion(data: StudyData) -> Dispersion: ...
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    # Not when the program runs: who reads results needs no tables.
    from hansard_bias.analysis.inputs import StudyData
    from hansard_bias.statistics.tests import TestRecord

Measure = Callable[["StudyData"], Any]
M = TypeVar("M", bound=Measure)
_METRICS: dict[str, tuple[Any, Measure]] = {}


@dataclass(frozen=True)
class Found:
    """What a metric returns where it has more to say than its section."""

    section: Any
    tests: Sequence[TestRecord] = ()  # Corrected within their family
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # By row: fields of `ModelRecord`
    rows: Sequence[Any] = ()  # Lines of the CSV file that is called as the metric


def metric(name: str, record: Any) -> Callable[[M], M]:
    """Register the function below: what it returns is a `record`, or `Found` with one, under this name in bias.json."""

    def register(measure: M) -> M:
        assert name not in _METRICS, f"two metrics are called {name}"
        _METRICS[name] = record, measure
        return measure

    return register


def measure_all(data: StudyData, sections: Sequence[str]) -> dict[str, Found]:
    """What every metric finds: first these sections, as far as they are metrics, then the others by their names."""
    _discover(but=())
    # The order of the file, and of its tests, is that of the sections; what comes later goes by name.
    names = [name for name in sections if name in _METRICS] + sorted(_METRICS.keys() - set(sections))
    results = {name: _METRICS[name][1](data) for name in names}
    return {name: each if isinstance(each, Found) else Found(each) for name, each in results.items()}


def further_records(sections: Collection[str]) -> dict[str, Any]:
    """The record of every metric, by name, that is none of these sections."""
    # The modules of the sections stay unread: pandas takes a second to load.
    _discover(but=sections)
    return {name: record for name, (record, _) in sorted(_METRICS.items()) if name not in sections}


def _discover(but: Collection[str]) -> None:
    for module in pkgutil.iter_modules(__path__):
        if module.name not in but:
            import_module(f"{__name__}.{module.name}")
