"""docs/results.md names every field of every record with its type, and no other."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import typing
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.analysis import metrics, probe_records, records, stage_records
from hansard_bias.analysis.metrics import further_records
from hansard_bias.analysis.record_files import columns, read_record, read_rows, to_json

ROOT = Path(__file__).parents[2]
METRICS = ROOT / "metrics"
PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
ROW = re.compile(r"\| `(\w+)` \| `([^`]+)`(, may be missing)? \| ([^|]+) \| ([^|]+) \|")
RECORDS: dict[str, Any] = {
    name: kind
    for module in (records, probe_records, stage_records)
    for name, kind in vars(module).items()
    if dataclasses.is_dataclass(kind)
}


def documented() -> dict[str, list[tuple[str, str, bool]]]:
    """Name, type and whether it may be missing, of every field, by heading."""
    sections = [part.partition("\n") for part in PAGE.split("\n### ")[1:]]
    tables = {name: re.split(r"\n## ", body)[0] for name, _, body in sections}
    return {
        name: [(row[1], row[2].replace("\\|", "|"), bool(row[3])) for row in ROW.finditer(table.replace("\\|", "¦"))]
        for name, table in tables.items()
    }


def declared(kind: Any) -> list[tuple[str, str, bool]]:
    hints, fields = typing.get_type_hints(kind), []
    for field in dataclasses.fields(kind):
        missing = {field.default, field.default_factory} != {dataclasses.MISSING}
        fields.append((field.name, in_words(hints[field.name], missing), missing))
    return fields


def in_words(hint: Any, missing: bool) -> str:
    """The type as the page writes it; that a key may be missing says that there may be nothing."""
    text = re.sub(r"hansard_bias\.[a-z_.]+\.|typing\.|<class '|'>", "", str(hint)).replace("|", "¦")
    return text.removesuffix(" ¦ None") if missing else text


def test_the_page_has_every_record_and_no_other() -> None:
    assert set(documented()) == set(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_the_page_has_the_fields_of(name: str) -> None:
    assert documented()[name] == declared(RECORDS[name])


SECTIONS = columns(records.BiasResults)
FURTHER = further_records(SECTIONS)


def test_every_metric_is_a_section_or_has_a_record_of_its_own() -> None:
    """Of BiasResults what the matrix makes is no metric, and neither are the number of the schema and `more`."""
    hints = typing.get_type_hints(records.BiasResults)
    metrics._discover(but=())
    sections = {name: kind for name, (kind, _) in metrics._METRICS.items() if name not in FURTHER}
    assert {name: hints[name] for name in sections} == sections
    assert {*SECTIONS} - {*sections} == {"schema", "models", "tests", "uncertainty", "more"}


@pytest.mark.parametrize("name", FURTHER)
def test_a_further_metric_says_what_its_fields_mean(name: str) -> None:
    kind = FURTHER[name]
    (body,) = (node.body for node in ast.walk(ast.parse(inspect.getsource(kind))) if isinstance(node, ast.ClassDef))
    told = [isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body]
    fields = [place for place, node in enumerate(body) if isinstance(node, ast.AnnAssign)]
    assert told[0], f"{kind.__name__} has no docstring"
    untold = [ast.unparse(body[place]) for place in fields if told[place + 1 : place + 2] != [True]]
    assert not untold, "no docstring with the unit below these fields"


def test_every_file_of_metrics_has_a_section() -> None:
    wanted = ("bias", "bias_matrix", "cells", "slices", "words", "corpora", "alignment", "training", "curves")
    assert all(re.search(rf"^## metrics/{name}\b", PAGE, re.M) for name in (*wanted, "calibration"))


FILES: list[tuple[str, Any]] = [
    ("cells.json", tuple[records.Cell, ...]),
    ("corpora/*.json", stage_records.CorpusRecord),
    ("alignment.json", stage_records.AlignmentRecord),
    ("training/*.json", stage_records.TrainingRecord),
    ("calibration.json", stage_records.CalibrationRecord),
]
TABLES = [
    ("slices.csv", records.SliceRow),
    ("words.csv", records.WordRow),
    ("curves/*.csv", stage_records.CurveRow),
]


@pytest.mark.parametrize(("pattern", "kind"), FILES)
def test_recorded_files_are_their_records(pattern: str, kind: Any) -> None:
    for path in METRICS.glob(pattern):
        assert to_json(read_record(path, kind, "repro")) == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("pattern", "kind"), TABLES)
def test_recorded_tables_are_rows_of_their_records(pattern: str, kind: Any) -> None:
    assert all(read_rows(path, kind, "repro") for path in METRICS.glob(pattern))
