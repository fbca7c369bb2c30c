"""The results of a study in which no model is trained: those of models that are there already, and nothing else."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics import further_records
from hansard_bias.analysis.metrics.given import given_findings
from hansard_bias.analysis.metrics.probes import DEFINITION
from hansard_bias.analysis.probe_records import GroupRecord, Groups, Legacy
from hansard_bias.analysis.records import SCHEMA, BiasResults, Uncertainty, WithoutShared
from hansard_bias.probing.tables import LEGACY_TOP

REASON = "no model was trained"


def untrained_results(data: StudyData) -> dict[str, Any]:
    """The content of bias.json, every section that compares trained models without an entry."""
    sections = {name: kind for name, kind in typing.get_type_hints(BiasResults).items() if name != "more"}
    groups = Groups(*(GroupRecord(group.name, group.label, tuple(group.terms)) for group in data.groups))
    known: dict[str, Any] = {
        "schema": SCHEMA,
        "uncertainty": Uncertainty(data.config.bias.confidence, 0, {}, {}, "nothing", (REASON,), {}),
        "without_shared_13grams": WithoutShared({}, REASON),
        "legacy": Legacy(DEFINITION, LEGACY_TOP, 0, {}),
        "probes": _empty(sections["probes"], groups=groups),
    }
    further = {name: _empty(kind, covers="items only") for name, kind in further_records(sections).items()}
    return (
        {name: known.get(name) or _empty(kind) for name, kind in sections.items()}
        | further
        | {"given": given_findings(data)}
    )


def _empty(kind: Any, **known: Any) -> Any:
    """Of this type what holds no entry; a number is no such type, since any would look like a result."""
    origin = typing.get_origin(kind)
    if origin in (dict, tuple):
        return origin()
    if origin is types.UnionType:
        return None
    assert dataclasses.is_dataclass(kind) and isinstance(kind, type), f"{kind}: nothing is empty of this type"
    hints, needed = typing.get_type_hints(kind), dataclasses.MISSING
    fields = (each.name for each in dataclasses.fields(kind) if each.default is needed is each.default_factory)
    return kind(**{name: known.get(name) or _empty(hints[name]) for name in fields})
