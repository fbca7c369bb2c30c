"""Any rows, any settings, any names: random structures where the fuzzing changes bytes."""

from __future__ import annotations

import copy
import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, target
from hypothesis import strategies as st

from fuzz.oracle import invisible, judge_corpus
from fuzz.seeds import COLUMNS
from hansard_bias.base.files import FORMULA_STARTS, harmless, write_records
from hansard_bias.base.messages import LONGEST, one_line, shown, unseen
from hansard_bias.corpora.cleaning import clean_text, plain_line
from hansard_bias.params import ConfigError, CorpusConfig, parse_config
from hansard_bias.report.page import to_csv

# Halves of surrogate pairs, marks of direction and controls come up by chance too seldom.
SIGNS = st.one_of(
    st.characters(),
    st.sampled_from("\ud800\udfff\u202e\u200f\u2066\x00\x1b\x85\u2028\ufeff\xad()[]<>&;=+-@'\"\t\r\n\uff1d"),
)
TEXTS = st.text(SIGNS, max_size=40)
MARKS = st.lists(st.sampled_from(["(", ")", "[", "]", "english", "motion", "read", " ", ": ", "x", "'"]), max_size=16)
QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS.names()), TEXTS | st.integers() | st.none()), min_size=1))
@example(
    [{"text": "a road", "date": "2004-02-09", "speaker": "\ud800\u202eMoss\x1b[2J", "topic": "=1+1\r", "id": "\n"}]
)
def test_any_rows_become_plain_tables_or_a_refusal(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speeches.jsonl"
        dated = [dict.fromkeys(COLUMNS.names(), "") | {"date": "2004-02-09"} | row for row in rows]
        path.write_text("\n".join(map(json.dumps, dated)), encoding="utf-8")
        kept = judge_corpus(CorpusConfig("X", "table", str(path), COLUMNS), ("speeches.jsonl",), Path(folder) / "out")
        target(float(kept), label="rows that are kept")


@given(MARKS.map("".join) | TEXTS)
def test_cleaning_is_idempotent_and_leaves_nothing_invisible(text: str) -> None:
    once = clean_text(text, lowercase=True)
    assert clean_text(once, lowercase=True) == once
    assert not invisible(once) and not invisible(plain_line(text)) and plain_line(plain_line(text)) == plain_line(text)


def walk(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in nested dicts."""
    inner = value.items() if isinstance(value, dict) else ()
    found = [below for key, item in inner for below in walk(item, (*path, key))]
    return [path, *found] if path else found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 62), 1 << 62) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)


@QUICK
@given(st.data())
def test_any_value_anywhere_in_params_is_taken_or_told_in_one_line(
    shipped: dict[str, Any], data: st.DataObject
) -> None:
    raw = copy.deepcopy(shipped)
    *sections, last = data.draw(st.sampled_from(walk(shipped)))
    place = raw
    for section in sections:
        place = place[section]
    place[last] = data.draw(VALUES)
    try:
        parse_config(raw)
    except ConfigError as error:
        assert str(error).startswith("params.yaml: ") and not invisible(str(error)) and len(str(error)) < 2000


@given(st.text(SIGNS) | st.text(SIGNS, min_size=500))
def test_messages_are_one_line_of_bounded_length(text: str) -> None:
    for line in (one_line(text), shown(text)):
        assert not invisible(line) and len(line) <= 9 * LONGEST
    assert one_line(text, 30).encode() is not None


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(cells=st.lists(TEXTS | st.floats(allow_nan=False), min_size=1, max_size=4))
@example(cells=["Roads; =HYPERLINK(1)", "\uff1d1", " =1", "-2", "a\t@x"])
def test_no_text_of_a_table_is_run_by_a_spreadsheet(delimiter: str, cells: list[Any]) -> None:
    """Spreadsheets of half the world take semicolons for the separator, whatever the quotes say."""
    text = to_csv(["x"] * len(cells), [cells])
    assert all(harmless(cell) == cell for cell in cells if isinstance(cell, float))
    if delimiter == ",":
        _, row = csv.reader(io.StringIO(text, newline=""))
        assert row == ["" if cell is None else str(harmless(cell)) for cell in cells]
        parts = [part for part, cell in zip(row, cells, strict=True) if isinstance(cell, str)]
    else:
        parts = [part for cell in cells if isinstance(cell, str) for part in harmless(cell).split(delimiter)]
    assert not [part for part in parts if part.strip(' "').startswith(FORMULA_STARTS)]


def test_tables_of_slices_and_words_hold_no_formula(tmp_path: Path) -> None:
    records = [{"value": '=HYPERLINK("http://x")', "low": -1.5, "n": -3, "none": None}]
    write_records(tmp_path / "slices.csv", ("value", "low", "n", "none"), records)
    with (tmp_path / "slices.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1] == ['\'=HYPERLINK("http://x")', "-1.5", "-3", ""]


@pytest.mark.parametrize(
    ("text", "sign"), [("a", ""), ("עברית\u200f", ""), ("a\u202eb", "U+202E"), ("\ud800", "U+D800")]
)
def test_only_what_misleads_or_breaks_is_unseen(text: str, sign: str) -> None:
    assert unseen(text) == sign
