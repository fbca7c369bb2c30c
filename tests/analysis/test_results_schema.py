"""docs/results.md names every field of every record with its type, and no other."""

from __future__ import annotations

import dataclasses
import re
import typing
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.analysis import probe_records, records, stage_records

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
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


def test_every_file_of_metrics_has_a_section() -> None:
    wanted = ("bias", "bias_matrix", "cells", "slices", "words", "corpora", "alignment", "training", "curves")
    assert all(re.search(rf"^## metrics/{name}\b", PAGE, re.M) for name in (*wanted, "calibration"))
