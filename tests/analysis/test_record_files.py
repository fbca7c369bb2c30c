"""Records are written and read back without loss; a file that does not fit is refused, with what to run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.analysis.record_files import (
    columns,
    from_json,
    read_bias,
    read_cells,
    read_record,
    read_rows,
    to_json,
)
from hansard_bias.analysis.records import SCHEMA, WordRow
from hansard_bias.base.files import write_records
from hansard_bias.statistics.intervals import Interval


@dataclass(frozen=True)
class Inner:
    name: str
    share: float
    effect: Interval | None
    flags: tuple[bool, ...]
    most: float | None


@dataclass(frozen=True, kw_only=True)
class Outer:
    tilt: Interval | None = None
    inner: dict[str, Inner]
    notes: dict[str, str] = field(default_factory=dict)
    anything: Any


FULL: dict[str, Any] = {
    "tilt": {"value": 0.5, "low": None, "high": None},
    "inner": {
        "a": {"name": "x", "share": 0.25, "effect": {"value": 1.0, "low": 0.5, "high": 2.0}, "flags": [], "most": None},
        "b": {
            "name": "y",
            "share": 1.0,
            "effect": dict.fromkeys(("value", "low", "high")),
            "flags": [True],
            "most": 2.0,
        },
    },
    "notes": {"k": "v"},
    "anything": {"free": [1, None]},
}


def test_what_is_written_is_what_was_read_to_the_byte() -> None:
    record = from_json(Outer, FULL, "f.json", "bias")
    assert record.inner["b"].effect is None and record.inner["a"].effect == Interval(1.0, 0.5, 2.0)
    assert json.dumps(to_json(record)) == json.dumps(FULL)


def test_a_key_with_a_default_may_be_missing_and_is_left_out() -> None:
    less = {"inner": {}, "anything": None}
    record = from_json(Outer, less, "f.json", "bias")
    assert record.tilt is None and record.notes == {}
    assert to_json(record) == less


def test_records_that_were_just_computed_are_taken_as_they_are() -> None:
    record = from_json(Outer, {**FULL, "tilt": Interval(0.5, None, None)}, "f.json", "bias")
    assert to_json(record) == FULL


BAD: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda raw: raw.pop("inner"), "inner is None, expected a value"),
    (lambda raw: raw["inner"]["a"].pop("most"), "inner.a.most is None, expected a value"),
    (lambda raw: raw["inner"]["a"].update(odd=1), "inner.a.odd is 1, expected no such key (known: name, share"),
    (lambda raw: raw["inner"]["a"].update(share="1"), "inner.a.share is '1', expected a number"),
    (lambda raw: raw["inner"]["a"].update(share=True), "inner.a.share is True, expected a number"),
    (lambda raw: raw["inner"]["a"].update(share=float("nan")), "inner.a.share is nan, expected a number"),
    (lambda raw: raw["inner"]["a"].update(share=None), "inner.a.share is None, expected a number"),
    (lambda raw: raw["inner"]["a"].update(flags=[1]), "inner.a.flags[0] is 1, expected true or false"),
    (lambda raw: raw["inner"]["a"].update(flags="no"), "inner.a.flags is 'no', expected a list"),
    (lambda raw: raw["tilt"].update(low=0.1), "expected an interval with two bounds or none"),
    (lambda raw: raw.update(inner=[]), "inner is [], expected an object"),
]


@pytest.mark.parametrize(("spoil", "said"), BAD)
def test_a_file_that_does_not_fit_is_refused_with_the_key_and_the_stage(
    spoil: Callable[[dict[str, Any]], object], said: str, tmp_path: Path
) -> None:
    raw = json.loads(json.dumps(FULL))
    spoil(raw)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        read_record(path, Outer, "bias")
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and said in message and message.endswith("make it with `dvc repro bias`")
    assert "\n" not in message


@pytest.mark.parametrize("found", [{}, {"schema": SCHEMA + 1}, {"schema": str(SCHEMA)}, []])
def test_results_of_another_schema_are_refused(found: object, tmp_path: Path) -> None:
    path = tmp_path / "bias.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"expected schema {SCHEMA}; make it with `dvc repro bias`"):
        read_bias(path)


def test_a_missing_file_and_one_that_is_no_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such file; make it with `dvc repro bias`"):
        read_cells(tmp_path / "cells.json")
    (tmp_path / "cells.json").write_text("[", encoding="utf-8")
    with pytest.raises(ValueError, match="not valid JSON"):
        read_cells(tmp_path / "cells.json")


def test_rows_come_back_from_a_table(tmp_path: Path) -> None:
    row = WordRow("all", "canada", "A_nunavut", "B_canada", "snow", 12, 3, 0.5, None, None, -0.25, None, 1.0)
    write_records(tmp_path / "words.csv", columns(WordRow), [vars(row)])
    assert read_rows(tmp_path / "words.csv", WordRow, "bias") == (row,)


def test_a_table_with_other_columns_or_words_for_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("text,corpus\nall,canada\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"words\.csv:1: columns are 'text, corpus', expected 'text,corpus,model"):
        read_rows(path, WordRow, "bias")
    path.write_text(",".join(columns(WordRow)) + "\nall,c,m,a,w,many,3,0.5,,,0.1,,\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"words\.csv:2: occurrences is 'many', expected a whole number"):
        read_rows(path, WordRow, "bias")
